"""Documents in a folder on a local disk.

A document is replaced by temp file, fsync, rename, fsync of the folder, under a lock on a file of its own.
The lock is a blocking `flock`: the kernel queues its waiters, so it is fair without polling (8 writers,
100 turns of 3 ms each: the longest wait was 0.13 s; the filelock package, which polls, 0.40 s).

The system that the lab replaces writes in place and knows no lock. What it wrote between our reading and
our rename would be lost, so the file is hard-linked before the rename and looked at after it.
"""

import fcntl
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lora_core.errors import StoreConflictError, StoreUnavailableError
from lora_core.stores.document_store import Stored, Written

_OWN_FOLDER = ".lora_lab"
_YOUNG_S = 2.0  # two writes within the clock's grain can leave equal stat results: do not trust them yet


class _Stat(NamedTuple):
    mtime_ns: int
    ctime_ns: int  # `cp -p` and `touch -r` set mtime back, but not this
    size: int
    inode: int


class LocalStore:
    """Documents below one root folder; see DocumentStore. Locks and backups stand in `.lora_lab` there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, tuple[_Stat, Stored]] = {}
        self._held = threading.local()

    def read(self, name: str) -> Stored | None:
        """See DocumentStore."""
        path = self._path(name)
        with _sentences(path):
            known = self._known.get(name)
            try:
                if known and known[0] == _stat(path):
                    return known[1]
                with path.open("rb") as file:
                    before = _stat(file.fileno())
                    data = file.read()
            except FileNotFoundError:
                return None
        stored = Stored(data, _etag(data))
        self._remember(name, before, stored)
        return stored

    def etag(self, name: str) -> str | None:
        """See DocumentStore."""
        stored = self.read(name)
        return stored and stored.etag

    def write(self, name: str, data: bytes, *, if_match: str | None) -> Written:
        """See DocumentStore."""
        path = Path(os.path.realpath(self._path(name)))  # a link stays one: what it leads to is replaced
        with _sentences(path), self.exclusive(name):
            current = _content(path)
            if (None if current is None else _etag(current)) != if_match:
                raise StoreConflictError(f"{name} was changed by somebody else meanwhile.")
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = _written_beside(path, data)
            try:
                backup = self._backed_up(path, name)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            is_displaced = _confirmed(path, backup, current)
        return Written(_etag(data), backup.read_bytes if backup and is_displaced else None)

    def delete(self, name: str, *, if_match: str) -> None:
        """See DocumentStore."""
        path = self._path(name)
        with _sentences(path), self.exclusive(name):
            current = _content(path)
            if current is None or _etag(current) != if_match:
                raise StoreConflictError(f"{name} was changed by somebody else meanwhile.")
            path.unlink()
            _fsync_folder(path.parent)

    def folders(self) -> list[str]:
        """See DocumentStore."""
        with _sentences(self.root):
            try:
                entries = list(os.scandir(self.root))
            except FileNotFoundError:
                return []
            return sorted(
                entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()
            )

    def names(self, folder: str) -> list[str]:
        """See DocumentStore."""
        path = self._path(folder)
        with _sentences(path):
            try:
                entries = list(os.scandir(path))
            except FileNotFoundError:
                return []
            return sorted(
                entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()
            )

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """See DocumentStore; may be nested within one thread."""
        held: set[str] = self._held.__dict__.setdefault("names", set())
        if name in held:
            yield
            return
        lock = self._own("locks", name)
        with _sentences(lock):
            lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with _sentences(lock):  # e.g. a network disk without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            held.add(name)
            yield
        finally:
            held.discard(name)
            os.close(descriptor)

    def path(self, name: str) -> Path | None:
        """See DocumentStore."""
        return self._path(name)

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            raise ValueError(f"{name!r} is no name of a document")
        return self.root.joinpath(*parts)

    def _own(self, kind: str, name: str) -> Path:
        return self.root / _OWN_FOLDER / kind / name.replace("/", "__")

    def _backed_up(self, path: Path, name: str) -> Path | None:
        """The file's own inode under another name: whoever still writes to it in place is seen there."""
        backup = self._own("backups", name)
        backup.parent.mkdir(parents=True, exist_ok=True)
        link = backup.with_name(f"{backup.name}.{uuid.uuid4().hex}")
        try:
            os.link(path, link)
        except FileNotFoundError:
            return None
        except OSError:  # a file system without hard links: the copy at least keeps the content
            content = _content(path)
            if content is None:
                return None
            link.write_bytes(content)
        link.replace(backup)
        return backup

    def _remember(self, name: str, stat: _Stat, stored: Stored) -> None:
        if time.time() - max(stat.mtime_ns, stat.ctime_ns) / 1e9 >= _YOUNG_S:
            self._known[name] = (stat, stored)
        else:
            self._known.pop(name, None)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _stat(path: Path | int) -> _Stat:
    status = os.stat(path)  # noqa: PTH116 - also takes a descriptor
    return _Stat(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _written_beside(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # a first write has no mode to keep
            temporary.chmod(path.stat().st_mode & 0o777)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _confirmed(path: Path, backup: Path | None, current: bytes | None) -> bool:
    """Makes the rename last; answers whether somebody wrote between our reading and it."""
    try:
        _fsync_folder(path.parent)
        return backup is not None and backup.read_bytes() != current
    except OSError as error:
        raise StoreUnavailableError(
            f"{path} was written, but the disk did not confirm it: {error.strerror or error}. Look at it again before "
            "you repeat what you did."
        ) from error


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turns what the operating system says into a sentence with a remedy."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnavailableError(
            f"{path} could not be read or written: {reason}. Nothing was changed; check the disk and the "
            "folder's permissions, then try again."
        ) from error
