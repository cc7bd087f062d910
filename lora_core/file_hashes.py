"""SHA-256 of files, reckoned once for each state of a file: a page asks for hundreds in each of its runs.

What was reckoned is kept in a file, a line for each, so that a restart need not read gigabytes again. It only
saves time: it is not synced to disk, and a line that cannot be read is none.
"""

import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import quote, unquote

from lora_core.durable_file import make_folder, read_file, replace_file
from lora_core.file_state import FileState

_REMEMBERED: Final = 50_000
"""Files, some 15 MB; those asked for longest ago are forgotten."""
_DIGITS: Final = 64
_SPARE: Final = 1_000


class FileHashes:
    """By path; safe for many threads. `kept`: the file; `now_ns`: since 1970, tests replace it."""

    def __init__(self, kept: Path | None = None, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._kept = kept
        self._now_ns = now_ns
        self._known: OrderedDict[str, tuple[FileState, str]] = OrderedDict()
        self._lock = Lock()
        self._is_loaded = kept is None

    def of(self, path: Path) -> str | None:
        """The hash of a regular file's content in hex; None where there is none. Raises other OSErrors."""
        name = str(path)
        try:
            state = FileState.of(os.stat(name))  # noqa: PTH116 - for hundreds of files in each run of a page
        except (FileNotFoundError, ValueError):  # also a name that no disk can have
            return None
        with self._lock:
            self._load()
            known = self._known.get(name)
            if known is not None and known[0] == state:
                self._known.move_to_end(name)
                return known[1]
        return self.fresh(path)

    def fresh(self, path: Path) -> str | None:
        """The same, read anew whatever is known of it: for what is to be believed for ever."""
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                state = FileState.of(os.fstat(file.fileno()))
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except (FileNotFoundError, ValueError):
            return None
        self._remember(str(path), state, digest)
        return digest

    def _remember(self, name: str, state: FileState, digest: str) -> None:
        with self._lock:
            self._load()
            if self._known.pop(name, None) == (state, digest):
                self._keep(name, state, digest)
                return
            if state.is_young(self._now_ns()):
                return
            self._keep(name, state, digest)
            if self._kept is not None:
                with suppress(OSError):
                    make_folder(self._kept.parent)
                    with self._kept.open("a", encoding="ascii") as file:
                        file.write(_line(name, state, digest))

    def _keep(self, name: str, state: FileState, digest: str) -> None:
        self._known[name] = (state, digest)
        self._known.move_to_end(name)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _load(self) -> None:
        """What earlier processes reckoned; a file that holds many lines of no use is written anew."""
        if self._is_loaded or self._kept is None:
            return
        self._is_loaded = True
        with suppress(OSError):
            lines = read_file(self._kept)[0].decode("ascii", "replace").splitlines()
            for line in lines:
                with suppress(ValueError, TypeError):
                    digest, name, *numbers = line.split(" ")
                    if len(digest) == _DIGITS:
                        self._keep(
                            unquote(name, errors="surrogateescape"), FileState(*map(int, numbers)), digest
                        )
            if len(lines) > 2 * len(self._known) + _SPARE:
                whole = "".join(_line(name, *known) for name, known in self._known.items())
                replace_file(self._kept, whole.encode(), is_durable=False)


def _line(name: str, state: FileState, digest: str) -> str:
    return f"{digest} {quote(name, errors='surrogateescape')} {' '.join(map(str, state))}\n"
