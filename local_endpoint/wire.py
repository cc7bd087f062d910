"""The outermost layer: notes each request, signs each reply, and breaks what a test wants broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from local_endpoint.calls import CallLog, call_of
from local_endpoint.faults import Delivery, Fault, FaultHook
from local_endpoint.kept_reply import KeptReply, deliver, made_up
from local_endpoint.run_request import MAX_BODY_BYTES

INSTANCE_HEADER = "X-Local-Endpoint"
Transports = dict[tuple[str, int], asyncio.Transport]


def tracked_protocol(transports: Transports) -> type[H11Protocol]:
    """uvicorn's protocol, which also notes each connection: ASGI itself has no word for hanging up."""

    class TrackedProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    return TrackedProtocol


class Wire:
    """An ASGI application around the API's own."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        instance_id: str,
        transports: Transports,
        clock: Callable[[], float],
        faults: FaultHook | None,
        calls: CallLog,
    ) -> None:
        self._app = app
        self._instance_id = instance_id
        self._transports = transports
        self._clock = clock
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        body = await _bounded_body(Request(scope, receive))
        call = call_of(scope, body, self._clock())
        self._calls.add(call)
        fault = await run_in_threadpool(self._faults, call) if self._faults else None
        if fault is None:
            await self._app(scope, _replay(body), self._signed(send))
        else:
            await self._play(fault, scope, body, receive, send)

    async def _play(self, fault: Fault, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        await asyncio.sleep(fault.delay_s)
        kept = KeptReply()
        if fault.is_handled:
            await self._app(scope, _replay(body), self._signed(kept.send))
        await asyncio.sleep(fault.reply_delay_s)
        if fault.answer is not None:
            kept = made_up(fault.answer, {} if fault.answer.from_stranger else self._signature())
        if fault.delivery is Delivery.WHOLE:
            await kept.pass_on(send)
            return
        transport = self._transports.get(scope["client"])
        if transport is not None:
            await deliver(kept.raw(), fault, transport)
            # Returning before uvicorn knows that the connection is gone would make it answer 500.
            while (await receive())["type"] != "http.disconnect":
                pass

    def _signature(self) -> dict[str, str]:
        return {INSTANCE_HEADER: self._instance_id}

    def _signed(self, send: Send) -> Send:
        header = (INSTANCE_HEADER.lower().encode(), self._instance_id.encode())

        async def signing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        return signing


async def _bounded_body(request: Request) -> bytes:
    """The request's body; of one that is too large just enough to see that it is."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        return bytes(MAX_BODY_BYTES + 1)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body[: MAX_BODY_BYTES + 1])


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
