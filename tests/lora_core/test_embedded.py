"""The lab on its own endpoint: real processes, real trainings of a few steps, and what happens when they are killed."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from local_endpoint import Fault, LocalEndpoint, ScriptedTrainer
from lora_core import (
    CouldNotAsk,
    FailureReason,
    Settings,
    SubmissionState,
    TrainingLab,
    TrainingParameters,
    Version,
    VersionStatus,
)
from lora_core.endpoints import Endpoint
from lora_core.model_places import ModelPlaces
from tests.local_endpoint.waiting import until

STYLE = "1"
SHORT = TrainingParameters(
    max_train_steps=8, optimizer_type="adamw", network_dim=2, network_alpha=2, batch_size=1
)
LONG = SHORT.model_copy(update={"max_train_steps": 10_000})
PROJECT = Path(__file__).resolve().parents[2]

# Starts a training and then does nothing more until it is killed.
SCRIPT = """
import sys
from lora_core import Settings, TrainingLab, TrainingParameters
root, models, state, parameters = sys.argv[1:]
folders = {"lora_lab_root": root, "lora_lab_models": models, "lora_lab_state_dir": state}
lab = TrainingLab.open(Settings(_env_file=None, **folders))
version = lab.start("1", parameters=TrainingParameters.model_validate_json(parameters), selection_set_id=1)
print(version.key, flush=True)
sys.stdin.read()
"""


class Home:
    """The folders of a lab that trains on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self._labs: list[TrainingLab] = []
        self._killed: set[int] = set()

    def settings(self, state: str = "state") -> Settings:
        return Settings(
            _env_file=None,
            lora_lab_root=str(self.folder / "styles"),
            lora_lab_models=self.folder / "models",
            lora_lab_state_dir=self.folder / state,
        )

    def open_lab(self, state: str = "state", **parts: Any) -> TrainingLab:
        lab = TrainingLab(self.settings(state), **parts)
        self._labs.append(lab)
        return lab

    def endpoint(self, state: str = "state") -> dict[str, Any]:
        return dict(json.loads((self.folder / state / "endpoint.json").read_bytes()))

    def kill_endpoint(self) -> None:
        running = self.endpoint()
        self._killed.add(running["pid"])
        os.kill(running["pid"], signal.SIGKILL)
        until(lambda: _is_free(running["port"]))

    def close(self) -> None:
        for lab in self._labs:
            lab.close()
        for announced in self.folder.glob("*/endpoint.json"):
            pid = json.loads(announced.read_bytes())["pid"]
            if pid not in self._killed:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                until(partial(_is_gone, announced))


@pytest.fixture
def home(tmp_path: Path, sample_styles: Path) -> Iterator[Home]:
    shutil.copytree(sample_styles, tmp_path / "styles")
    home = Home(tmp_path)
    yield home
    home.close()


def started(lab: TrainingLab, parameters: TrainingParameters) -> Version:
    return lab.start(STYLE, parameters=parameters, selection_set_id=2)


def until_status(lab: TrainingLab, key: str, *statuses: VersionStatus) -> Version:
    def look() -> Version | None:
        lab.refresh()
        version = lab.version(STYLE, key)
        return version if version.status in statuses else None

    return until(look)


FINAL = (VersionStatus.COMPLETED, VersionStatus.FAILED)


def test_a_training_goes_on_when_the_lab_is_killed_and_is_completed_when_it_is_opened_again(
    home: Home,
) -> None:
    folders = [str(home.folder / name) for name in ("styles", "models", "state")]
    longer = SHORT.model_copy(update={"max_train_steps": 60})
    command = [sys.executable, "-c", SCRIPT, *folders, longer.model_dump_json()]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        assert process.stdout is not None
        key = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    lab = home.open_lab()
    assert lab.version(STYLE, key).status is not VersionStatus.COMPLETED
    done = until_status(lab, key, *FINAL)
    assert done.status is VersionStatus.COMPLETED, done.error
    model = lab.model_file(done)
    assert model and model.path and model.path.stat().st_size > 0
    assert done.submission and (done.submission.execution_ms or 0) > 0


