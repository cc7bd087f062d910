"""From what was handed over to what is taken: ZIPs opened, junk left out, each picture with its caption."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from lora_core.archives import Archive, ArchiveEntry, ArchiveError, Bounds
from lora_core.disk_faults import explained
from lora_core.durable_file import read_file
from lora_core.errors import StoreUnavailableError
from lora_core.intake import Incoming, IntakeResult, Outcome
from lora_core.picture_names import CAPTION_SUFFIX, is_junk, path_parts, same, stem, suffix

_ZIP: Final = ".zip"


class PieceError(Exception):
    """A file cannot be read; the text says why and what to do."""


@dataclass(frozen=True)
class Piece:
    """One file of an upload, read when its turn comes."""

    filename: str
    """As it was uploaded, with its folders."""
    read: Callable[[], bytes]
    """Raises PieceError, ArchiveError or StoreUnavailableError."""
    caption: "Piece | None" = None
    """What came as a picture's caption."""
    picture: str | None = None
    """For a caption: the name of the picture in the style whose caption it is to be, where that is settled."""

    @property
    def name(self) -> str:
        """Without folders."""
        return (path_parts(self.filename) or ("",))[-1]

    @property
    def is_caption(self) -> bool:
        """Whether it is a text file."""
        return suffix(self.name) == CAPTION_SUFFIX


@dataclass(frozen=True)
class Unpacked:
    """All files of an upload: pictures first, then captions that came without one."""

    pieces: tuple[Piece, ...]
    refused: tuple[IntakeResult, ...]
    """What holds nothing that could be taken."""
    archives: tuple[Archive, ...]
    """Open; to be closed by whoever has read the pieces."""


def incoming_from(folder: Path) -> list[Incoming]:
    """All files in a folder and below, for `add_images`; links are not followed."""
    return [
        Incoming((Path(place) / name).relative_to(folder).as_posix(), Path(place) / name)
        for place, _, names in os.walk(folder)
        for name in sorted(names)
        if not (Path(place) / name).is_symlink()
    ]


def unpacked(incoming: Iterable[Incoming], bounds: Bounds | None = None) -> Unpacked:
    """Reads the lists of files of ZIPs, and no content yet."""
    bounds = bounds or Bounds()
    pieces: list[Piece] = []
    refused: list[IntakeResult] = []
    archives: list[Archive] = []
    for one in incoming:
        if is_junk(one.filename):
            continue
        if not one.filename.lower().endswith(_ZIP):
            pieces.append(Piece(one.filename, partial(_read, one, bounds.entry_bytes)))
            continue
        try:
            with explained(one.filename):
                archive = Archive(one.data, bounds)
        except (ArchiveError, StoreUnavailableError) as error:
            refused.append(IntakeResult(one.filename, Outcome.REFUSED, str(error)))
            continue
        archives.append(archive)
        pieces += [Piece(entry.path, partial(_read_entry, archive, entry)) for entry in archive.entries]
        if not archive.entries:
            refused.append(IntakeResult(one.filename, Outcome.REFUSED, "The ZIP holds no files."))
    return Unpacked(*_paired(pieces, refused), archives=tuple(archives))


def _paired(
    pieces: list[Piece], refused: list[IntakeResult]
) -> tuple[tuple[Piece, ...], tuple[IntakeResult, ...]]:
    """A text file goes with the picture beside it, else with the only one of its stem in the upload."""
    pictures = [piece for piece in pieces if not piece.is_caption]
    captions: list[Piece | None] = [None] * len(pictures)
    alone = [piece for piece in pieces if piece.is_caption]
    for key_of, is_only_one in ((_beside, False), (_stem, True)):
        places: dict[str, list[int]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            places[key_of(picture)].append(index)
        still_alone = []
        for text in alone:
            meant = [index for index in places.get(key_of(text), ()) if captions[index] is None]
            if not meant or (is_only_one and len(meant) > 1):
                still_alone.append(text)
                continue
            for index in meant:
                captions[index] = text
        alone = still_alone
    stems = {_stem(picture) for picture in pictures}
    told = [
        IntakeResult(
            text.filename,
            Outcome.REFUSED,
            "It is not clear whose caption it is: this upload holds several files of that name. Upload it again "
            "together with its picture alone.",
        )
        for text in alone
        if _stem(text) in stems
    ]
    whole = [replace(picture, caption=text) for picture, text in zip(pictures, captions, strict=True)]
    return (*whole, *(text for text in alone if _stem(text) not in stems)), (*refused, *told)


def _beside(piece: Piece) -> str:
    return same("/".join((*path_parts(piece.filename)[:-1], stem(piece.name))))


def _stem(piece: Piece) -> str:
    return same(stem(piece.name))


def _read(incoming: Incoming, limit: int) -> bytes:
    data = incoming.data
    with explained(incoming.filename):
        if isinstance(data, Path):
            data = read_file(data)[0]
        elif not isinstance(data, bytes):
            data.seek(0)
            data = data.read(limit + 1)
    if len(data) > limit:
        raise PieceError(f"It is larger than {limit // 1024**2} MB. Save it smaller, then upload it again.")
    return data


def _read_entry(archive: Archive, entry: ArchiveEntry) -> bytes:
    return archive.read(entry)
