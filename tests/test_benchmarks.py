"""The benchmarks' own machinery: a worker process, and figures of pairs. No time is judged."""

import io
import json
import sys
from pathlib import Path

import pytest

from benchmarks.lab_side import settings
from benchmarks.measures import Pairs
from benchmarks.workers import Worker, WorkerError, serve
from lora_core import TrainingLab, VersionStatus


def test_a_worker_prepares_creates_sets_a_status_and_lists(tmp_path: Path) -> None:
    with Worker(Path(sys.executable), "benchmarks.lab_side", tmp_path) as worker:
        for command, arguments in (
            ("prepare", {"versions": 5}),
            ("create", {}),
            ("set_status", {}),
            ("list", {}),
        ):
            assert worker.ask(command, **arguments) > 0
        with pytest.raises(WorkerError, match="no command"):
            worker.ask("nonsense")

    with TrainingLab(settings(tmp_path)) as lab:
        versions = lab.versions("1")
    statuses = [version.status for version in versions]
    assert [version.name for version in versions] == ["V6", "V5", "V4", "V3", "V2", "V1"]
    assert statuses == [VersionStatus.DRAFT, VersionStatus.COMPLETED, *[VersionStatus.TRAINING] * 4]
    assert all(not version.parameters.missing for version in versions)


def test_a_failure_is_answered_and_the_worker_goes_on() -> None:
    class Failing:
        def prepare(self, versions: int) -> int:
            return versions

        def create(self) -> int:
            raise OSError("the disk is full")

        set_status = list = create

    answers = io.StringIO()
    serve(Failing(), ['{"command": "create"}', '{"command": "prepare", "versions": 5}'], answers)
    first, second = (json.loads(line) for line in answers.getvalue().splitlines())
    assert first == {"error": "OSError: the disk is full"}
    assert second["count"] == 5


def test_the_ratio_is_the_median_over_pairs_and_a_missed_goal_is_told() -> None:
    # One slow pair, in which both sides met the same noise, moves the medians but not the ratio.
    pairs = Pairs("list", 1_000, lab_ms=(1, 1, 90), other_ms=(20, 20, 1_800), most=1 / 30)
    assert pairs.ratio == pytest.approx(1 / 20)
    assert pairs.goal == "at most 1/30: goal missed"
    assert Pairs("create", 1_000, (1,), (1,), most=1).goal == "no slower: met"
    assert Pairs("create", 100, (1,), (1,)).goal == ""
