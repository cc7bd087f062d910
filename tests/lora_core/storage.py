"""What the tests of stored things share: the fixture styles in a folder of their own, and a clock to set."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lora_core import Settings, TrainingLab, json_text
from lora_core.histories import LIVE, TRASH, Histories
from lora_core.records import Records
from lora_core.selection_sets import SelectionSets
from lora_core.stores import DocumentStore, LocalStore, Stored, Written
from lora_core.styles import Style, Styles

FIXTURE_STYLES = Path(__file__).parent.parent / "fixtures" / "styles"


class SettableClock:
    """A moment that passes only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class HookedStore(LocalStore):
    """A local store at whose reads and writes something else happens, as another process would do it.

    `before_rename` runs between the comparison and the rename; it is called once and then gone.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.before_write: Callable[[str], object] | None = None
        self.before_rename: Callable[[str], object] | None = None
        self.after_write: Callable[[str], object] | None = None
        self.writes: list[str] = []

    def write(self, name: str, data: bytes, *, if_match: str | None, keep_copy: bool = False) -> Written:
        self._once("before_write", name)
        written = super().write(name, data, if_match=if_match, keep_copy=keep_copy)
        self.writes.append(name)
        self._once("after_write", name)
        return written

    def _backed_up(self, path: Path, name: str) -> Path | None:
        self._once("before_rename", name)
        return super()._backed_up(path, name)

    def _once(self, hook: str, name: str) -> None:
        act = getattr(self, hook)
        setattr(self, hook, None)
        if act is not None:
            act(name)


class StyleFolder:
    """One style in a store, with its records, its files, and a clock."""

    def __init__(self, root: Path, folder: str = "7_paper_cut", store: DocumentStore | None = None) -> None:
        self.root = root
        self.store = store or LocalStore(root)
        self.waited: list[float] = []
        self.histories = Histories(self.store, wait=self.waited.append)
        self.clock = SettableClock()
        self.labels: set[str] = set()
        self.records = Records(self.histories, model_labels=lambda _: self.labels, clock=self.clock)
        self.styles = Styles(self.store, self.histories)
        self.sets = SelectionSets(self.histories, wait=self.waited.append)
        self.folder = root / folder
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def style(self) -> Style:
        return self.styles.find(self.folder.name)

    @property
    def live_path(self) -> Path:
        return self.folder / LIVE

    @property
    def trash_path(self) -> Path:
        return self.folder / TRASH

    def put(self, *records: object, document: str = LIVE) -> None:
        """Writes a history as another program would."""
        (self.folder / document).write_bytes(json_text.dumps({"versions": list(records)}))

    def raw(self, document: str = LIVE) -> list[Any]:
        """The entries in the file, read afresh."""
        path = self.folder / document
        return list(json_text.loads(path.read_bytes())["versions"]) if path.exists() else []


@contextmanager
def opened_lab(root: Path) -> Iterator[TrainingLab]:
    """A lab over a root of styles, with nothing configured, that waits for nobody."""
    settings = Settings(
        _env_file=None,
        lora_lab_root=str(root),
        lora_lab_models=root.parent / "models",
        lora_lab_state_dir=root.parent / "state",
    )
    with TrainingLab(settings, wait=lambda _: None) as lab:
        yield lab


def copied_styles(root: Path) -> Path:
    """The three fixture styles in a folder that a test may change."""
    shutil.copytree(FIXTURE_STYLES, root, dirs_exist_ok=True)
    return root


def tree(root: Path) -> dict[str, str]:
    """Every file and folder below, with its content's hash and its time."""
    return {
        str(path.relative_to(root)): (
            f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
            if path.is_file()
            else "folder"
        )
        for path in sorted(root.rglob("*"))
    }


def read(store: DocumentStore, name: str) -> Stored:
    """The document, which must be there."""
    stored = store.read(name)
    assert stored is not None
    return stored
