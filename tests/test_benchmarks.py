"""The benchmarks' own machinery: a worker process, and figures of pairs. No time is judged."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.__main__ import PARTS, main
from benchmarks.browsing import browser
from benchmarks.idling import beats_of
from benchmarks.lab_side import settings
from benchmarks.measures import Figure, Pairs
from benchmarks.screen_data import newest, prepare
from benchmarks.selecting import selecting
from benchmarks.served import LAB, Served
from benchmarks.session import Session
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
    assert Pairs("select", 1_000, (3,), (2,), most=1.5).goal == "at most 1.5 times: met"


def test_a_figure_tells_whether_its_goal_was_met() -> None:
    assert Figure("a heartbeat", 900, "bytes", 3_000).goal == "at most 3,000 bytes: met"
    assert Figure("requests", 1, "", 0).goal == "at most 0: goal missed"
    assert Figure("a rerun", 40, "ms").goal == ""


def test_frames_belong_to_the_beat_that_they_come_with() -> None:
    assert beats_of([(0.0, 300), (0.1, 500), (15.0, 300), (15.2, 100), (30.0, 1)]) == [800, 400, 1]
    assert beats_of([]) == []


def test_a_part_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(SystemExit, match="no part nonsense") as ended:
        main(["nonsense"])
    assert all(part in str(ended.value) for part in PARTS)


def test_a_session_without_a_browser_chooses_a_version(tmp_path: Path) -> None:
    prepare(tmp_path, 3)
    with Served(LAB, tmp_path) as lab, Session(lab.url, f"style=1&version={newest(3)}") as session:
        assert [line.split(" · ")[0] for line in session.options] == ["✅ V3", "✅ V2", "✅ V1"]
        assert session.select_ms(session.options[1]) > 0
        assert lab.resident_bytes() > 0


@pytest.mark.browser
def test_a_choice_is_timed_on_both_sides(tmp_path: Path) -> None:
    def timed() -> list[Pairs]:
        with browser() as chromium:
            return list(selecting(chromium, tmp_path, pairs=1, sizes=(3,)))

    # In a thread: a browser of another test may have left its loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        (pairs,) = thread.submit(timed).result()
    assert (len(pairs.lab_ms), len(pairs.other_ms)) == (1, 1)
    assert min(*pairs.lab_ms, *pairs.other_ms) > 0
