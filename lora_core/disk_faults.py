"""What can be wrong with a disk: one table of causes, each with a sentence for the user and a remedy."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from lora_core.errors import StoreUnavailableError

NOTHING_CHANGED: Final = "Nothing was changed."


class Cause(StrEnum):
    """Why a file could not be read, or written, or trusted."""

    FULL = "full"
    READ_ONLY = "read-only"
    NOT_PERMITTED = "not permitted"
    GONE = "gone"
    WRONG_PLACE = "wrong place"
    NO_REGULAR_FILE = "no regular file"
    TOO_LARGE = "too large"
    LIMITED = "limited"
    TOO_MANY_OPEN = "too many open"
    NAME_TOO_LONG = "name too long"
    NO_LOCKS = "no locks"
    OTHER = "other"
    UNCONFIRMED = "unconfirmed"
    DISPLACED_UNREADABLE = "displaced unreadable"
    ONLY_IN_MEMORY = "only in memory"
    CLOCK_SET_BACK = "clock set back"


@dataclass(frozen=True)
class DiskFault:
    """What a cause means for the user. `{file}` and `{words}` are filled in; words are the system's, mostly."""

    sentence: str
    remedy: str
    outcome: str = NOTHING_CHANGED
    """Whether anything was changed."""


DISK_FAULTS: Final[Mapping[Cause, DiskFault]] = MappingProxyType(
    {
        Cause.FULL: DiskFault(
            "{file} could not be written: its disk is full, or your share of it is used up.",
            "Make room there, then try again.",
        ),
        Cause.READ_ONLY: DiskFault(
            "{file} could not be written: its disk is read-only just now.",
            "Mount it for writing, then try again; a system does this to a disk with errors, so check it first.",
        ),
        Cause.NOT_PERMITTED: DiskFault(
            "{file} could not be read or written: it or its folder is another user's, or protected ({words}).",
            "Let the user that runs the lab read and write both, then try again.",
        ),
        Cause.GONE: DiskFault(
            "{file} could not be read or written: the disk or folder on which it lies is away or does not answer.",
            "Bring it back, and the lab goes on; if it is gone for good, remove links to it and restart the lab.",
        ),
        Cause.WRONG_PLACE: DiskFault(
            "{file} could not be read or written: a folder is where a file should be, or a file where a folder should.",
            "Move it aside, then try again.",
        ),
        Cause.NO_REGULAR_FILE: DiskFault(
            "{file} was not opened: it is no regular file, but a pipe, a socket or a device.",
            "Move it aside, then try again.",
        ),
        Cause.TOO_LARGE: DiskFault(
            "{file} is, or would become, larger than {words}, the most that the lab reads.",
            "Look what is in it, and move it aside or make it smaller; then try again.",
        ),
        Cause.LIMITED: DiskFault(
            "{file} could not be written: it would be larger than its disk or your limits allow.",
            "Raise the limit (ulimit -f), or use another disk; then try again.",
        ),
        Cause.TOO_MANY_OPEN: DiskFault(
            "{file} could not be opened: too many files are open already.",
            "Close what is not needed, or allow more (ulimit -n); then try again.",
        ),
        Cause.NAME_TOO_LONG: DiskFault(
            "{file} could not be read or written: its name or path is too long for its disk.",
            "Choose a shorter name, or a folder with a shorter path.",
        ),
        Cause.NO_LOCKS: DiskFault(
            "{file} could not be locked: its disk keeps no locks, and two writers could undo each other's changes.",
            "Put the folder on a disk that does, such as a local one, then try again.",
        ),
        Cause.OTHER: DiskFault(
            "{file} could not be read or written: {words}.",
            "Check the disk and the folder's permissions, then try again.",
        ),
        Cause.UNCONFIRMED: DiskFault(
            "{file} was changed, but its disk did not confirm it ({words}).",
            "Look at it again before you repeat what you did.",
            "After a power cut it may be as it was before.",
        ),
        Cause.DISPLACED_UNREADABLE: DiskFault(
            "{file} was changed, but what another program wrote there at the same moment could not be read.",
            "Compare the two before you change it again.",
            "That was kept as {words}.",
        ),
        Cause.ONLY_IN_MEMORY: DiskFault(
            "{file} could not be written ({words}), so what the endpoint answered is known to this process only.",
            "Make it possible to write there before the lab is stopped; it tries again by itself.",
            "The answer is not lost.",
        ),
        Cause.CLOCK_SET_BACK: DiskFault(
            "This computer's clock was set back since the training was sent, so its age is not known.",
            "Set the clock right.",
            "",
        ),
    }
)

