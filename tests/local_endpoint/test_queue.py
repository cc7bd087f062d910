"""Two at a time, first come first served, cancelled at every stage, and what a restart leaves."""

from pathlib import Path

import pytest

from local_endpoint import JobNotRunningError, LocalEndpoint, ScriptedTrainer
from local_endpoint.server import NotServingError
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import Serve


def test_two_jobs_run_and_the_others_wait_their_turn(client: ApiClient, trainer: ScriptedTrainer) -> None:
    jobs = [client.run() for _ in range(4)]
    assert [client.word(job) for job in jobs] == ["IN_PROGRESS", "IN_PROGRESS", "IN_QUEUE", "IN_QUEUE"]
    trainer.complete(jobs[1])
    assert [client.word(job) for job in jobs] == ["IN_PROGRESS", "COMPLETED", "IN_PROGRESS", "IN_QUEUE"]
    trainer.fail(jobs[0], "no")
    assert client.word(jobs[3]) == "IN_PROGRESS"


def test_a_waiting_job_can_be_cancelled_and_never_starts(client: ApiClient, trainer: ScriptedTrainer) -> None:
    first, second, waiting = (client.run() for _ in range(3))
    assert client.cancel(waiting) == {"id": waiting, "status": "CANCELLED"}
    assert client.status(waiting) == {"id": waiting, "status": "CANCELLED"}
    trainer.complete(first)
    assert trainer.running == [second]


def test_cancelling_a_running_job_ends_its_worker_and_starts_the_next(
    client: ApiClient, trainer: ScriptedTrainer
) -> None:
    first, second, waiting = (client.run() for _ in range(3))
    assert client.cancel(first)["status"] == "CANCELLED"
    assert trainer.running == [second, waiting]
    assert client.word(first) == "CANCELLED"


def test_cancelling_a_final_job_changes_nothing(client: ApiClient, trainer: ScriptedTrainer) -> None:
    done, timed_out = client.run(), client.run()
    trainer.complete(done)
    trainer.time_out(timed_out)
    assert client.cancel(done) == {"id": done, "status": "COMPLETED"}
    assert client.cancel(timed_out) == {"id": timed_out, "status": "TIMED_OUT"}


def test_a_report_about_a_cancelled_job_changes_nothing(client: ApiClient, trainer: ScriptedTrainer) -> None:
    job_id = client.run()
    client.cancel(job_id)
    with pytest.raises(JobNotRunningError):
        trainer.complete(job_id)
    with pytest.raises(JobNotRunningError):
        trainer.progress(job_id, step=1)
    assert client.word(job_id) == "CANCELLED"


def test_after_a_restart_running_jobs_are_lost_and_waiting_ones_run(serve: Serve) -> None:
    with serve(trainer=ScriptedTrainer(), max_workers=1) as client:
        interrupted, waiting = client.run(), client.run()
    with serve(trainer=ScriptedTrainer(), max_workers=1) as client:
        shown = client.status(interrupted)
        assert (shown["status"], shown["error"], shown["retries"]) == (
            "FAILED",
            "job timed out after 1 retries",
            1,
        )
        assert client.word(waiting) == "IN_PROGRESS"


def test_endpoint_id_and_key_survive_a_restart_and_the_instance_does_not(endpoint: LocalEndpoint) -> None:
    with endpoint.serving() as first:
        pass
    with endpoint.serving() as second:
        pass
    assert (first.endpoint_id, first.api_key) == (second.endpoint_id, second.api_key)
    assert first.endpoint_id.startswith("local-")
    assert first.instance_id != second.instance_id


def test_a_restart_can_keep_the_port(endpoint: LocalEndpoint) -> None:
    with endpoint.serving() as first:
        pass
    with endpoint.serving(first.port) as second, ApiClient(second) as client:
        assert client.http.get("/health").status_code == 200


def test_the_database_is_for_its_owner_only(client: ApiClient, tmp_path: Path) -> None:
    client.run()
    files = list((tmp_path / "state").glob("endpoint.sqlite*"))
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_requests_are_kept_for_counting(client: ApiClient, endpoint: LocalEndpoint) -> None:
    job_id = client.run({"a": 1})
    client.word(job_id)
    run, status = endpoint.requests
    assert (run.verb, run.job_id, run.body) == ("run", None, {"input": {"a": 1}})
    assert (status.verb, status.job_id, status.body) == ("status", job_id, None)


def test_jobs_are_shown_in_the_order_of_submission(client: ApiClient, endpoint: LocalEndpoint) -> None:
    submitted = [client.run() for _ in range(3)]
    assert [job.id for job in endpoint.jobs()] == submitted


def test_an_endpoint_that_is_not_served_says_so(endpoint: LocalEndpoint) -> None:
    with pytest.raises(NotServingError):
        endpoint.jobs()
