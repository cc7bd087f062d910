"""RunPod's webhook on the lab's own port: who is heard, and how much of it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import anyio
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import Message

from lora_core import VersionStatus
from lora_core.webhooks import BODY_LIMIT, PATH, webhook_token
from tests.lora_core.bench import FakeRunpod
from tests.ui.conftest import close_lab
from tests.ui.screens import Screens
from ui.webhook import webhook_route

SECRET = "a secret of the test's"
CHUNK = b"x" * (1024 * 1024)


class Reply(NamedTuple):
    status: int
    chunks_read: int


def post(path: str, *chunks: bytes, method: str = "POST") -> Reply:
    """One request as a server would hand it to the app; answers when also its background work is done."""
    app = Starlette(routes=[webhook_route])
    left: Iterator[bytes] = iter(chunks)
    read, status = 0, 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        body = next(left, None)
        if body is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "http_version": "1.1",
    }
    # In a thread of its own: the browser's driver keeps an event loop running in the tests' thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, app, scope, receive, send).result()
    return Reply(status, read)


def address(request_id: str, secret: str = SECRET) -> str:
    token = webhook_token(SecretStr(secret), request_id)
    return PATH.format(request_id=request_id, token=token)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORA_LAB_WEBHOOK_SECRET", SECRET)
    close_lab()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "path",
    [
        address("1_17", "another secret"),
        address("1_17")[:-1],
        PATH.format(request_id="1_17", token="ü"),
        address("1_17").replace("1_17", "1_18"),
    ],
)
def test_an_address_that_the_lab_did_not_give_out_is_unknown_and_its_body_unread(
    screens: Screens, path: str
) -> None:
    assert screens.lab.settings.lora_lab_webhook_secret
    assert post(path, CHUNK) == Reply(404, 0)


def test_without_a_secret_no_address_is_known(screens: Screens) -> None:
    assert screens.lab.settings.lora_lab_webhook_secret is None
    assert post(address("1_17"), CHUNK) == Reply(404, 0)
    assert post(address("1_17", ""), CHUNK) == Reply(404, 0)


def test_settings_that_cannot_be_make_every_address_unknown(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_TTL_HOURS", "2")
    close_lab()
    assert screens.styles.is_dir()
    assert post(address("1_17"), CHUNK) == Reply(404, 0)


@pytest.mark.usefixtures("secret")
def test_what_runpod_posts_of_an_ended_training_changes_its_record(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screens.open("new").start()
    version = screens.sent("V1")
    job_id = version.job_id or ""
    runpod.trainer.complete(job_id)
    body = json.dumps({"id": job_id, "status": "COMPLETED"}).encode()
    assert post(address(version.request_id or ""), body[:20], body[20:]).status == 200
    assert screens.version("V1").status is VersionStatus.COMPLETED
    before = screens.records()
    assert post(address(version.request_id or ""), body).status == 200
    assert screens.records() == before


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"id": 7, "status": "COMPLETED"}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_body_that_is_no_job_is_taken_and_changes_nothing(screens: Screens, body: bytes) -> None:
    assert post(address("1_17"), body).status == 200
    assert screens.records() == []


@pytest.mark.usefixtures("secret")
def test_a_body_over_ten_mebibytes_is_refused_as_soon_as_it_is(screens: Screens) -> None:
    assert screens.records() == []
    full = [CHUNK] * (BODY_LIMIT // len(CHUNK))
    assert post(address("1_17"), *full).status == 200
    assert post(address("1_17"), *full, b"x", CHUNK, CHUNK) == Reply(413, len(full) + 1)


@pytest.mark.usefixtures("secret")
def test_only_posts_are_taken(screens: Screens) -> None:
    assert screens.records() == []
    assert post(address("1_17"), method="GET").status == 405
