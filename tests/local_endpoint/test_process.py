"""The life of the endpoint's process, seen from outside."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_endpoint.endpoint_process import EndpointProcess, is_running, kill_hard
from tests.local_endpoint.training_inputs import training_input
from tests.local_endpoint.waiting import until

HOURS_OF_STEPS = 100_000


@pytest.fixture
def started(tmp_path: Path) -> Iterator[EndpointProcess]:
    with EndpointProcess(tmp_path) as endpoint:
        yield endpoint


def test_it_announces_itself_to_its_owner_only(started: EndpointProcess) -> None:
    process = started.start()
    written = started.announcement()
    assert started.file.stat().st_mode & 0o777 == 0o600
    assert written["pid"] == process.pid
    assert written["base_url"] == f"http://127.0.0.1:{written['port']}/v2"
    assert written["models_dir"] == str(started.models_dir)
    assert set(written) == {
        "pid",
        "port",
        "base_url",
        "endpoint_id",
        "api_key",
        "instance_id",
        "models_dir",
        "started_at",
    }
    with started.client() as client:
        assert client.http.get("/health").headers["x-local-endpoint"] == written["instance_id"]


def test_of_four_that_start_at_once_one_serves_and_three_leave_quietly(started: EndpointProcess) -> None:
    processes = [started.start() for _ in range(4)]
    serving = started.announcement()["pid"]
    others = [process for process in processes if process.pid != serving]
    assert [process.wait(60) for process in others] == [0, 0, 0]
    with started.client() as client:
        assert client.http.get("/health").status_code == 200


def test_sigterm_loses_the_running_job_and_keeps_the_waiting_ones(
    started: EndpointProcess, pictures: list[str]
) -> None:
    process = started.start()
    with started.client() as client:
        running, also_running, waiting = (
            client.run(training_input(pictures, max_train_steps=HOURS_OF_STEPS)) for _ in range(3)
        )
    worker = started.worker_pid()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not started.file.exists()
    assert not is_running(worker)
    second = started.start()
    with started.client(of=second) as client:
        assert client.status(running)["error"] == "job timed out after 1 retries"
        assert client.word(also_running) == "FAILED"
        assert client.word(waiting) == "IN_PROGRESS"


def test_a_killed_endpoint_takes_its_worker_along_and_the_next_one_tells(
    started: EndpointProcess, pictures: list[str]
) -> None:
    first = started.start()
    with started.client() as client:
        job_id = client.run(training_input(pictures, max_train_steps=HOURS_OF_STEPS))
        until(lambda: "output" in client.status(job_id))
    worker = started.worker_pid()
    assert is_running(worker)
    kill_hard(first)
    until(lambda: not is_running(worker))
    second = started.start()
    with started.client(of=second) as client:
        shown = client.status(job_id)
    assert (shown["status"], shown["error"]) == ("FAILED", "job timed out after 1 retries")


def test_one_that_starts_while_another_ends_takes_its_place(started: EndpointProcess) -> None:
    first = started.start()
    started.announcement()
    first.send_signal(signal.SIGTERM)
    until(lambda: not started.file.exists())
    second = started.start()
    assert started.announcement(of=second)["pid"] == second.pid


def test_it_ends_by_itself_when_nobody_asks_and_removes_its_announcement(tmp_path: Path) -> None:
    with EndpointProcess(tmp_path, idle_s=0.2) as endpoint:
        process = endpoint.start()
        assert process.wait(60) == 0
        assert not endpoint.file.exists()
        assert "endpoint.sqlite" in [path.name for path in endpoint.state_dir.iterdir()]


def test_it_does_not_end_while_a_job_runs(tmp_path: Path, pictures: list[str]) -> None:
    with EndpointProcess(tmp_path, idle_s=0.3) as endpoint:
        process = endpoint.start()
        with endpoint.client() as client:
            client.run(training_input(pictures, max_train_steps=150))
        assert process.wait(60) == 0
        # Nobody asked in the meantime, and yet the training came to its end.
        assert (endpoint.models_dir / "style_16_vV1.safetensors").exists()
        assert "COMPLETED" in endpoint.log


def test_neither_the_key_nor_a_webhooks_secret_is_in_the_log(
    started: EndpointProcess, pictures: list[str]
) -> None:
    started.start()
    with started.client() as client:
        job_id = client.run(
            training_input(pictures, max_train_steps=1), webhook="http://127.0.0.1:9/hook?secret=s3cr3t"
        )
        until(lambda: client.word(job_id) == "COMPLETED")
        until(lambda: "webhook to 127.0.0.1" in started.log)
    assert started.announcement()["api_key"] not in started.log
    assert "s3cr3t" not in started.log


def test_a_log_that_has_grown_large_is_put_aside_at_the_start(started: EndpointProcess) -> None:
    started.state_dir.mkdir()
    (started.state_dir / "endpoint.log").write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    started.start()
    started.announcement()
    assert (started.state_dir / "endpoint.log.1").stat().st_size > 5 * 1024 * 1024
    assert len(started.log) < 1000
