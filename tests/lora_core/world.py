"""A small world for long walks: two labs over one folder, RunPod with a memory, an old system's page, and ways
in which each of them breaks. It knows what is true, and says where the lab's records say otherwise.
"""

import json
import os
import random
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local_endpoint import Call, Fault, Job
from local_endpoint import JobStatus as RunpodStatus
from lora_core import FailureReason, LoraCoreError, TrainingLab, Version, VersionStatus
from lora_core.versions import same_job
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench
from tests.lora_core.direct_wire import DirectRunpod

NOTHING_ARRIVED: dict[str, Callable[[], Fault | httpx.TransportError]] = {
    "no connection": lambda: httpx.ConnectError("Connection refused"),
    "no connection in time": lambda: httpx.ConnectTimeout("timed out"),
    "429": lambda: Fault.reply(429, b"", headers={"retry-after": "2"}),
}
"""What proves that a submission was not taken."""
SAID_NO: dict[str, Callable[[], Fault | httpx.TransportError]] = {
    "endpoint not found": lambda: Fault.reply(404, {"status": 404, "detail": "endpoint not found"}),
    "an error and no id": lambda: Fault.reply(200, {"error": "no balance"}),
}
UNCLEAR: dict[str, Callable[[], Fault | httpx.TransportError]] = {
    "lost reply": Fault.lost_reply,
    "cut headers": Fault.cut_headers,
    "cut body": Fault.cut_body,
    "read timeout": lambda: httpx.ReadTimeout("timed out"),
    "closed": Fault.refuse,
    "500": lambda: Fault.reply(500, b""),
    "502 though taken": lambda: Fault.reply(502, "<html>", handled=True),
    "redis": lambda: Fault.reply(500, {"status": 500, "detail": "redis err: client is nil"}),
}
MOODS = {"fine": lambda: None, **NOTHING_ARRIVED, **SAID_NO, **UNCLEAR}
_OPEN = (VersionStatus.PENDING, VersionStatus.TRAINING)
_FAILED_WORDS = (RunpodStatus.FAILED, RunpodStatus.CANCELLED, RunpodStatus.TIMED_OUT)
_HISTORIES = ("training_versions.json", "training_versions.trash.json")


class KilledError(BaseException):
    """The process of a lab is no more: nothing in it may catch this."""


