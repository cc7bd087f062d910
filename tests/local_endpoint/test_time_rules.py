"""Retention, ttl and executionTimeout, each with a clock that the test sets."""

from local_endpoint import LocalEndpoint, ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import SettableClock

HOUR = 3600
DAY = 24 * HOUR


def test_a_result_is_kept_for_half_an_hour(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run()
    trainer.complete(job_id)
    clock.advance(1799)
    assert client.word(job_id) == "COMPLETED"
    clock.advance(1)
    assert client.word(job_id) == "job not found"


def test_retention_counts_from_the_end_not_from_submission(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run(policy={"executionTimeout": 3 * HOUR * 1000})
    clock.advance(2 * HOUR)
    trainer.fail(job_id)
    clock.advance(1799)
    assert client.word(job_id) == "FAILED"


def test_a_test_can_forget_a_job_at_once(client: ApiClient, endpoint: LocalEndpoint) -> None:
    job_id = client.run()
    endpoint.forget(job_id)
    assert client.word(job_id) == "job not found"


def test_a_job_that_runs_for_more_than_ten_minutes_fails_by_default(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run()
    clock.advance(599)
    assert client.word(job_id) == "IN_PROGRESS"
    clock.advance(1)
    shown = client.status(job_id)
    assert (shown["status"], shown["error"]) == ("FAILED", "executionTimeout exceeded")
    assert trainer.running == []


def test_execution_timeout_counts_from_the_start_not_from_submission(
    client: ApiClient, endpoint: LocalEndpoint, clock: SettableClock
) -> None:
    endpoint.set_max_workers(0)
    job_id = client.run(policy={"executionTimeout": 5000})
    clock.advance(100)
    endpoint.set_max_workers(1)
    clock.advance(4)
    assert client.word(job_id) == "IN_PROGRESS"
    clock.advance(1)
    assert client.word(job_id) == "FAILED"


def test_a_timed_out_job_makes_room_for_the_next(
    client: ApiClient, endpoint: LocalEndpoint, clock: SettableClock
) -> None:
    endpoint.set_max_workers(1)
    client.run()
    second = client.run()
    clock.advance(600)
    endpoint.tick()
    assert client.word(second) == "IN_PROGRESS"


def test_ttl_deletes_even_a_running_job(
    client: ApiClient, trainer: ScriptedTrainer, clock: SettableClock
) -> None:
    job_id = client.run(policy={"executionTimeout": DAY * 1000, "ttl": HOUR * 1000})
    clock.advance(HOUR - 1)
    assert client.word(job_id) == "IN_PROGRESS"
    clock.advance(1)
    assert client.word(job_id) == "job not found"
    assert trainer.running == []


def test_ttl_is_a_day_by_default_and_takes_waiting_jobs_too(
    client: ApiClient, endpoint: LocalEndpoint, clock: SettableClock
) -> None:
    endpoint.set_max_workers(0)
    job_id = client.run()
    clock.advance(DAY - 1)
    assert client.word(job_id) == "IN_QUEUE"
    clock.advance(1)
    assert client.word(job_id) == "job not found"
