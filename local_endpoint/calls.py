"""What came in, as tests look at it afterwards."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Scope

from local_endpoint.faults import Call
from local_endpoint.run_request import MAX_BODY_BYTES


class CallLog:
    """What came in. Written by the server's thread only, read by any."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._calls: list[Call] = []
        self.total = 0

    def add(self, call: Call) -> None:
        """Count the call, and keep it if calls are kept."""
        self.total += 1
        if self._keep:
            self._calls.append(call)

    def copy(self) -> list[Call]:
        """The calls so far, in order."""
        return list(self._calls)


def call_of(scope: Scope, body: bytes, now: float) -> Call:
    """The request as a test sees it."""
    parts = [part for part in scope["path"].split("/") if part]
    # /v2/{endpoint_id}/{verb}[/{job_id}]
    endpoint_id, verb, job_id, *_ = [*parts[1:], "", "", ""]
    return Call(verb, job_id or None, _json_or_none(body), now, endpoint_id or None)


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError):
        return None
