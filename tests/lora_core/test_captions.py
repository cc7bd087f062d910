"""Captions are read again whenever they may have changed, and only then."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core import captions as module
from lora_core.captions import Captions

YEAR_NS = 365 * 24 * 3600 * 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    caption = tmp_path / "fox.txt"
    caption.write_text(" a fox \n")
    return caption


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is really read."""
    found: list[Path] = []
    really = module.read_file

    def read(path: Path) -> tuple[bytes, os.stat_result]:
        found.append(path)
        return really(path)

    monkeypatch.setattr(module, "read_file", read)
    return found


def later() -> int:
    """A clock by which every file here is old."""
    return time.time_ns() + YEAR_NS


def overwrite(path: Path) -> None:
    path.write_text("an owl in the snow")


def replace_by_same_size(path: Path) -> None:
    other = path.with_name("other")
    other.write_text(" an ox \n")
    other.replace(path)


def write_in_place_and_set_the_date_back(path: Path) -> None:
    before = path.stat()
    path.write_text(" an ox \n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def lead_elsewhere(path: Path) -> None:
    other = path.with_name("other")
    other.write_text("an owl")
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize(
    "change", [overwrite, replace_by_same_size, write_in_place_and_set_the_date_back, lead_elsewhere]
)
def test_every_change_of_a_caption_is_seen(path: Path, change: Callable[[Path], None]) -> None:
    captions = Captions(later)
    assert captions.text(path) == "a fox"
    change(path)
    assert captions.text(path) == path.read_text().strip() != "a fox"


def test_a_caption_at_rest_is_read_once(path: Path, reads: list[Path]) -> None:
    captions = Captions(later)
    assert [captions.text(path) for _ in range(3)] == ["a fox"] * 3
    assert reads == [path]


def test_a_young_caption_is_read_each_time(path: Path, reads: list[Path]) -> None:
    captions = Captions(lambda: path.stat().st_mtime_ns + 1_900_000_000)
    assert [captions.text(path) for _ in range(3)] == ["a fox"] * 3
    assert len(reads) == 3


def test_a_caption_that_is_gone_is_not_remembered(path: Path) -> None:
    captions = Captions(later)
    captions.text(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        captions.text(path)
