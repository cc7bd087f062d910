"""Caption files, read again only when they may have changed: a page asks for all of them in each of its runs."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from lora_core.durable_file import read_file

_YOUNG_NS = (
    2_000_000_000  # two writes within the clock's grain can leave equal stat results: do not trust them yet
)


class _Signature(NamedTuple):
    mtime_ns: int
    ctime_ns: int  # `cp -p` and `touch -r` set mtime back, but not this
    size: int
    inode: int
    device: int


class Captions:
    """What caption files say, by path; safe for many threads. `now_ns`: since 1970, tests replace it."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._known: dict[Path, tuple[_Signature, str]] = {}

    def text(self, path: Path) -> str:
        """Its text, without space around it. Raises OSError."""
        known = self._known.get(path)
        if known is not None and known[0] == _signature(path.stat()):
            return known[1]
        data, status = read_file(path)
        text, signature = data.decode(errors="replace").strip(), _signature(status)
        if self._now_ns() - max(signature.mtime_ns, signature.ctime_ns) >= _YOUNG_NS:
            self._known[path] = (signature, text)
        else:
            self._known.pop(path, None)
        return text


def _signature(status: os.stat_result) -> _Signature:
    return _Signature(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)
