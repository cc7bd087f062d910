"""The sample style's pictures."""

import hashlib
from pathlib import Path

from PIL import Image

from lora_core.sample_style import SAMPLE_FILENAMES, SAMPLE_SETS, draw_sample_pictures


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_there_are_twelve_different_small_pictures(tmp_path: Path) -> None:
    names = draw_sample_pictures(tmp_path)
    assert names == SAMPLE_FILENAMES
    assert len(set(hashes(tmp_path).values())) == 24
    for name in names:
        with Image.open(tmp_path / name) as picture:
            assert (picture.size, picture.mode) == ((384, 384), "RGB")


def test_every_picture_has_a_caption_without_the_trigger(tmp_path: Path) -> None:
    for name in draw_sample_pictures(tmp_path):
        caption = (tmp_path / name).with_suffix(".txt").read_text(encoding="utf-8")
        assert len(caption.split()) > 5
        assert "SBai_style" not in caption


def test_the_same_pictures_are_drawn_every_time(tmp_path: Path) -> None:
    draw_sample_pictures(tmp_path / "one")
    draw_sample_pictures(tmp_path / "two")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_the_sets_name_pictures_that_exist() -> None:
    assert [len(names) for names in SAMPLE_SETS.values()] == [12, 8]
    assert all(set(names) <= set(SAMPLE_FILENAMES) for names in SAMPLE_SETS.values())
