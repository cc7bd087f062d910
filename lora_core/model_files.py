"""Where finished models lie: a folder here, a bucket in `s3_models`, one protocol for both."""

import errno
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from lora_core.anchored_folder import AnchoredFolder
from lora_core.disk_faults import Cause, DiskFaultError, explained
from lora_core.errors import StoreUnavailableError
from lora_core.evidence import Absent, ModelEvidence, NotAsked, Present
from lora_core.times import CLOCK_MARGIN, is_set_back

SUFFIX = ".safetensors"
_COARSE_NS = 2_000_000_000
"""A folder that has just changed may change again under the same date: some disks count whole seconds."""


@dataclass(frozen=True)
class ModelFile:
    """One model file as it lies in its place."""

    name: str
    """The model's name, without `.safetensors`."""
    url: str
    size_bytes: int
    modified_at: datetime
    etag: str
    path: Path | None = None
    """Where it can be read directly; None in a bucket."""


class ModelFiles(Protocol):
    """A place of model files. Raises StoreUnavailableError when it cannot be read."""

    @property
    def address(self) -> str:
        """Names the place; another folder, bucket or prefix has another one."""

    def find(self, model_name: str) -> ModelFile | None:
        """The file of exactly this name."""

    def files(self) -> Sequence[ModelFile]:
        """All model files there."""


class LocalModelFiles:
    """Model files in a folder; a name has its file directly in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._anchor = AnchoredFolder(folder)
        self._listed: tuple[int, tuple[str, ...]] | None = None

    @property
    def address(self) -> str:
        """See ModelFiles."""
        return self.folder.resolve().as_uri()

    def find(self, model_name: str) -> ModelFile | None:
        """See ModelFiles."""
        if "/" in model_name or model_name.startswith("."):
            return None
        path = self.folder / f"{model_name}{SUFFIX}"
        with explained(path):
            file = self._model_file(path)
            self._anchor.check()  # afterwards: a disk that went away just now must not read as "no model"
        return file

    def files(self) -> Sequence[ModelFile]:
        """See ModelFiles."""
        with explained(self.folder):
            found = [file for path in self._paths() if path.exists() and (file := self._model_file(path))]
            self._anchor.check()
        return found

    def names(self) -> tuple[str, ...]:
        """Names of all that lies in the folder; listed again only when one has come or gone."""
        with explained(self.folder):
            try:
                changed_ns = self.folder.stat().st_mtime_ns
            except FileNotFoundError:
                return ()
            known = self._listed
            if known is None or known[0] != changed_ns or time.time_ns() - changed_ns < _COARSE_NS:
                known = (changed_ns, tuple(path.name for path in self.folder.iterdir()))
                self._listed = known
            self._anchor.check()
        return known[1]

    def _paths(self) -> list[Path]:
        try:
            # Not glob: it answers an empty list for a folder that cannot be read.
            paths = list(self.folder.iterdir())
        except FileNotFoundError:
            return []
        return sorted(path for path in paths if path.name.endswith(SUFFIX) and not path.name.startswith("."))

    def _model_file(self, path: Path) -> ModelFile | None:
        try:
            status = path.stat()
        except FileNotFoundError:
            if path.is_symlink():  # what it leads to lies on a disk that is away
                raise DiskFaultError(Cause.GONE, path) from None
            return None
        except ValueError:  # a NUL or half a character in the name
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # 80 characters of a name can be 240 bytes
                return None
            raise
        if not stat.S_ISREG(status.st_mode):
            return None
        return ModelFile(
            name=path.name.removesuffix(SUFFIX),
            url=path.resolve().as_uri(),
            size_bytes=status.st_size,
            modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
            etag=f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}",
            path=path,
        )


def model_evidence(
    place: ModelFiles | None,
    model_name: str | None,
    *,
    submitted_at: datetime | None,
    before: str | None,
    now: datetime | None = None,
) -> ModelEvidence:
    """Whether the model of one training is there.

    Only a file of its exact name counts, written after the training was sent (5 minutes of clock difference
    allowed) and not the one that lay there before. A place that cannot be read says nothing. If the training
    was sent later than `now`, this clock was set back since, and the file's date is compared with nothing.
    """
    if place is None or model_name is None or submitted_at is None:
        return NotAsked()
    try:
        file = place.find(model_name)
    except StoreUnavailableError:
        return NotAsked()
    if file is None or file.etag == before:
        return Absent()
    if file.modified_at < submitted_at - CLOCK_MARGIN and not (now and is_set_back(submitted_at, now)):
        return Absent()
    return Present(file.url, file.size_bytes, file.modified_at)
