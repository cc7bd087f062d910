"""Copies of what the lab itself wrote last, so that it can tell what another program has undone.

They are made in the order of a write, under the document's lock:

    name.next    what is about to be written, before the document is renamed
    name         the same, right after it
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from lora_core.durable_file import read_file, replace_file


class KeptCopies:
    """Copies in one folder, by the document's name. A copy that is missing or unreadable is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def announce(self, name: str, data: bytes, current: bytes | None) -> None:
        """Keeps what is about to replace `current`. Raises OSError, and then the write must not go on."""
        if current is not None and _read(self._coming(name)) == current:
            self.confirm(name)  # it was written, but its copy never got its place
        # On the disk before the document is: after a power cut an older copy would make the lab's own document
        # look like another program's save, and what was sent would be a draft again.
        replace_file(self._coming(name), data)

    def withdraw(self, name: str) -> None:
        """What was announced is not written after all."""
        with suppress(OSError):
            self._coming(name).unlink(missing_ok=True)

    def confirm(self, name: str, etag: str | None = None) -> None:
        """What was announced is written; with its etag, where that is known already."""
        kept = self._kept(name)
        with suppress(OSError):
            self._coming(name).replace(kept)
            if etag is not None:
                self._known[kept] = (_identity(kept.stat()), etag)

    def forget(self, name: str) -> None:
        """The document is written without a copy, or removed."""
        for path in (self._kept(name), self._coming(name)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def read(self, name: str, *, announced: bool = False) -> bytes | None:
        """What was written last, or what was announced after it."""
        return _read(self._coming(name) if announced else self._kept(name))

    def etags(self, name: str) -> tuple[str | None, str | None]:
        """Of what was written last, and of what was announced and neither confirmed nor withdrawn.

        Asked at each reading of a document, so a copy that is the same file as before is not read again.
        """
        return self._etag(self._kept(name)), self._etag(self._coming(name))

    def _etag(self, path: Path) -> str | None:
        try:
            known = self._known.get(path)
            if known is not None and known[0] == _identity(path.stat()):
                return known[1]
            data, status = read_file(path)
        except OSError:
            return None
        self._known[path] = (_identity(status), hashlib.sha256(data).hexdigest())
        return self._known[path][1]

    def _kept(self, name: str) -> Path:
        return self.folder / name.replace("/", "__")

    def _coming(self, name: str) -> Path:
        return self.folder / f"{name.replace('/', '__')}.next"


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size  # each copy is a new file


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path)[0]
    except OSError:
        return None
