"""The client by itself: how answers are read, what is limited, what never raises.

What becomes of a training when the network or RunPod fails stands in test_network_table.py.
"""

import gc
import json
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import NoReturn

import httpcore
import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from local_endpoint import Fault
from lora_core import CouldNotAsk, Job, JobNotFound, RunpodClient, runpod_connection
from lora_core.runpod_answers import Accepted, Health, NotSent, OutcomeUnknown, Refused
from tests.lora_core.bench import FakeRunpod, SettableClock
from tests.lora_core.network_events import JOB, STATUSES

KEY = "rpa_VERYSECRET0123456789"
BASE = "https://api.runpod.ai/v2"
REQUEST = {"input": {"training_config": {"request_id": "16_1"}}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeRunpod]:
    with FakeRunpod(tmp_path_factory.mktemp("runpod"), SettableClock()).serving() as served:
        yield served


@pytest.fixture
def runpod(served: FakeRunpod) -> FakeRunpod:
    served.calm()
    return served


@pytest.fixture
def client(runpod: FakeRunpod) -> Iterator[RunpodClient]:
    address = runpod.address
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key)) as client:
        yield client


def problem(status: int, detail: str) -> dict[str, object]:
    return {"status": status, "title": "Problem", "detail": detail}


# -- what a submission's answer means


def test_an_id_means_accepted(client: RunpodClient, runpod: FakeRunpod) -> None:
    assert client.submit(REQUEST) == Accepted(runpod.job_ids()[-1])


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 7, 7), ("0", 0, 0), (timedelta(seconds=30), 20, 30), (timedelta(seconds=-30), 0, 0)],
)
def test_a_429_may_be_tried_again_after_the_time_it_names(
    client: RunpodClient, runpod: FakeRunpod, header: str | timedelta, least: float, most: float
) -> None:
    header = header if isinstance(header, str) else format_datetime(datetime.now(UTC) + header, usegmt=True)
    answers = [Fault.reply(429, b"", headers={"retry-after": header})] * 2
    runpod.next_answers("run", answers[0])
    runpod.next_answers("status", answers[1])
    outcome, evidence = client.submit(REQUEST), client.status("job-1")
    assert isinstance(outcome, NotSent)
    assert isinstance(evidence, CouldNotAsk)
    for wait_s in (outcome.retry_after_s, evidence.retry_after_s):
        assert wait_s is not None
        assert least <= wait_s <= most


@pytest.mark.parametrize(
    "header", ["soon", "", "-5", "1e9", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 99 Foo 2026"]
)
def test_a_retry_after_that_is_no_time_is_none(client: RunpodClient, runpod: FakeRunpod, header: str) -> None:
    runpod.next_answers("status", Fault.reply(429, b"", headers={"retry-after": header}))
    assert client.status("job-1") == CouldNotAsk(
        "RunPod asks to slow down (429); the lab waits and asks again.", None
    )


@pytest.mark.parametrize("header", ["9" * 400, "99999999999", "Mon, 01 Jan 9999 00:00:00 GMT"])
def test_a_retry_after_of_years_counts_as_ten_minutes(
    client: RunpodClient, runpod: FakeRunpod, header: str
) -> None:
    runpod.next_answers("status", Fault.reply(503, b"", headers={"retry-after": header}))
    evidence = client.status("job-1")
    assert isinstance(evidence, CouldNotAsk)
    assert evidence.retry_after_s == 600


# -- what an answer to /status means


def test_a_running_and_a_cancelled_job_are_told_apart(tmp_path: Path) -> None:
    with FakeRunpod(tmp_path, SettableClock()).serving() as runpod:
        address = runpod.address
        with RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key)) as client:
            told_apart(client, runpod)


def told_apart(client: RunpodClient, runpod: FakeRunpod) -> None:
    ids = [
        answer.job_id
        for answer in (client.submit(REQUEST), client.submit(REQUEST))
        if isinstance(answer, Accepted)
    ]
    runpod.trainer.progress(ids[0], step=5)
    assert client.cancel(ids[1]) == Job("CANCELLED")
    running, cancelled = client.status(ids[0]), client.status(ids[1])
    assert isinstance(running, Job)
    assert isinstance(cancelled, Job)
    assert (running.status, running.output, cancelled.status) == ("IN_PROGRESS", {"step": 5}, "CANCELLED")


def test_a_job_that_the_endpoint_does_not_know_is_not_found(client: RunpodClient) -> None:
    assert client.status("00000000-0000-0000-0000-000000000000-u1") == JobNotFound()
    assert client.cancel("00000000-0000-0000-0000-000000000000-u1") == JobNotFound()


