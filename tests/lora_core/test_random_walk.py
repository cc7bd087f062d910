"""Long, seeded walks through everything at once: whatever the order, no job is lost and none is paid for twice."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from local_endpoint import Call, Fault
from lora_core import FailureReason, LoraCoreError, Version, VersionStatus
from tests.lora_core.bench import STYLE, Bench, started

CLEAR_NO = (
    Fault.reply(429, b"", headers={"retry-after": "2"}),
    Fault.reply(404, {"status": 404, "title": "Not Found", "detail": "endpoint not found"}),
)
UNCLEAR = (
    Fault.lost_reply(),
    Fault.cut_body(),
    Fault.reply(500, b""),
    Fault.reply(502, "<html>", handled=True),
    Fault.refuse(),
)


class Walk:
    """Does something at random, again and again, and looks after each step that nothing impossible has happened."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.lab = bench.open_lab()
        self.random = random.Random(seed)
        self.seen: dict[str, Version] = {}
        self.perhaps_taken: set[str] = set()
        """Request ids of trainings that may be running and billed."""
        self.sent_twice: list[str] = []
        bench.runpod.hook = self._broken_at_times

    def step(self) -> None:
        acts: tuple[Callable[[], Any], ...] = (
            self._start,
            self._start,
            self._finish,
            self._finish,
            self._forget,
            self._pass_time,
            self._pass_time,
            self._post_webhook,
            self._stop,
            self._delete_or_restore,
            self._reopen,
            self.lab.refresh,
            self.lab.monitor.turn,
        )
        try:
            self.random.choice(acts)()
        except LoraCoreError as error:
            assert str(error).endswith((".", ")")), error  # a sentence for the user, and nothing else
        self._look()

    def versions(self) -> list[Version]:
        return [*self.lab.versions(STYLE), *self.lab.trash(STYLE)]

    def _broken_at_times(self, call: Call) -> Fault | None:
        if call.verb != "run":
            return self.random.choice(CLEAR_NO + UNCLEAR) if self.random.random() < 0.3 else None
        fault = self.random.choice((None, None, *CLEAR_NO, *UNCLEAR))
        request_id = call.body["input"]["training_config"]["request_id"]
        if request_id in self.perhaps_taken:
            self.sent_twice.append(request_id)
        if fault not in CLEAR_NO:
            self.perhaps_taken.add(request_id)
        return fault

    def _any(self) -> Version | None:
        versions = self.versions()
        return self.random.choice(versions) if versions else None

    def _start(self) -> None:
        drafts = [one for one in self.lab.versions(STYLE) if one.status is VersionStatus.DRAFT]
        if drafts and self.random.random() < 0.5:
            self.lab.start_draft(STYLE, self.random.choice(drafts).key)
        else:
            started(self.lab)

    def _finish(self) -> None:
        trainer = self.bench.runpod.trainer
        if trainer.running:
            job_id = self.random.choice(trainer.running)
            self.random.choice(
                (trainer.complete, trainer.complete_silently, trainer.fail, trainer.lose_worker)
            )(job_id)

    def _forget(self) -> None:
        ids = self.bench.runpod.job_ids()
        if ids and self.random.random() < 0.3:
            self.bench.runpod.endpoint.forget(self.random.choice(ids))

    def _pass_time(self) -> None:
        self.bench.clock.advance(seconds=self.random.choice((1, 30, 130, 700, 2000, 40_000)))

    def _post_webhook(self) -> None:
        version = self._any()
        if version is not None and version.job_id is not None:
            word = self.random.choice(("COMPLETED", "FAILED", "IN_PROGRESS"))
            posted = {"id": version.job_id, "status": word, "output": {"status": "success"}}
            self.lab.receive_webhook(json.dumps(posted).encode(), version.request_id)

    def _stop(self) -> None:
        if (version := self._any()) is not None:
            self.lab.cancel(STYLE, version.key)

    def _delete_or_restore(self) -> None:
        if (version := self._any()) is not None:
            (self.lab.restore if version.is_in_trash else self.lab.delete)(STYLE, version.key)

    def _reopen(self) -> None:
        self.lab.close()
        self.lab = self.bench.open_lab()

    def _look(self) -> None:
        now = {version.key: version for version in self.versions()}
        assert now.keys() >= self.seen.keys(), "a record is gone"
        for key, before in self.seen.items():
            _assert_possible(before, now[key])
        self.seen = now
        job_ids = [version.job_id for version in now.values() if version.job_id]
        assert len(job_ids) == len(set(job_ids)), "two versions hold one job"


def _assert_possible(before: Version, after: Version) -> None:
    if before.status is VersionStatus.COMPLETED:
        assert after.status is VersionStatus.COMPLETED
    if before.status is VersionStatus.FAILED and before.failure_reason is not FailureReason.LOST:
        assert after.status in (VersionStatus.FAILED, VersionStatus.COMPLETED)
    if before.job_id is not None:
        assert after.job_id == before.job_id, "a job was lost"


@pytest.mark.parametrize("seed", range(4))
def test_no_walk_loses_a_job_or_sends_one_twice(bench: Bench, seed: int) -> None:
    walk = Walk(bench, seed)
    for _ in range(60):
        walk.step()
    assert walk.sent_twice == []
    assert walk.perhaps_taken <= {version.request_id for version in walk.versions()}
    bench.runpod.hook = None
    bench.clock.advance(hours=26)
    bench.runpod.endpoint.tick()
    walk.lab.refresh()
    open_states = (VersionStatus.PENDING, VersionStatus.TRAINING)
    assert [version.name for version in walk.versions() if version.status in open_states] == []
