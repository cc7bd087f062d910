"""Jobs in processes of their own, served inside this one."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_endpoint import SubprocessTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import Serve
from tests.local_endpoint.endpoint_process import is_running
from tests.local_endpoint.training_inputs import training_input
from tests.local_endpoint.waiting import until

FINAL = ("COMPLETED", "FAILED", "CANCELLED")


@pytest.fixture
def worker_client(serve: Serve, tmp_path: Path) -> Iterator[ApiClient]:
    trainer = SubprocessTrainer(tmp_path / "models", log_path=tmp_path / "worker.log")
    with serve(trainer=trainer) as client:
        yield client


def ended(client: ApiClient, job_id: str) -> bool:
    return client.word(job_id) in FINAL


def test_a_job_trains_reports_progress_and_leaves_a_model(
    worker_client: ApiClient, pictures: list[str], tmp_path: Path
) -> None:
    job_id = worker_client.run(training_input(pictures, max_train_steps=150))
    progress = until(lambda: worker_client.status(job_id).get("output"))
    assert progress["total_steps"] == 150
    assert 1 <= progress["step"] <= 150
    assert progress.keys() >= {"loss", "learning_rate", "epoch", "s_per_step", "loss_history"}
    until(lambda: ended(worker_client, job_id))
    shown = worker_client.status(job_id)
    assert (shown["status"], shown["output"]["status"]) == ("COMPLETED", "success")
    assert shown["executionTime"] > 0
    path = tmp_path / "models" / "style_16_vV1.safetensors"
    assert shown["output"]["loraUrl"] == path.as_uri()
    assert path.stat().st_size == shown["output"]["model_info"]["size_bytes"]


def test_what_the_trainer_refuses_is_completed_with_a_failed_output(
    worker_client: ApiClient, pictures: list[str]
) -> None:
    job_id = worker_client.run(training_input(pictures, lr_scheduler="linear"))
    until(lambda: ended(worker_client, job_id))
    shown = worker_client.status(job_id)
    assert (shown["status"], shown["output"]["status"]) == ("COMPLETED", "failed")
    assert "linear" in shown["output"]["error"]


def test_an_exception_in_the_trainer_is_a_failed_job_with_its_traceback(
    worker_client: ApiClient, pictures: list[str], tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    job_id = worker_client.run(training_input(pictures, max_train_steps=1))
    until(lambda: ended(worker_client, job_id))
    shown = worker_client.status(job_id)
    assert shown["status"] == "FAILED"
    error = json.loads(shown["error"])
    assert set(error) == {"error_type", "error_message", "error_traceback"}
    assert "FileExistsError" in error["error_type"]
    assert "Traceback" in error["error_traceback"]


def test_cancelling_ends_the_process(
    worker_client: ApiClient, pictures: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "local_endpoint"):
        job_id = worker_client.run(training_input(pictures, max_train_steps=100_000))
        until(lambda: "output" in worker_client.status(job_id))
    [line] = [message for message in caplog.messages if "runs in process" in message]
    pid = int(line.rpartition(" ")[2])
    assert is_running(pid)
    worker_client.cancel(job_id)
    until(lambda: not is_running(pid))
    assert worker_client.word(job_id) == "CANCELLED"


def test_a_worker_that_is_killed_is_a_lost_worker(
    worker_client: ApiClient, pictures: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "local_endpoint"):
        job_id = worker_client.run(training_input(pictures, max_train_steps=100_000))
    [line] = [message for message in caplog.messages if "runs in process" in message]
    until(lambda: "output" in worker_client.status(job_id))
    os.kill(int(line.rpartition(" ")[2]), signal.SIGKILL)
    until(lambda: ended(worker_client, job_id))
    shown = worker_client.status(job_id)
    assert (shown["status"], shown["error"]) == ("FAILED", "job timed out after 1 retries")


@pytest.mark.parametrize("python", ["false", "no-such-program"])
def test_a_worker_that_cannot_start_is_a_lost_worker(
    worker_client: ApiClient, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which(python) or python)
    job_id = worker_client.run({"workflow": "x" * 3_000_000})
    until(lambda: ended(worker_client, job_id))
    assert worker_client.status(job_id)["error"] == "job timed out after 1 retries"


def test_an_input_of_megabytes_reaches_the_worker(worker_client: ApiClient, pictures: list[str]) -> None:
    job_input = {**training_input(pictures, max_train_steps=1), "workflow": {"note": "x" * 3_000_000}}
    job_id = worker_client.run(job_input)
    until(lambda: ended(worker_client, job_id))
    assert worker_client.status(job_id)["output"]["status"] == "success"
