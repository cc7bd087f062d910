"""What ended since a moment, in all styles."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lora_core import Settings, TrainingLab
from lora_core.times import to_iso

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ended(name: str, minutes: int, status: str = "completed", **more: Any) -> dict[str, Any]:
    """A record that ended so many minutes after noon."""
    key = "failedAt" if status == "failed" else "completedAt"
    return {
        "id": name,
        "name": name,
        "status": status,
        key: to_iso(NOON + timedelta(minutes=minutes)),
        **more,
    }


@pytest.fixture
def lab(tmp_path: Path) -> TrainingLab:
    settings = Settings(
        _env_file=None, lora_lab_root=str(tmp_path / "styles"), lora_lab_state_dir=tmp_path / "state"
    )
    lab = TrainingLab(settings)
    lab.create_style("One")
    lab.create_style("Two")
    return lab


def write(lab: TrainingLab, folder: str, *records: dict[str, Any]) -> None:
    (lab.settings.root / folder / "training_versions.json").write_text(json.dumps({"versions": records}))


def names(lab: TrainingLab, minutes: int = 0) -> list[str]:
    return [one.version.name for one in lab.ended_since(NOON + timedelta(minutes=minutes))]


def test_ends_of_all_styles_come_in_their_order_the_latest_first(lab: TrainingLab) -> None:
    write(lab, "1_one", ended("A", 10), ended("B", 30, "failed"), ended("C", -5))
    write(lab, "2_two", ended("D", 20))
    assert names(lab) == ["B", "D", "A"]
    assert names(lab, 10) == ["B", "D"]
    assert names(lab, 30) == []
    assert [one.style.folder for one in lab.ended_since(NOON)] == ["1_one", "2_two", "1_one"]


def test_only_what_is_final_and_records_its_end_counts(lab: TrainingLab) -> None:
    write(
        lab,
        "1_one",
        ended("running", 10, "training"),
        {**ended("old", 10), "completedAt": None},
        {**ended("no date", 10), "completedAt": "soon"},
        {**ended("of a former try", 10, "failed"), "failedAt": None, "completedAt": to_iso(NOON)},
        {"id": "odd", "status": ["completed"]},
        ended("done", 10),
    )
    assert names(lab) == ["done"]


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("2026-03-01T12:00:00.001Z", True),
        ("2026-03-01T12:00:00.000Z", False),
        ("2026-02-28T23:30:00-13:00", True),
        ("2026-03-02T01:30:00+14:00", False),
        ("20260301T120001Z", True),
        ("2026-W09-7T12:00:01", True),
        ("2025-12-31T23:59:59Z", False),
        ("9000-01-01T00:00:00Z", True),
        ("", False),
    ],
)
def test_every_way_to_write_a_moment_is_compared_as_a_moment(
    lab: TrainingLab, text: str, is_told: bool
) -> None:
    write(lab, "1_one", {**ended("A", 0), "completedAt": text})
    assert names(lab) == (["A"] if is_told else [])


def test_what_is_written_later_is_seen_and_what_is_deleted_is_not(lab: TrainingLab) -> None:
    write(lab, "1_one", ended("A", 10))
    assert names(lab) == ["A"]
    write(lab, "1_one", ended("B", 20), ended("A", 10))
    assert names(lab) == ["B", "A"]
    lab.delete("1", "B")
    assert names(lab) == ["A"]


def test_a_style_that_cannot_be_read_leaves_the_others_alone(lab: TrainingLab) -> None:
    write(lab, "2_two", ended("D", 20))
    (lab.settings.root / "1_one" / "training_versions.json").write_text('{"versions": [')
    assert names(lab) == ["D"]
