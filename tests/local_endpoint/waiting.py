"""Waiting for what another thread or process does, without sleeping blindly."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], *, timeout_s: float = 60.0) -> Found:
    """What `look` answers, as soon as that is something; fails the test after `timeout_s`."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing came of {look} within {timeout_s} s"
        pause.wait(0.02)
    return found
