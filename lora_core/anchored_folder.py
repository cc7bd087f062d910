"""A folder that may lie on a disk which can be taken away.

An unmounted disk leaves an empty folder, its mount point. That must neither be read as "nothing is there"
nor written into, for what is written there is hidden once the disk is back.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

from lora_core.disk_faults import Cause, DiskFaultError
from lora_core.durable_file import read_file, replace_file


@dataclass(frozen=True)
class _Place:
    device: int
    inode: int
    mark: bytes | None


class AnchoredFolder:
    """Remembers, while the process runs, that a folder was there and on which disk.

    A disk can come back under another device number (a network disk does, and one in another socket). Then
    `mark`, the name of a small file in the folder with an id of its own, tells that it is the same; without
    one, the folder's inode does.
    """

    def __init__(self, path: Path, *, mark: str | None = None) -> None:
        self.path = path
        self._mark = None if mark is None else path / mark
        self._known: _Place | None = None

    def check(self) -> bool:
        """Whether it is there; False while it never was. Raises DiskFaultError when it was and is gone."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            if self._known is None and not self.path.is_symlink():
                return False
            raise DiskFaultError(Cause.GONE, self.path) from None
        if self._known is not None and self._known.device == status.st_dev:
            return True
        here = _Place(status.st_dev, status.st_ino, self._read_mark())
        if self._known is not None and not _is_same(self._known, here):
            raise DiskFaultError(Cause.GONE, self.path)
        self._known = here
        return True

    def leave_mark(self) -> None:
        """Writes the mark if there is none yet; for somebody who writes there anyway. Raises OSError."""
        if self._mark is None or self._known is None or self._known.mark is not None:
            return
        if self._read_mark() is None:
            replace_file(self._mark, uuid.uuid4().hex.encode(), is_durable=False)
        self._known = _Place(self._known.device, self._known.inode, self._read_mark())

    def _read_mark(self) -> bytes | None:
        try:
            return (self._mark and read_file(self._mark)[0]) or None  # a power cut may have emptied it
        except OSError:
            return None


def _is_same(known: _Place, here: _Place) -> bool:
    if known.mark is not None:
        return here.mark == known.mark
    return here.inode == known.inode