def test_an_endpoint_that_is_killed_fails_its_training_as_worker_lost_within_one_poll(home: Home) -> None:
    lab = home.open_lab()
    version = started(lab, LONG)
    until_status(lab, version.key, VersionStatus.TRAINING)
    home.kill_endpoint()
    lab.refresh()
    failed = lab.version(STYLE, version.key)
    assert (failed.status, failed.failure_reason) == (VersionStatus.FAILED, FailureReason.WORKER_LOST)
    done = until_status(lab, started(lab, SHORT).key, *FINAL)
    assert done.status is VersionStatus.COMPLETED, done.error


def test_another_server_on_the_endpoints_port_says_nothing_of_our_jobs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = home.open_lab()
    version = started(lab, LONG)
    port = home.endpoint()["port"]
    home.kill_endpoint()
    gone = {"status": 404, "title": "Not Found", "detail": "job not found"}
    stranger = LocalEndpoint(
        home.folder / "stranger",
        trainer=ScriptedTrainer(),
        faults=lambda _: Fault.reply(404, gone, from_stranger=True),
    )
    monkeypatch.setattr("lora_core.embedded._START_TIMEOUT_S", 0.5)
    with stranger.serving(port=port), _locked(home.state):  # and ours cannot come up
        check = lab.check_status(STYLE, version.key)
        assert isinstance(check.evidence, CouldNotAsk)
        assert "did not start" in check.sentence
        assert check.version.status is not VersionStatus.FAILED
        assert stranger.request_count > 0
    monkeypatch.undo()
    assert lab.check_status(STYLE, version.key).version.failure_reason is FailureReason.WORKER_LOST


def test_a_version_of_another_state_folder_stays_and_says_where_its_job_was(home: Home) -> None:
    lab = home.open_lab()
    version = started(lab, LONG)
    other = home.open_lab("other")
    check = other.check_status(STYLE, version.key)
    assert isinstance(check.evidence, CouldNotAsk)
    first, second = home.endpoint()["endpoint_id"], home.endpoint("other")["endpoint_id"]
    assert first in check.sentence
    assert second in check.sentence
    assert "whose state folder is not the one in use" in check.sentence
    ended = lab.cancel(STYLE, version.key).version
    assert ended.failure_reason is FailureReason.CANCELLED


def test_the_endpoint_is_started_without_the_secrets_of_the_lab(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    monkeypatch.setenv("LORA_LAB_WEBHOOK_SECRET", "s3cr3t")
    lab = home.open_lab()
    lab.refresh()
    assert not (home.state / "endpoint.json").exists()  # nothing in flight: nothing is started
    version = started(lab, SHORT)
    environment = Path(f"/proc/{home.endpoint()['pid']}/environ")
    if environment.exists():
        assert b"s3cr3t" not in environment.read_bytes()
    assert (home.state / "endpoint.json").stat().st_mode & 0o077 == 0
    assert until_status(lab, version.key, *FINAL).status is VersionStatus.COMPLETED


class LethalPlaces(ModelPlaces):
    """Kills the endpoint in the last moment before the training is sent to it."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.settings())
        self._home = home

    def etag(self, endpoint: Endpoint, model_name: str) -> str | None:
        self._home.kill_endpoint()
        return super().etag(endpoint, model_name)


def test_an_endpoint_that_ends_just_before_a_training_is_sent_is_started_again(home: Home) -> None:
    waits: list[float] = []
    lab = home.open_lab(places=LethalPlaces(home), wait=waits.append)
    version = started(lab, SHORT)
    assert (waits, version.submission and version.submission.state) == ([1], SubmissionState.SENT)
    assert until_status(lab, version.key, *FINAL).status is VersionStatus.COMPLETED


def test_an_endpoint_that_does_not_come_up_again_leaves_a_draft_and_no_riddle(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as hung:

        def hang(_: float) -> None:
            hung.enter_context(_locked(home.state))
            monkeypatch.setattr("lora_core.embedded._START_TIMEOUT_S", 0.3)

        version = started(home.open_lab(places=LethalPlaces(home), wait=hang), SHORT)
    assert version.status is VersionStatus.DRAFT
    assert version.error and "did not start" in version.error


def _is_gone(path: Path) -> bool:
    return not path.exists()


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Holds the endpoint's lock, as a process that hangs would."""
    with (state / "endpoint.lock").open("a") as file:
        until(lambda: _is_taken(file))
        yield


def _is_taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}
