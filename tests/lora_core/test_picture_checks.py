"""The content of what is uploaded: decoded to its last line, and told what a trainer would make of it."""

import codecs
import struct
from io import BytesIO

import pytest
from PIL import Image

from lora_core import picture_checks as module
from lora_core.picture_checks import (
    MAX_CAPTION_BYTES,
    RefusedError,
    checked_caption,
    checked_picture,
)
from lora_core.thumbnail_files import GRID_EDGE
from tests.lora_core.picture_files import noisy, picture

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture("red", (500, 300), exif=exif.tobytes())


def with_broken_exif() -> bytes:
    data = picture("red", (500, 300), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert b"Exif" in data
    return data


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_whole_picture_is_taken_with_its_size_and_a_thumbnail(kind: str) -> None:
    checked = checked_picture(picture("red", (700, 350), kind=kind), SUFFIXES[kind])
    assert (checked.width, checked.height, checked.warnings) == (700, 350, ())
    with Image.open(BytesIO(checked.thumbnail)) as thumbnail:
        assert thumbnail.size == (GRID_EDGE, GRID_EDGE // 2)


def test_the_size_is_that_of_the_picture_as_its_camera_was_held() -> None:
    checked = checked_picture(turned(), ".jpg")
    assert (checked.width, checked.height) == (300, 500)
    with Image.open(BytesIO(checked.thumbnail)) as thumbnail:
        assert thumbnail.height > thumbnail.width


def test_odd_exif_beside_the_orientation_makes_no_broken_picture() -> None:
    width = struct.pack("<HHI4s", 0x0100, 2, 4, b"500\0")  # as text
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0\2\0" + width + orientation + bytes(4)
    checked = checked_picture(picture("red", (500, 300), exif=exif), ".jpg")
    assert (checked.width, checked.height) == (300, 500)
    with Image.open(BytesIO(checked.thumbnail)) as thumbnail:
        assert thumbnail.height > thumbnail.width


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_makes_no_broken_picture() -> None:
    assert checked_picture(with_broken_exif(), ".jpg").width == 500


@pytest.mark.parametrize(
    ("data", "suffix", "told"),
    [
        (picture(size=(255, 900)), ".jpg", "It is small, 255 x 900"),
        (picture(size=(1, 1)), ".jpg", "It is small, 1 x 1"),
        (picture(kind="PNG"), ".jpg", "It is a PNG whatever its name says"),
        (picture(kind="WEBP"), ".png", "It is a WebP whatever its name says"),
        (picture((1, 2, 3, 4), mode="CMYK"), ".jpg", "CMYK"),
        (picture((1, 2, 3, 4), mode="RGBA", kind="PNG"), ".png", "transparent"),
        (picture((1, 4), mode="LA", kind="PNG"), ".png", "transparent"),
        (picture(0, mode="P", kind="PNG", transparency=0), ".png", "transparent"),
        (picture((1, 2, 3, 4), mode="RGBA", kind="WEBP"), ".webp", "transparent"),
    ],
)
def test_what_may_go_wrong_in_training_is_a_warning(data: bytes, suffix: str, told: str) -> None:
    (warning,) = checked_picture(data, suffix).warnings
    assert told in warning


@pytest.mark.parametrize(
    "data",
    [
        picture(kind="PNG", mode="RGBA", colour=(1, 2, 3, 255)),
        picture(kind="PNG", mode="P", colour=3),
        picture(kind="PNG", mode="1", colour=1),
        picture(kind="PNG", mode="L", colour=7),
        noisy(kind="PNG"),
    ],
)
def test_what_a_trainer_reads_well_gives_no_warning(data: bytes) -> None:
    assert checked_picture(data, ".png").warnings == ()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.9, 0.99])
def test_a_jpeg_that_is_cut_off_is_refused_though_it_is_decoded_small(
    options: dict[str, object], part: float
) -> None:
    data = noisy((1600, 1200), **options)
    checked_picture(data, ".jpg")
    with pytest.raises(RefusedError):
        checked_picture(data[: int(len(data) * part)], ".jpg")


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
def test_another_picture_that_is_cut_off_is_refused(kind: str, part: float) -> None:
    data = noisy(kind=kind)
    with pytest.raises(RefusedError):
        checked_picture(data[: int(len(data) * part)], SUFFIXES[kind])


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_PIXELS", 300 * 280)
    checked_picture(picture(), ".jpg")
    with pytest.raises(RefusedError, match="300 x 281 pixels"):
        checked_picture(picture(size=(300, 281)), ".jpg")


@pytest.mark.parametrize(
    ("data", "stored"),
    [
        (b"a cat, ink", b"a cat, ink"),
        (b"", b""),
        ("ein M\u00e4dchen\r\n".encode(), "ein M\u00e4dchen\r\n".encode()),
        (codecs.BOM_UTF8 + b"a cat", b"a cat"),
        (codecs.BOM_UTF16_LE + "caf\u00e9".encode("utf-16-le"), "caf\u00e9".encode()),
        (codecs.BOM_UTF16_BE + "caf\u00e9".encode("utf-16-be"), "caf\u00e9".encode()),
    ],
)
def test_a_caption_is_kept_as_utf8(data: bytes, stored: bytes) -> None:
    checked = checked_caption(data)
    assert (checked.data, checked.warnings) == (stored, ())


def test_a_caption_in_another_encoding_is_converted_and_that_is_said() -> None:
    checked = checked_caption("caf\u00e9 \u201cnoir\u201d".encode("cp1252"))
    assert checked.text == "caf\u00e9 \u201cnoir\u201d"
    assert "look at its accents" in checked.warnings[0]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a\0b", "zero bytes"),
        (b"x" * (MAX_CAPTION_BYTES + 1), "no caption"),
        (picture(), "is"),
        (picture(kind="PNG"), "is"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8\x00", "no text"),
        (b"\x81\x8d", "no text"),
    ],
)
def test_what_is_no_text_is_no_caption(data: bytes, told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        checked_caption(data)
