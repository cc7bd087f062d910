"""Looks at the content of what is uploaded: a picture is decoded to its last line, a caption is read as text.

The bytes of a picture are kept as they are. A trainer opens a file by its content and makes RGB of it, so what
would go wrong there is said here.
"""

import codecs
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageFile

from lora_core.image_files import LARGEST_PIXELS, UNREADABLE, format_of, opened, shown_size
from lora_core.thumbnail_files import GRID_EDGE, thumbnail_of

SMALL_SIDE: Final = 256
"""Pixels; the trainer's smallest bucket."""
MAX_CAPTION_BYTES: Final = 64 * 1024

_FORMATS: Final = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WebP"}
_DEEP: Final = ("I", "F")
_UPLOAD_IT: Final = "Save it as JPEG, PNG or WebP, then upload that."
_KNOWN: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"GIF8", 0, "a GIF"),
    (b"BM", 0, "a BMP"),
    (b"II*\0", 0, "a TIFF"),
    (b"MM\0*", 0, "a TIFF"),
    (b"ftyp", 4, "a HEIC, an AVIF or a video"),
    (b"%PDF", 0, "a PDF"),
    (b"PK\3\4", 0, "a ZIP"),
    (b"8BPS", 0, "a Photoshop file"),
)
_SMALL: Final = (
    "It is small, {width} x {height} pixels: under "
    f"{SMALL_SIDE} the trainer enlarges it, and the style gets blurred."
)
_DISGUISED: Final = "It is a {found} whatever its name says; the trainer reads it all the same."
_FOR_PRINT: Final = "Its colours are for print (CMYK) and may come out different in training."
_TRANSPARENT: Final = (
    "It is transparent in places, which the trainer fills with any colour: better give it a background."
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKUP: Final = (b"<!doctype html", b"<html", b"<svg", b"<?xml", b"<script")


class RefusedError(Exception):
    """The content is not taken; the text says why and what to do."""


@dataclass(frozen=True)
class CheckedPicture:
    """A picture that was decoded whole."""

    width: int
    """As it is shown."""
    height: int
    thumbnail: bytes
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class CheckedCaption:
    """A caption's bytes as they are to be stored: UTF-8, as they came where they were that."""

    data: bytes
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        """Without space around it."""
        return self.data.decode().strip()


def checked_picture(data: bytes, suffix: str) -> CheckedPicture:
    """Raises RefusedError for what is no whole picture that a trainer can use."""
    if not data:
        raise RefusedError("It is empty: nothing was copied. Copy it again, then upload it.")
    found = format_of(data[:12])
    if found is None:
        raise RefusedError(f"It is {_kind(data)}, whatever its name says. {_UPLOAD_IT}")
    try:
        image = opened(BytesIO(data))
    except UNREADABLE as error:
        raise RefusedError(
            f"It begins like a {found}, but cannot be read. Copy it again from where it came from, or save it anew."
        ) from error
    width, height = shown_size(image)
    _check_header(image, width, height)
    mode = image.mode
    thumbnail, is_transparent = _decoded(image, found)
    told = (
        (min(width, height) < SMALL_SIDE, _SMALL.format(width=width, height=height)),
        (_FORMATS.get(suffix.lower(), found) != found, _DISGUISED.format(found=found)),
        (mode == "CMYK", _FOR_PRINT),
        (is_transparent, _TRANSPARENT),
    )
    return CheckedPicture(width, height, thumbnail, tuple(sentence for is_so, sentence in told if is_so))


def checked_caption(data: bytes) -> CheckedCaption:
    """Raises RefusedError for what is no text, or too much of it."""
    if len(data) > MAX_CAPTION_BYTES:
        raise RefusedError(
            f"It is larger than {MAX_CAPTION_BYTES // 1024} kB, so it is no caption. Shorten it, then upload it again."
        )
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _as_utf8(data, encoding)
    try:
        return CheckedCaption(_without_nul(data.decode()).encode(), ())
    except UnicodeDecodeError:
        return _as_utf8(
            data, "cp1252", "It was not UTF-8 and was read as Western European text: look at its accents."
        )


def _as_utf8(data: bytes, encoding: str, *warnings: str) -> CheckedCaption:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise RefusedError("It is no text. Save it as UTF-8 text, then upload it again.") from error
    return CheckedCaption(_without_nul(text).encode(), warnings)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise RefusedError(
            "It holds zero bytes, so it is no text. Save it as UTF-8 text, then upload it again."
        )
    return text


def _check_header(image: ImageFile.ImageFile, width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise RefusedError(
            f"It has {width} x {height} pixels, and at most {LARGEST_PIXELS // 10**6} million are taken. Make it "
            "smaller: the trainer reduces it to about one million."
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise RefusedError(
            f"It is an animation of {frames} pictures. Save the one that you mean, then upload that."
        )
    if image.mode.split(";")[0] in _DEEP:
        raise RefusedError(
            "It has 16 bits of grey or more, which the trainer turns into plain white. Save it with 8 bits."
        )


def _decoded(image: ImageFile.ImageFile, found: str) -> tuple[bytes, bool]:
    """The thumbnail, and whether anything is transparent; all of the file's data is gone through.

    A JPEG is reduced while it is decoded, which takes a tenth of the memory and reads it to its end all the same.
    """
    try:
        image.draft("RGB", (2 * GRID_EDGE, 2 * GRID_EDGE))
        image.load()
        is_transparent = image.has_transparency_data and _lowest_alpha(image) < 255
        return thumbnail_of(image), is_transparent
    except UNREADABLE as error:
        raise RefusedError(
            f"This {found} is cut off or damaged: not all of it can be read. Copy it again from where it came from."
        ) from error


def _lowest_alpha(image: Image.Image) -> int:
    bands = image if "A" in image.getbands() else image.convert("RGBA")
    lowest, _ = bands.getchannel("A").getextrema()
    return int(lowest) if isinstance(lowest, int | float) else 255


def _kind(data: bytes) -> str:
    for mark, at, kind in _KNOWN:
        if data[at:].startswith(mark):
            return kind
    if data[:256].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower().startswith(_MARKUP):
        return "a web page or a drawing in code (HTML, SVG)"
    return "no picture"
