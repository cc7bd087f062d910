"""The monitor: what it asks, when it asks, and that nothing stops it. Its clock and its waits are the test's."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_endpoint import Call, Fault
from lora_core import FailureReason, TrainingLab, Version, VersionStatus
from lora_core.monitor import LOCAL_PACE, RUNPOD_PACE, Monitor
from tests.local_endpoint.waiting import until
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, FakeRunpod, started


def turns(bench: Bench, lab: TrainingLab, *, minutes: float) -> int:
    """Lets the time pass turn by turn, as the monitor wants it; answers how many requests that took."""
    before = bench.runpod.count()
    end = bench.clock.now.timestamp() + minutes * 60
    while bench.clock.epoch_s() < end:
        bench.clock.advance(seconds=lab.monitor.turn())
    return bench.runpod.count() - before


def status_of(lab: TrainingLab, version: Version) -> VersionStatus | None:
    return lab.version(STYLE, version.key).status


# -- what it costs


def test_nothing_in_flight_costs_no_request_in_an_hour(bench: Bench, lab: TrainingLab) -> None:
    lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET)
    done = started(lab)
    bench.runpod.trainer.complete(bench.runpod.job_of(done))
    lab.refresh()
    assert turns(bench, lab, minutes=60) == 0


def test_an_old_systems_pending_record_is_not_asked_for(bench: Bench, lab: TrainingLab) -> None:
    old = {
        "id": "a0e9d299-9849-4986-bd76-8294f2f92f5f-e1",
        "name": "V1",
        "status": "pending",
        "parameters": {},
    }
    bench.history_file.write_text(json.dumps({"versions": [old]}))
    assert turns(bench, lab, minutes=30) == 0
    assert lab.version(STYLE, "V1").status is VersionStatus.PENDING


def test_what_ten_pages_read_costs_runpod_nothing(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    lab.monitor.turn()
    before = bench.runpod.count()
    for _ in range(10):
        page = bench.open_lab()
        page.versions(STYLE)
        page.version(STYLE, "V1")
        page.running()
        page.sighting(version)
        page.loss_curve(version)
        page.etag(STYLE)
        page.trash(STYLE)
        page.endpoint_sentence()
        page.monitor.in_flight()
    assert bench.runpod.count() == before


def test_a_young_job_is_asked_for_often_and_an_old_one_once_a_minute_or_so(
    bench: Bench, lab: TrainingLab
) -> None:
    started(lab)
    young = turns(bench, lab, minutes=3)
    turns(bench, lab, minutes=57)
    old = turns(bench, lab, minutes=3)
    # Full jitter: a look comes after half the interval on average.
    assert 30 <= young <= 200
    assert 2 <= old <= 25


@pytest.mark.parametrize(
    ("age_s", "runpod_s", "local_s"), [(0, 5, 1), (600, 15, 3), (3600, 60, 3), (90_000, 60, 3), (-5, 5, 1)]
)
def test_the_interval_grows_with_the_age_up_to_a_limit(age_s: float, runpod_s: float, local_s: float) -> None:
    assert RUNPOD_PACE.interval_s(age_s) == runpod_s
    assert LOCAL_PACE.interval_s(age_s) == local_s


def test_all_that_is_due_is_asked_together(bench: Bench, lab: TrainingLab) -> None:
    for _ in range(4):
        started(lab)
    waiting = threading.Barrier(4)

    def meet(call: Call) -> None:
        if call.verb == "status":
            waiting.wait(10)  # passes only when all four are under way at once

    bench.runpod.hook = meet
    assert len(lab.refresh()) == 4


# -- what it learns


def test_a_training_is_followed_from_the_queue_to_its_model(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.endpoint.set_max_workers(0)
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]
    turns(bench, lab, minutes=0.5)
    assert status_of(lab, version) is VersionStatus.PENDING
    bench.runpod.endpoint.set_max_workers(2)
    turns(bench, lab, minutes=0.5)
    assert status_of(lab, version) is VersionStatus.TRAINING
    bench.runpod.trainer.progress(job_id, step=40, total_steps=100, loss=0.2)
    turns(bench, lab, minutes=0.5)
    sighting = lab.sighting(version)
    assert sighting and sighting.progress and sighting.progress.step == 40
    bench.runpod.trainer.complete(job_id)
    turns(bench, lab, minutes=0.5)
    assert status_of(lab, version) is VersionStatus.COMPLETED
    assert lab.monitor.in_flight() == []
    assert lab.loss_curve(version) == ((40, 0.2),)
    assert bench.open_lab().loss_curve(version) == ((40, 0.2),)


def test_late_progress_never_moves_back_and_late_statuses_never_reopen(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]
    for step in (10, 60, 20):
        bench.runpod.trainer.progress(job_id, step=step, total_steps=100)
        lab.refresh()
    sighting = lab.sighting(version)
    assert sighting and sighting.progress and sighting.progress.step == 60
    bench.runpod.trainer.complete(job_id)
    lab.refresh()
    late = {"id": job_id, "status": "IN_PROGRESS", "output": {"step": 30, "total_steps": 100}}
    bench.runpod.next_answers("status", Fault.reply(200, late))
    assert lab.check_status(STYLE, version.key).version.status is VersionStatus.COMPLETED
    sighting = lab.sighting(version)
    assert sighting and sighting.progress and sighting.progress.step == 60


@pytest.mark.parametrize(
    "output", [None, "…", 7, [], {"step": None}, {"step": "x", "total_steps": 0}, {"step": 1e308}]
)
def test_odd_progress_harms_nobody(bench: Bench, lab: TrainingLab, output: object) -> None:
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]
    answer = {"id": job_id, "status": "IN_PROGRESS", "output": output}
    bench.runpod.next_answers("status", Fault.reply(200, answer))
    lab.refresh()
    assert status_of(lab, version) is VersionStatus.TRAINING


def test_another_process_training_is_learned_of_within_30_s(bench: Bench, lab: TrainingLab) -> None:
    turns(bench, lab, minutes=1)
    version = started(bench.open_lab())
    turns(bench, lab, minutes=0.5)
    bench.clock.advance(seconds=5)
    lab.monitor.turn()
    assert [one.version.key for one in lab.monitor.in_flight()] == [version.key]


def test_what_another_process_ended_is_dropped_within_30_s(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    lab.monitor.turn()
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.open_lab().refresh()
    bench.clock.advance(seconds=30)
    bench.runpod.is_down()
    lab.monitor.turn()
    assert lab.monitor.in_flight() == []


def test_a_new_lab_finds_what_is_in_flight_and_completes_it(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    lab.close()
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.clock.advance(minutes=20)
    reopened = bench.open_lab()
    reopened.monitor.turn()
    done = reopened.version(STYLE, version.key)
    assert done.status is VersionStatus.COMPLETED
    assert done.lora_url == "https://models.example/style_1_vV1.safetensors"


def test_a_job_that_runpod_forgot_meanwhile_is_recovered_from_its_model_file(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.clock.advance(minutes=40)
    bench.leave_model(version)
    bench.runpod.endpoint.forget(bench.runpod.job_of(version))
    lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.COMPLETED


def test_a_rotated_key_makes_no_training_failed(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    gone = Fault.reply(404, {"status": 404, "title": "Not Found", "detail": "endpoint not found"})
    bench.runpod.hook = lambda _: gone
    for _ in range(26):
        bench.clock.advance(hours=1)
        lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.PENDING
    sighting = lab.sighting(version)
    assert sighting and "RUNPOD_ENDPOINT_ID" in sighting.sentence


def test_the_trash_is_reconciled_like_the_rest(lab: TrainingLab) -> None:
    version = started(lab)
    lab.delete(STYLE, version.key)
    assert lab.trash(STYLE)[0].key == version.key
    lab.monitor.turn()
    trashed = lab.trash(STYLE)[0]
    assert (trashed.status, trashed.failure_reason) == (VersionStatus.FAILED, FailureReason.CANCELLED)


# -- when RunPod is slow, or away


def test_retry_after_is_honoured(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    lab.monitor.turn()
    bench.clock.advance(seconds=10)
    bench.runpod.next_answers("status", Fault.reply(429, b"", headers={"retry-after": "120"}))
    lab.monitor.turn()
    assert turns(bench, lab, minutes=1.9) == 0
    assert turns(bench, lab, minutes=1) > 0


def test_a_retry_after_of_years_stops_nothing_for_longer_than_ten_minutes(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.next_answers("status", Fault.reply(429, b"", headers={"retry-after": "9" * 400}))
    lab.monitor.turn()
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    turns(bench, lab, minutes=11)
    assert status_of(lab, version) is VersionStatus.COMPLETED


def test_after_an_outage_one_probe_goes_first_and_then_all(bench: Bench, lab: TrainingLab) -> None:
    versions = [started(lab) for _ in range(6)]
    lab.monitor.turn()
    bench.runpod.is_down("status")
    bench.clock.advance(minutes=2)
    lab.monitor.turn()
    for _ in range(5):
        bench.clock.advance(minutes=2)
        before = bench.runpod.count("status")
        lab.monitor.turn()
        assert bench.runpod.count("status") - before == 1
    bench.runpod.hook = None
    for version in versions[:2]:
        bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.clock.advance(minutes=2)
    before = bench.runpod.count("status")
    pause_s = lab.monitor.turn()
    assert bench.runpod.count("status") - before == 1
    bench.clock.advance(seconds=pause_s)
    assert pause_s < 1
    lab.monitor.turn()
    assert bench.runpod.count("status") - before >= 6
    assert {status_of(lab, version) for version in versions[:2]} == {VersionStatus.COMPLETED}


def test_an_outage_of_days_changes_no_status_and_is_asked_about_at_most_once_a_second(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.is_down()
    asked = turns(bench, lab, minutes=30)
    assert 15 <= asked <= 400
    bench.clock.advance(hours=72)
    lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.PENDING


@pytest.mark.parametrize("sick", [0, 1, 2])
def test_a_job_that_is_never_answered_does_not_keep_the_others_waiting(
    bench: Bench, lab: TrainingLab, sick: int
) -> None:
    bench.runpod.endpoint.set_max_workers(3)
    versions = [started(lab) for _ in range(3)]
    sick_id = versions.pop(sick).job_id
    bench.runpod.hook = lambda call: Fault.reply(500, b"") if call.job_id == sick_id else None
    turns(bench, lab, minutes=3)
    for version in versions:
        bench.runpod.trainer.complete(bench.runpod.job_of(version))
    turns(bench, lab, minutes=5)
    assert {status_of(lab, version) for version in versions} == {VersionStatus.COMPLETED}


# -- what must be repeated


def test_a_cancel_that_runpod_did_not_hear_is_repeated_until_its_status_says_so(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.next_answers("cancel", *[Fault.refuse()] * 3, Fault.reply(429), Fault.reply(500, b""))
    check = lab.cancel(STYLE, version.key)
    assert check.version.is_stopping
    assert check.version.status is not VersionStatus.FAILED
    turns(bench, lab, minutes=2)
    assert bench.runpod.count("cancel") == 6
    ended = lab.version(STYLE, version.key)
    assert (ended.failure_reason, ended.is_stopping) == (FailureReason.CANCELLED, False)


def test_a_wish_to_stop_outlives_the_process(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    bench.runpod.is_down("cancel")
    lab.cancel(STYLE, version.key)
    lab.close()
    bench.runpod.hook = None
    other = bench.open_lab()
    other.monitor.turn()
    assert other.version(STYLE, version.key).failure_reason is FailureReason.CANCELLED


def test_a_cancel_that_comes_too_late_leaves_the_training_completed(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    assert lab.cancel(STYLE, version.key).version.status is VersionStatus.COMPLETED


# -- what must not stop it


def test_a_damaged_style_does_not_stop_the_others(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    broken = bench.folder / "styles" / "2_broken"
    broken.mkdir()
    (broken / "training_versions.json").write_text('{"versions": [')
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.COMPLETED


def test_a_style_that_is_repaired_is_followed_again(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    whole = bench.history_file.read_bytes()
    bench.history_file.write_bytes(whole[:-30])
    lab.monitor.turn()
    assert lab.monitor.in_flight() == []
    bench.history_file.write_bytes(whole)
    bench.clock.advance(seconds=30)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.COMPLETED


def test_a_copy_of_a_styles_folder_is_followed_beside_the_original(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    folder = bench.history_file.parent
    copy = folder.with_name(f"{folder.name} copy")
    shutil.copytree(folder, copy)
    bench.clock.advance(seconds=31)
    lab.monitor.turn()
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.clock.advance(minutes=1)
    lab.monitor.turn()
    for name in (folder.name, copy.name):
        assert lab.version(name, version.key).status is VersionStatus.COMPLETED


def test_a_full_disk_costs_a_look_and_no_status(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    lab.monitor.turn()
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.clock.advance(minutes=1)
    with bench.broken_disk():
        lab.monitor.turn()
    bench.clock.advance(seconds=10)
    lab.monitor.turn()
    assert status_of(lab, version) is VersionStatus.COMPLETED


def test_an_error_that_ends_in_half_a_character_is_kept_all_the_same(bench: Bench, lab: TrainingLab) -> None:
    versions = [started(lab), started(lab)]
    job_id = bench.runpod.job_of(versions[0])
    failed = {"id": job_id, "status": "FAILED", "error": "no memory \ud83d"}
    bench.runpod.hook = lambda call: Fault.reply(200, failed) if call.job_id == job_id else None
    bench.runpod.trainer.complete(bench.runpod.job_of(versions[1]))
    lab.monitor.turn()
    assert lab.version(STYLE, versions[0].key).error == "no memory ?"
    assert status_of(lab, versions[1]) is VersionStatus.COMPLETED


def test_a_style_that_was_taken_away_is_followed_no_more(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    lab.monitor.turn()
    bench.history_file.parent.rename(bench.folder / "aside")
    bench.clock.advance(seconds=31)
    lab.monitor.turn()
    assert lab.monitor.in_flight() == []


# -- its thread


class Patience:
    """A wait that the test lets pass; it notes how long it was to be."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.passes = threading.Semaphore(0)

    def __call__(self, event: threading.Event, seconds: float) -> bool:
        self.asked.append(seconds)
        while not self.passes.acquire(timeout=0.02):
            if event.is_set():
                return True
        return False


