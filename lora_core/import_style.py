"""One style's files from a source into the store.

Where a document is not here yet it comes in byte for byte; where it is, what it lacks is added, and nothing that
is here is changed. Each file comes in whole or not at all, so an import that was cut off is finished by
repeating it, and one that is repeated writes nothing.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lora_core import json_text
from lora_core.archives import ArchiveError
from lora_core.disk_faults import explained, explanation
from lora_core.document import EMPTY, HistoryDocument, NotAHistoryError
from lora_core.durable_file import make_folder, read_file
from lora_core.errors import (
    DamagedDocumentError,
    LoraCoreError,
    StoreConflictError,
    UnreadableDocumentError,
)
from lora_core.histories import LIVE, TRASH, Histories
from lora_core.image_files import format_of
from lora_core.import_merging import Merged, merged_sets, merged_versions
from lora_core.import_report import ImportedKind, StyleImport
from lora_core.import_sources import DATASETS, SourceFile, SourceStyle, is_picture
from lora_core.merging import is_alike
from lora_core.payload import caption_name
from lora_core.picture_checks import MAX_CAPTION_BYTES
from lora_core.picture_clashes import clash_of
from lora_core.picture_folder import PictureFolder
from lora_core.picture_names import CAPTION_SUFFIX, name_problem, same
from lora_core.selection_sets import SETS_FILE, SelectionSets
from lora_core.sets_document import NoSetsError, SetsDocument
from lora_core.stores import DocumentStore
from lora_core.styles import STYLE_FILE, Style, Styles

_STABLE_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.05
_NAMED: Final = 5
_LIST: Final = re.compile(rf"{DATASETS}/([0-9a-f]{{64}})\.json")
_NO_HISTORY: Final = HistoryDocument(EMPTY, ())


class StyleImporter:
    """Brings in one style once. Whoever runs it sees in the report what became of each thing."""

    def __init__(
        self,
        source: SourceStyle,
        store: DocumentStore,
        histories: Histories,
        sets: SelectionSets,
        *,
        wait: Callable[[float], None],
    ) -> None:
        self._source = source
        self._store = store
        self._histories = histories
        self._sets = sets
        self._wait = wait
        self._style = Style(source.id, source.folder, source.folder, "")
        self._is_dry_run = True
        self._added: Counter[ImportedKind] = Counter()
        self._same: Counter[ImportedKind] = Counter()
        self._conflicts: list[str] = []
        self._passed_over = list(source.passed_over)

    def run(self, *, is_new: bool, is_dry_run: bool) -> StyleImport:
        """The pictures come before the sets that name them, and those before the versions."""
        self._is_dry_run = is_dry_run
        problem = None
        try:
            self._style_file(is_new=is_new)
            self._pictures()
            self._lists()
            self._selection_sets()
            self._history(LIVE, TRASH, ImportedKind.VERSION)
            self._history(TRASH, LIVE, ImportedKind.DELETED)
        except LoraCoreError as error:
            problem = f"{error} Import again to bring in the rest."
        self._tell_others()
        return StyleImport(
            self._source.folder,
            is_new,
            dict(self._added),
            dict(self._same),
            tuple(self._conflicts),
            tuple(self._passed_over),
            problem,
        )

    # style.json

    def _style_file(self, *, is_new: bool) -> None:
        data = self._read(STYLE_FILE)
        if data is None:
            return
        own, here = _loaded(data), self._store.read(self._name(STYLE_FILE))
        if not isinstance(own, dict):
            self._passed_over.append(f"{STYLE_FILE}: It is no JSON object.")
        elif here is None and (is_new or not self._store.names(self._source.folder)):
            self._write(STYLE_FILE, data)
            self._added[ImportedKind.STYLE_FILE] += 1
        elif self._is_called_so(own) if here is None else is_alike(_loaded(here.data), own):
            self._same[ImportedKind.STYLE_FILE] += 1
        else:
            self._conflicts.append("Its name or trigger token is another one here; it was left as it is.")

    def _is_called_so(self, own: dict[str, object]) -> bool:
        """Whether the style that is here without such a file has this name and trigger token anyway."""
        style = Styles(self._store, self._histories).find(self._source.folder)
        known = {"name": style.name, "triggerToken": style.trigger_token}
        return all(own.get(key, value) == value for key, value in known.items())

    # Pictures and captions

    def _pictures(self) -> None:
        folder = self._store.path(self._source.folder)
        files = [one for name, one in self._source.files.items() if "/" not in name and _is_data(one)]
        if folder is None or not files:
            return
        if not self._is_dry_run:
            with self._writing(folder):
                PictureFolder(folder).sweep()
        here = self._store.names(self._source.folder)
        another: set[str] = set()
        for one in sorted(files, key=lambda one: (not is_picture(one), one.name)):
            if one.name in another:
                self._passed_over.append(f"{one.name}: It belongs to a picture that did not come in.")
            elif not self._file(folder, one, here) and is_picture(one):
                another.add(caption_name(one.name))

    def _file(self, folder: Path, one: SourceFile, names: Sequence[str]) -> bool:
        """Whether the file of its name here has its content now, or would have.

        `names`: what was here before the import.
        """
        data = self._usable(one)
        if data is None:
            return False
        in_the_way = self._in_the_way(folder, one, names) if is_picture(one) else None
        if in_the_way is not None:
            self._conflicts.append(f"{one.name}: {in_the_way}; it was left behind.")
            return False
        kind = ImportedKind.PICTURE if is_picture(one) else ImportedKind.CAPTION
        path = folder / one.name
        with explained(path):
            here = _content(path)
        if here is None and (self._is_dry_run or self._put(path, data)):
            self._added[kind] += 1
            return True
        with explained(path):
            if _content(path) == data:
                self._same[kind] += 1
                return True
        self._conflicts.append(f"{one.name} is another file here; it was left as it is.")
        return False

    def _in_the_way(self, folder: Path, one: SourceFile, names: Sequence[str]) -> str | None:
        """What a picture that is not here yet would come beside: a caption or picture that is not its own."""
        if one.name in names:
            return None
        clash = clash_of(one.name, names, None, None)
        if clash is not None and clash.in_the_way not in self._source.files:  # there they lie together, too
            return f"another picture {clash.in_the_way} is here, with the caption's name"
        own = caption_name(one.name)
        caption = next((name for name in names if same(name) == same(own)), None)
        if caption is None:
            return None
        source = self._source.files.get(own)
        with explained(folder / caption):
            is_its_own = source is not None and self._content(source) == _content(folder / caption)
        return None if is_its_own else f"another caption {caption} is here"

    def _put(self, path: Path, data: bytes) -> bool:
        """Whether it was written; not where somebody has put another one just now."""
        folder = PictureFolder(path.parent)
        with self._writing(path.parent):
            try:
                if path.name.endswith(CAPTION_SUFFIX):
                    folder.put_caption(path.name, data)
                else:
                    folder.put(path.name, data, None)
            except FileExistsError:
                return False
        return True

    def _usable(self, one: SourceFile) -> bytes | None:
        refused = name_problem(one.name)
        data = None if refused else self._content(one)
        if data is not None and is_picture(one) and format_of(data[:12]) is None:
            refused = "It is no picture, whatever its name says."
        if data is not None and not is_picture(one) and len(data) > MAX_CAPTION_BYTES:
            refused = f"It is larger than {MAX_CAPTION_BYTES // 1024} kB, so it is no caption."
        if refused:
            self._passed_over.append(f"{one.name}: {refused.replace('upload it again', 'import it again')}")
            return None
        return data

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        with self._store.exclusive(f"{self._source.folder}/pictures"), explained(folder):
            make_folder(folder)
            yield

    # What versions were trained on

    def _lists(self) -> None:
        for name, one in self._source.files.items():
            found = _LIST.fullmatch(name)
            if found is None:
                continue
            if self._store.read(self._name(name)) is not None:
                self._same[ImportedKind.FILE_LIST] += 1
                continue
            data = self._content(one)
            if data is None:
                continue
            if hashlib.sha256(data).hexdigest() != found[1]:
                self._passed_over.append(f"{name}: It is not what its name says.")
                continue
            self._write(name, data)
            self._added[ImportedKind.FILE_LIST] += 1

    # Selection sets

    def _selection_sets(self) -> None:
        data = self._read(SETS_FILE, SetsDocument.parse)
        if data is None:
            return
        try:
            source = SetsDocument.parse(data)
        except NoSetsError as error:
            self._passed_over.append(f"{SETS_FILE}: It cannot be read ({error}).")
            return
        try:
            if self._store.read(self._name(SETS_FILE)) is None and self._write(SETS_FILE, data):
                self._added[ImportedKind.SET] += len(source.sets)
                return
            merged = merged_sets(self._sets.document(self._style), source)
            if merged.added and not self._is_dry_run:
                self._sets.change(self._style, lambda there: merged_sets(there, source).document)
        except UnreadableDocumentError as error:
            self._conflicts.append(f"Its selection sets were not brought in: {error}")
            return
        self._count(ImportedKind.SET, merged)

    # Versions

    def _history(self, name: str, elsewhere: str, kind: ImportedKind) -> None:
        data = self._read(name, HistoryDocument.parse)
        if data is None:
            return
        try:
            source = HistoryDocument.parse(data)
        except NotAHistoryError as error:
            self._damaged(name, data, str(error))
            return
        try:
            others = self._document(elsewhere)
            alone = merged_versions(_NO_HISTORY, others, source, self._source.id)
            is_whole = alone.added == len(source.entries)
            is_first = is_whole and self._store.read(self._name(name)) is None
            if is_first and self._write(name, data):
                self._count(kind, alone)
                return
            merged = merged_versions(self._document(name), others, source, self._source.id)
            if merged.added and not self._is_dry_run:
                self._histories.update(
                    self._source.folder,
                    lambda there: (
                        merged_versions(there, self._document(elsewhere), source, self._source.id).document
                    ),
                    document=name,
                )
        except DamagedDocumentError as error:
            self._conflicts.append(f"{name} was not brought in: {error}")
            return
        self._count(kind, merged)

    def _damaged(self, name: str, data: bytes, why: str) -> None:
        """A damaged history comes in as it is where there is none: the lab proposes a repair then."""
        here = self._store.read(self._name(name))
        if here is not None and here.data == data:
            self._same[ImportedKind.DAMAGED] += 1
        elif here is None and self._write(name, data):
            self._added[ImportedKind.DAMAGED] += 1
        else:
            self._passed_over.append(f"{name}: It cannot be read ({why}).")

    def _document(self, name: str) -> HistoryDocument:
        folder = self._source.folder
        return self._histories.live(folder) if name == LIVE else self._histories.trash(folder)

    # What they share

    def _name(self, name: str) -> str:
        return f"{self._source.folder}/{name}"

    def _count(self, kind: ImportedKind, merged: Merged[HistoryDocument] | Merged[SetsDocument]) -> None:
        self._added[kind] += merged.added
        self._same[kind] += merged.same
        self._conflicts += merged.conflicts

    def _write(self, name: str, data: bytes) -> bool:
        """Writes a document that is not here yet; False when somebody has just made it."""
        if self._is_dry_run:
            return True
        try:
            self._store.write(self._name(name), data, if_match=None)
        except StoreConflictError:
            return False
        return True

    def _read(self, name: str, parse: Callable[[bytes], object] | None = None) -> bytes | None:
        """A document of the source; one that is just being written is read again until it stays the same."""
        one = self._source.files.get(name)
        data, unchanged_s = (None if one is None else self._content(one)), 0.0
        while one is not None and data is not None and parse is not None and unchanged_s < _STABLE_S:
            try:
                parse(data)
                break
            except ValueError:
                self._wait(_LOOK_EVERY_S)
            again = self._content(one)
            unchanged_s = unchanged_s + _LOOK_EVERY_S if again == data else 0.0
            data = again
        return data

    def _content(self, one: SourceFile) -> bytes | None:
        try:
            return one.read()
        except ArchiveError as error:
            self._passed_over.append(f"{one.name}: {error}")
        except OSError as error:
            self._passed_over.append(explanation(error, "/".join(one.parts), outcome="It was passed over."))
        return None

    def _tell_others(self) -> None:
        others = [
            name
            for name, one in self._source.files.items()
            if not _is_data(one) and not _LIST.fullmatch(name) and name not in _DOCUMENTS
        ]
        if others:
            more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
            self._passed_over.append(
                f"Of no use to a style, so left behind: {', '.join(others[:_NAMED])}{more}."
            )


def _content(path: Path) -> bytes | None:
    try:
        return read_file(path)[0]
    except FileNotFoundError:
        return None


_DOCUMENTS: Final = frozenset({STYLE_FILE, SETS_FILE, LIVE, TRASH})


def _is_data(one: SourceFile) -> bool:
    return is_picture(one) or one.name.endswith(CAPTION_SUFFIX)


def _loaded(data: bytes) -> object:
    try:
        return json_text.loads(data)
    except ValueError:
        return None
