"""Each fault as an ordinary HTTP client meets it."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from local_endpoint import Call, Fault, LocalEndpoint, ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.waiting import until


class FaultyEndpoint:
    """An endpoint whose next requests go wrong as listed."""

    def __init__(self, endpoint: LocalEndpoint, client: ApiClient, planned: list[Fault]) -> None:
        self.endpoint = endpoint
        self.client = client
        self.planned = planned

    def run(self, fault: Fault) -> httpx.Response:
        """Submit a job while this goes wrong."""
        self.planned.append(fault)
        return self.client.http.post("/run", json={"input": {"a": 1}})

    @property
    def job_count(self) -> int:
        return len(self.endpoint.jobs())


@pytest.fixture
def faulty(tmp_path: Path, trainer: ScriptedTrainer) -> Iterator[FaultyEndpoint]:
    planned: list[Fault] = []
    endpoint = LocalEndpoint(
        tmp_path / "state", trainer=trainer, faults=lambda _call: planned.pop(0) if planned else None
    )
    with endpoint.serving() as address, ApiClient(address) as client:
        yield FaultyEndpoint(endpoint, client, planned)


def test_a_made_up_reply_replaces_the_work(faulty: FaultyEndpoint) -> None:
    answer = faulty.run(Fault.reply(502, "<html>", content_type="text/html", headers={"Retry-After": "3"}))
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (502, "<html>", "3")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["x-local-endpoint"]
    assert faulty.job_count == 0


def test_a_made_up_reply_can_hide_work_that_was_done(faulty: FaultyEndpoint) -> None:
    answer = faulty.run(Fault.reply(200, {"error": "no"}, handled=True))
    assert answer.json() == {"error": "no"}
    assert faulty.job_count == 1


def test_a_stranger_does_not_sign(faulty: FaultyEndpoint) -> None:
    assert "x-local-endpoint" not in faulty.run(Fault.reply(200, {}, from_stranger=True)).headers


def test_a_refused_connection_leaves_no_job(faulty: FaultyEndpoint) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.run(Fault.refuse())
    assert faulty.job_count == 0


def test_a_lost_reply_leaves_a_job(faulty: FaultyEndpoint) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.run(Fault.lost_reply())
    assert faulty.job_count == 1


@pytest.mark.parametrize("fault", [Fault.cut_headers(), Fault.cut_body()])
def test_a_cut_reply_leaves_a_job(faulty: FaultyEndpoint, fault: Fault) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.run(fault)
    assert faulty.job_count == 1


def test_a_reset_in_the_body_leaves_a_job(faulty: FaultyEndpoint) -> None:
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        faulty.run(Fault.reset())
    assert faulty.job_count == 1


def test_a_reply_that_stalls_leaves_a_job_and_an_open_connection(faulty: FaultyEndpoint) -> None:
    faulty.planned.append(Fault.stall())
    with pytest.raises(httpx.ReadTimeout):
        faulty.client.http.post("/run", json={"input": {"a": 1}}, timeout=0.2)
    assert faulty.job_count == 1


@pytest.mark.parametrize("handled", [False, True])
def test_raw_bytes_replace_the_reply(faulty: FaultyEndpoint, handled: bool) -> None:
    answer = faulty.run(Fault.raw(b"HTTP/1.1 299 Odd\r\nX: y\r\n\r\nuntil the end", handled=handled))
    assert (answer.status_code, answer.headers["x"], answer.text) == (299, "y", "until the end")
    assert faulty.job_count == handled
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.run(Fault.raw(b"SSH-2.0\r\n"))


def test_a_slow_reply_arrives_whole(faulty: FaultyEndpoint) -> None:
    answer = faulty.run(Fault.slow(chunk_bytes=64, pause_s=0.001))
    assert answer.json()["status"] == "IN_QUEUE"


def test_the_connection_is_usable_after_every_fault(faulty: FaultyEndpoint) -> None:
    for fault in (Fault.lost_reply(), Fault.slow(pause_s=0), Fault.cut_body(), Fault.reply(500)):
        with suppress(httpx.RemoteProtocolError):
            faulty.run(fault)
        assert faulty.client.http.get("/health").status_code == 200


def test_a_delayed_request_is_handled_although_its_client_has_left(faulty: FaultyEndpoint) -> None:
    faulty.planned.append(Fault.delay(0.6))
    with pytest.raises(httpx.ReadTimeout):
        faulty.client.http.post("/run", json={"input": {"a": 1}}, timeout=0.05)
    assert faulty.job_count == 0
    until(lambda: faulty.job_count)


def test_a_late_reply_is_about_work_that_is_done(faulty: FaultyEndpoint) -> None:
    faulty.planned.append(Fault.late_reply(30))
    with pytest.raises(httpx.ReadTimeout):
        faulty.client.http.post("/run", json={"input": {"a": 1}}, timeout=0.2)
    assert until(lambda: faulty.job_count) == 1


def test_a_delay_holds_up_nobody_else(faulty: FaultyEndpoint) -> None:
    faulty.planned.append(Fault.refuse().after(30))
    with pytest.raises(httpx.ReadTimeout):
        faulty.client.http.get("/health", timeout=0.1)
    assert faulty.client.http.get("/health", timeout=5).status_code == 200


def test_a_hook_may_wait_without_holding_up_the_others(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    let_go = threading.Event()

    def hold_runs(call: Call) -> None:
        if call.verb == "run":
            let_go.wait(10)

    endpoint = LocalEndpoint(tmp_path / "state", trainer=trainer, faults=hold_runs)
    with endpoint.serving() as address, ApiClient(address) as client:
        submitting = threading.Thread(target=client.run)
        submitting.start()
        with ApiClient(address) as other:
            assert other.http.get("/health").status_code == 200
            assert endpoint.jobs() == []
        let_go.set()
        submitting.join()
        assert len(endpoint.jobs()) == 1
