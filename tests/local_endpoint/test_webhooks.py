"""Webhooks: what is sent, when, and how often."""

import pytest

from local_endpoint import LocalEndpoint, ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import Serve, SettableClock
from tests.local_endpoint.receiver import Receiver
from tests.local_endpoint.waiting import until


def is_quiet(endpoint: LocalEndpoint) -> bool:
    return not endpoint.is_busy()


def test_the_whole_job_is_sent_with_input_and_webhook_echoed(
    client: ApiClient, trainer: ScriptedTrainer, receiver: Receiver
) -> None:
    job_id = client.run({"a": 1}, webhook=receiver.address)
    trainer.complete(job_id)
    [sent] = until(lambda: receiver.bodies)
    assert sent == {**client.status(job_id), "input": {"a": 1}, "webhook": receiver.address}


def test_a_failed_job_is_announced_too(
    client: ApiClient, trainer: ScriptedTrainer, receiver: Receiver
) -> None:
    trainer.fail(client.run(webhook=receiver.address), "no GPU")
    [sent] = until(lambda: receiver.bodies)
    assert (sent["status"], sent["error"]) == ("FAILED", "no GPU")


def test_a_refused_webhook_is_tried_three_times_in_all(
    client: ApiClient, endpoint: LocalEndpoint, trainer: ScriptedTrainer, receiver: Receiver
) -> None:
    receiver.answers = [500, 404, 302, 200]
    trainer.complete(client.run(webhook=receiver.address))
    until(lambda: is_quiet(endpoint))
    assert len(receiver.bodies) == 3


def test_any_2xx_ends_the_tries(
    client: ApiClient, endpoint: LocalEndpoint, trainer: ScriptedTrainer, receiver: Receiver
) -> None:
    receiver.answers = [500, 204]
    trainer.complete(client.run(webhook=receiver.address))
    until(lambda: is_quiet(endpoint))
    assert len(receiver.bodies) == 2


def test_a_receiver_that_is_not_there_harms_nobody(
    client: ApiClient, endpoint: LocalEndpoint, trainer: ScriptedTrainer
) -> None:
    job_id = client.run(webhook="http://127.0.0.1:9/hook")
    trainer.complete(job_id)
    until(lambda: is_quiet(endpoint))
    assert client.word(job_id) == "COMPLETED"


def test_cancelled_and_timed_out_jobs_are_not_announced(
    client: ApiClient, endpoint: LocalEndpoint, trainer: ScriptedTrainer, receiver: Receiver
) -> None:
    cancelled, timed_out = client.run(webhook=receiver.address), client.run(webhook=receiver.address)
    client.cancel(cancelled)
    trainer.time_out(timed_out)
    until(lambda: is_quiet(endpoint))
    assert receiver.bodies == []


def test_an_exceeded_execution_timeout_is_announced(
    client: ApiClient, endpoint: LocalEndpoint, clock: SettableClock, receiver: Receiver
) -> None:
    client.run(webhook=receiver.address)
    clock.advance(600)
    endpoint.tick()
    [sent] = until(lambda: receiver.bodies)
    assert sent["error"] == "executionTimeout exceeded"


def test_the_secret_in_a_webhooks_address_is_not_logged(
    client: ApiClient,
    endpoint: LocalEndpoint,
    trainer: ScriptedTrainer,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", "local_endpoint"):
        trainer.complete(client.run(webhook=receiver.address))
        until(lambda: is_quiet(endpoint))
    own = [record.getMessage() for record in caplog.records if record.name.startswith("local_endpoint")]
    assert any("webhook to 127.0.0.1" in line for line in own)
    assert not any("s3cr3t" in line for line in own)


def test_the_end_of_the_endpoint_does_not_wait_for_the_next_try(serve: Serve, receiver: Receiver) -> None:
    trainer = ScriptedTrainer()
    receiver.answers = [500]
    with serve(trainer=trainer, webhook_retry_s=3600) as client:
        trainer.complete(client.run(webhook=receiver.address))
        until(lambda: receiver.bodies)
    assert len(receiver.bodies) == 1
