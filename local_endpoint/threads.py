"""The two threads of an endpoint: the server, and the clock's hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

_TICK_S = 0.5


@contextmanager
def running(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """A server in a thread, until the block ends."""
    # No wait for the start: the socket listens already, and early clients queue up in it.
    thread = threading.Thread(target=server.run, args=([listener],), name="local-endpoint")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` every half second, until the block ends."""
    over = threading.Event()

    def keep_ticking() -> None:
        while not over.wait(_TICK_S):
            tick()

    thread = threading.Thread(target=keep_ticking, name="local-endpoint-tick")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
