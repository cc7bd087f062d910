"""An hour of a bad network with fifty trainings in flight: no word is untrue meanwhile, all is right afterwards.

The clock is the test's, and goes as far as the monitor asks for. RunPod is the endpoint's own API without its
socket, because an hour is some thousand calls.
"""

import os
import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_endpoint import Call, Fault, Job
from local_endpoint import JobStatus as RunpodStatus
from lora_core import FailureReason, Outlook, SubmissionState, Version, VersionStatus, reconciliation, runpod
from lora_core.monitor import RUNPOD_PACE
from tests.lora_core.bench import PARAMETERS, SET, Bench, SettableClock
from tests.lora_core.direct_wire import DirectRunpod

HOUR_S = 3600
LOST = 0.1
OUTAGE_S = (1200, 2400)
IN_FLIGHT = 50
APART_S = 120
"""They are started one after the other, before the hour begins."""
STARTS_MEANWHILE = 12
STYLES = ("1", "2", "3")
SEEDS = (1, 2, 3)

LOSSES: dict[str, Callable[[], Fault | httpx.TransportError]] = {
    "refused": lambda: httpx.ConnectError("Connection refused"),
    "hung": lambda: httpx.ReadTimeout("timed out"),
    "reply lost": Fault.lost_reply,
    "cut headers": Fault.cut_headers,
    "cut body": Fault.cut_body,
    "closed": Fault.refuse,
    "500": lambda: Fault.reply(500, b""),
    "502": lambda: Fault.reply(502, "<html>", handled=True),
    "429": lambda: Fault.reply(429, b"", headers={"retry-after": "2"}),
    "404": lambda: Fault.reply(404, {"status": 404, "detail": "endpoint not found"}),
}
PROVES_NOTHING_WAS_TAKEN = ("refused", "429", "404")

ENDS = {
    "completed",
    "failed",
    "in flight",
    "not sent",
    "ended, result not known",
    "no answer, may be running",
}
_FAILED_BY = {
    FailureReason.CANCELLED: "CANCELLED",
    FailureReason.TIMED_OUT: "TIMED_OUT",
    FailureReason.WORKER_LOST: "FAILED",
    FailureReason.TRAINER: "FAILED",
}


