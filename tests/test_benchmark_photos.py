"""The photos that Datasets is measured with."""

from pathlib import Path

from benchmarks.lab_side import settings
from benchmarks.photos import HEIGHT, WIDTH, prepare_photos
from lora_core import TrainingLab


def test_photos_are_large_captioned_and_each_another_file(tmp_path: Path) -> None:
    assert prepare_photos(tmp_path, 2, 1) == ["1", "2"]
    with TrainingLab(settings(tmp_path)) as lab:
        pictures = [*lab.images("1"), *lab.images("2")]
    assert [(one.width, one.height) for one in pictures] == [(WIDTH, HEIGHT)] * 3
    assert all(one.caption for one in pictures)
    assert len({path.read_bytes() for path in lab.settings.root.rglob("*.jpg")}) == 3
