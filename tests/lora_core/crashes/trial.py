"""A world of deaths: victims, a RunPod that outlives them all, and the folders to die over."""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lora_core import Settings
from lora_core.runpod import RunpodClient
from lora_core.runpod_answers import Accepted
from tests.lora_core.bench import Bench, FakeRunpod, SettableClock
from tests.lora_core.crashes import templates
from tests.lora_core.crashes.deeds import DEEDS, Deed
from tests.lora_core.crashes.driver import Death, Driver, Order
from tests.lora_core.crashes.points import LIVE
from tests.lora_core.crashes.settings_over import settings_over


@dataclass(frozen=True)
class Scene:
    """What a death has left."""

    deed: Deed
    death: Death
    bench: Bench
    before: Path
    """The folders as they were before the deed; not to be changed."""
    states: tuple[Any, ...]
    """What the version's record is, and becomes, when nobody is killed."""
    job_id: str
    """The job of the running version."""
    requests_before: int
    """How many requests the endpoint had seen before the deed."""


class Trial:
    """Kills labs, each over a copy of its own, at a moment of its own."""

    def __init__(self, folder: Path, driver: Driver, runpod: FakeRunpod, clock: SettableClock) -> None:
        self.driver = driver
        self.runpod = runpod
        self.clock = clock
        self._folder = folder
        self._begun_at = clock.now
        self._runs = 0
        self._counted: dict[str, Death] = {}
        self._lasting_jobs: set[str] | None = None
        runpod.endpoint.set_max_workers(1000)
        templates.bare(folder / "bare")
        templates.quiet(quiet := folder / "quiet", runpod, clock)
        templates.damaged(folder / "damaged", quiet)
        self._running_job = templates.running(folder / "running", quiet, runpod, clock)
        with self._run(DEEDS["start"], point="the answer is in the outbox") as (_, bench, _):
            shutil.copytree(bench.folder, folder / "outbox")
        self._lasting_jobs = set(runpod.job_ids())

    def counted(self, deed: Deed) -> Death:
        """What the deed does when nobody is killed."""
        if deed.name not in self._counted:
            with self._run(deed, is_counted=True) as (lived, _, _):
                self._counted[deed.name] = lived
        return self._counted[deed.name]

    def meetings(self, point: str) -> list[tuple[Deed, int]]:
        """Every deed that meets the point, as often as it does: the first time, the second ..."""
        counts = [(deed, (self.counted(deed).meetings or {})[point]) for deed in DEEDS.values()]
        return [(deed, occurrence) for deed, met in counts for occurrence in range(1, met + 1)]

    @contextmanager
    def killed(self, deed: Deed, **where: Any) -> Iterator[Scene]:
        """The scene of a lab's death; its folders and jobs are gone afterwards."""
        states = self.counted(deed).states
        requests_before = len(self.runpod.endpoint.requests)
        with self._run(deed, **where) as (death, bench, job_id):
            assert death.signal == signal.SIGKILL, f"{deed.name} did not get as far as {where}"
            before = self.before(deed)
            try:
                yield Scene(deed, death, bench, before, states, job_id, requests_before)
            except BaseException as error:
                error.add_note(f"{deed.name!r} was killed at {death.at} ({where})")
                raise

    @contextmanager
    def copied(self, deed: Deed) -> Iterator[tuple[Bench, str]]:
        """The folders that a deed begins with, at a moment of their own, and the job of their running version."""
        self._runs += 1
        self.clock.now = self._begun_at + timedelta(seconds=self._runs)  # request ids are made of it
        folder = self._folder / str(self._runs)
        shutil.copytree(self.before(deed), folder, copy_function=shutil.copyfile)
        bench = BenchOverFolder(folder, self.runpod, self.clock)
        job_id = self._job_of_its_own(folder) if deed.ends_job else self._running_job
        try:
            yield bench, job_id
        finally:
            bench.close()
            shutil.rmtree(folder)
            self._forget_jobs()

    def before(self, deed: Deed) -> Path:
        """The folders that a deed begins with; not to be changed."""
        return self._folder / deed.template

    @contextmanager
    def _run(self, deed: Deed, **how: Any) -> Iterator[tuple[Death, Bench, str]]:
        with self.copied(deed) as (bench, job_id):
            now = self.clock.now.isoformat()
            order = Order(str(bench.folder), now, _place(self.runpod), deed.name, deed.key)
            if deed.fault is not None:
                self.runpod.next_answers("run", deed.fault)
            death = self.driver.obey(replace(order, **how))
            self.runpod.calm()  # whoever comes next is answered
            yield death, bench, job_id

    def _forget_jobs(self) -> None:
        if self._lasting_jobs is not None:  # those of the templates are still being made until then
            for made in set(self.runpod.job_ids()) - self._lasting_jobs:
                self.runpod.endpoint.forget(made)

    def _job_of_its_own(self, folder: Path) -> str:
        """Gives the running version another job, so that it can be ended."""
        address = self.runpod.address
        key = SecretStr(address.api_key)
        with RunpodClient(address.base_url, address.endpoint_id, key) as client:
            answer = client.submit({"input": self.runpod.trainer.input_of(self._running_job)})
        assert isinstance(answer, Accepted)
        for path in (folder / "styles").rglob(f"*{LIVE}*"):  # the lab's own copies as well
            path.write_bytes(path.read_bytes().replace(self._running_job.encode(), answer.job_id.encode()))
        return answer.job_id


class BenchOverFolder(Bench):
    """A bench whose settings are made and not read."""

    def settings(self, **changes: Any) -> Settings:
        return settings_over(self.folder, **_place(self.runpod)).model_copy(update=changes)


def _place(runpod: FakeRunpod) -> Mapping[str, str]:
    address = runpod.address
    return {
        "base_url": address.base_url,
        "endpoint_id": address.endpoint_id,
        "api_key": address.api_key,
    }
