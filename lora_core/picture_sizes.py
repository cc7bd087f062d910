"""How large pictures are, read from their headers once and kept in the state folder.

A header of 500 pictures takes a moment; a page asks for all of them in each of its runs.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lora_core import json_text
from lora_core.durable_file import read_file, replace_file
from lora_core.image_files import UNREADABLE, opened, shown_size

Size = tuple[int, int]
SizeOf = Callable[[str, os.stat_result], Size | None]
_YOUNG_NS = 2_000_000_000  # two writes within the clock's grain can leave equal stat results
_Known = dict[str, list[Any]]


class PictureSizes:
    """Width and height by folder, file name and stat; safe for many threads.

    What is kept on the disk is a cache: it may be lost, and of two processes that write it one wins.
    """

    def __init__(self, folder: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._folder = folder
        self._now_ns = now_ns
        self._known: dict[Path, _Known] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, folder: Path) -> Iterator[SizeOf]:
        """Answers for the files of one folder; keeps what was read anew when the block ends."""
        with self._lock:
            known = self._known.setdefault(folder, {}) or self._kept(folder)
            self._known[folder] = known
        seen: _Known = {}
        has_read = False

        def size_of(name: str, status: os.stat_result) -> Size | None:
            nonlocal has_read
            signature = _signature(status)
            entry = known.get(name)
            if entry is None or entry[:4] != signature:
                has_read = True
                entry = [*signature, *(_read(folder / name) or (None, None))]
            if self._now_ns() - max(status.st_mtime_ns, status.st_ctime_ns) >= _YOUNG_NS:
                seen[name] = entry
            return None if entry[4] is None else (entry[4], entry[5])

        yield size_of
        if has_read or seen.keys() != known.keys():
            self._keep(folder, seen)

    def _keep(self, folder: Path, sizes: _Known) -> None:
        with self._lock:
            if self._known.get(folder) == sizes:
                return
            self._known[folder] = sizes
            with suppress(OSError):
                replace_file(self._file(folder), json_text.dumps(sizes), is_durable=False)

    def _kept(self, folder: Path) -> _Known:
        try:
            parsed = json_text.loads(read_file(self._file(folder))[0])
        except (OSError, ValueError):
            return {}
        entries = parsed.items() if isinstance(parsed, dict) else ()
        return {name: entry for name, entry in entries if _is_entry(entry)}

    def _file(self, folder: Path) -> Path:
        digest = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()
        return self._folder / f"{digest[:32]}.json"


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 6
        and all(isinstance(one, int) for one in entry[:4])
        and (entry[4:] == [None, None] or all(isinstance(one, int) for one in entry[4:]))
    )


def _signature(status: os.stat_result) -> list[int]:
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _read(path: Path) -> Size | None:
    try:
        with path.open("rb") as file:
            return shown_size(opened(file))
    except UNREADABLE:
        return None
