"""Thumbnails of whole pictures for the grid, kept in the state folder: made at upload, or at first sight.

Nothing is kept in memory, and one picture is decoded at a time: 500 photos cost no more of it than one.
"""

import hashlib
import os
import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

from lora_core.durable_file import replace_file
from lora_core.image_files import GROUND, LARGEST_PIXELS, UNREADABLE, opened, upright

GRID_EDGE: Final = 320
"""Pixels of the longer side; drawn at half of it, so that it is sharp on dense screens."""
_LARGEST_EDGE: Final = 2048


class ThumbnailFiles:
    """JPEG files named by path and stat of their pictures; a cache, so it may be lost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._decoding = threading.Lock()

    def of(self, picture: Path, edge: int = GRID_EDGE) -> bytes | None:
        """The picture, no larger than `edge` either way, as a JPEG; None where it cannot be shown."""
        edge = max(16, min(edge, _LARGEST_EDGE))
        try:
            kept = self._file(picture, edge)
        except (OSError, ValueError):  # not there
            return None
        with suppress(OSError):
            return kept.read_bytes()
        with self._decoding:
            made = _made(picture, edge)
        if made is not None:
            _keep(kept, made)
        return made

    def keep(self, picture: Path, thumbnail: bytes) -> None:
        """Keeps what was made while the picture was checked; `picture` is in its place by now."""
        with suppress(OSError):
            _keep(self._file(picture, GRID_EDGE), thumbnail)

    def sweep(self, folder: Path) -> None:
        """Removes those of pictures that are not in the folder any more, or are others by now."""
        with suppress(OSError), os.scandir(folder) as entries:
            current = set()
            for entry in entries:
                with suppress(OSError):
                    current.add(_key(entry.name, entry.stat()))
            for file in self._of_folder(folder).iterdir():
                if file.name.partition("-")[0] not in current:
                    file.unlink(missing_ok=True)

    def _file(self, picture: Path, edge: int) -> Path:
        return self._of_folder(picture.parent) / f"{_key(picture.name, picture.stat())}-{edge}.jpg"

    def _of_folder(self, folder: Path) -> Path:
        return self._folder / hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:32]


def thumbnail_of(image: Image.Image, edge: int = GRID_EDGE) -> bytes:
    """A JPEG of the picture as its camera was held, on a neutral ground where it is transparent.

    `image` is changed. Raises one of UNREADABLE.
    """
    image.thumbnail((edge, edge))
    shown = upright(image).convert("RGBA")
    flat = Image.new("RGBA", shown.size, (*GROUND, 255))
    flat.alpha_composite(shown)
    buffer = BytesIO()
    flat.convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def is_plain(filename: str) -> bool:
    """Whether a name is that of a file in the very folder."""
    return PurePosixPath(filename).name == filename and filename not in ("", "..") and "\0" not in filename


def _made(picture: Path, edge: int) -> bytes | None:
    try:
        with picture.open("rb") as file:
            image = opened(file)
            if image.width * image.height > LARGEST_PIXELS:
                return None
            image.draft("RGB", (2 * edge, 2 * edge))  # a JPEG is decoded no larger than needed
            return thumbnail_of(image, edge)
    except UNREADABLE:
        return None


def _keep(file: Path, data: bytes) -> None:
    with suppress(OSError):  # the next sight makes it again
        replace_file(file, data, is_durable=False)


def _key(name: str, status: os.stat_result) -> str:
    told = f"{name}\0{status.st_mtime_ns}\0{status.st_size}\0{status.st_ino}"
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:40]