@pytest.mark.parametrize("asked", ["job-1-u1", "job-1"])
@pytest.mark.parametrize("answered", ["job-1-u1", "job-1-e2", "job-1"])
def test_a_job_may_be_answered_with_another_suffix(
    client: RunpodClient, runpod: FakeRunpod, asked: str, answered: str
) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": answered, "status": "IN_QUEUE"}))
    assert client.status(asked) == Job("IN_QUEUE")


@pytest.mark.parametrize(
    ("error", "reads"),
    [
        ("job timed out after 1 retries", "job timed out after 1 retries"),
        ('{"error_type": "<class \'E\'>", "error_message": "no VRAM"}', "<class 'E'>: no VRAM"),
        ('{"no": "message"}', '{"no": "message"}'),
        ("{broken", "{broken"),
        ({"error_message": "no VRAM"}, "no VRAM"),
        (["a", 1], '["a", 1]'),
        ("cut in half \ud83d", "cut in half ?"),
        ("x" * 50_000, "x" * 20_000),
        ("", None),
        (None, None),
        (0, None),
    ],
)
def test_an_error_is_read_as_words_also_where_it_is_json_text(
    client: RunpodClient, runpod: FakeRunpod, error: object, reads: str | None
) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": "job-1", "status": "FAILED", "error": error}))
    assert client.status("job-1") == Job("FAILED", error=reads)


@pytest.mark.parametrize(
    "times",
    [
        {"delayTime": "x", "executionTime": -1},
        {"delayTime": True, "executionTime": 1e300},
        {"executionTime": []},
    ],
)
def test_times_that_are_none_read_as_not_told(
    client: RunpodClient, runpod: FakeRunpod, times: dict[str, object]
) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": "job-1", "status": "COMPLETED", **times}))
    assert client.status("job-1") == Job("COMPLETED")


