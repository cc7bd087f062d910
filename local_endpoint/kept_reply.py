"""A reply that is held back: passed on later, replaced, or broken on its way."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

from starlette.types import Message, Send

from local_endpoint.faults import Answer, Delivery, Fault


class KeptReply:
    """A reply that is held back instead of sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """Keep a part of the reply."""
        self.messages.append(message)

    async def pass_on(self, send: Send) -> None:
        """Send the reply after all."""
        for message in self.messages:
            await send(message)

    def raw(self) -> tuple[bytes, bytes]:
        """Head and body as bytes of HTTP/1.1."""
        if not self.messages:
            return b"", b""
        start, *rest = self.messages
        phrase = HTTPStatus(start["status"]).phrase
        lines = [f"HTTP/1.1 {start['status']} {phrase}".encode()]
        lines += [name + b": " + value for name, value in start["headers"]]
        lines.append(b"connection: close")
        return b"\r\n".join([*lines, b"", b""]), b"".join(part.get("body", b"") for part in rest)


async def deliver(raw: tuple[bytes, bytes], fault: Fault, transport: asyncio.Transport) -> None:
    """Write what the fault lets through of a reply's head and body, and close the connection unless it stalls."""
    head, body = raw
    match fault.delivery:
        case Delivery.HALF_HEADERS:
            transport.write(head[: len(head) // 2])
        case Delivery.HALF_BODY:
            transport.write(head + body[: len(body) // 2])
        case Delivery.HALF_AND_RESET:
            transport.write(head + body[: len(body) // 2])
            _reset(transport)
        case Delivery.HALF_AND_SILENCE:
            transport.write(head + body[: len(body) // 2])
            return
        case Delivery.SLOWLY:
            await _trickle(head + body, fault, transport)
        case Delivery.RAW:
            transport.write(fault.raw_bytes)
    transport.close()


async def _trickle(whole: bytes, fault: Fault, transport: asyncio.Transport) -> None:
    for start in range(0, len(whole), fault.chunk_bytes):
        if transport.is_closing():  # the client has lost patience
            return
        transport.write(whole[start : start + fault.chunk_bytes])
        await asyncio.sleep(fault.pause_s)


def _reset(transport: asyncio.Transport) -> None:
    # Closing with nothing to linger for sends RST in place of FIN.
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def made_up(answer: Answer, signature: dict[str, str]) -> KeptReply:
    """The reply that a test made up."""
    headers = {"content-length": str(len(answer.body)), **answer.headers, **signature}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    kept = KeptReply()
    kept.messages = [
        {"type": "http.response.start", "status": answer.status, "headers": encoded},
        {"type": "http.response.body", "body": answer.body},
    ]
    return kept
