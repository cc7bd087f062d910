"""What the tests of the job half work on: a clock that can be set, a RunPod with a memory, a lab over both."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from local_endpoint import Address, Call, Fault, LocalEndpoint, ScriptedTrainer
from lora_core import Settings, TrainingLab, TrainingParameters, Version
from lora_core.errors import StoreUnavailableError
from lora_core.model_files import LocalModelFiles, ModelFile
from lora_core.model_places import ModelPlaces
from lora_core.runpod import Transport

PARAMETERS = TrainingParameters(max_train_steps=100)
STYLE = "1"
SET = 1


class SettableClock:
    """Time that passes only when told to; one hand for the lab and for RunPod."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def epoch_s(self) -> float:
        return self.now.timestamp()

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class FakeRunpod:
    """A served endpoint whose trainer does what the test says, and whose network breaks when it says so."""

    def __init__(self, folder: Path, clock: SettableClock) -> None:
        self.trainer = ScriptedTrainer()
        self.endpoint = LocalEndpoint(
            folder, trainer=self.trainer, clock=clock.epoch_s, faults=self._fault, webhook_retry_s=0.01
        )
        self.address: Address
        self.hook: Callable[[Call], Fault | None] | None = None
        """Asked for each call that no fault was laid out for."""
        self._faults: dict[str, list[Fault]] = {}
        self._counted_from = 0
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator["FakeRunpod"]:
        with self.endpoint.serving() as self.address:
            yield self

    def next_answers(self, verb: str, *faults: Fault) -> None:
        """What the next calls of this verb meet, one after the other."""
        with self._lock:
            self._faults.setdefault(verb, []).extend(faults)

    def calm(self) -> None:
        """Forgets the faults, and counts from nought: for a fake that several tests share."""
        with self._lock:
            self._faults, self.hook = {}, None
        self._counted_from = len(self.endpoint.requests)

    def is_down(self, *verbs: str) -> None:
        """From now on every call (of these verbs) is refused."""
        self.hook = lambda call: Fault.refuse() if not verbs or call.verb in verbs else None

    def count(self, verb: str | None = None) -> int:
        calls = self.endpoint.requests[self._counted_from :]
        return sum(1 for call in calls if verb is None or call.verb == verb)

    def job_ids(self) -> list[str]:
        return [job.id for job in self.endpoint.jobs()]

    def job_of(self, version: Version) -> str:
        """The id of the job that was sent for a version, whether or not the lab knows it."""
        for job in self.endpoint.jobs():
            request = self._input(job.id)
            if request["training_config"]["request_id"] == version.request_id:
                return job.id
        raise AssertionError(f"no job was sent for {version.name}")

    def _input(self, job_id: str) -> dict[str, Any]:
        return self.trainer.input_of(job_id)

    def _fault(self, call: Call) -> Fault | None:
        with self._lock:
            laid_out = self._faults.get(call.verb)
            if laid_out:
                return laid_out.pop(0)
        return self.hook(call) if self.hook else None


class Bucket(LocalModelFiles):
    """A folder in the place of the bucket; it can be taken away for a while."""

    is_readable = True

    def find(self, model_name: str) -> ModelFile | None:
        self._ask()
        return super().find(model_name)

    def files(self) -> list[ModelFile]:
        self._ask()
        return list(super().files())

    def _ask(self) -> None:
        if not self.is_readable:
            raise StoreUnavailableError("The bucket could not be read.")


class FolderPlaces(ModelPlaces):
    """Model places without S3."""

    def __init__(self, settings: Settings, bucket: Bucket) -> None:
        self._settings = settings
        self.local = LocalModelFiles(settings.lora_lab_models)
        self.bucket = bucket


class Bench:
    """A test's folders, its RunPod, and the labs that it opens over them."""

    def __init__(self, folder: Path, runpod: FakeRunpod, clock: SettableClock) -> None:
        self.folder = folder
        self.runpod = runpod
        self.clock = clock
        self.bucket = Bucket(folder / "bucket")
        self.transport: Transport | None = None
        """What carries the labs' requests; None: a real socket."""
        self.waits: list[float] = []
        """Seconds that submissions waited between their tries."""
        self._labs: list[TrainingLab] = []

    def settings(self, **changes: Any) -> Settings:
        address = self.runpod.address
        values: dict[str, Any] = {
            "lora_lab_root": str(self.folder / "styles"),
            "lora_lab_models": self.folder / "models",
            "lora_lab_state_dir": self.folder / "state",
            "runpod_api_key": SecretStr(address.api_key),
            "runpod_endpoint_id": address.endpoint_id,
            "runpod_base_url": address.base_url,
            "s3_bucket": "bucket",
            "trainer_user_id": "user",
            "trainer_tenant_id": "tenant",
        }
        return Settings(_env_file=None, **{**values, **changes})

    def open_lab(self, **changes: Any) -> TrainingLab:
        """A lab over this test's folders, as another process would open it."""
        settings = self.settings(**changes)
        lab = TrainingLab(
            settings,
            clock=self.clock,
            transport=self.transport,
            places=FolderPlaces(settings, self.bucket),
            wait=self.wait,
        )
        self._labs.append(lab)
        return lab

    def wait(self, seconds: float) -> None:
        """What the labs do instead of waiting."""
        self.waits.append(seconds)

    def close(self) -> None:
        for lab in self._labs:
            lab.close()

    @property
    def history_file(self) -> Path:
        return next((self.folder / "styles").glob("1_*")) / "training_versions.json"

    def forget_own_writes(self) -> None:
        """From here on the lab takes any former state of a history for the newest."""
        shutil.rmtree(self.folder / "styles" / ".lora_lab" / "kept", ignore_errors=True)

    def leave_model(self, version: Version) -> Path:
        """Puts the version's model where its trainer would, dated now."""
        self.bucket.folder.mkdir(parents=True, exist_ok=True)
        path = self.bucket.folder / f"{version.model_name}.safetensors"
        path.write_bytes(b"model")
        os.utime(path, (self.clock.epoch_s(), self.clock.epoch_s()))
        return path

    @contextmanager
    def broken_disk(self) -> Iterator[None]:
        """The styles' disk takes nothing while this lasts; it can still be read."""
        own = self.folder / "styles" / ".lora_lab"
        aside = own.with_name(".aside")
        own.rename(aside)
        own.write_text("in the way")
        try:
            yield
        finally:
            own.unlink()
            aside.rename(own)


def started(lab: TrainingLab, **arguments: Any) -> Version:
    """One training, sent."""
    return lab.start(STYLE, **{"parameters": PARAMETERS, "selection_set_id": SET, **arguments})
