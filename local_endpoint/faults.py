"""What can go wrong between the lab and RunPod, as values that a test hands to the endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in, before anything was done about it."""

    verb: str
    """`run`, `status`, `cancel` or `health`; the last part of the path for anything else."""
    job_id: str | None
    body: Any
    """The parsed JSON of the request, or None."""
    at: float
    """When it came, by the endpoint's clock, in epoch seconds."""
    endpoint_id: str | None = None


class Delivery(Enum):
    """What of a reply reaches the client."""

    WHOLE = auto()
    NOTHING = auto()
    HALF_HEADERS = auto()
    HALF_BODY = auto()
    HALF_AND_RESET = auto()
    HALF_AND_SILENCE = auto()
    SLOWLY = auto()
    RAW = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply made up by a test."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    from_stranger: bool = False
    """Leave out `X-Local-Endpoint`, as another program on a reused port would."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with one request. Made by the class methods; `after` can be added to each."""

    is_handled: bool = True
    """Whether the endpoint does what was asked for, whatever the client gets to see of it."""
    answer: Answer | None = None
    delivery: Delivery = Delivery.WHOLE
    delay_s: float = 0.0
    reply_delay_s: float = 0.0
    chunk_bytes: int = 16
    pause_s: float = 0.0
    raw_bytes: bytes = b""

    @classmethod
    def reply(
        cls,
        status: int,
        body: str | bytes | Mapping[str, Any] | list[Any] = b"",
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        handled: bool = False,
        from_stranger: bool = False,
    ) -> Fault:
        """Answer this; nothing is done about the request unless `handled`."""
        all_headers = {"content-type": content_type, **(headers or {})}
        return cls(handled, Answer(status, _encoded(body), all_headers, from_stranger))

    @classmethod
    def refuse(cls) -> Fault:
        """Close the connection without doing anything."""
        return cls(is_handled=False, delivery=Delivery.NOTHING)

    @classmethod
    def lost_reply(cls) -> Fault:
        """Do what was asked for, then close the connection without a byte."""
        return cls(delivery=Delivery.NOTHING)

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        """Wait, then handle the request as usual; a client that has left meanwhile does not undo it."""
        return cls(delay_s=seconds)

    @classmethod
    def late_reply(cls, seconds: float) -> Fault:
        """Do what was asked for at once, and answer late."""
        return cls(reply_delay_s=seconds)

    @classmethod
    def cut_headers(cls) -> Fault:
        """Do what was asked for, and close in the middle of the reply's headers."""
        return cls(delivery=Delivery.HALF_HEADERS)

    @classmethod
    def cut_body(cls) -> Fault:
        """Do what was asked for, and close in the middle of the reply's body."""
        return cls(delivery=Delivery.HALF_BODY)

    @classmethod
    def slow(cls, *, chunk_bytes: int = 16, pause_s: float = 0.05) -> Fault:
        """Do what was asked for, and let the reply trickle."""
        return cls(delivery=Delivery.SLOWLY, chunk_bytes=chunk_bytes, pause_s=pause_s)

    @classmethod
    def reset(cls) -> Fault:
        """Do what was asked for, and reset the connection in the middle of the reply's body."""
        return cls(delivery=Delivery.HALF_AND_RESET)

    @classmethod
    def stall(cls) -> Fault:
        """Do what was asked for, and fall silent in the middle of the reply's body, with the connection open."""
        return cls(delivery=Delivery.HALF_AND_SILENCE)

    @classmethod
    def raw(cls, raw_bytes: bytes, *, handled: bool = False) -> Fault:
        """Send these bytes in place of an HTTP reply, and close; nothing is done unless `handled`."""
        return cls(handled, delivery=Delivery.RAW, raw_bytes=raw_bytes)

    def after(self, seconds: float) -> Fault:
        """The same, with a wait before anything is done."""
        return replace(self, delay_s=seconds)


FaultHook = Callable[[Call], Fault | None]
"""Asked before each request is handled, in a thread of its own; None lets the request pass."""


def _encoded(body: str | bytes | Mapping[str, Any] | list[Any]) -> bytes:
    match body:
        case bytes():
            return body
        case str():
            return body.encode()
        case _:
            return json.dumps(body).encode()
