"""What RunPod can answer, and what the lab makes of it. Up to the socket, one real server."""

import gc
import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from local_endpoint import Fault
from lora_core import CouldNotAsk, Job, JobNotFound, RunpodClient
from lora_core.runpod_answers import Accepted, Health, NotSent, OutcomeUnknown, Refused
from tests.lora_core.bench import FakeRunpod, SettableClock
from tests.lora_core.raw_server import RawServer

KEY = "rpa_VERYSECRET0123456789"
BASE = "https://api.runpod.ai/v2"
REQUEST = {"input": {"training_config": {"request_id": "16_1"}}}
HTML = "<html><body>502 Bad Gateway</body></html>"


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


@contextmanager
def answered_by(answer: bytes, **how: Any) -> Iterator[tuple[RunpodClient, RawServer]]:
    with RawServer(answer, **how).serving() as server:
        timeout = httpx.Timeout(0.3)
        with RunpodClient(server.base_url, "e1", SecretStr(KEY), timeout=timeout) as client:
            yield client, server


def problem(status: int, detail: str) -> dict[str, object]:
    return {"status": status, "title": "Problem", "detail": detail}


# -- what a submission's answer means


def test_an_id_means_accepted(client: RunpodClient, runpod: FakeRunpod) -> None:
    assert client.submit(REQUEST) == Accepted(runpod.job_ids()[-1])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Fault.reply(401, problem(401, "invalid api key")), "invalid api key"),
        (Fault.reply(404, problem(404, "endpoint not found")), "endpoint not found"),
        (Fault.reply(404, problem(404, "job not found")), "job not found"),
        (Fault.reply(400, problem(400, "the body is over 10 MiB")), "10 MiB"),
        (Fault.reply(422, {"error": "input is missing"}), "input is missing"),
        (Fault.reply(200, {"error": "no such template"}), "no such template"),
        (Fault.reply(200, {"id": "", "error": {"message": "quota is used up"}}), "quota is used up"),
        (Fault.reply(200, {"error": '{"error_type": "E", "error_message": "no GPU"}'}), "E: no GPU"),
    ],
)
def test_an_answer_that_says_no_is_a_refusal_in_its_own_words(
    client: RunpodClient, runpod: FakeRunpod, answer: Fault, says: str
) -> None:
    runpod.next_answers("run", answer)
    outcome = client.submit(REQUEST)
    assert isinstance(outcome, Refused)
    assert says in outcome.why


UNCLEAR = [
    Fault.reply(200, b""),
    Fault.reply(200, '{"id": "abc'),
    Fault.reply(200, HTML, content_type="text/html"),
    Fault.reply(200, "[]"),
    Fault.reply(200, {}),
    Fault.reply(200, {"status": "IN_QUEUE"}),
    Fault.reply(200, {"status": "IN_QUEUE", "message": "queued"}),
    Fault.reply(200, {"id": 7}),
    Fault.reply(200, {"id": "  "}),
    Fault.reply(202, {"status": "IN_QUEUE", "title": "Accepted"}),
    Fault.reply(302, b"", headers={"location": "https://elsewhere.example/"}),
    Fault.reply(400, HTML, content_type="text/html"),
    Fault.reply(404, b""),
    Fault.reply(408, problem(408, "request time-out")),
    Fault.reply(500, problem(500, "internal error")),
    Fault.reply(500, b""),
    Fault.reply(502, HTML, content_type="text/html"),
    Fault.reply(503, {"error": "no id here"}),
    Fault.reply(504, b"upstream timed out", content_type="text/plain"),
    Fault.lost_reply(),
    Fault.cut_headers(),
    Fault.cut_body(),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_anything_else_without_an_id_has_an_unknown_outcome_and_is_sent_only_once(
    client: RunpodClient, runpod: FakeRunpod, answer: Fault
) -> None:
    runpod.next_answers("run", answer)
    assert isinstance(client.submit(REQUEST), OutcomeUnknown)
    assert runpod.count("run") == 1


def test_a_read_time_out_has_an_unknown_outcome_and_is_sent_only_once(runpod: FakeRunpod) -> None:
    address = runpod.address
    runpod.next_answers("run", Fault.late_reply(5))
    key, timeout = SecretStr(address.api_key), httpx.Timeout(0.2)
    with RunpodClient(address.base_url, address.endpoint_id, key, timeout=timeout) as client:
        assert isinstance(client.submit(REQUEST), OutcomeUnknown)
    assert runpod.count("run") == 1


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"id": "ab',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id": "a\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
        b"HTTP/1.1 307 Go\r\nLocation: mailto:x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Go\r\nLocation: https://xn--/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
    ],
)
def test_a_broken_reply_is_an_unknown_outcome_and_no_evidence_of_a_job(bytes_sent: bytes) -> None:
    with answered_by(bytes_sent) as (client, server):
        assert isinstance(client.submit(REQUEST), OutcomeUnknown)
        assert len(server.requests) == 1
        assert isinstance(client.status("job-1"), CouldNotAsk)
        assert isinstance(client.cancel("job-1"), CouldNotAsk)
        assert isinstance(client.health(), CouldNotAsk)


