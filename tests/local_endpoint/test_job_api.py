"""The job API: every shape and every error body."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local_endpoint import LocalEndpoint, ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import SettableClock

MIB = 1024 * 1024


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    return {"status": status, "title": title, "detail": detail}


def test_run_answers_with_an_id_that_has_runpods_suffix(client: ApiClient) -> None:
    answer = client.http.post("/run", json={"input": {"a": 1}}).json()
    assert answer == {"id": answer["id"], "status": "IN_QUEUE"}
    assert answer["id"].endswith("-u1")
    assert len(answer["id"]) == 36 + 3


def test_a_queued_job_shows_its_id_and_status_only(client: ApiClient, endpoint: LocalEndpoint) -> None:
    endpoint.set_max_workers(0)
    job_id = client.run()
    assert client.status(job_id) == {"id": job_id, "status": "IN_QUEUE"}


def test_a_running_job_shows_delay_worker_and_the_last_progress(
    client: ApiClient, endpoint: LocalEndpoint, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    endpoint.set_max_workers(0)
    job_id = client.run()
    clock.advance(61.372)
    endpoint.set_max_workers(1)
    before = client.status(job_id)
    assert before == {
        "id": job_id,
        "status": "IN_PROGRESS",
        "delayTime": 61372,
        "workerId": before["workerId"],
    }
    trainer.progress(job_id, step=5, total_steps=10, loss=0.5)
    assert client.status(job_id) == {**before, "output": {"step": 5, "total_steps": 10, "loss": 0.5}}


def test_a_completed_job_shows_output_and_times(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run()
    clock.advance(12.5)
    trainer.complete(job_id, {"status": "success"})
    shown = client.status(job_id)
    assert shown == {
        "delayTime": 0,
        "executionTime": 12500,
        "id": job_id,
        "output": {"status": "success"},
        "retries": 0,
        "status": "COMPLETED",
        "workerId": shown["workerId"],
    }


def test_a_job_whose_worker_is_lost_shows_what_runpod_shows(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run()
    clock.advance(42.078)
    trainer.lose_worker(job_id)
    assert client.status(job_id) == {
        "delayTime": 0,
        "error": "job timed out after 1 retries",
        "executionTime": 42078,
        "id": job_id,
        "retries": 1,
        "status": "FAILED",
    }


def test_a_wrong_key_is_refused(client: ApiClient) -> None:
    for key in ("Bearer wrong", "", "Bearer \u00e9"):
        answer = client.http.get("/health", headers=httpx.Headers({"Authorization": key}, encoding="utf-8"))
        assert answer.status_code == 401
        assert answer.json() == problem(401, "Unauthorized", "invalid api key")


def test_another_endpoint_is_not_found(client: ApiClient) -> None:
    other = str(client.http.base_url).rstrip("/").rpartition("/")[0] + "/local-00000000/health"
    answer = client.http.get(other)
    assert answer.status_code == 404
    assert answer.json() == problem(404, "Not Found", "endpoint not found")


def test_an_unknown_job_is_not_found(client: ApiClient) -> None:
    for answer in (client.http.get("/status/nobody"), client.http.post("/cancel/nobody")):
        assert answer.status_code == 404
        assert answer.json() == problem(404, "Not Found", "job not found")


def test_an_unknown_verb_and_a_wrong_method_are_problems_too(client: ApiClient) -> None:
    assert client.http.post("/runsync").json() == problem(404, "Not Found", "Not Found")
    assert client.http.get("/run").json()["status"] == 405


def test_a_body_of_10_mib_is_taken_and_a_larger_one_refused(client: ApiClient) -> None:
    frame = len(json.dumps({"input": {"a": ""}}))
    fits = json.dumps({"input": {"a": "x" * (10 * MIB - frame)}}).encode()
    assert len(fits) == 10 * MIB
    assert client.http.post("/run", content=fits).status_code == 200
    refused = client.http.post("/run", content=fits + b" ")
    assert refused.status_code == 400
    assert refused.json() == problem(400, "Bad Request", "request body is larger than 10 MiB")


def test_a_large_body_of_undeclared_length_is_refused_as_well(client: ApiClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(12 * 16):
            yield b" " * (MIB // 16)

    assert client.http.post("/run", content=chunks()).json()["detail"] == "request body is larger than 10 MiB"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "request body is not valid JSON"),
        (b"{", "request body is not valid JSON"),
        (b"[" * 100_000, "request body is not valid JSON"),
        (b"\xff", "request body is not valid JSON"),
        (b"[]", "request body must be a JSON object"),
        (b"{}", "input must be a non-empty object"),
        (b'{"input": {}}', "input must be a non-empty object"),
        (b'{"input": [1]}', "input must be a non-empty object"),
        (b'{"input": {"a": 1}, "policy": 5}', "policy must be an object"),
        (
            b'{"input": {"a": 1}, "policy": {"ttl": "1"}}',
            "policy.ttl must be a positive number of milliseconds",
        ),
        (b'{"input": {"a": 1}, "policy": {"ttl": 604800001}}', "policy.ttl must be at most 7 days"),
        (
            b'{"input": {"a": 1}, "policy": {"executionTimeout": 604800001}}',
            "policy.executionTimeout must be at most 7 days",
        ),
        (b'{"input": {"a": 1}, "webhook": "ftp://x"}', "webhook must be an http or https address"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(client: ApiClient, body: bytes, detail: str) -> None:
    answer = client.http.post("/run", content=body)
    assert answer.status_code == 400
    assert answer.json() == problem(400, "Bad Request", detail)


def test_unknown_top_level_keys_are_dropped(client: ApiClient, trainer: ScriptedTrainer) -> None:
    job_id = client.run({"a": 1}, idempotency_key="k", s3Config={})
    assert trainer.input_of(job_id) == {"a": 1}


def test_health_counts_jobs_and_workers(client: ApiClient, trainer: ScriptedTrainer) -> None:
    done, lost, *_rest = [client.run() for _ in range(5)]
    trainer.complete(done)
    trainer.lose_worker(lost)
    assert client.http.get("/health").json() == {
        "jobs": {"completed": 1, "failed": 1, "inProgress": 2, "inQueue": 1, "retried": 1},
        "workers": {"idle": 0, "initializing": 0, "ready": 0, "running": 2, "throttled": 0, "unhealthy": 0},
    }


def test_every_reply_is_signed_errors_included(endpoint: LocalEndpoint) -> None:
    with endpoint.serving() as address, ApiClient(address) as client:
        replies = [
            client.http.get("/health"),
            client.http.get("/status/nobody"),
            client.http.post("/run", content=b"no json"),
            client.http.get("/health", headers={"Authorization": "Bearer no"}),
            httpx.get(f"http://127.0.0.1:{address.port}/", trust_env=False),
        ]
    assert {reply.headers.get("X-Local-Endpoint") for reply in replies} == {address.instance_id}


def test_the_key_does_not_show_when_the_address_is_printed(endpoint: LocalEndpoint) -> None:
    with endpoint.serving() as address:
        assert address.api_key not in repr(address)
