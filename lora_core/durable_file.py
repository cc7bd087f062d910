"""Files that are replaced whole, and read within bounds.

A replaced file is at every moment the old one or the new one, after a power cut as well: the new content is
on the disk before it gets the name, and the name is on the disk before the call returns.
"""

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lora_core.disk_faults import Cause, DiskFaultError

LARGEST_BYTES = 256 * 1024 * 1024
"""More than any history: 10,000 versions are some 20 MB. Parsing takes several times a file's size, and a file
of 1 GB that somebody put there by mistake must not take the whole lab down."""

_NOT_ON_THIS_DISK = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP)


def replace_file(path: Path, data: bytes, *, is_durable: bool = True) -> None:
    """Puts a file in place of the one that is there, if any; its folder is made where it is missing.

    With `is_durable` False a power cut may cost it, but never leaves a part of it under its name. Raises
    OSError.
    """
    make_folder(path.parent)
    with new_beside(path, data, is_durable=is_durable) as temporary:
        temporary.replace(path)
    if is_durable:
        fsync_folder(path.parent)


@contextmanager
def new_beside(path: Path, data: bytes, *, is_durable: bool = True) -> Iterator[Path]:
    """The new content in a file of its own beside `path`, for the block to rename; gone when the block fails.

    It has the mode, and where that is allowed the owner and the group, of what is there.
    """
    if len(data) > LARGEST_BYTES:  # it could be written, but never be read again
        raise too_large(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            _like(path, file.fileno())
            file.write(data)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        yield temporary
    except BaseException:
        with suppress(OSError):  # what went wrong first is what is told
            temporary.unlink(missing_ok=True)
        raise


def read_file(path: Path) -> tuple[bytes, os.stat_result]:
    """A regular file's content, and its status from before it was read.

    Raises OSError: DiskFaultError for what is too large and for a pipe or device, which is never opened.
    """
    _checked(path, path.stat())
    # O_NONBLOCK: should a pipe take its place this very moment, opening it must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _checked(path, status)
        data = file.read(status.st_size + 1)
        if len(data) > status.st_size:  # it is growing
            data += file.read(LARGEST_BYTES + 1 - len(data))
    if len(data) > LARGEST_BYTES:
        raise too_large(path)
    return data, status


def make_folder(folder: Path) -> None:
    """Makes a folder that is missing, and those above it, so that a power cut does not take them again."""
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folder(folder.parent)
        with suppress(FileExistsError):  # another process was faster
            folder.mkdir()
    fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """Makes what was renamed, made or removed in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_ON_THIS_DISK:  # some network disks cannot; they write a rename at once
            raise
    finally:
        os.close(descriptor)


def too_large(path: Path) -> DiskFaultError:
    """What a file over the bound is refused with."""
    return DiskFaultError(Cause.TOO_LARGE, path, f"{LARGEST_BYTES // 1024**2} MB")


def _checked(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise DiskFaultError(Cause.NO_REGULAR_FILE, path)
    if status.st_size > LARGEST_BYTES:
        raise too_large(path)


def _like(path: Path, descriptor: int) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:  # a first write has nothing to be like
        return
    # Without privileges only the group can be given, and only one of our own.
    for owner in (status.st_uid, -1):
        with suppress(OSError):
            os.fchown(descriptor, owner, status.st_gid)
            break
    mode = status.st_mode & 0o777
    if mode != os.fstat(descriptor).st_mode & 0o777:  # some disks know one mode only, and refuse to set any
        os.fchmod(descriptor, mode)