_BY_ERRNO: Final[Mapping[int, Cause]] = MappingProxyType(
    {
        errno.ENOSPC: Cause.FULL,
        errno.EDQUOT: Cause.FULL,
        errno.EROFS: Cause.READ_ONLY,
        errno.EACCES: Cause.NOT_PERMITTED,
        errno.EPERM: Cause.NOT_PERMITTED,
        # A file that is not there is no fault where it may be missing; elsewhere it was there just before.
        errno.ENOENT: Cause.GONE,
        errno.ENOTCONN: Cause.GONE,
        errno.ESTALE: Cause.GONE,
        errno.EIO: Cause.GONE,
        errno.ENXIO: Cause.GONE,
        errno.ENODEV: Cause.GONE,
        errno.ETIMEDOUT: Cause.GONE,
        errno.EHOSTDOWN: Cause.GONE,
        errno.EISDIR: Cause.WRONG_PLACE,
        errno.ENOTDIR: Cause.WRONG_PLACE,
        errno.EEXIST: Cause.WRONG_PLACE,
        errno.EFBIG: Cause.LIMITED,
        errno.EMFILE: Cause.TOO_MANY_OPEN,
        errno.ENFILE: Cause.TOO_MANY_OPEN,
        errno.ENAMETOOLONG: Cause.NAME_TOO_LONG,
        errno.ENOLCK: Cause.NO_LOCKS,
        errno.EOPNOTSUPP: Cause.NO_LOCKS,
        errno.ENOTSUP: Cause.NO_LOCKS,
        errno.ENOSYS: Cause.NO_LOCKS,
    }
)


class DiskFaultError(OSError):
    """A fault that the lab finds itself, before the system would: caught where OSError is."""

    def __init__(self, cause: Cause, file: PurePath | str, words: str = "") -> None:
        super().__init__(words or DISK_FAULTS[cause].sentence.format(file=file, words=words))
        self.cause = cause
        self.words = words


def cause_of(error: OSError) -> Cause:
    """The cause behind what the system, or the lab itself, says."""
    if isinstance(error, DiskFaultError):
        return error.cause
    return _BY_ERRNO.get(error.errno or 0, Cause.OTHER)


def explanation(
    fault: OSError | Cause, file: PurePath | str = "", *, words: str | None = None, outcome: str | None = None
) -> str:
    """What the user is told: the cause, whether anything was changed, and the remedy.

    `words` and `outcome` replace the error's and the table's own.
    """
    row = DISK_FAULTS[fault if isinstance(fault, Cause) else cause_of(fault)]
    if words is None:
        words = words_of(fault) if isinstance(fault, OSError) else ""
    told = row.sentence, row.outcome if outcome is None else outcome, row.remedy
    return " ".join(part.format(file=file, words=words) for part in told if part)


def words_of(error: OSError) -> str:
    """The system's own words, without number and path."""
    return (error.words if isinstance(error, DiskFaultError) else error.strerror) or str(error)


@contextmanager
def explained(file: PurePath | str, *, outcome: str | None = None) -> Iterator[None]:
    """Turns what the system says of a file into a StoreUnavailableError with the table's text."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailableError(explanation(error, file, outcome=outcome)) from error
