"""Takes one file of an upload into a style: looks at it, decides, and writes it whole.

Looking takes long and needs no lock; deciding and writing happen under the lock of the style's pictures, so that
two uploads at once do not take one name.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lora_core.archives import ArchiveError
from lora_core.disk_faults import explained
from lora_core.errors import StoreUnavailableError
from lora_core.intake import IntakeResult, OnConflict, Outcome
from lora_core.payload import caption_name
from lora_core.picture_checks import (
    CheckedCaption,
    CheckedPicture,
    RefusedError,
    checked_caption,
    checked_picture,
)
from lora_core.picture_clashes import (
    caption_outcome,
    clash_of,
    is_picture,
    kind_problem,
    picture_of,
    settled,
)
from lora_core.picture_folder import PictureFolder
from lora_core.picture_names import name_problem, path_problem, stem, suffix
from lora_core.styles import Style, Styles
from lora_core.thumbnail_files import ThumbnailFiles
from lora_core.upload_pieces import Piece, PieceError

_TRIES: Final = 3
_BUSY: Final = "Another program is writing a file of that name. Upload it again later."
_STORED: Final = (Outcome.ADDED, Outcome.REPLACED, Outcome.KEPT_BOTH)
_HERE: Final = (*_STORED, Outcome.ALREADY_THERE)
_REFUSALS: Final = (RefusedError, PieceError, ArchiveError, StoreUnavailableError)


@dataclass(frozen=True)
class Taken:
    """What became of a file, and what is to be taken again once a conflict is settled."""

    result: IntakeResult
    piece: Piece | None = None


@dataclass(frozen=True)
class _Looked:
    """A picture that may be taken, and the caption that came with it."""

    piece: Piece
    data: bytes
    picture: CheckedPicture
    caption: CheckedCaption | None

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self.picture.warnings, *(self.caption.warnings if self.caption else ()))


class _TakenMeanwhileError(Exception):
    """Somebody who does not know our lock has just used the name."""


class PictureIntake:
    """Takes the files of one upload into one style."""

    def __init__(self, styles: Styles, thumbnails: ThumbnailFiles, style: Style) -> None:
        self._store = styles.store
        self._captions = styles.captions
        self._thumbnails = thumbnails
        self._style = style
        self._own: set[str] = set()
        """What this upload has stored, or found to be there: of its own files none replaces another unasked."""

    def sweep(self) -> None:
        """Clears what a killed upload has left. Raises StoreUnavailableError."""
        with self._locked() as (folder, _), explained(folder.path):
            folder.sweep()

    def sweep_thumbnails(self) -> None:
        """Removes thumbnails of what was replaced."""
        if (path := self._store.path(self._style.folder)) is not None:
            self._thumbnails.sweep(path)

    def take(self, piece: Piece, on_conflict: OnConflict, *, is_settled: bool = False) -> list[Taken]:
        """One picture with its caption, or one caption; `is_settled`: the decision was made for this very file."""
        try:
            refusal = path_problem(piece.filename) or name_problem(piece.name) or kind_problem(piece.name)
            if refusal:
                raise RefusedError(refusal)
            if piece.is_caption:
                return [self._take_caption(piece, on_conflict, is_settled=is_settled)]
            return self._take_picture(piece, on_conflict, is_settled=is_settled)
        except _REFUSALS as error:
            return [_refused(piece, error)]

    def _take_picture(self, piece: Piece, on_conflict: OnConflict, *, is_settled: bool) -> list[Taken]:
        data = piece.read()
        caption, refused = self._caption_of(piece)
        result = self._already_there(piece, data)
        if result is None:
            checked = checked_picture(data, suffix(piece.name))
            looked = _Looked(piece, data, checked, caption)
            result = self._stored(looked, on_conflict, is_settled=is_settled)
        taken = [Taken(result, piece if result.outcome is Outcome.CONFLICT else None), *refused]
        if result.outcome is Outcome.ALREADY_THERE and piece.caption and caption:
            meant = replace(piece.caption, picture=result.stored_as)
            taken.append(self._take_caption(meant, on_conflict, is_settled=is_settled))
        if result.outcome in _HERE and result.stored_as:
            self._own.add(result.stored_as)
        return taken

    def _already_there(self, piece: Piece, data: bytes) -> IntakeResult | None:
        with self._locked() as (folder, names):  # a twin may just be on its way out, to be replaced
            return _twin_result(piece, _twin(folder.path, names, data))

    def _caption_of(self, piece: Piece) -> tuple[CheckedCaption | None, list[Taken]]:
        """The caption that came with a picture; one that cannot be used does not keep the picture out."""
        if piece.caption is None:
            return None, []
        try:
            return checked_caption(piece.caption.read()), []
        except _REFUSALS as error:
            return None, [_refused(piece.caption, error)]

    def _stored(self, looked: _Looked, on_conflict: OnConflict, *, is_settled: bool) -> IntakeResult:
        for _ in range(_TRIES):
            try:
                with self._locked() as (folder, names):
                    result = self._decided(looked, folder, names, on_conflict, is_settled=is_settled)
                    if result.outcome in _STORED and result.stored_as:
                        self._thumbnails.keep(folder.path / result.stored_as, looked.picture.thumbnail)
                    return result
            except _TakenMeanwhileError:  # look again
                continue
        raise RefusedError(_BUSY)

    def _decided(
        self,
        looked: _Looked,
        folder: PictureFolder,
        names: Sequence[str],
        on_conflict: OnConflict,
        *,
        is_settled: bool,
    ) -> IntakeResult:
        piece, caption = looked.piece, looked.caption
        if twin := _twin_result(piece, _twin(folder.path, names, looked.data)):
            return twin
        clash = clash_of(piece.name, names, caption, self._text(folder.path, piece.name))
        if clash and on_conflict is OnConflict.REPLACE:
            on_conflict = self._replacing(clash.in_the_way, is_settled=is_settled)
        if clash and on_conflict is OnConflict.ASK:
            return IntakeResult(piece.filename, Outcome.CONFLICT, clash.sentence, clash.in_the_way)
        if clash and on_conflict is OnConflict.SKIP:
            told = f"Skipped: {clash.in_the_way} stays as it is."
            return IntakeResult(piece.filename, Outcome.SKIPPED, told, clash.in_the_way)
        there = self._text(folder.path, clash.name if clash else piece.name)
        name, outcome, told = settled(clash, piece.name, names, caption, there, on_conflict)
        with _written(folder.path / name):
            folder.put(
                name,
                looked.data,
                caption.data if caption else None,
                is_replacing=name in names,
                replaces_caption=caption_name(name) in names,
            )
        return IntakeResult(
            piece.filename, outcome, " ".join((told, *looked.warnings)), name, bool(looked.warnings)
        )

    def _replacing(self, name: str, *, is_settled: bool) -> OnConflict:
        return OnConflict.ASK if name in self._own and not is_settled else OnConflict.REPLACE

    def _take_caption(self, piece: Piece, on_conflict: OnConflict, *, is_settled: bool) -> Taken:
        checked = checked_caption(piece.read())
        with self._locked() as (folder, names):
            picture = piece.picture or picture_of(piece.name, names)
            if picture is None or picture not in names:
                raise RefusedError(
                    f"There is no picture called {stem(piece.name)} here. Upload it together with its picture."
                )
            if on_conflict is OnConflict.REPLACE:
                on_conflict = self._replacing(picture, is_settled=is_settled)
            there = self._text(folder.path, picture)
            outcome, told = caption_outcome(there, checked.text, picture, on_conflict)
            is_stored = outcome in (Outcome.CAPTION_ADDED, Outcome.REPLACED)
            if is_stored:
                with explained(folder.path / caption_name(picture)):
                    folder.put_caption(picture, checked.data, is_replacing=there is not None)
        warnings = checked.warnings if is_stored else ()
        result = IntakeResult(piece.filename, outcome, " ".join((told, *warnings)), picture, bool(warnings))
        return Taken(result, replace(piece, picture=picture) if outcome is Outcome.CONFLICT else None)

    def _text(self, folder: Path, picture: str) -> str | None:
        """What a picture's caption says; None when it has none."""
        path = folder / caption_name(picture)
        with explained(path):
            try:
                return self._captions.text(path)
            except FileNotFoundError:
                return None

    @contextmanager
    def _locked(self) -> Iterator[tuple[PictureFolder, list[str]]]:
        """The folder and the names in it, for one writer at a time."""
        path = self._store.path(self._style.folder)
        if path is None:
            raise StoreUnavailableError("Pictures can be uploaded into a folder only.")
        with self._store.exclusive(f"{self._style.folder}/pictures"):
            yield PictureFolder(path), self._store.names(self._style.folder)


def _refused(piece: Piece, error: Exception) -> Taken:
    return Taken(IntakeResult(piece.filename, Outcome.REFUSED, str(error)))


@contextmanager
def _written(path: Path) -> Iterator[None]:
    with explained(path):
        try:
            yield
        except FileExistsError as error:
            raise _TakenMeanwhileError from error


def _twin_result(piece: Piece, twin: str | None) -> IntakeResult | None:
    if twin is None:
        return None
    told = "The same picture is here already" + (f", as {twin}." if twin != piece.name else ".")
    return IntakeResult(piece.filename, Outcome.ALREADY_THERE, told, twin)


def _twin(folder: Path, names: Sequence[str], data: bytes) -> str | None:
    """The picture that has the very same content; only files of its size are read."""
    for name in names:
        try:
            if not is_picture(name) or os.stat(f"{folder}/{name}").st_size != len(data):  # noqa: PTH116 - for speed
                continue
            if (folder / name).read_bytes() == data:
                return name
        except OSError:  # what cannot be read is no twin that one could name
            continue
    return None