class Hour:
    """The lab, RunPod and the network between them, with a record of what was true when."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = SettableClock()
        self.clock.now = datetime(2026, 3, 1, 12, tzinfo=UTC)  # request ids, and so losses, hang on it
        self.runpod = DirectRunpod(folder / "runpod", self.clock.epoch_s, max_workers=IN_FLIGHT - 5)
        self.bench = Bench(folder / "lab", self.runpod, self.clock)  # type: ignore[arg-type]
        self.bench.transport = self.runpod
        self.bench.bucket.folder.mkdir(parents=True)
        self.root = folder / "lab" / "styles"
        _lay_out(self.root)
        self.lab = self.bench.open_lab()
        self.lab.monitor._random = random.Random(seed)
        self.words: dict[str, set[str]] = {}
        """Statuses that a job had at some moment, by its id."""
        self.models: set[str] = set()
        """Names of models that were left in the bucket."""
        self.due: list[tuple[float, Callable[[], object]]] = []
        """What is going to happen, and in which second of the hour."""
        self.begins_s = self.clock.epoch_s() + APART_S * IN_FLIGHT
        self.lost = 0.0
        self.losses: Counter[str] = Counter()
        self.may_have_been_taken: Counter[str] = Counter()
        self.seen: dict[str, Version] = {}
        self.stamps: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        self._asked: Counter[str] = Counter()
        self.runpod.hook = self._met
        self.runpod.on_answered = self._answered

    def close(self) -> None:
        self.bench.close()
        self.runpod.close_store()

    # The network

    @property
    def second(self) -> float:
        """Of the hour; the trainings are started before it, and so before 0."""
        return self.clock.epoch_s() - self.begins_s

    def _met(self, call: Call) -> Fault | httpx.TransportError | None:
        how = self._loss(call)
        if call.verb == "run" and how not in PROVES_NOTHING_WAS_TAKEN:
            self.may_have_been_taken[_request_id(call)] += 1
        if how is None:
            return None
        self.losses[how] += 1
        return LOSSES[how]()

    def _loss(self, call: Call) -> str | None:
        if not self.lost:
            return None
        if OUTAGE_S[0] <= self.second < OUTAGE_S[1]:
            return "refused"
        # Calls come from several threads: what becomes of one must not hang on their order.
        name = f"{call.verb} {self._numbers.get(call.job_id or '', _request_id(call))}"
        self._asked[name] += 1
        chance = random.Random(f"{self.seed} {name} {self._asked[name]}")
        lost = 4 * self.lost if call.verb == "run" else self.lost  # so few of them are made
        return chance.choice(list(LOSSES)) if chance.random() < lost else None

    def _answered(self, call: Call) -> None:
        if call.verb != "status":
            self.note()

    # What happens

    def note(self) -> None:
        for job in self.runpod.jobs():
            self._numbers.setdefault(job.id, len(self._numbers))
            self.words.setdefault(job.id, set()).add(job.status.value)

    def start(self) -> None:
        before = set(self._numbers)
        version = self.lab.start(self.random.choice(STYLES), parameters=PARAMETERS, selection_set_id=SET)
        for job_id in set(self._numbers) - before:  # it was taken, whether or not its reply came back
            self._decide_fate(version, job_id)

    def later(self, second: float, act: Callable[[], object]) -> None:
        insort(self.due, (second, act), key=lambda one: one[0])

    def _decide_fate(self, version: Version, job_id: str) -> None:
        trainer = self.runpod.trainer
        failed = {"status": "failed", "error": "out of memory"}
        ways: dict[str, tuple[int, Callable[[], object], bool]] = {
            "completes": (30, lambda: trainer.complete(job_id), True),
            "completes, elsewhere": (10, lambda: trainer.complete(job_id), False),
            "completes silently": (10, lambda: trainer.complete_silently(job_id), True),
            "leaves nothing": (5, lambda: trainer.complete_silently(job_id), False),
            "fails by itself": (5, lambda: trainer.complete(job_id, failed), False),
            "fails": (10, lambda: trainer.fail(job_id), False),
            "fails at the very end": (5, lambda: trainer.fail(job_id), True),
            "loses its worker": (5, lambda: trainer.lose_worker(job_id), False),
            "times out": (5, lambda: trainer.time_out(job_id), False),
            "is stopped by the user": (15, lambda: self._cancel(version), False),
            "is stopped in the console": (5, lambda: self.runpod.queue.cancel(job_id), False),
            "runs on": (10, lambda: None, False),
        }
        how = self.random.choices(list(ways), [weight for weight, *_ in ways.values()])[0]
        _, end, leaves_model = ways[how]
        is_forgotten = self.random.random() < 0.3
        # Most in the first half: what has ended costs no more calls.
        share = min(self.random.random(), self.random.random())
        now = max(0.0, self.second)

        def act() -> None:
            is_asked_for = how == "is stopped by the user"
            if job_id not in trainer.running and not is_asked_for:
                return  # it waits for a worker, or was stopped meanwhile
            if leaves_model:
                self.bench.leave_model(version)
                self.models.add(version.model_name or "")
            end()
            self.note()
            if is_forgotten and how != "runs on" and not is_asked_for:
                self.runpod.queue.forget(job_id)

        self.later(now + share * (HOUR_S - 200 - now), act)

    def _cancel(self, version: Version) -> None:
        self.lab.cancel(version.style_id, version.key)

    def pass_time(self, seconds: float) -> None:
        """Turn by turn, as long as the monitor asks for, with what happens meanwhile."""
        end = self.second + seconds
        while self.second < end:
            pause_s = self.lab.monitor.turn()
            self.look()
            due = self.due
            next_s = min(self.second + pause_s, due[0][0] if due else end)
            self.clock.advance(seconds=max(0.0, next_s - self.second))
            while due and due[0][0] <= self.second + 0.001:  # a clock has microseconds
                due.pop(0)[1]()
                self.note()
                self.look()

    # What must hold

    def versions(self) -> list[Version]:
        return [version for style in STYLES for version in self.lab.versions(style)]

    def look(self) -> None:
        """Whether what has just been written was true at some moment."""
        for style in STYLES:
            stamp = self._stamp(style)
            if self.stamps.get(style) == stamp:
                continue
            self.stamps[style] = stamp
            for version in self.lab.versions(style):
                before = self.seen.get(version.key)
                if before is None or before.raw != version.raw:
                    self._assert_true(version)
                    self._assert_no_way_back(before, version)
                    self.seen[version.key] = version

    def _stamp(self, style: str) -> object:
        """Another one whenever the lab has written the history: each time it is a new file."""
        history = self.root / f"{style}_style" / "training_versions.json"
        return (history.stat().st_ino, history.stat().st_mtime_ns) if history.exists() else None

    def _assert_true(self, version: Version) -> None:
        words = self.words.get(version.job_id or "", set())
        has_model = version.model_name in self.models
        match version.status:
            case VersionStatus.COMPLETED:
                assert "COMPLETED" in words or has_model, version.raw
            case VersionStatus.FAILED:
                assert version.failure_reason is not FailureReason.LOST, "nothing is lost within the hour"
                said = _FAILED_BY[version.failure_reason] if version.failure_reason else None
                is_own_failure = version.failure_reason is FailureReason.TRAINER and "COMPLETED" in words
                assert said in words or is_own_failure, version.raw
            case VersionStatus.TRAINING:
                assert "IN_PROGRESS" in words, version.raw
            case VersionStatus.DRAFT:
                assert not self.may_have_been_taken[version.request_id or ""], version.raw

    def _assert_no_way_back(self, before: Version | None, after: Version) -> None:
        if before is not None and before.is_final:
            assert after.status in (before.status, VersionStatus.COMPLETED), after.raw
        if before is not None and before.job_id is not None:
            assert after.job_id == before.job_id, "a job was lost"

    def how_it_stands(self, version: Version) -> str:
        """In words; it must be right, as after one poll over a good network."""
        known = {job.id: job for job in self.runpod.jobs()}
        how = self._words_for(version, known.get(version.job_id or ""))
        assert how, (version.raw, self.lab.sighting(version), self.words.get(version.id))
        return how

    def _words_for(self, version: Version, job: Job | None) -> str | None:
        """None when it is wrong."""
        sighting = self.lab.sighting(version)
        outlook = sighting.outlook if sighting else None
        has_model = version.model_name in self.models
        if version.status is VersionStatus.DRAFT:
            return "not sent" if version.error else None
        if version.status is VersionStatus.COMPLETED or has_model:  # `look` has seen that it is true
            return "completed" if version.status is VersionStatus.COMPLETED else None
        if version.status is VersionStatus.FAILED:
            return "failed"
        if version.job_id is None:
            state = version.submission.state if version.submission else None
            return "no answer, may be running" if state is SubmissionState.UNKNOWN else None
        if job is None:
            return "ended, result not known" if outlook is Outlook.ENDED_UNKNOWN else None
        if job.status is RunpodStatus.COMPLETED:
            return "its model is awaited" if outlook is Outlook.MODEL_AWAITED else None
        wanted = {
            RunpodStatus.IN_QUEUE: VersionStatus.PENDING,
            RunpodStatus.IN_PROGRESS: VersionStatus.TRAINING,
        }
        is_open = not version.is_stopping and version.status is wanted.get(job.status)
        return "in flight" if is_open and outlook is Outlook.AS_RECORDED else None


def _lay_out(root: Path) -> None:
    for style_id in STYLES:
        folder = root / f"{style_id}_style"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"picture")
        (folder / "a.txt").write_text("a picture")
        (folder / "selection_sets.json").write_text('{"sets": [{"id": 1, "filenames": ["a.jpg"]}]}')


def _request_id(call: Call) -> str:
    return str(call.body["input"]["training_config"]["request_id"]) if call.verb == "run" else ""


def most_within(seconds: float, calls: list[Call], verb: str) -> int:
    """The largest number of calls of a verb in any window of so many seconds."""
    moments = sorted(call.at for call in calls if call.verb == verb)
    return max((bisect_left(moments, at + seconds) - number for number, at in enumerate(moments)), default=0)


class SameThread:
    """A pool of no threads: an hour is the same each time, and done sooner."""

    def __init__(self, *_: object, **__: object) -> None:
        self.map = map

    def __enter__(self) -> "SameThread":
        return self

    def __exit__(self, *_: object) -> None:
        return


@pytest.fixture
def new_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Hour]]:
    for module in (runpod, reconciliation):
        monkeypatch.setattr(module, "ThreadPoolExecutor", SameThread)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of them; others look whether it is called
    made: list[Hour] = []

    def make(seed: int) -> Hour:
        made.append(Hour(tmp_path, seed))
        return made[-1]

    yield make
    for hour in made:
        hour.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_hour_of_loss_with_an_outage_in_it_makes_nothing_untrue_and_leaves_nothing_wrong(
    new_hour: Callable[[int], Hour], seed: int
) -> None:
    hour = new_hour(seed)
    for _ in range(IN_FLIGHT):
        hour.start()
        hour.clock.advance(seconds=APART_S)
    hour.lab.refresh()
    assert len(hour.lab.running()) == IN_FLIGHT
    hour.lost = LOST
    for _ in range(STARTS_MEANWHILE):
        hour.later(hour.random.uniform(0, HOUR_S - 300), hour.start)
    hour.pass_time(HOUR_S)
    assert set(hour.losses) == set(LOSSES)
    assert max(hour.may_have_been_taken.values()) == 1, "a training was sent twice"
    assert most_within(10, hour.runpod.calls, "status") <= 2000
    assert most_within(10, hour.runpod.calls, "cancel") <= 100
    assert come_back(hour).keys() >= ENDS  # each of them has been tried
    come_to_rest(hour)


def come_back(hour: Hour) -> Counter[str]:
    """The network is good again: each version is right as soon as it was asked for once, which is soon."""
    hour.lost = 0
    returned_at, waiting = hour.second, {one.version.id: one.version for one in hour.lab.running()}
    known_from = len(hour.runpod.calls)
    while waiting:
        pause_s = hour.lab.monitor.turn()
        hour.look()
        asked = {call.job_id for call in hour.runpod.calls[known_from:] if call.verb == "status"}
        for job_id in list(waiting):
            version = waiting[job_id]
            if job_id in asked or version.job_id is None:
                hour.how_it_stands(hour.lab.version(version.style_id, version.key))
                del waiting[job_id]
        hour.clock.advance(seconds=pause_s)
    assert hour.second - returned_at <= RUNPOD_PACE.old_s
    return Counter(hour.how_it_stands(version) for version in hour.versions())


def come_to_rest(hour: Hour) -> None:
    """When its time on RunPod is over, what left no trace is lost, and nothing else changes."""
    before = {version.key: version for version in hour.versions()}
    hour.clock.advance(hours=24, minutes=10)
    hour.lab.refresh()
    assert hour.lab.running() == []
    for version in hour.versions():
        if version.raw != before[version.key].raw:
            assert before[version.key].is_in_flight()
            assert version.failure_reason is FailureReason.LOST or version.model_name in hour.models


# -- what it asks of RunPod


@pytest.fixture
def fifty(new_hour: Callable[[int], Hour]) -> Hour:
    """Fifty that were started just now, and run."""
    hour = new_hour(1)
    hour.runpod.queue.set_max_workers(IN_FLIGHT)
    for _ in range(IN_FLIGHT):
        hour.start()
    hour.due.clear()
    hour.lab.refresh()
    return hour


def test_fifty_that_were_just_started_are_followed_well_within_what_runpod_allows(fifty: Hour) -> None:
    calls_before = len(fifty.runpod.calls)
    fifty.pass_time(120)
    calls = fifty.runpod.calls[calls_before:]
    assert {call.verb for call in calls} == {"status"}
    assert {call.job_id for call in calls} == {job.id for job in fifty.runpod.jobs()}
    assert 100 <= most_within(10, calls, "status") <= 1000


def test_after_an_outage_one_probe_goes_first_and_then_all_fifty(fifty: Hour) -> None:
    fifty.lost, fifty.begins_s = LOST, fifty.clock.epoch_s() - OUTAGE_S[0]
    fifty.clock.advance(seconds=60)
    fifty.lab.monitor.turn()
    assert {version.status for version in fifty.versions()} == {VersionStatus.TRAINING}
    outage_began = len(fifty.runpod.calls)
    while fifty.second < OUTAGE_S[1] - 90:
        before = len(fifty.runpod.calls)
        fifty.clock.advance(seconds=fifty.lab.monitor.turn())
        assert len(fifty.runpod.calls) - before <= 1
    probes = len(fifty.runpod.calls) - outage_began
    assert 15 <= probes <= 200
    for job in fifty.runpod.jobs():
        fifty.runpod.trainer.complete(job.id)
    fifty.lost = 0
    before = len(fifty.runpod.calls)
    while len(fifty.runpod.calls) == before:
        pause_s = fifty.lab.monitor.turn()
        fifty.clock.advance(seconds=pause_s)
    assert len(fifty.runpod.calls) - before == 1
    fifty.lab.monitor.turn()
    assert len(fifty.runpod.calls) - before == IN_FLIGHT
    assert {version.status for version in fifty.versions()} == {VersionStatus.COMPLETED}


def test_fifty_stops_that_runpod_does_not_hear_are_repeated_within_what_it_allows(fifty: Hour) -> None:
    fifty.runpod.hook = lambda call: Fault.reply(500, b"") if call.verb == "cancel" else None
    for version in fifty.versions():
        fifty.lab.cancel(version.style_id, version.key)
    fifty.pass_time(120)
    heard = Counter(call.job_id for call in fifty.runpod.calls if call.verb == "cancel")
    assert len(heard) == IN_FLIGHT
    assert min(heard.values()) >= 5
    assert most_within(10, fifty.runpod.calls, "cancel") <= 100
    assert {version.status for version in fifty.versions()} == {VersionStatus.TRAINING}
    fifty.runpod.hook = None
    fifty.clock.advance(seconds=RUNPOD_PACE.old_s)
    fifty.lab.monitor.turn()
    assert {version.failure_reason for version in fifty.versions()} == {FailureReason.CANCELLED}
