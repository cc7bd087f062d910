"""Small pictures of a dataset, made once and kept while the file stays as it is.

A picture that is not at hand, or that cannot be read, gets a neutral tile that says so.
"""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from lora_core.image_files import GROUND, LARGEST_PIXELS, UNREADABLE, opened, upright

EDGE: Final = 112
"""Pixels; drawn at half of it, so that it is sharp on dense screens."""

NOT_HERE: Final = "not here"
NO_PICTURE: Final = "no picture"
TOO_LARGE: Final = "too large"

_KEPT: Final = 4096


@dataclass(frozen=True)
class Thumbnail:
    """A square JPEG, and what it shows, for people who do not see it."""

    data: bytes
    description: str
    is_picture: bool = True
    """Not one of the tiles that stand for others."""


def thumbnails(folder: Path, filenames: Sequence[str], *, limit: int) -> list[Thumbnail]:
    """The first `limit` in order, and a tile for the rest; nothing where none of the first can be shown.

    Those that were made before cost one look at the file's status.
    """
    made = [_thumbnail(folder, name) for name in filenames[:limit]]
    if not any(one.is_picture for one in made):
        return []
    more = len(filenames) - len(made)
    return [*made, Thumbnail(_tile(f"+{more}"), f"{more} more", is_picture=False)] if more else made


def _thumbnail(folder: Path, filename: str) -> Thumbnail:
    made = _picture(folder, filename)
    if isinstance(made, bytes):
        return Thumbnail(made, filename)
    return Thumbnail(_tile(made), f"{filename}: {made}", is_picture=False)


def _picture(folder: Path, filename: str) -> bytes | str:
    """The small picture, or what is wrong."""
    if PurePosixPath(filename).name != filename or filename in ("", ".."):  # another folder's file
        return NOT_HERE
    try:
        status = (folder / filename).stat()
    except (OSError, ValueError):
        return NOT_HERE
    if not stat.S_ISREG(status.st_mode):
        return NO_PICTURE
    return _made(folder / filename, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=_KEPT)
def _made(path: Path, mtime_ns: int, size: int) -> bytes | str:  # noqa: ARG001 - they tell a changed file
    try:
        with path.open("rb") as file:
            picture = opened(file)
            if picture.width * picture.height > LARGEST_PIXELS:
                return TOO_LARGE
            picture.draft("RGB", (2 * EDGE, 2 * EDGE))  # a JPEG is decoded no larger than needed
            return _encoded(_square(picture))
    except UNREADABLE:
        return NO_PICTURE


def _square(picture: Image.Image) -> Image.Image:
    """Its middle, turned as the camera was held, on the neutral ground where it is transparent."""
    picture.thumbnail((4 * EDGE, 4 * EDGE))
    shown = upright(picture).convert("RGBA")
    ground = Image.new("RGBA", shown.size, (*GROUND, 255))
    return ImageOps.fit(Image.alpha_composite(ground, shown).convert("RGB"), (EDGE, EDGE))


def _encoded(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


@lru_cache(maxsize=256)
def _tile(words: str) -> bytes:
    tile = Image.new("RGB", (EDGE, EDGE), GROUND)
    ImageDraw.Draw(tile).multiline_text(
        (EDGE / 2, EDGE / 2),
        words.replace(" ", "\n"),
        fill=(255, 255, 255),
        font=ImageFont.load_default(size=26),
        anchor="mm",
        align="center",
    )
    return _encoded(tile)