class Disk:
    """Stands between the product and the operating system: counts, kills, and lets others in between.

    `fsync` does nothing here: whether it is called in time is another test's matter, and this one is long.
    """

    def __init__(self) -> None:
        self.needless_writes: list[str] = []
        self._count = 0
        self._kill_at: tuple[int, bool] | None = None
        self._is_dead = False
        self._between: dict[int, Callable[[], None]] = {}
        self._lock = threading.RLock()
        self._real: dict[str, Callable[..., Any]] = {}

    def install(self) -> None:
        for name in ("fsync", "replace", "rename", "link", "unlink", "mkdir"):
            self._real[name] = getattr(os, name)
            setattr(os, name, self._wrapped(name))

    def uninstall(self) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    @contextmanager
    def killing(self, at: int, *, after: bool) -> Iterator[None]:
        """Kills the process at its n-th operation, before or after it is done; afterwards it does nothing more."""
        self._count, self._kill_at = 0, (at, after)
        try:
            yield
        finally:
            self._kill_at, self._is_dead = None, False

    @contextmanager
    def interrupted(self, at: int, act: Callable[[], None]) -> Iterator[None]:
        """Somebody else does something between two operations."""
        self._count, self._between = 0, {at: act}
        try:
            yield
        finally:
            self._between = {}

    def _wrapped(self, name: str) -> Callable[..., Any]:
        def operation(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self._before(name, arguments)
                result = None if name == "fsync" else self._real[name](*arguments, **named)
                if self._kill_at == (self._count, True):
                    self._die()
                return result

        return operation

    def _before(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self._is_dead:
            raise KilledError
        self._count += 1
        if self._kill_at == (self._count, False):
            self._die()
        if (act := self._between.pop(self._count, None)) is not None:
            act()
        if name == "replace" and Path(arguments[1]).name in _HISTORIES:
            self._note_needless(Path(arguments[0]), Path(arguments[1]))

    def _note_needless(self, new: Path, old: Path) -> None:
        if old.exists() and new.read_bytes() == old.read_bytes():
            self.needless_writes.append(old.name)

    def _die(self) -> None:
        self._is_dead = True
        raise KilledError


class TurningClock:
    """This computer's clock: RunPod's time, and what it is wrong by."""

    def __init__(self) -> None:
        self.true = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return self.true + self.ahead

    def epoch_s(self) -> float:
        """RunPod's."""
        return self.true.timestamp()


class DirectBench(Bench):
    """A bench whose labs reach RunPod without a socket."""

    def __init__(self, folder: Path, runpod: DirectRunpod, clock: TurningClock) -> None:
        super().__init__(folder, runpod, clock)  # type: ignore[arg-type]
        self.transport = runpod
        self.while_waiting: Callable[[], None] = lambda: None

    def open_lab(self, **changes: Any) -> TrainingLab:
        lab = super().open_lab(**changes)
        lab.monitor._random = random.Random(0)  # a walk that failed must fail again
        return lab

    def wait(self, seconds: float) -> None:  # noqa: ARG002 - nobody waits here
        self.while_waiting()


@dataclass
class Truth:
    """What has become of the jobs, whoever saw it."""

    words: dict[str, set[str]] = field(default_factory=dict)
    """Statuses that a job had at some moment, by its id without suffix."""
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last reply for a job, by its id: what a late webhook brings."""
    models: set[str] = field(default_factory=set)
    """Names of models that were left in the bucket."""

    def number(self, job_id: str | None) -> int:
        ids = list(self.replies)
        return ids.index(job_id) if job_id in ids else -1

    def note(self, jobs: list[Job]) -> None:
        for job in jobs:
            self.words.setdefault(_bare(job.id), set()).add(job.status.value)
            self.replies[job.id] = job.reply()


_LOOK_AGAIN_AFTER = 4
"""Steps after which all is looked at again, though no file has changed: what a lab remembers may be wrong."""


class World:
    """What can happen, one method each; `look` finds what must never be."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurningClock()
        self.runpod = DirectRunpod(folder / "runpod", self.clock.epoch_s)
        self.bench = DirectBench(folder / "lab", self.runpod, self.clock)
        _lay_out_style(folder / "lab" / "styles" / "1_walk")
        self.history = folder / "lab" / "styles" / "1_walk" / "training_versions.json"
        self.trash = self.history.with_name("training_versions.trash.json")
        self.disk = Disk()
        self.disk.install()
        self.labs = [self.bench.open_lab(), self.bench.open_lab()]
        self.truth = Truth()
        self.acknowledged: set[str] = set()
        self.given_up: set[str] = set()
        self.taken: Counter[str] = Counter()
        """Per request id, how many POSTs may have been taken."""
        self.seen: dict[str, Version] = {}
        self.old_page: list[Any] | None = None
        self.old_saved: set[str] = set()
        """Ids of the old system's own records, as of its last save."""
        self.moods: dict[str, str] = {}
        self.losing: tuple[int, int] = (0, 0)
        self.sent_in_vain: list[str] = []
        """Request ids of what was sent though it had been stopped or settled."""
        self._meanwhile: dict[str, Callable[[], Any]] = {}
        self.kills = 0
        self.looks = 0
        self.looked_at: list[bytes | None] = []
        """What both files held when all was looked at last."""
        self.runpod.hook = self._mood_of
        self.runpod.on_answered = self._answered

    def close(self) -> None:
        for lab in self.labs:
            lab.close()
        self.disk.uninstall()
        self.runpod.close_store()

    # What acts are made of

    def versions(self, lab: int = 0) -> list[Version]:
        return [*self.labs[lab].versions(STYLE), *self.labs[lab].trash(STYLE)]

    def picked(self, pick: int) -> Version | None:
        versions = self.versions()
        return versions[pick % len(versions)] if versions else None

    def picked_job(self, pick: int) -> str | None:
        running = self.runpod.trainer.running
        return running[pick % len(running)] if running else None

    def act(self, act: Callable[[], Any]) -> bool:
        """Does it; a refusal must be a sentence. Answers whether it was done."""
        try:
            act()
        except LoraCoreError as error:
            assert str(error).rstrip(")").endswith("."), error
            return False
        finally:
            self.truth.note(self.runpod.jobs())
        return True

    def act_and_die(self, lab: int, at: int, *, after: bool, act: Callable[[], Any]) -> None:
        """The process of one lab is killed at its n-th disk operation; another one starts in its place."""
        try:
            with self.disk.killing(at, after=after):
                self.act(act)
        except KilledError:
            self.kills += 1
            dead, self.labs[lab] = self.labs[lab], self.bench.open_lab()
            dead._submissions._workers.shutdown(wait=False)
            self.truth.note(self.runpod.jobs())

    def start(self, lab: int, key: str, mood: str) -> None:
        with self._mood(run=mood):
            version = self.labs[lab].start(STYLE, parameters=PARAMETERS, selection_set_id=SET, key=key)
        self._acknowledge(key, version)

    def save_draft(self, lab: int, key: str) -> None:
        version = self.labs[lab].save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET, key=key)
        self._acknowledge(key, version)

    def _acknowledge(self, key: str, version: Version) -> None:
        assert version.key == key, "a second version for one click"
        self.acknowledged.add(key)

    def start_draft(self, lab: int, key: str, mood: str) -> None:
        with self._mood(run=mood):
            self.labs[lab].start_draft(STYLE, key)

    def poll(self, lab: int, *, mood: str = "fine", lost: tuple[int, int] = (0, 0)) -> None:
        self.losing = lost
        with self._mood(status=mood, cancel=mood):
            self.labs[lab].refresh()
        self.losing = (0, 0)

    def turn(self, lab: int) -> None:
        self.labs[lab].monitor.turn()

    def check(self, lab: int, version: Version, mood: str) -> None:
        with self._mood(status=mood):
            self.labs[lab].check_status(STYLE, version.key)

    def cancel(self, lab: int, version: Version, mood: str) -> None:
        with self._mood(cancel=mood):
            after = self.labs[lab].cancel(STYLE, version.key).version
        assert after.is_final or after.is_stopping or after.status is VersionStatus.DRAFT, (
            "the wish was not kept"
        )

    def give_up(self, lab: int, version: Version) -> None:
        self.labs[lab].give_up(STYLE, version.key)
        self.given_up.add(version.key)

    def attach(self, lab: int, version: Version, job_id: str) -> None:
        self.labs[lab].attach_job(STYLE, version.key, job_id)

    def webhook(
        self, lab: int, job_id: str, *, request_id: str | None, bare: bool, lie: str | None = None
    ) -> None:
        """What RunPod would post of a job now, or a lie about one that it can still be asked for."""
        body = {**self.truth.replies.get(job_id, {"id": job_id, "status": "COMPLETED"})}
        if self._input_of(job_id) is not None:
            body["input"] = self._input_of(job_id)
        if lie is not None and any(job.id == job_id for job in self.runpod.jobs()):
            body |= {"status": lie, "output": {"status": "success", "loraUrl": "https://lie.example/x"}}
        elif bare:
            body["id"] = _bare(job_id)
        self.labs[lab].receive_webhook(json.dumps(body).encode(), request_id)

    def end_job(self, job_id: str, how: str, *, leaves_model: bool) -> None:
        trainer = self.runpod.trainer
        name = trainer.input_of(job_id)["training_config"]["model_name"]
        if leaves_model:
            self._leave_model(name)
        ends: dict[str, Callable[[], None]] = {
            "complete": lambda: trainer.complete(job_id),
            "silently": lambda: trainer.complete_silently(job_id),
            "own failure": lambda: trainer.complete(job_id, {"status": "failed", "error": "out of memory"}),
            "fail": lambda: trainer.fail(job_id),
            "lose worker": lambda: trainer.lose_worker(job_id),
            "time out": lambda: trainer.time_out(job_id),
        }
        ends[how]()
        self.truth.note(self.runpod.jobs())

    def forget(self, pick: int) -> None:
        """RunPod forgets a job that has ended."""
        ended = [job for job in self.runpod.jobs() if job.status.is_final]
        if ended:
            self.runpod.queue.forget(ended[pick % len(ended)].id)

    def pass_time(self, seconds: float) -> None:
        self.truth.note(self.runpod.jobs())
        self.clock.true += timedelta(seconds=seconds)
        self.truth.note(self.runpod.jobs())

    def restart(self, lab: int) -> None:
        self.labs[lab].close()
        self.labs[lab] = self.bench.open_lab()

    def old_page_opens(self) -> None:
        self.old_page = json.loads(self.history.read_bytes())["versions"] if self.history.exists() else []

    def old_page_saves(self, *, new_id: str | None = None, marks: int | None = None) -> None:
        """Its whole list as read earlier, with one change of its own, written in place."""
        if self.old_page is None:
            return
        if new_id is not None:
            self.old_page = [one for one in self.old_page if one.get("id") != new_id]
            record = {"id": new_id, "name": f"old {new_id}", "status": "completed", "parameters": {}}
            self.old_page.insert(0, record)
        if marks is not None and self.old_page:
            self.old_page[marks % len(self.old_page)]["isGood"] = True
        with self.history.open("w") as file:
            json.dump({"versions": self.old_page}, file, indent=2, ensure_ascii=False)
        self.old_saved = {one["id"] for one in self.old_page if "key" not in one}

    # What must hold

    def look(self) -> None:
        assert not self.disk.needless_writes, f"written though nothing changed: {self.disk.needless_writes}"
        self.looks += 1
        files = [one.read_bytes() if one.exists() else None for one in (self.history, self.trash)]
        if files == self.looked_at and self.looks % _LOOK_AGAIN_AFTER:
            self._look_at_jobs(self.seen)
            return
        self.looked_at = files
        shown = self.versions()
        now = {version.key: version for version in shown}
        assert len(now) == len(shown), "one version is shown twice"
        if self.looks % 2:  # the other lab reads the same files: every second time is enough to see it err
            other = {version.key: version for version in self.versions(1)}
            assert {key: one.raw for key, one in now.items()} == {key: one.raw for key, one in other.items()}
        assert now.keys() >= self.acknowledged, "an acknowledged record is gone"
        ids = {version.id for version in now.values()}
        assert ids >= self.old_saved, "a record of the old system is gone"
        self._look_at_jobs(now)
        for key, version in now.items():
            if "key" in version.raw:
                if key in self.seen:
                    self._assert_possible(self.seen[key], version)
                self._assert_true(version)
        self.seen = now

    def _look_at_jobs(self, now: dict[str, Version]) -> None:
        twice = [request_id for request_id, posts in self.taken.items() if posts > 1]
        assert not twice, "a training was paid for twice"
        assert not self.sent_in_vain, "sent, though it had been stopped or settled"
        owners = Counter(version.request_id for version in now.values() if version.request_id)
        assert set(self.taken) <= set(owners), "a job without a record"
        for values in (
            [version.request_id for version in now.values() if version.request_id],
            [version.job_id for version in now.values() if version.job_id],
            [version.model_name for version in now.values() if version.model_name],
            [version.lora_url for version in now.values() if version.lora_url],
        ):
            assert len(values) == len(set(values)), f"two records for one: {values}"

    def _assert_possible(self, before: Version, after: Version) -> None:
        if before.job_id is not None:
            assert same_job(after.job_id or "", before.job_id), "a job was lost"
        if before.status is VersionStatus.COMPLETED:
            assert after.status is VersionStatus.COMPLETED, "completed did not last"
        if before.status is VersionStatus.FAILED:
            may_return = before.failure_reason in (FailureReason.LOST, FailureReason.GIVEN_UP)
            allowed = (VersionStatus.FAILED, VersionStatus.COMPLETED, *(_OPEN if may_return else ()))
            assert after.status in allowed, "a final status turned back"
        if before.cancel_requested_at is not None and not after.is_final:
            assert after.cancel_requested_at is not None or after.status is VersionStatus.DRAFT

    def _assert_true(self, version: Version) -> None:
        if version.status is VersionStatus.DRAFT:
            assert not self.taken[version.request_id or ""], "what may be running is shown as a draft"
        words = self.truth.words.get(_bare(version.job_id or ""), set())
        has_model = version.model_name in self.truth.models
        if version.status is VersionStatus.COMPLETED:
            assert "COMPLETED" in words or has_model, "shown as completed, and is not"
        if version.status is VersionStatus.TRAINING:
            assert "IN_PROGRESS" in words, "shown as training, and never ran"
        if version.status is VersionStatus.FAILED:
            self._assert_failed(version, words)

    def _assert_failed(self, version: Version, words: set[str]) -> None:
        match version.failure_reason:
            case FailureReason.GIVEN_UP:
                assert version.key in self.given_up
            case FailureReason.LOST:
                self._assert_lost(version)
            case _:
                silently = "COMPLETED" in words
                assert silently or words & {word.value for word in _FAILED_WORDS}, "failed, and did not"

    def _assert_lost(self, version: Version) -> None:
        before = self.seen.get(version.key)
        if before is not None and before.failure_reason is FailureReason.LOST:
            return  # it may be known, or its model be there, since then: the next look tells
        known = [job for job in self.runpod.jobs() if _bare(job.id) == _bare(version.job_id or "")]
        assert not known, "called lost, and RunPod knows it"
        assert self.bench.bucket.is_readable, "called lost, and nobody could look for its model"
        model = self.bench.bucket.folder / f"{version.model_name}.safetensors"
        sent_at = version.submission.submitted_at if version.submission else None
        # A clock that was ahead at the submission makes its model look older: docs/reliability.md says so.
        if model.exists() and sent_at is not None:
            assert model.stat().st_mtime < sent_at.timestamp() - 300, "called lost, and its model is there"

    def assert_right(self) -> None:
        """Everything that RunPod still knows is shown as it is; asked after one poll with a good network."""
        jobs = {job.id: job for job in self.runpod.jobs()}
        for version in self.versions():
            job = jobs.get(version.job_id or "")
            if job is None or not version.is_in_flight():
                continue
            if job.status is RunpodStatus.COMPLETED:  # without a word and without a model: waits ten minutes
                assert version.submission and version.submission.completed_seen_at, version.raw
                continue
            wanted = {
                RunpodStatus.IN_QUEUE: VersionStatus.PENDING,
                RunpodStatus.IN_PROGRESS: VersionStatus.TRAINING,
            }
            assert version.status is wanted[job.status], f"{job.status} is shown as {version.status}"

    # RunPod's side

    @contextmanager
    def _mood(self, **moods: str) -> Iterator[None]:
        before, self.moods = self.moods, {**self.moods, **moods}
        try:
            yield
        finally:
            self.moods = before

    def _mood_of(self, call: Call) -> Fault | httpx.TransportError | None:
        mood = self.moods.get(call.verb, "fine")
        if call.verb == "run":
            return self._run_met(call, mood)
        seed, percent = self.losing
        # By the job's number, for the calls come from several threads in any order.
        chance = zlib.crc32(f"{seed} {call.verb} {self.truth.number(call.job_id)}".encode())
        if chance % 100 < percent:
            mood = list(UNCLEAR)[chance // 100 % len(UNCLEAR)]
        return MOODS[mood]()

    def _run_met(self, call: Call, mood: str) -> Fault | httpx.TransportError | None:
        request_id = call.body["input"]["training_config"]["request_id"]
        if not self._may_be_sent(request_id):
            self.sent_in_vain.append(request_id)
        self._let_happen("run")
        if mood not in NOTHING_ARRIVED and mood not in SAID_NO:
            self.taken[request_id] += 1
        return MOODS[mood]()

    def _may_be_sent(self, request_id: str) -> bool:
        """Whether, in the moment of the POST, the version still waits to be sent."""
        sent = [one for one in self.versions(1) if one.request_id == request_id]
        return any(not one.is_final and one.cancel_requested_at is None for one in sent)

    @contextmanager
    def happening(self, act: Callable[[], Any], *, in_the: str) -> Iterator[None]:
        """Somebody acts, once: before a `run`, while its `reply` comes, in a `status`, in the `wait` for a retry."""
        self._meanwhile = {in_the: act}
        self.bench.while_waiting = lambda: self._let_happen("wait")
        try:
            yield
        finally:
            self._meanwhile = {}

    def _let_happen(self, what: str) -> None:
        if (act := self._meanwhile.pop(what, None)) is not None:
            self.act(act)

    def _answered(self, call: Call) -> None:
        """The endpoint has done it; its reply is on its way."""
        if call.verb == "status":
            self._let_happen("status")
        if call.verb in ("run", "cancel"):
            self.truth.note(self.runpod.jobs())
        if call.verb == "run":
            self._let_happen("reply")

    def assert_at_rest(self) -> None:
        """After ttl nothing is open any more, unless only the user can tell."""
        open_ones = [version for version in self.versions() if version.is_in_flight()]
        assert not open_ones, [version.raw for version in open_ones]

    def request_id_of(self, job_id: str) -> str | None:
        """Of the training that was sent as this job; None while it waits."""
        sent = self._input_of(job_id)
        return sent and sent["training_config"]["request_id"]

    def _input_of(self, job_id: str) -> dict[str, Any] | None:
        try:
            return self.runpod.trainer.input_of(job_id)
        except KeyError:  # it has not started yet
            return None

    def _leave_model(self, name: str) -> None:
        folder = self.bench.bucket.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.safetensors"
        path.write_bytes(b"model")
        os.utime(path, (self.clock.epoch_s(), self.clock.epoch_s()))
        self.truth.models.add(name)


def _bare(job_id: str) -> str:
    return job_id.removesuffix("-u1")


def _lay_out_style(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"{name}.jpg").write_bytes(b"picture")
        (folder / f"{name}.txt").write_text("a picture")
    (folder / "style.json").write_text('{"id": 1, "name": "Walk", "triggerToken": "SBai_style_1"}')
    (folder / "selection_sets.json").write_text('{"sets": [{"id": 1, "filenames": ["a.jpg", "b.jpg"]}]}')
