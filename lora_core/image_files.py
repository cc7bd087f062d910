"""Opens picture files with Pillow: told by their content, never by their name, and sized before they are decoded."""

import struct
import zlib
from typing import IO, Final

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

LARGEST_PIXELS: Final = 50_000_000
"""A larger picture would hold up a page, and a training picture has a hundredth of it."""

GROUND: Final = (96, 102, 116)
"""What shows through where a picture is transparent: readable on light and dark."""

UNREADABLE: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, ZeroDivisionError),
    *(OverflowError, AttributeError, AssertionError, RuntimeError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
"""What Pillow's readers raise for files that are no picture, or a broken one."""

_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = (5, 6, 7, 8)
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def format_of(head: bytes) -> str | None:
    """JPEG, PNG or WebP, by a file's first 12 bytes."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WebP" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def opened(file: IO[bytes]) -> ImageFile.ImageFile:
    """The picture, not decoded yet. Raises one of UNREADABLE.

    `Image.open` would warn, or refuse, by the number of pixels; each caller has a bound of its own.
    """
    head = file.read(12)
    file.seek(0)
    match format_of(head):
        case "JPEG":
            return JpegImageFile(file)
        case "PNG":
            return PngImageFile(file)
        case "WebP":
            return WebPImageFile(file)
        case _:
            raise SyntaxError("neither JPEG, PNG nor WebP")


def shown_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as it is shown: turned as its camera was held."""
    width, height = image.size
    return (height, width) if _orientation(image) in _SIDEWAYS else (width, height)


def upright(image: Image.Image) -> Image.Image:
    """Turned as its camera was held; of its EXIF nothing else is looked at, which may be broken."""
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION)
    except UNREADABLE:  # broken EXIF makes no broken picture
        return 1
    return value if isinstance(value, int) else 1
