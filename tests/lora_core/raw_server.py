"""Servers that answer bytes, for replies that no HTTP library would send."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class RawServer:
    """Reads one request per connection, writes `answer`, and closes (or, told so, keeps silent)."""

    def __init__(self, answer: bytes, *, stays_open: bool = False) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self._stays_open = stays_open
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve, name="raw-server")
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v2"

    @contextmanager
    def serving(self) -> Iterator["RawServer"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()
            self._listener.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        self.requests.append(_whole_request(connection))
        connection.sendall(self.answer)
        if self._stays_open:
            self._over.wait(5)


def _whole_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
