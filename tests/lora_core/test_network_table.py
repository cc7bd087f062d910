"""Each event of `network_events` meets a start, a status and a cancel of a whole lab, over a real socket.

What must hold: a start is accepted, a draft again, or kept as "a job may be running", and is sent no more often
than it may be; a status changes only when the answer says so; a stop stays asked for until a status ends it.
"""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NoReturn

import httpx
import pytest
from pydantic import SecretStr

from local_endpoint import Fault
from lora_core import (
    FailureReason,
    Outlook,
    RunpodClient,
    SubmissionState,
    TrainingLab,
    Version,
    VersionStatus,
    runpod_connection,
)
from tests.lora_core.bench import STYLE, Bench, FakeRunpod, SettableClock, started
from tests.lora_core.network_events import EVERYWHERE, JOB, JOBS, Becomes, Event, Start

PATIENCE_S = 0.3


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeRunpod, SettableClock]]:
    clock = SettableClock()
    with FakeRunpod(tmp_path_factory.mktemp("runpod"), clock).serving() as fake:
        yield fake, clock


@pytest.fixture
def clock(served: tuple[FakeRunpod, SettableClock]) -> SettableClock:
    return served[1]


@pytest.fixture
def runpod(served: tuple[FakeRunpod, SettableClock]) -> Iterator[FakeRunpod]:
    fake = served[0]
    fake.calm()
    yield fake
    for job_id in fake.job_ids():
        fake.endpoint.forget(job_id)


