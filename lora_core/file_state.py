"""What tells that a file is as it was: a look at its status instead of one at its content."""

import os
from typing import Final, NamedTuple, Self

_YOUNG_NS: Final = 2_000_000_000


class FileState(NamedTuple):
    """Equal for two looks between which nothing was written; see `is_young`."""

    mtime_ns: int
    ctime_ns: int  # `cp -p` and `touch -r` set mtime back, but not this
    size: int
    inode: int
    device: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """From `os.stat`."""
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)

    def is_young(self, now_ns: int) -> bool:
        """Whether it is not to be trusted yet: two writes within the clock's grain can leave equal states."""
        return now_ns - max(self.mtime_ns, self.ctime_ns) < _YOUNG_NS