def test_a_silent_server_is_an_unknown_outcome() -> None:
    with answered_by(b"", stays_open=True) as (client, server):
        assert isinstance(client.submit(REQUEST), OutcomeUnknown)
        assert len(server.requests) == 1


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with RunpodClient(f"http://127.0.0.1:{port}/v2", "e1", SecretStr(KEY)) as client:
        assert isinstance(client.submit(REQUEST), NotSent)
        assert isinstance(client.status("job-1"), CouldNotAsk)


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


NO_WORD_OF_THE_JOB = [
    Fault.reply(404, problem(404, "endpoint not found")),
    Fault.reply(404, problem(404, "redis err: client is nil")),
    Fault.reply(404, {"error": "redis err: client is nil"}),
    Fault.reply(404, HTML, content_type="text/html"),
    Fault.reply(404, b""),
    Fault.reply(404, "job not found", content_type="text/plain"),
    Fault.reply(200, problem(404, "job not found")),
    Fault.reply(500, problem(404, "job not found")),
    Fault.reply(401, problem(401, "invalid api key")),
    Fault.reply(403, b""),
    Fault.reply(429, b""),
    Fault.reply(500, {"status": "COMPLETED", "id": "job-1"}),
    Fault.reply(502, HTML, content_type="text/html"),
    Fault.reply(503, b""),
    Fault.reply(200, b""),
    Fault.reply(200, HTML, content_type="text/html"),
    Fault.reply(200, '{"status": "COMPLETED", "id": "jo'),
    Fault.reply(200, {"id": "job-1"}),
    Fault.reply(200, {"id": "job-1", "status": 200}),
    Fault.reply(200, {"id": "job-1", "status": None}),
    Fault.reply(200, "[1, 2]"),
    Fault.reply(200, "null"),
    Fault.reply(301, b"", headers={"location": "/elsewhere"}),
    Fault.refuse(),
    Fault.cut_headers(),
    Fault.cut_body(),
]


@pytest.mark.parametrize("answer", NO_WORD_OF_THE_JOB)
def test_every_other_answer_says_nothing_of_the_job(
    client: RunpodClient, runpod: FakeRunpod, answer: Fault
) -> None:
    runpod.next_answers("status", answer)
    evidence = client.status("job-1")
    assert isinstance(evidence, CouldNotAsk)
    assert evidence.why.endswith((".", "again", ")")) or "could not be asked" in evidence.why


@pytest.mark.parametrize("asked", ["job-1-u1", "job-1"])
@pytest.mark.parametrize("answered", ["job-1-u1", "job-1-e2", "job-1"])
def test_a_job_may_be_answered_with_another_suffix(
    client: RunpodClient, runpod: FakeRunpod, asked: str, answered: str
) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": answered, "status": "IN_QUEUE"}))
    assert client.status(asked) == Job("IN_QUEUE")


def test_an_answer_about_another_job_says_nothing_of_ours(client: RunpodClient, runpod: FakeRunpod) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": "job-2-u1", "status": "COMPLETED"}))
    assert isinstance(client.status("job-1-u1"), CouldNotAsk)


def test_a_status_that_nobody_knows_is_handed_on_as_it_is(client: RunpodClient, runpod: FakeRunpod) -> None:
    runpod.next_answers("status", Fault.reply(200, {"id": "job-1", "status": "HIBERNATING"}))
    assert client.status("job-1") == Job("HIBERNATING")


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
    assert "over 33554432 bytes" in evidence.why


def test_a_reply_that_trickles_without_end_is_given_up(runpod: FakeRunpod) -> None:
    address = runpod.address
    body = {"id": "job-1", "status": "COMPLETED", "output": "x" * 2000}
    trickle = Fault.reply(200, body)
    runpod.next_answers("status", Fault(answer=trickle.answer, delivery=Fault.slow().delivery, pause_s=0.05))
    key = SecretStr(address.api_key)
    with RunpodClient(address.base_url, address.endpoint_id, key, longest_reply_s=0.3) as client:
        began = time.monotonic()
        evidence = client.status("job-1")
    assert isinstance(evidence, CouldNotAsk)
    assert time.monotonic() - began < 3


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
    runpod.next_answers("run", *UNCLEAR)
    runpod.next_answers("status", *NO_WORD_OF_THE_JOB)
    with RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key)) as client:
        said: list[object] = [client, vars(client)]
        said += [client.submit(REQUEST) for _ in range(len(UNCLEAR) + 1)]
        said += [client.status("job-1") for _ in range(len(NO_WORD_OF_THE_JOB) + 1)]
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
