"""Connections to a socket that was bound without a word of TCP."""

import os
import socket
from pathlib import Path

from ui.prompt_replies import reply_promptly


def test_connections_of_a_listening_socket_send_at_once() -> None:
    with socket.socket(socket.AF_INET) as listener, socket.socket(socket.AF_INET) as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reply_promptly()
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert not client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_file_stays_open() -> None:
    def opened() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    reader, writer = os.pipe()
    try:
        before = opened()
        reply_promptly()
        assert opened() == before
    finally:
        os.close(reader)
        os.close(writer)
