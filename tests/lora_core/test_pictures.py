"""The pictures of a style: listed with size and caption, and read again only when they have changed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from lora_core import CaptionProblem, TrainingLab
from lora_core import picture_sizes as module
from lora_core.picture_sizes import PictureSizes
from lora_core.pictures import caption_problem
from tests.lora_core.picture_files import STYLE, lab_over, picture, png_of, style_folder

TOKEN = "SBai_style_1"
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[TrainingLab]:
    with lab_over(tmp_path) as lab:
        yield lab


@pytest.fixture
def folder(lab: TrainingLab, tmp_path: Path) -> Path:
    assert lab.styles()
    return style_folder(tmp_path)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    return path


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 8
    return picture("red", (500, 300), exif=exif.tobytes())


@pytest.mark.parametrize(
    ("caption", "problem"),
    [
        (None, CaptionProblem.MISSING),
        ("", CaptionProblem.EMPTY),
        (" \n", CaptionProblem.EMPTY),
        (f"\na cat, {TOKEN}", CaptionProblem.EMPTY),
        (f"a cat\n{TOKEN}", CaptionProblem.NO_TRIGGER),
        ("a cat in ink", CaptionProblem.NO_TRIGGER),
        (f"a cat, {TOKEN}", None),
        (f"a cat, {TOKEN.lower()}, ink", None),
        (f"{TOKEN}, a cat", CaptionProblem.DOUBLED),
        (f"style {TOKEN} a cat", CaptionProblem.DOUBLED),
        (f"a cat {TOKEN}, {TOKEN}", CaptionProblem.DOUBLED),
        (f"a cat, {TOKEN}6", CaptionProblem.NO_TRIGGER),
        (f"a cat, x{TOKEN}", CaptionProblem.NO_TRIGGER),
    ],
)
def test_what_is_wrong_with_a_caption(caption: str | None, problem: CaptionProblem | None) -> None:
    assert caption_problem(caption, TOKEN) is problem


def test_a_token_may_hold_what_patterns_hold() -> None:
    assert caption_problem("a cat, (ink+)", "(ink+)") is None


def test_pictures_are_listed_in_natural_order_with_size_and_caption(lab: TrainingLab, folder: Path) -> None:
    write(folder / "image_10.jpg", picture("red", (400, 300)))
    write(folder / "image_2.jpg", turned())
    write(folder / "image_2.txt", f" a cat, {TOKEN}\n".encode())
    write(folder / "broken.webp", b"no picture")
    write(folder / "notes.md", b"")
    broken, second, tenth = lab.images(STYLE)
    assert (second.filename, second.width, second.height) == ("image_2.jpg", 300, 500)
    assert (second.caption, second.caption_problem) == (f"a cat, {TOKEN}", None)
    assert (tenth.filename, tenth.width, tenth.height) == ("image_10.jpg", 400, 300)
    assert (tenth.caption, tenth.caption_problem) == (None, CaptionProblem.MISSING)
    assert (broken.filename, broken.width, broken.height, broken.size_bytes) == (
        "broken.webp",
        None,
        None,
        10,
    )
    assert broken.added_at == LONG_AGO


def test_a_huge_picture_is_listed_with_its_size_and_without_a_warning(lab: TrainingLab, folder: Path) -> None:
    write(folder / "a.png", png_of(40_000, 40_000))
    (image,) = lab.images(STYLE)
    assert (image.width, image.height) == (40_000, 40_000)
    assert lab.thumbnail(STYLE, "a.png") is None


def test_a_link_that_leads_nowhere_is_no_picture(lab: TrainingLab, folder: Path) -> None:
    (folder / "a.jpg").symlink_to(folder / "nowhere.jpg")
    assert lab.images(STYLE) == []


class _Counted:
    """Counts how often a header is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[str] = []
        real = module._read

        def counted(path: Path) -> object:
            self.read.append(path.name)
            return real(path)

        monkeypatch.setattr(module, "_read", counted)


def sizes(tmp_path: Path, seconds_later: int = 10) -> PictureSizes:
    return PictureSizes(tmp_path / "sizes", lambda: _now_ns(tmp_path) + seconds_later * 10**9)


def _now_ns(tmp_path: Path) -> int:
    probe = tmp_path / "probe"
    probe.touch()
    return probe.stat().st_mtime_ns


def size_of(known: PictureSizes, path: Path) -> tuple[int, int] | None:
    with known.of(path.parent) as size:
        return size(path.name, path.stat())


def test_a_header_is_read_once_also_across_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jpg", picture("red", (400, 300)))
    counted, known = _Counted(monkeypatch), sizes(tmp_path)
    assert [size_of(known, path) for _ in range(3)] == [(400, 300)] * 3
    assert size_of(sizes(tmp_path), path) == (400, 300)
    assert counted.read == ["a.jpg"]


def test_a_picture_that_was_replaced_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jpg", picture("red", (400, 300)))
    counted, known = _Counted(monkeypatch), sizes(tmp_path)
    size_of(known, path)
    write(tmp_path / "b.jpg", picture("red", (300, 400))).replace(path)
    assert size_of(known, path) == (300, 400)
    assert counted.read == ["a.jpg", "a.jpg"]


def test_a_file_that_was_just_written_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jpg", picture("red", (400, 300)))
    counted, known = _Counted(monkeypatch), sizes(tmp_path, seconds_later=1)
    size_of(known, path)
    size_of(known, path)
    assert len(counted.read) == 2


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a.jpg": [1]}', b'{"a.jpg": "x"}', b"\xff\xfe"])
def test_a_cache_that_holds_nonsense_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "a.jpg", picture("red", (400, 300)))
    size_of(sizes(tmp_path), path)
    (cache,) = (tmp_path / "sizes").iterdir()
    cache.write_bytes(content)
    assert size_of(sizes(tmp_path), path) == (400, 300)


def test_without_a_state_folder_sizes_are_read_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg", picture("red", (400, 300)))
    (tmp_path / "sizes").write_bytes(b"a file in the way")
    assert size_of(sizes(tmp_path), path) == (400, 300)