@pytest.mark.parametrize("depth", [900, 970, 985, 990, 995, 1000, 5000, 200_000])
def test_deep_json_is_no_reason_to_raise(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    body = b'{"id": "job-1", "status": "FAILED", "error": {"message": ' + deep + b', "x": ' + deep + b"}}"
    with respx.mock(base_url=BASE) as routes:
        routes.get("/e1/status/job-1").respond(200, content=body)
        routes.post("/e1/run").respond(200, content=body.replace(b"job-1", b""))
        with RunpodClient(BASE, "e1", SecretStr(KEY)) as client:
            client.status("job-1")
            client.submit(REQUEST)


def test_an_answer_of_many_megabytes_is_not_read_to_its_end() -> None:
    with respx.mock(base_url=BASE) as routes:
        routes.get("/e1/status/job-1").respond(
            200, stream=httpx.ByteStream(b"[" + b" " * (33 * 2**20) + b"]")
        )
        with RunpodClient(BASE, "e1", SecretStr(KEY)) as client:
            evidence = client.status("job-1")
    assert isinstance(evidence, CouldNotAsk)
    assert "far too large" in evidence.why


class SettableTime:
    """`time.monotonic` that passes only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_a_reply_may_take_so_long_after_its_request_however_old_the_connection_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SettableTime()
    monkeypatch.setattr(runpod_connection, "time", clock)
    stream = runpod_connection._BoundedStream(httpcore.MockStream([b"a", b"b", b"c"]), 60)
    clock.now = 1000
    stream.write(b"request")
    clock.now = 1059
    assert stream.read(10) == b"a"
    clock.now = 1060
    with pytest.raises(httpcore.ReadTimeout, match="over 60 s"):
        stream.read(10)
    stream.write(b"another")
    assert stream.read(10) == b"b"


def test_each_read_waits_no_longer_than_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []

    class Noting(httpcore.MockStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            waited.append(timeout)
            return super().read(max_bytes, timeout)

    clock = SettableTime()
    monkeypatch.setattr(runpod_connection, "time", clock)
    stream = runpod_connection._BoundedStream(Noting([b"a", b"b", b"c"]), 60)
    stream.read(1, timeout=30)
    clock.now = 50
    stream.read(1, timeout=30)
    stream.read(1)
    assert waited == [30, 10, 10]


@pytest.mark.parametrize(
    ("low", "words"),
    [
        (ssl.SSLCertVerificationError("self-signed"), "its certificate is not one that this computer trusts"),
        (ssl.SSLError("handshake"), "no connection came about"),
        (socket.gaierror("no such name"), "its address was not found; check that this computer is online"),
    ],
)
def test_why_there_is_no_connection_is_read_from_what_lies_beneath(low: Exception, words: str) -> None:
    def fail(request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("technical text", request=request) from low

    with RunpodClient(BASE, "e1", SecretStr(KEY), transport=httpx.MockTransport(fail)) as client:
        assert client.status("job-1") == CouldNotAsk(
            f"The endpoint could not be asked: {words}. The lab asks again."
        )


def test_the_technical_cause_goes_to_the_log_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def fail(request: httpx.Request) -> NoReturn:
        raise httpx.ReadError(f"odd header {KEY}", request=request)

    with RunpodClient(BASE, "e1", SecretStr(KEY), transport=httpx.MockTransport(fail)) as client:
        client.submit(REQUEST)
    assert "/run of endpoint e1: ReadError: odd header (API key)" in caplog.text


@pytest.mark.parametrize("key", ["ok", "no"])
def test_a_key_too_short_to_be_one_is_not_looked_for_in_answers(runpod: FakeRunpod, key: str) -> None:
    address = runpod.address
    runpod.next_answers("status", Fault.reply(200, {"id": "job-1", "status": "FAILED", "error": "ok, no"}))
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(key)) as client:
        assert client.status("job-1") == Job("FAILED", error="ok, no")


def test_space_around_a_jobs_id_is_none_of_it(client: RunpodClient, runpod: FakeRunpod) -> None:
    runpod.next_answers("run", Fault.reply(200, {"id": " abc-u1\n"}))
    assert client.submit(REQUEST) == Accepted("abc-u1")


def test_health_counts_jobs_and_workers_and_forgives_what_is_missing(
    client: RunpodClient, runpod: FakeRunpod
) -> None:
    health = client.health()
    assert isinstance(health, Health)
    assert {"idle", "running"} <= set(health.workers)
    assert {"completed", "inQueue"} <= set(health.jobs)
    runpod.next_answers("health", Fault.reply(200, {"jobs": [], "workers": {"idle": "x", "ready": 1}}))
    assert client.health() == Health({}, {"ready": 1})


@pytest.mark.parametrize("answer", [Fault.reply(401, b""), Fault.reply(200, "[]"), Fault.refuse()])
def test_health_that_does_not_answer_says_why(
    client: RunpodClient, runpod: FakeRunpod, answer: Fault
) -> None:
    runpod.next_answers("health", answer)
    assert isinstance(client.health(), CouldNotAsk)


def test_a_reply_of_another_process_on_the_port_counts_for_nothing(runpod: FakeRunpod) -> None:
    address = runpod.address
    key, instance = SecretStr(address.api_key), address.instance_id
    with RunpodClient(address.base_url, address.endpoint_id, key, instance_id=instance) as client:
        assert isinstance(client.submit(REQUEST), Accepted)
        stranger = Fault.reply(404, problem(404, "job not found"), from_stranger=True)
        for verb in ("status", "cancel", "health", "run"):
            runpod.next_answers(verb, stranger)
        assert isinstance(client.status(runpod.job_ids()[0]), CouldNotAsk)
        assert isinstance(client.cancel(runpod.job_ids()[0]), CouldNotAsk)
        assert isinstance(client.health(), CouldNotAsk)
        assert isinstance(client.submit(REQUEST), OutcomeUnknown)


def test_a_proxy_of_the_environment_is_not_asked_for_the_endpoint_on_this_machine(
    runpod: FakeRunpod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    address = runpod.address
    key, instance = SecretStr(address.api_key), address.instance_id
    with RunpodClient(address.base_url, address.endpoint_id, key, instance_id=instance) as client:
        assert isinstance(client.health(), Health)


# -- nothing raises, nothing leaks

BODIES = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "status", "error", "output", "detail", "title", "delayTime", "retries", "jobs"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Retry-After", b"Content-Type", b"Content-Encoding", b"Location", b"Set-Cookie", b"X-Odd"]
        ),
        st.one_of(
            st.sampled_from(
                [b"gzip", b"br", b"application/json; charset=\xff", b"a=b; Max-Age=99999999999999999999"]
            ),
            st.text(st.characters(max_codepoint=255), max_size=30).map(lambda text: text.encode("latin-1")),
        ),
    ),
    max_size=3,
)


@given(status=st.integers(200, 599), body=BODIES, headers=HEADERS)
@settings(max_examples=150, deadline=None)
def test_no_status_no_header_and_no_body_makes_the_client_raise(
    status: int, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))
    )
    with RunpodClient(BASE, "e1", SecretStr(KEY), transport=transport) as client:
        said = [client.submit(REQUEST), client.status("job-1"), client.cancel("job-1"), client.health()]
    assert KEY not in repr(said)


REPLIES = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"id": "job-1", "status": "FAILED"}  ',
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id": "a\r\n2\r\n"}\r\n0\r\nX: y\r\n\r\n',
    b"HTTP/1.1 307 Go\r\nLocation: https://x.example/\r\nSet-Cookie: a=b; Max-Age=3\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 503 No\r\n\r\n<html>",
)
ODD_BYTES = st.text(st.sampled_from("\r\n: ,;\x00\xff019{}<ha"), min_size=1, max_size=4).map(str.encode)


@given(reply=st.sampled_from(REPLIES), at=st.floats(0, 1), left_out=st.integers(0, 9), put_in=ODD_BYTES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_the_client_raise_or_say_that_nothing_was_sent(
    client: RunpodClient, runpod: FakeRunpod, reply: bytes, at: float, left_out: int, put_in: bytes
) -> None:
    place = int(at * len(reply))
    odd = Fault.raw(reply[:place] + put_in + reply[place + left_out :])
    for verb in ("run", "status", "health"):
        runpod.next_answers(verb, odd)
    assert not isinstance(client.submit(REQUEST), NotSent)
    client.status("job-1")
    client.health()


@pytest.mark.parametrize("key", ["", " \n"])
def test_an_empty_key_is_told_and_nothing_is_sent(runpod: FakeRunpod, key: str) -> None:
    address = runpod.address
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(key)) as client:
        assert client.submit(REQUEST) == Refused("RUNPOD_API_KEY is empty; copy the key into it.")
    assert runpod.count() == 0


@pytest.mark.parametrize("key", ["ключ", "a\nb", f"{KEY}\u2028{KEY}", "a\x00b"])
def test_a_key_that_no_header_takes_is_refused_in_a_sentence_without_the_key(key: str) -> None:
    with RunpodClient(BASE, "e1", SecretStr(key)) as client:
        outcome, evidence = client.submit(REQUEST), client.status("job-1")
    assert isinstance(outcome, Refused)
    assert isinstance(evidence, CouldNotAsk)
    assert "RUNPOD_API_KEY" in outcome.why
    assert key not in f"{outcome}{evidence}"


def test_space_around_the_key_is_none_of_it(runpod: FakeRunpod) -> None:
    address = runpod.address
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(f" {address.api_key}\n")) as client:
        assert isinstance(client.health(), Health)


@pytest.mark.parametrize(
    "base_url", ["http://[::1", "http://x\x00y", "nonsense", "ftp://x", "http://" + "a" * 300, ""]
)
def test_an_address_that_is_none_is_told_and_nothing_is_sent(base_url: str) -> None:
    with RunpodClient(base_url, "e1", SecretStr(KEY)) as client:
        assert not isinstance(client.submit(REQUEST), Accepted)
        assert isinstance(client.status("job-1"), CouldNotAsk)
        assert isinstance(client.health(), CouldNotAsk)


def test_the_key_is_in_no_outcome_no_repr_and_no_log(
    runpod: FakeRunpod, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = runpod.address
    faults = [event.about(JOB, address.api_key) for event in STATUSES]
    runpod.next_answers("run", *faults)
    runpod.next_answers("status", *faults)
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key)) as client:
        said: list[object] = [client, vars(client)]
        for _ in faults:
            said += [client.submit(REQUEST), client.status("job-1")]
        said += [client.cancel("job-1"), client.health()]
    assert caplog.records
    assert address.api_key not in repr(said) + str(said) + caplog.text


def test_two_hundred_statuses_take_a_fifteenth_of_the_time_of_one_after_the_other(tmp_path: Path) -> None:
    fake = FakeRunpod(tmp_path, SettableClock())
    fake.hook = lambda _: Fault.late_reply(0.1)
    with fake.serving() as runpod:
        address = runpod.address
        with RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key)) as client:
            began = time.perf_counter()
            for number in range(5):
                client.status(f"job-{number}")
            one_s = (time.perf_counter() - began) / 5
            gc.collect()
            began = time.perf_counter()
            found = client.statuses([f"job-{number}" for number in range(200)])
            together_s = time.perf_counter() - began
    assert set(found.values()) == {JobNotFound()}
    assert len(found) == 200
    print(f"200 statuses: {together_s:.2f} s together, {200 * one_s:.1f} s one after the other")  # noqa: T201
    assert together_s < 200 * one_s / 15