@pytest.fixture
def monitor_of(bench: Bench) -> Iterator[Callable[[TrainingLab, Patience], Monitor]]:
    made: list[Monitor] = []

    def make(lab: TrainingLab, patience: Patience) -> Monitor:
        parts: dict[str, Any] = vars(lab)
        names = ("_styles", "_histories", "_records", "_reconciliation", "_submissions")
        made.append(Monitor(*(parts[name] for name in names), clock=bench.clock, wait=patience))
        return made[-1]

    yield make
    for monitor in made:
        monitor.stop()


def test_its_thread_looks_waits_and_looks_again(
    bench: Bench, lab: TrainingLab, monitor_of: Callable[..., Monitor]
) -> None:
    patience = Patience()
    version = started(lab)
    monitor = monitor_of(lab, patience)
    monitor.start()
    until(lambda: len(patience.asked) == 1)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    bench.clock.advance(minutes=1)
    patience.passes.release()
    until(lambda: len(patience.asked) == 2)
    assert status_of(lab, version) is VersionStatus.COMPLETED
    assert monitor.is_running
    monitor.stop()
    assert not monitor.is_running


def test_a_nudge_wakes_it(lab: TrainingLab, monitor_of: Callable[..., Monitor]) -> None:
    patience = Patience()
    monitor = monitor_of(lab, patience)
    monitor.start()
    until(lambda: len(patience.asked) == 1)
    version = started(lab)
    monitor.nudge()
    until(lambda: len(patience.asked) >= 2)
    assert [one.version.key for one in monitor.in_flight()] == [version.key]


def test_a_new_monitor_stops_the_one_before(lab: TrainingLab, monitor_of: Callable[..., Monitor]) -> None:
    first, second = monitor_of(lab, Patience()), monitor_of(lab, Patience())
    first.start()
    first.start()
    second.start()
    assert (first.is_running, second.is_running) == (False, True)
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("lora-lab-monitor") == 1


@pytest.mark.parametrize("trouble", [OSError("the folder is gone"), ValueError("nobody thought of this")])
def test_no_trouble_ends_its_thread(
    lab: TrainingLab, monitor_of: Callable[..., Monitor], trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = Patience()
    monitor = monitor_of(lab, patience)

    def fail() -> None:
        raise trouble

    monkeypatch.setattr(vars(lab)["_styles"], "all", fail)
    monitor.start()
    until(lambda: len(patience.asked) == 1)
    monkeypatch.undo()
    version = started(lab)
    monitor.nudge()
    until(lambda: monitor.in_flight())
    assert monitor.in_flight()[0].version.key == version.key


def test_closing_the_lab_stops_its_monitor(bench: Bench, runpod: FakeRunpod) -> None:
    lab = bench.open_lab()
    lab.monitor.start()
    lab.close()
    assert not lab.monitor.is_running
    assert runpod.count() == 0
