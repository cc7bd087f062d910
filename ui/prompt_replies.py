"""Has the operating system send each reply at once.

Streamlit binds its socket without naming TCP, and asyncio then leaves Nagle's algorithm on (seen on 1.67): what follows
a small packet waits until the browser has acknowledged it, 40 ms on Linux. That is so for each of the sixty files of a
first load, and for what a refresh draws after its first few elements.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_OPEN_FILES: Final = Path("/dev/fd")
_NETWORKS: Final = (socket.AF_INET, socket.AF_INET6)


def reply_promptly() -> None:
    """Sets TCP_NODELAY on the sockets where this process listens, which its connections inherit.

    The server hands its socket to nobody, so it is looked for among the open files; where those are not listed
    (Windows), everything works as before.
    """
    if not _OPEN_FILES.is_dir():
        return
    for one in list(_OPEN_FILES.iterdir()):
        with suppress(OSError):  # no socket, or closed by now
            _set(int(one.name))


def _set(number: int) -> None:
    duplicate = os.dup(number)
    try:
        one = socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)
        raise
    with one:
        if one.family in _NETWORKS and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
