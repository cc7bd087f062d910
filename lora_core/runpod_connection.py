"""Connections to an endpoint: how long a reply may take, and what went wrong in words."""

import socket
import ssl
import time
from functools import cache
from typing import Any

import httpcore
import httpx


class UnusableEnvironmentError(httpx.ConnectError):
    """The proxy or the certificates that the environment names cannot be used."""


NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
"""Raised before a byte of the request left: a training was certainly not taken."""

# The last two are no HTTPError: httpx raises them for a malformed `Location`, though it follows none.
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""All that can be raised in place of an answer."""

_BROKEN = "the connection broke before its answer was complete"
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (
        UnusableEnvironmentError,
        "the proxy or the certificates that the environment names cannot be used; check HTTPS_PROXY, ALL_PROXY "
        "and SSL_CERT_FILE",
    ),
    (httpx.ProxyError, "the proxy did not let the request through; check HTTPS_PROXY"),
    (socket.gaierror, "its address was not found; check that this computer is online"),
    (ssl.SSLCertVerificationError, "its certificate is not one that this computer trusts"),
    (ConnectionRefusedError, "nothing answers at its address"),
    (httpx.ConnectTimeout, "no connection came about in time"),
    (httpx.ConnectError, "no connection came about"),
    (httpx.PoolTimeout, "too many requests wait for a connection"),
    (httpx.WriteTimeout, "the request could not be sent in time"),
    (httpx.WriteError, "the connection broke while the request was being sent"),
    (httpx.ReadTimeout, "its answer did not come, or was not complete, in time"),
    (httpx.DecodingError, "its answer is damaged or far too large"),
    (httpx.TransportError, _BROKEN),
)
"""The first that fits, among an exception and what it was raised from."""


def cause(error: Exception) -> str:
    """Why there was no answer: the part of a sentence behind "The endpoint could not be asked:"."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        # httpcore raises "from None", and the cause is the context then.
        link = link.__cause__ or link.__context__
    found = (words for kind, words in _CAUSES if any(isinstance(one, kind) for one in chain))
    return next(found, "its answer could not be understood")


def new_client(
    transport: httpx.BaseTransport | None,
    *,
    timeout: httpx.Timeout,
    longest_reply_s: float,
    connections: int,
    trust_env: bool,
) -> httpx.Client:
    """A client over the network, or over `transport`. Follows no redirects; a proxy is used if `trust_env`.

    A reply that is not whole `longest_reply_s` after the request was sent is given up: httpx itself only limits
    the silence between two bytes, so that one that trickles would be read for ever.
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)

    def client(**how: Any) -> httpx.Client:
        return httpx.Client(timeout=timeout, limits=limits, follow_redirects=False, **how)

    if transport is not None:
        return client(transport=transport)
    try:
        made = client(verify=_tls(), trust_env=trust_env)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        return client(transport=_NoWay(error))
    # httpx has no argument for it (0.28).
    for carrier in (made._transport, *made._mounts.values()):
        if isinstance(carrier, httpx.HTTPTransport):
            carrier._pool._network_backend = _BoundedBackend(longest_reply_s)
    return made


class _NoWay(httpx.BaseTransport):
    def __init__(self, why: Exception) -> None:
        self._why = why

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise UnusableEnvironmentError(str(self._why), request=request) from self._why


class _BoundedBackend(httpcore.SyncBackend):
    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s

    def connect_tcp(self, *place: Any, **how: Any) -> httpcore.NetworkStream:
        return _BoundedStream(super().connect_tcp(*place, **how), self._longest_s)


class _BoundedStream(httpcore.NetworkStream):
    """A connection that is read for so long after the last write, and no longer."""

    def __init__(self, stream: httpcore.NetworkStream, longest_s: float) -> None:
        self._stream = stream
        self._longest_s = longest_s
        self._until = time.monotonic() + longest_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout(f"the reply took over {self._longest_s:g} s")
        return self._stream.read(max_bytes, left_s if timeout is None else min(timeout, left_s))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._stream.write(buffer, timeout)
        finally:  # of a request that was cut off the answer is read all the same
            self._until = time.monotonic() + self._longest_s

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *context: Any, **how: Any) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(*context, **how), self._longest_s)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms of processor time, and a client is made for every submission.
    return httpx.create_ssl_context()
