"""Small pictures of a dataset: as the eye sees them, made once, and no trouble with what is no picture."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from lora_core import thumbnails as module
from lora_core.thumbnails import EDGE, NO_PICTURE, NOT_HERE, TOO_LARGE, thumbnails

RED, BLUE = (200, 20, 20), (20, 20, 200)


def picture(path: Path, *, size: tuple[int, int] = (300, 200), color: tuple[int, ...] = RED) -> Path:
    Image.new("RGBA" if len(color) == 4 else "RGB", size, color).save(path)
    return path


def seen(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as opened:
        return opened.convert("RGB")


def is_near(one: object, other: tuple[int, ...]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) < 25 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a b (3).jpeg"])
def test_a_picture_becomes_a_small_square_of_its_own_colour(tmp_path: Path, name: str) -> None:
    picture(tmp_path / name)
    (made,) = thumbnails(tmp_path, [name], limit=8)
    assert made.description == name
    assert seen(made.data).size == (EDGE, EDGE)
    assert is_near(seen(made.data).getpixel((EDGE // 2, EDGE // 2)), RED)


def test_a_picture_taken_sideways_is_turned_as_its_camera_was_held(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 200), BLUE)
    image.paste(RED, (0, 0, 100, 200))  # its left half; turned to the right it is the upper one
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    (made,) = thumbnails(tmp_path, ["a.jpg"], limit=8)
    assert is_near(seen(made.data).getpixel((EDGE // 2, 10)), RED)
    assert is_near(seen(made.data).getpixel((EDGE // 2, EDGE - 10)), BLUE)


def test_a_transparent_picture_lies_on_a_neutral_ground(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", color=(255, 0, 0, 0))
    (made,) = thumbnails(tmp_path, ["a.png"], limit=8)
    red, green, blue = seen(made.data).getpixel((5, 5))  # type: ignore[misc]
    assert max(red, green, blue) - min(red, green, blue) < 40


def test_more_pictures_than_are_shown_are_counted_on_a_tile(tmp_path: Path) -> None:
    names = [picture(tmp_path / f"{number}.png").name for number in range(5)]
    made = thumbnails(tmp_path, names, limit=3)
    assert [one.description for one in made] == ["0.png", "1.png", "2.png", "2 more"]
    assert len(thumbnails(tmp_path, names, limit=5)) == 5


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, NOT_HERE),
        (b"", NO_PICTURE),
        (b"no picture at all", NO_PICTURE),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, NO_PICTURE),
        (b"\xff\xd8\xff\xe0" + b"\xff" * 40, NO_PICTURE),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", NO_PICTURE),
        (b"GIF89a\x01", NO_PICTURE),
    ],
    ids=["missing", "empty", "text", "png", "jpeg", "webp", "gif"],
)
def test_what_is_missing_or_broken_is_a_tile_that_says_so(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    picture(tmp_path / "good.png")
    if content is not None:
        (tmp_path / "bad.jpg").write_bytes(content)
    made = thumbnails(tmp_path, ["good.png", "bad.jpg"], limit=8)
    assert [one.description for one in made] == ["good.png", f"bad.jpg: {what}"]
    assert seen(made[1].data).size == (EDGE, EDGE)


def test_a_picture_that_was_cut_off_is_a_tile(tmp_path: Path) -> None:
    whole = picture(tmp_path / "whole.png", size=(400, 400))
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:-200])
    _, cut = thumbnails(tmp_path, ["whole.png", "cut.png"], limit=8)
    assert not cut.is_picture


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "..", "", ".", "a\x00b", "x" * 300])
def test_a_name_that_leads_elsewhere_is_never_followed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "style"
    folder.mkdir()
    picture(tmp_path / "outside.png")
    picture(folder / "good.png")
    assert not thumbnails(folder, ["good.png", name], limit=8)[1].is_picture


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert thumbnails(tmp_path, ["good.png", "pipe.png"], limit=8)[1].description == f"pipe.png: {NO_PICTURE}"


def test_a_huge_picture_does_not_hold_up_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_PIXELS", 10_000)
    picture(tmp_path / "huge.png", size=(101, 100))
    picture(tmp_path / "good.png", size=(100, 100))
    made = thumbnails(tmp_path, ["good.png", "huge.png"], limit=8)
    assert made[1].description == f"huge.png: {TOO_LARGE}"


def test_where_none_can_be_shown_there_is_nothing(tmp_path: Path) -> None:
    assert thumbnails(tmp_path, ["a.png", "b.png"], limit=8) == []
    assert thumbnails(tmp_path, [], limit=8) == []


def test_a_picture_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    before = thumbnails(tmp_path, ["a.png"], limit=8)
    path.chmod(0)
    assert thumbnails(tmp_path, ["a.png"], limit=8) == before
    path.unlink()
    picture(path, color=BLUE)
    os.utime(path, ns=(1, 1))
    (changed,) = thumbnails(tmp_path, ["a.png"], limit=8)
    assert is_near(seen(changed.data).getpixel((50, 50)), BLUE)