@pytest.fixture(autouse=True)
def _the_key_is_told_to_nobody(bench: Bench, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither a log nor a record nor anything else on the disk holds it, whatever a server sends."""
    caplog.set_level(logging.DEBUG)
    yield
    key = bench.runpod.address.api_key
    assert key not in caplog.text
    written = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if key.encode() in path.read_bytes()] == []


def by_name(events: list[Event]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("event", events, ids=[event.name for event in events])


@contextmanager
def met(bench: Bench, lab: TrainingLab, event: Event, verb: str, job_id: str) -> Iterator[None]:
    """While this lasts, calls of the verb meet the event, as often as they come."""
    fault = event.about(job_id, bench.runpod.address.api_key)
    bench.runpod.hook = lambda call: fault if call.verb == verb else None
    with impatient(bench, lab) if event.needs_impatience else nullcontext():
        yield
    bench.runpod.hook = None


@contextmanager
def impatient(bench: Bench, lab: TrainingLab) -> Iterator[None]:
    timeout = httpx.Timeout(PATIENCE_S)
    with client_to(bench, timeout=timeout, longest_reply_s=PATIENCE_S) as client, speaking_by(lab, client):
        yield


@contextmanager
def speaking_by(lab: TrainingLab, client: RunpodClient) -> Iterator[None]:
    """The lab uses another client for its endpoint while this lasts."""
    clients = lab._endpoints._clients
    place = (lab.settings.runpod_base_url, lab.settings.runpod_endpoint_id or "", "")
    before = lab._endpoints.current().client
    clients[place] = client
    try:
        yield
    finally:
        clients[place] = before


def client_to(bench: Bench, base_url: str | None = None, **how: object) -> RunpodClient:
    address = bench.runpod.address
    return RunpodClient(base_url or address.base_url, address.endpoint_id, SecretStr(address.api_key), **how)  # type: ignore[arg-type]


def training(lab: TrainingLab) -> Version:
    """A version whose job runs, and is known to run."""
    version = started(lab)
    lab.refresh()
    version = lab.version(STYLE, version.key)
    assert version.status is VersionStatus.TRAINING
    return version


# -- a start


@by_name(EVERYWHERE)
def test_a_start_is_accepted_or_a_draft_again_or_kept_and_never_paid_twice(
    bench: Bench, lab: TrainingLab, event: Event
) -> None:
    with met(bench, lab, event, "run", JOB):
        version = started(lab)
    assert bench.runpod.count("run") == len(event.waits) + 1
    assert bench.waits == list(event.waits)
    assert version.status is not VersionStatus.FAILED
    match event.start:
        case Start.ACCEPTED:
            assert version.job_id == JOB
            assert version.submission and version.submission.state is SubmissionState.SENT
        case Start.REFUSED | Start.NOT_SENT:
            assert_draft_again(bench, lab, version, event)
        case _:
            assert_kept(bench, lab, version)


def assert_draft_again(bench: Bench, lab: TrainingLab, version: Version, event: Event) -> None:
    assert (version.status, version.error) == (VersionStatus.DRAFT, event.refusal)
    state = version.submission.state if version.submission else None
    assert state is (SubmissionState.REFUSED if event.start is Start.REFUSED else None)
    again = lab.start_draft(STYLE, version.key)
    assert (again.status, again.error) == (VersionStatus.PENDING, None)
    assert [again.job_id] == bench.runpod.job_ids()


def assert_kept(bench: Bench, lab: TrainingLab, version: Version) -> None:
    assert (version.status, version.job_id) == (VersionStatus.PENDING, None)
    assert version.submission and version.submission.state is SubmissionState.UNKNOWN
    assert lab.start_draft(STYLE, version.key).key == version.key
    bench.clock.advance(minutes=30)
    lab.refresh()
    other = bench.open_lab()
    other.monitor.turn()
    check = other.check_status(STYLE, version.key)
    assert check.version.status is VersionStatus.PENDING
    assert "a job may be running" in check.sentence
    assert bench.runpod.count("run") == 1


# -- a status


@by_name([*EVERYWHERE, *JOBS])
def test_a_status_changes_only_when_the_answer_says_so(bench: Bench, lab: TrainingLab, event: Event) -> None:
    bench.bucket.folder.mkdir(parents=True)
    version = training(lab)
    before = bench.history_file.read_bytes()
    with met(bench, lab, event, "status", version.id):
        check = lab.check_status(STYLE, version.key)
    assert check.sentence == event.says
    assert check.outlook is event.becomes.outlook
    after = check.version
    if event.becomes.status is None:
        assert after.status is VersionStatus.TRAINING
        is_awaited = event.becomes.outlook is Outlook.MODEL_AWAITED
        assert is_awaited or bench.history_file.read_bytes() == before
        lab.refresh()
        assert lab.check_status(STYLE, version.key).sentence == "It is training."
        return
    assert (after.status, after.failure_reason) == (event.becomes.status, event.becomes.reason)
    assert (after.error, after.lora_url) == (event.becomes.error, event.becomes.url)


@by_name(list({event.says: event for event in EVERYWHERE if event.becomes == Becomes()}.values()))
def test_what_could_not_be_asked_with_its_model_there_says_both(
    bench: Bench, lab: TrainingLab, event: Event
) -> None:
    version = training(lab)
    bench.leave_model(version)
    with met(bench, lab, event, "status", version.id):
        check = lab.check_status(STYLE, version.key)
    assert check.sentence == f"{event.says} Its model is already there."
    assert check.version.status is VersionStatus.TRAINING


# -- a cancel


@by_name(EVERYWHERE)
def test_a_stop_stays_asked_for_and_is_repeated_until_a_status_ends_it(
    bench: Bench, lab: TrainingLab, event: Event
) -> None:
    version = training(lab)
    with met(bench, lab, event, "cancel", version.id):
        bench.runpod.next_answers("status", Fault.refuse())
        check = lab.cancel(STYLE, version.key)
    asked = check.version
    assert asked.is_stopping
    assert asked.raw == {**version.raw, "cancelRequestedAt": asked.raw["cancelRequestedAt"]}
    bench.clock.advance(seconds=61)
    lab.monitor.turn()
    assert bench.runpod.count("cancel") == 2
    ended = lab.version(STYLE, version.key)
    assert (ended.status, ended.failure_reason) == (VersionStatus.FAILED, FailureReason.CANCELLED)
    bench.clock.advance(seconds=61)
    lab.monitor.turn()
    assert bench.runpod.count("cancel") == 2


# -- where there is nobody to speak to


def at_a_port_where_nobody_listens(bench: Bench, _: pytest.MonkeyPatch) -> RunpodClient:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return client_to(bench, f"http://127.0.0.1:{port}/v2")


def at_a_port_without_tls(bench: Bench, _: pytest.MonkeyPatch) -> RunpodClient:
    return client_to(bench, bench.runpod.address.base_url.replace("http:", "https:"))


def at_a_name_that_is_not_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RunpodClient:
    monkeypatch.setattr(socket, "getaddrinfo", _raising(socket.gaierror(-2, "Name or service not known")))
    return client_to(bench, "https://runpod.test/v2")


def at_an_address_that_swallows_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RunpodClient:
    monkeypatch.setattr(socket, "create_connection", _raising(TimeoutError("timed out")))
    return client_to(bench, "https://runpod.test/v2")


def behind_a_proxy_that_refuses(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RunpodClient:
    monkeypatch.setenv("HTTPS_PROXY", bench.runpod.address.base_url.removesuffix("/v2"))
    return client_to(bench, "https://runpod.test/v2")


def behind_a_proxy_of_an_unknown_kind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RunpodClient:
    monkeypatch.setenv("ALL_PROXY", "pigeon://127.0.0.1:9")
    return client_to(bench)


def without_the_certificates_that_are_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> RunpodClient:
    monkeypatch.setattr(runpod_connection, "_tls", runpod_connection._tls.__wrapped__)
    monkeypatch.setenv("SSL_CERT_FILE", str(bench.folder / "none.pem"))
    return client_to(bench)


def _raising(error: Exception) -> Callable[..., NoReturn]:
    def call(*_: object, **__: object) -> NoReturn:
        raise error

    return call


ENVIRONMENT = (
    "the proxy or the certificates that the environment names cannot be used; check HTTPS_PROXY, ALL_PROXY and "
    "SSL_CERT_FILE"
)
NOWHERE: list[tuple[Callable[[Bench, pytest.MonkeyPatch], RunpodClient], str]] = [
    (at_a_port_where_nobody_listens, "nothing answers at its address"),
    (at_a_port_without_tls, "no connection came about"),
    (at_a_name_that_is_not_known, "its address was not found; check that this computer is online"),
    (at_an_address_that_swallows_all, "no connection came about in time"),
    (behind_a_proxy_that_refuses, "the proxy did not let the request through; check HTTPS_PROXY"),
    (behind_a_proxy_of_an_unknown_kind, ENVIRONMENT),
    (without_the_certificates_that_are_named, ENVIRONMENT),
]
nowhere = pytest.mark.parametrize(("where", "cause"), NOWHERE, ids=[row[0].__name__ for row in NOWHERE])


@nowhere
def test_where_nothing_can_arrive_a_start_is_a_draft_again(
    bench: Bench,
    lab: TrainingLab,
    monkeypatch: pytest.MonkeyPatch,
    where: Callable[..., RunpodClient],
    cause: str,
) -> None:
    with where(bench, monkeypatch) as client, speaking_by(lab, client):
        version = started(lab)
    monkeypatch.undo()
    assert version.status is VersionStatus.DRAFT
    assert (
        version.error
        == f"The endpoint could not be reached: {cause}. Nothing was sent; start it again later."
    )
    assert bench.waits == [1, 2]
    assert bench.runpod.count("run") == 0
    assert lab.start_draft(STYLE, version.key).job_id in bench.runpod.job_ids()


@nowhere
def test_where_nothing_can_arrive_a_status_stays_and_a_stop_is_repeated(
    bench: Bench,
    lab: TrainingLab,
    monkeypatch: pytest.MonkeyPatch,
    where: Callable[..., RunpodClient],
    cause: str,
) -> None:
    version = training(lab)
    before = bench.history_file.read_bytes()
    with where(bench, monkeypatch) as client, speaking_by(lab, client):
        check = lab.check_status(STYLE, version.key)
        assert check.sentence == f"The endpoint could not be asked: {cause}. The lab asks again."
        assert (check.outlook, check.version.status) == (Outlook.NOT_ASKED, VersionStatus.TRAINING)
        assert bench.history_file.read_bytes() == before
        assert lab.cancel(STYLE, version.key).version.is_stopping
    monkeypatch.undo()
    lab.refresh()
    assert lab.version(STYLE, version.key).failure_reason is FailureReason.CANCELLED
