"""The endpoint without its socket: requests go straight into its API, and break where a test says.

For the tests that make a hundred thousand calls. API, queue, store and trainer are the served endpoint's own;
only the server around them is left out. What a socket can do to a reply is played by what httpx makes of it.
"""

import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Message, Scope

from local_endpoint import Address, Call, Fault, Job, ScriptedTrainer
from local_endpoint.api import JobApi
from local_endpoint.calls import call_of
from local_endpoint.faults import Delivery
from local_endpoint.job_queue import JobQueue
from local_endpoint.job_store import JobStore
from local_endpoint.kept_reply import KeptReply, made_up
from local_endpoint.webhooks import WebhookSender


class DirectRunpod(httpx.BaseTransport):
    """A RunPod with a memory, as the transport of a lab's client.

    `hook` answers, for each call, the fault that it meets: a `Fault`, an httpx exception that is raised before
    anything arrives, or None.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], float], *, max_workers: int = 2, retention_s: float = 1800
    ) -> None:
        self.trainer = ScriptedTrainer()
        self.calls: list[Call] = []
        self.hook: Callable[[Call], Fault | httpx.TransportError | None] | None = None
        self.on_answered: Callable[[Call], None] = lambda _: None
        """Called when a request has been handled and its reply is on its way."""
        self._clock = clock
        self._store = JobStore(folder / "runpod.sqlite")
        self._webhooks = WebhookSender(retry_s=0)
        self.queue = JobQueue(
            self._store,
            self.trainer,
            self._webhooks,
            clock=clock,
            max_workers=max_workers,
            retention_s=retention_s,
        )
        self.address = Address(
            "http://runpod.test/v2", self._store.endpoint_id, self._store.api_key, str(uuid.uuid4()), 80
        )
        self._app = JobApi(
            self.queue, endpoint_id=self._store.endpoint_id, api_key=self._store.api_key
        ).application()

    def close_store(self) -> None:
        """Gives its file back. `close` is httpx's, which every lab calls for its own client."""
        self._webhooks.close()
        self._store.close()

    def jobs(self) -> list[Job]:
        return self.queue.jobs()

    def count(self, verb: str) -> int:
        return sum(1 for call in self.calls if call.verb == verb)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        scope = _scope_of(request)
        call = call_of(scope, body, self._clock())
        self.calls.append(call)
        fault = self.hook(call) if self.hook else None
        if isinstance(fault, httpx.TransportError):
            raise fault
        fault = fault or Fault()
        kept = KeptReply()
        if fault.is_handled:
            _run(self._app(scope, _receive_of(body), kept.send))
            self.on_answered(call)
        if fault.answer is not None:
            kept = made_up(fault.answer, {})
        return _delivered(kept, fault)


def _delivered(kept: KeptReply, fault: Fault) -> httpx.Response:
    if fault.delivery is Delivery.NOTHING:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    if fault.delivery is Delivery.HALF_HEADERS:
        raise httpx.RemoteProtocolError("peer closed connection in the headers")
    start, *rest = kept.messages
    body = b"".join(part.get("body", b"") for part in rest)
    if fault.delivery is Delivery.HALF_BODY:
        return httpx.Response(start["status"], headers=start["headers"], stream=_CutBody(body))
    return httpx.Response(start["status"], headers=start["headers"], content=body)


class _CutBody(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body[: len(self._body) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _scope_of(request: httpx.Request) -> Scope:
    return {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
    }


def _receive_of(body: bytes) -> Callable[[], Coroutine[Any, Any, Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """The API waits for nothing but its request, so it needs no event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the endpoint's API waited for something")
