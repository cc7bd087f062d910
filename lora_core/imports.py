"""Brings in the styles of the system that the lab replaces, or of another lab: from a folder, or a ZIP of it.

A folder's name is the style's identity. Another style that has its id here keeps it, and the folder stays
out: of two folders of one id neither could be trained.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lora_core.archives import Archive, ArchiveError
from lora_core.disk_faults import explained
from lora_core.errors import NotAllowedError, NotFoundError
from lora_core.histories import Histories
from lora_core.import_report import ImportReport, StyleImport
from lora_core.import_sources import SourceFile, SourceStyle, folder_files, links_in, styles_in
from lora_core.import_style import StyleImporter
from lora_core.picture_names import name_problem, path_parts
from lora_core.selection_sets import SelectionSets
from lora_core.styles import Styles, id_of


class Imports:
    """Into one store. `wait` takes seconds; tests replace it."""

    def __init__(
        self,
        styles: Styles,
        histories: Histories,
        sets: SelectionSets,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._styles = styles
        self._histories = histories
        self._sets = sets
        self._wait = wait

    def run(self, path: Path, *, is_dry_run: bool) -> ImportReport:
        """Brings in what is not here yet, or only says what that is.

        Raises NotFoundError, NotAllowedError for what is no such source, StoreUnavailableError.
        """
        path, own = _resolved(path), self._own_folder()
        if own is not None and own in (path, *path.parents):
            raise NotAllowedError(f"{path} is the lab's own folder; its styles are here already.")
        with _source(path, own) as files:
            styles, links = styles_in(files, _name(path)), links_in(files)
            here = self._styles.store.folders()
            counts = Counter(one.id for one in styles)
            done = [self._one(one, here, counts[one.id] > 1, is_dry_run) for one in styles]
        return ImportReport(str(path), tuple(done), is_dry_run, links)

    def _one(self, one: SourceStyle, here: list[str], is_doubled: bool, is_dry_run: bool) -> StyleImport:
        is_new = one.folder not in here
        problem = _problem(one, here, is_doubled)
        if problem is None and is_new and not self._styles.may_claim(one.folder, is_asking=is_dry_run):
            problem = f"The id {one.id} was given to another style here. {_RENUMBER}"
        if problem is not None:
            return StyleImport(one.folder, is_new, problem=problem)
        importer = StyleImporter(one, self._styles.store, self._histories, self._sets, wait=self._wait)
        return importer.run(is_new=is_new, is_dry_run=is_dry_run)

    def _own_folder(self) -> Path | None:
        inside = self._styles.store.path(".lora_lab")
        return None if inside is None else inside.parent.resolve()


_RENUMBER = "Nothing of the folder was brought in: give it a free number, as in 205_ink, then import again."


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (ValueError, RuntimeError) as error:  # no path at all, or another user's home that is not known
        raise NotFoundError(f"There is no folder or ZIP {path}. Check the path, on this machine.") from error


def _name(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


@contextmanager
def _source(path: Path, own: Path | None) -> Iterator[list[SourceFile]]:
    with explained(path):
        if path.is_dir():
            yield list(folder_files(path, leave_out=own))
            return
        if not path.is_file():
            raise NotFoundError(f"There is no folder or ZIP {path}. Check the path, on this machine.")
    try:
        archive = Archive(path)
    except ArchiveError as error:
        raise NotAllowedError(f"{path} was not imported. {_import_words(error)}") from error
    with archive:
        yield list(_archive_files(archive))


def _archive_files(archive: Archive) -> Iterable[SourceFile]:
    for entry in archive.entries:
        parts = path_parts(entry.path)
        if parts:
            why_not = entry.problem and _import_words(entry.problem)
            yield SourceFile(parts, partial(archive.read, entry), why_not)


def _import_words(sentence: object) -> str:
    return str(sentence).replace("upload it again", "import it again").replace("Upload it", "Import it")


def _problem(one: SourceStyle, here: list[str], is_doubled: bool) -> str | None:
    if (named := name_problem(one.folder)) is not None:
        return _import_words(named)
    if is_doubled:
        return (
            f"Two folders of the source have the id {one.id}, so neither was brought in: rename one of them, or "
            "import each by itself."
        )
    other = next((folder for folder in here if id_of(folder) == one.id and one.folder not in here), None)
    return None if other is None else f"The id {one.id} is {other}'s here. {_RENUMBER}"
