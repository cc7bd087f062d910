"""The two threads of an endpoint: the server, and the clock's hand."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_TICK_S = 0.5


def quiet_server(app: ASGIApp, protocol: type[asyncio.Protocol]) -> uvicorn.Server:
    """uvicorn without what a server of one's own needs not: access log, colours, proxies, web sockets."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # A request that a fault holds back must not hold up the end.
        timeout_graceful_shutdown=0,
    )
    return uvicorn.Server(config)


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
