"""Everything that can happen, in any order: no record is lost, no training is paid twice, no status is untrue.

Hypothesis draws the walks and shortens those that fail. CI walks 2,000 times, `make soak` 50,000 times; a walk has
50 steps, and what must hold is looked at after each (`World.look`).
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.lora_core.world import MOODS, World

WALKS = int(os.environ.get("LORA_LAB_WALKS", "2000"))
FIRST_SEED = int(os.environ.get("LORA_LAB_FIRST_SEED", "0"))
SHARDS = 8  # so that two workers share them
STEPS = 50
_MEMORY = Path("/dev/shm")

labs = st.integers(0, 1)
picks = st.integers(0, 9)
keys = st.integers(0, 5).map("key-{}".format)
moods = st.sampled_from(list(MOODS))
often_fine = st.one_of(st.just("fine"), moods)
deaths = st.one_of(st.none(), st.tuples(st.integers(1, 40), st.booleans()))


class LabMachine(RuleBasedStateMachine):
    """The steps; `World` knows how they are done, and what must hold after each."""

    walks = 0
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None)
        self.world = World(Path(self._folder))
        LabMachine.walks += 1

    def teardown(self) -> None:
        try:
            self._come_to_rest()
        finally:
            self.world.close()
            shutil.rmtree(self._folder)

    def _do(self, act: Callable[[], Any]) -> None:
        self.world.act(act)

    @rule(lab=labs, key=keys, mood=often_fine, death=deaths)
    def start(self, lab: int, key: str, mood: str, death: tuple[int, bool] | None) -> None:
        """A click on Start; the same key again is the second click."""
        self._do_or_die(lab, death, lambda: self.world.start(lab, key, mood))

    @rule(
        lab=labs, key=keys, mood=often_fine, what=st.integers(0, 6), in_the=st.sampled_from(("run", "wait"))
    )
    def start_while_something_happens(self, lab: int, key: str, mood: str, what: int, in_the: str) -> None:
        """Another process has its hands on the same version meanwhile."""
        other, world = 1 - lab, self.world

        def give_up_later() -> None:
            world.pass_time(130)
            world.give_up(other, world.labs[other].version("1", key))

        acts: tuple[Callable[[], Any], ...] = (
            lambda: world.start(other, key, "fine"),
            lambda: world.cancel(other, world.labs[other].version("1", key), "fine"),
            lambda: world.labs[other].delete("1", key),
            lambda: world.pass_time(130),
            lambda: world.turn(other),
            give_up_later,
            lambda: world.restart(other),
            lambda: self._newest_job_calls(other),
        )
        with world.happening(acts[what], in_the=in_the):
            self._do(lambda: world.start(lab, key, "429" if in_the == "wait" else mood))

    def _newest_job_calls(self, lab: int) -> None:
        """A webhook that is faster than the reply to the submission."""
        if jobs := list(self.world.truth.replies):
            request_id = self.world.request_id_of(jobs[-1])
            self.world.webhook(lab, jobs[-1], request_id=request_id, bare=len(jobs) % 2 == 0)

    @rule(lab=labs, key=keys, death=deaths)
    def save_draft(self, lab: int, key: str, death: tuple[int, bool] | None) -> None:
        self._do_or_die(lab, death, lambda: self.world.save_draft(lab, key))

    @rule(lab=labs, key=keys, mood=often_fine, death=deaths)
    def start_draft(self, lab: int, key: str, mood: str, death: tuple[int, bool] | None) -> None:
        self._do_or_die(lab, death, lambda: self.world.start_draft(lab, key, mood))

    @rule(
        lab=labs,
        mood=often_fine,
        lost=st.tuples(st.integers(0, 99), st.sampled_from((0, 10, 50))),
        death=deaths,
    )
    def poll(self, lab: int, mood: str, lost: tuple[int, int], death: tuple[int, bool] | None) -> None:
        self._do_or_die(lab, death, lambda: self.world.poll(lab, mood=mood, lost=lost))

    @rule(lab=labs)
    def turn_of_the_monitor(self, lab: int) -> None:
        self._do(lambda: self.world.turn(lab))

    @rule(lab=labs, pick=picks, mood=often_fine)
    def check_status(self, lab: int, pick: int, mood: str) -> None:
        if (version := self.world.picked(pick)) is not None:
            self._do(lambda: self.world.check(lab, version, mood))

    @rule(lab=labs, pick=picks, what=st.integers(0, 6))
    def check_status_while_something_happens(self, lab: int, pick: int, what: int) -> None:
        """Between RunPod's answer and the verdict: what was learned may be of a record that is no more."""
        other, world = 1 - lab, self.world
        if (version := world.picked(pick)) is None:
            return
        acts: tuple[Callable[[], Any], ...] = (
            lambda: world.check(other, version, "fine"),
            lambda: world.cancel(other, version, "fine"),
            lambda: world.labs[other].delete("1", version.key),
            lambda: world.start_draft(other, version.key, "fine"),
            lambda: self._end_one(pick),
            lambda: world.pass_time(700),
            lambda: world.give_up(other, version),
        )
        with world.happening(acts[what], in_the="status"):
            self._do(lambda: world.check(lab, version, "fine"))

    def _end_one(self, pick: int) -> None:
        if (job_id := self.world.picked_job(pick)) is not None:
            self.world.end_job(job_id, "complete", leaves_model=False)

    @rule(
        lab=labs,
        pick=picks,
        of=st.sampled_from(("none", "own", "other")),
        bare=st.booleans(),
        lie=st.sampled_from((None, None, "COMPLETED", "FAILED", "IN_QUEUE")),
        times=st.integers(1, 2),
    )
    def webhook(self, lab: int, pick: int, of: str, bare: bool, lie: str | None, times: int) -> None:
        """Early, late, twice, for another version, with and without the id's suffix."""
        jobs = list(self.world.truth.replies)
        if not jobs:
            return
        job_id = jobs[pick % len(jobs)]
        request_id: str | None = None
        if of == "own":
            request_id = self.world.request_id_of(job_id)
        if of == "other" and (version := self.world.picked(pick)) is not None:
            request_id = version.request_id
        for _ in range(times):
            self._do(lambda: self.world.webhook(lab, job_id, request_id=request_id, bare=bare, lie=lie))

    @rule(lab=labs, pick=picks, mood=often_fine, death=deaths)
    def cancel(self, lab: int, pick: int, mood: str, death: tuple[int, bool] | None) -> None:
        if (version := self.world.picked(pick)) is not None:
            self._do_or_die(lab, death, lambda: self.world.cancel(lab, version, mood))

    @rule(lab=labs, pick=picks)
    def give_up(self, lab: int, pick: int) -> None:
        if (version := self.world.picked(pick)) is not None:
            self._do(lambda: self.world.give_up(lab, version))

    @rule(lab=labs, pick=picks, job=picks)
    def attach(self, lab: int, pick: int, job: int) -> None:
        """The user copies an id from RunPod's console."""
        jobs = [job.id for job in self.world.runpod.jobs()]
        if jobs and (version := self.world.picked(pick)) is not None:
            job_id = jobs[job % len(jobs)]
            if self.world.request_id_of(job_id) == version.request_id:
                self._do(lambda: self.world.attach(lab, version, job_id))

    @rule(lab=labs, pick=picks, death=deaths)
    def delete_or_restore(self, lab: int, pick: int, death: tuple[int, bool] | None) -> None:
        if (version := self.world.picked(pick)) is not None:
            verb = self.world.labs[lab].restore if version.is_in_trash else self.world.labs[lab].delete
            self._do_or_die(lab, death, lambda: verb("1", version.key))

    @rule(lab=labs, pick=picks, good=st.booleans(), death=deaths)
    def mark_good(self, lab: int, pick: int, good: bool, death: tuple[int, bool] | None) -> None:
        if (version := self.world.picked(pick)) is not None:
            self._do_or_die(lab, death, lambda: self.world.labs[lab].mark_good("1", version.key, good))

    @rule(lab=labs, pick=picks, number=st.integers(1, 9))
    def rename(self, lab: int, pick: int, number: int) -> None:
        if (version := self.world.picked(pick)) is not None:
            self._do(lambda: self.world.labs[lab].rename("1", version.key, f"name {number}"))

    @rule(
        pick=picks,
        how=st.sampled_from(
            ("complete", "complete", "silently", "own failure", "fail", "lose worker", "time out")
        ),
        leaves_model=st.booleans(),
    )
    def job_ends(self, pick: int, how: str, leaves_model: bool) -> None:
        if (job_id := self.world.picked_job(pick)) is not None:
            self.world.end_job(job_id, how, leaves_model=leaves_model)

    @rule(pick=picks)
    def runpod_forgets(self, pick: int) -> None:
        self.world.forget(pick)

    @rule(seconds=st.sampled_from((1, 30, 130, 700, 2000, 40_000)))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule()
    def old_page_opens(self) -> None:
        """The old system's page reads the list, and keeps it for as long as it is open."""
        self.world.old_page_opens()

    @rule(number=st.integers(0, 3), pick=picks, adds=st.booleans())
    def old_page_saves(self, number: int, pick: int, adds: bool) -> None:
        self._do(lambda: self._save_old_list(number, pick, adds))

    @rule(lab=labs, key=keys, at=st.integers(1, 25), number=st.integers(0, 3), pick=picks, adds=st.booleans())
    def old_page_saves_while_the_lab_writes(
        self, lab: int, key: str, at: int, number: int, pick: int, adds: bool
    ) -> None:
        with self.world.disk.interrupted(at, lambda: self._save_old_list(number, pick, adds)):
            self._do(lambda: self.world.start(lab, key, "fine"))

    def _save_old_list(self, number: int, pick: int, adds: bool) -> None:
        self.world.old_page_saves(**{"new_id": f"old-{number}"} if adds else {"marks": pick})

    @rule(ahead_s=st.sampled_from((0, 0, 3600, -3600, -200_000)))
    def clock_jumps(self, ahead_s: int) -> None:
        """This computer's clock is set, rightly or wrongly; RunPod's is not."""
        self.world.clock.ahead = timedelta(seconds=ahead_s)

    @rule(lab=labs)
    def restart(self, lab: int) -> None:
        self.world.restart(lab)

    @rule(is_readable=st.booleans())
    def the_bucket_goes_or_comes(self, is_readable: bool) -> None:
        self.world.bench.bucket.is_readable = is_readable

    @invariant()
    def everything_holds(self) -> None:
        LabMachine.steps += 1
        self.world.look()

    def _do_or_die(self, lab: int, death: tuple[int, bool] | None, act: Callable[[], Any]) -> None:
        if death is None:
            self._do(act)
        else:
            self.world.act_and_die(lab, death[0], after=death[1], act=act)

    def _come_to_rest(self) -> None:
        """The network is good again: one poll, and all is right; a day later nothing is open any more."""
        world = self.world
        world.bench.bucket.is_readable = True
        world.clock.ahead = timedelta()
        world.poll(0)
        world.look()
        world.assert_right()
        for is_readable in (False, True, True, True):
            world.bench.bucket.is_readable = is_readable
            world.pass_time(26 * 3600)
            world.poll(0)
            world.look()
        world.assert_at_rest()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_walk_loses_a_record_pays_twice_or_shows_what_is_not_so(
    shard: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # a process that is killed leaves a traceback each time
    run_state_machine_as_test(
        seed(FIRST_SEED + shard)(LabMachine),
        settings=settings(
            max_examples=WALKS // SHARDS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
