"""Where a smoothed loss curve ends: the same whether the whole curve is read or only the end of its file."""

import json
import os
from pathlib import Path

import pytest

from lora_core import Version
from lora_core.loss_curves import loss_at_end, smoothed
from lora_core.sightings import Sightings

VERSION = Version("1", {"id": "job-1", "key": "k"})


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "curves"
    folder.mkdir(parents=True)
    return folder


def keep(folder: Path, text: str) -> Sightings:
    (folder / "k_job-1.json").write_text(text)
    return Sightings(folder)


@pytest.mark.parametrize("points", [1, 2, 3, 50, 1000, 2000])
def test_the_end_of_a_file_is_enough(curves: Path, points: int) -> None:
    curve = [(step * 5 + 1, 0.1 + 3 / (step + 2) + 0.02 * (step % 7)) for step in range(points)]
    told = keep(curves, json.dumps(curve)).final_loss(VERSION)
    assert told == pytest.approx(smoothed(curve)[-1][1], rel=0.005)
    assert loss_at_end(curve) == pytest.approx(smoothed(curve)[-1][1])


@pytest.mark.parametrize(
    "text", ["", "[]", "[[1", "[[1, 2], [3]]", '[["a", "b"]]', "{}", "[[1, null]]", "x" * 9000]
)
def test_a_file_that_holds_no_curve_has_no_final_loss(curves: Path, text: str) -> None:
    assert keep(curves, text).final_loss(VERSION) is None


def test_what_has_no_file_or_no_regular_one_has_no_final_loss(curves: Path) -> None:
    assert Sightings(curves).final_loss(VERSION) is None
    os.mkfifo(curves / "k_job-1.json")  # opening it would wait for ever
    assert Sightings(curves).final_loss(VERSION) is None
