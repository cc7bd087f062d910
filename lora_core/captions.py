"""Caption files, read again only when they may have changed: a page asks for all of them in each of its runs."""

import codecs
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from lora_core.durable_file import read_file
from lora_core.file_state import FileState

_LINE_END = re.compile(r"[\r\n]")


class _Caption(NamedTuple):
    data: bytes
    text: str
    trained: str


class Captions:
    """What caption files say, by path; safe for many threads. `now_ns`: since 1970, tests replace it."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._known: dict[Path, tuple[FileState, _Caption]] = {}

    def text(self, path: Path) -> str:
        """Its text, without space around it. Raises OSError."""
        return self._caption(path).text

    def trained(self, path: Path) -> str:
        """What the trainer reads of it. Raises OSError."""
        return self._caption(path).trained

    def data(self, path: Path) -> bytes | None:
        """Its bytes; None where there is no file. Raises OSError."""
        try:
            return self._caption(path).data
        except FileNotFoundError:
            return None

    def _caption(self, path: Path) -> _Caption:
        known = self._known.get(path)
        if known is not None and known[0] == FileState.of(path.stat()):
            return known[1]
        data, status = read_file(path)
        whole, state = decoded(data), FileState.of(status)
        caption = _Caption(data, whole.strip(), trained_line(whole))
        if not state.is_young(self._now_ns()):
            self._known[path] = (state, caption)
        else:
            self._known.pop(path, None)
        return caption


def decoded(data: bytes) -> str:
    """What a caption file says: UTF-8, as the trainer reads it; what is none is taken for what Windows wrote."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def trained_line(text: str) -> str:
    """The first line, without space around it: the trainer reads no other."""
    return _LINE_END.split(text, maxsplit=1)[0].strip()
