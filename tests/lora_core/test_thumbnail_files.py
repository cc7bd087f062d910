"""Thumbnails for the grid: whole pictures, kept on the disk, and made again when a picture has changed."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from lora_core import Incoming, OnConflict
from lora_core import thumbnail_files as module
from lora_core.image_files import upright
from lora_core.thumbnail_files import GRID_EDGE, ThumbnailFiles
from tests.lora_core.picture_files import STYLE, lab_over, picture, style_folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the pictures that were decoded."""
    names: list[str] = []
    real = module._made

    def counted(path: Path, edge: int) -> bytes | None:
        names.append(path.name)
        return real(path, edge)

    monkeypatch.setattr(module, "_made", counted)
    return names


@pytest.fixture
def files(tmp_path: Path) -> ThumbnailFiles:
    return ThumbnailFiles(tmp_path / "state" / "thumbnails")


def seen(data: bytes | None) -> Image.Image:
    assert data is not None
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")


def test_a_whole_picture_is_shown_no_larger_than_asked_for(files: ThumbnailFiles, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture("red", (1200, 600)))
    assert seen(files.of(path)).size == (GRID_EDGE, GRID_EDGE // 2)
    assert seen(files.of(path, 100)).size == (100, 50)
    small = tmp_path / "b.jpg"
    small.write_bytes(picture("red", (60, 40)))
    assert seen(files.of(small)).size == (60, 40)


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [
        ("CMYK", (0, 255, 255, 0), "JPEG"),
        ("L", 200, "PNG"),
        ("P", 7, "PNG"),
        ("RGBA", (255, 0, 0, 0), "PNG"),
        ("I;16", 30_000, "PNG"),
        ("1", 1, "PNG"),
        ("RGBA", (255, 0, 0, 9), "WEBP"),
    ],
)
def test_every_kind_of_picture_has_one(
    files: ThumbnailFiles, tmp_path: Path, mode: str, colour: object, kind: str
) -> None:
    path = tmp_path / "a.img"
    path.write_bytes(picture(colour, mode=mode, kind=kind))  # type: ignore[arg-type]
    assert seen(files.of(path)).size == (300, 280)


def test_it_is_made_once_also_across_restarts(files: ThumbnailFiles, tmp_path: Path, made: list[str]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    first = files.of(path)
    assert files.of(path) == ThumbnailFiles(tmp_path / "state" / "thumbnails").of(path) == first
    assert made == ["a.jpg"]


def test_another_picture_of_the_name_gets_its_own(files: ThumbnailFiles, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture("red"))
    files.of(path)
    other = tmp_path / "b.jpg"
    other.write_bytes(picture("blue"))
    os.utime(other, ns=(path.stat().st_mtime_ns,) * 2)
    other.replace(path)
    red, _, blue = seen(files.of(path)).getpixel((5, 5))  # type: ignore[misc]
    assert blue > red


@pytest.mark.parametrize("content", [b"", b"no picture", picture()[:300]])
def test_what_cannot_be_read_has_none(files: ThumbnailFiles, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert files.of(path) is None
    assert files.of(tmp_path / "nowhere.jpg") is None


def test_a_disk_that_takes_nothing_keeps_none_and_shows_it_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    (tmp_path / "state").write_bytes(b"a file in the way")
    assert ThumbnailFiles(tmp_path / "state").of(path)


def test_those_of_pictures_that_are_gone_or_changed_are_removed(
    files: ThumbnailFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "style"
    folder.mkdir()
    for name, colour in (("a.jpg", "red"), ("b.jpg", "blue"), ("c.jpg", "green")):
        (folder / name).write_bytes(picture(colour))
        files.of(folder / name)
    (folder / "a.jpg").unlink()
    (folder / "b.jpg").write_bytes(picture("white", (400, 400)))
    files.sweep(folder)
    kept = list((tmp_path / "state").rglob("*.jpg"))
    assert [file.read_bytes() for file in kept] == [files.of(folder / "c.jpg")]


def test_an_uploaded_picture_has_its_thumbnail_already(tmp_path: Path, made: list[str]) -> None:
    with lab_over(tmp_path) as lab:
        lab.add_images(STYLE, [Incoming("a.jpg", picture("red", (900, 600)))])
        assert seen(lab.thumbnail(STYLE, "a.jpg")).size == (GRID_EDGE, GRID_EDGE * 2 // 3)
        lab.add_images(
            STYLE, [Incoming("a.jpg", picture("blue", (600, 900)))], on_conflict=OnConflict.REPLACE
        )
        assert seen(lab.thumbnail(STYLE, "a.jpg")).size == (GRID_EDGE * 2 // 3, GRID_EDGE)
    assert made == []
    assert len(list((tmp_path / "state" / "thumbnails").rglob("*.jpg"))) == 1


@pytest.mark.parametrize("name", ["../1_ink/a.jpg", "/etc/hostname", "..", "", ".", "a\0b", "x" * 300])
def test_a_name_that_leads_elsewhere_has_none(tmp_path: Path, name: str) -> None:
    with lab_over(tmp_path) as lab:
        (style_folder(tmp_path) / "a.jpg").write_bytes(picture())
        assert lab.thumbnail(STYLE, name) is None


@pytest.mark.parametrize("orientation", range(10))
def test_a_picture_is_turned_as_pillow_would_turn_it(orientation: int) -> None:
    image = Image.new("RGB", (3, 2))
    for at, colour in enumerate(("red", "green", "blue", "white", "black", "tan")):
        image.paste(colour, (at % 3, at // 3, at % 3 + 1, at // 3 + 1))
    image.getexif()[0x0112] = orientation

    assert upright(image).tobytes() == ImageOps.exif_transpose(image).tobytes()
