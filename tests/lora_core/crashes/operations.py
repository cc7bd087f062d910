"""Every operation on a folder's disk, and on the network, seen just before and just after it is done.

The product is left as it is: what it calls of `os`, `open` and `socket` is wrapped while a process is watched.
"""

import builtins
import io
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Kind(Enum):
    """What is done."""

    CREATE = auto()
    EMPTY = auto()
    """A file that is there is opened to be written from its start."""
    WRITE = auto()
    FSYNC = auto()
    FSYNC_FOLDER = auto()
    RENAME = auto()
    LINK = auto()
    UNLINK = auto()
    MKDIR = auto()
    CHMOD = auto()
    CONNECT = auto()
    SEND = auto()
    RECEIVE = auto()

    @property
    def is_of_the_network(self) -> bool:
        """How many of these a request takes is up to the network."""
        return self in (Kind.CONNECT, Kind.SEND, Kind.RECEIVE)


class Phase(Enum):
    """Where in an operation the process is."""

    BEFORE = auto()
    HALFWAY = auto()
    """Half of what is written stands in the file; or the reply is there, and not read yet."""
    AFTER = auto()


@dataclass(frozen=True)
class Operation:
    """One of them. Paths are relative to the folder that is watched; `target` is the second one, if any."""

    kind: Kind
    path: str = ""
    target: str = ""
    data: bytes = b""
    at: int = 0
    """Where in the file `data` is written."""


Seen = Callable[[Operation, Phase], None]
"""Called in the thread that does the operation; it may raise, or end the process."""


@contextmanager
def watched(folder: Path, seen: Seen, *, is_synced: bool = True) -> Iterator[None]:
    """Tells `seen` of every operation below the folder, and of every one on a socket, while this lasts.

    With `is_synced` False the disk is not waited for: a kill takes nothing that was written, only a power cut does.
    """
    watch = _Watch(os.path.realpath(folder), seen, is_synced)
    replaced: list[tuple[Any, str, Any]] = []
    for owner, name, wrapper in watch.wrappers():
        real = getattr(owner, name)
        replaced.append((owner, name, real))
        setattr(owner, name, partial(wrapper, real) if owner is not socket.socket else _method(wrapper, real))
    try:
        yield
    finally:
        for owner, name, real in replaced:
            setattr(owner, name, real)


def _method(wrapper: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: socket.socket, *arguments: Any) -> Any:
        return wrapper(real, self, *arguments)

    return method


class _Watch:
    """The wrappers of one watched folder; each takes the real function first."""

    def __init__(self, folder: str, seen: Seen, is_synced: bool) -> None:
        self._folder = folder
        self._seen = seen
        self._is_synced = is_synced

    def wrappers(self) -> list[tuple[Any, str, Callable[..., Any]]]:
        return [
            (io, "open", self._open),
            (builtins, "open", self._open),
            (os, "open", self._os_open),
            (os, "write", self._os_write),
            (os, "fsync", self._fsync),
            (os, "fdatasync", self._fsync),
            *((os, name, partial(self._two, Kind.RENAME)) for name in ("replace", "rename")),
            (os, "link", partial(self._two, Kind.LINK)),
            *((os, name, partial(self._one, Kind.UNLINK)) for name in ("unlink", "remove", "rmdir")),
            (os, "mkdir", partial(self._one, Kind.MKDIR)),
            (os, "chmod", partial(self._one, Kind.CHMOD)),
            (socket.socket, "connect", partial(self._network, Kind.CONNECT)),
            (socket.socket, "send", partial(self._network, Kind.SEND)),
            (socket.socket, "sendall", partial(self._network, Kind.SEND)),
            (socket.socket, "recv", self._receive),
        ]

    def told(self, operation: Operation, phase: Phase) -> None:
        self._seen(operation, phase)

    @contextmanager
    def _around(self, operation: Operation) -> Iterator[None]:
        self._seen(operation, Phase.BEFORE)
        yield
        self._seen(operation, Phase.AFTER)

    def _inside(self, path: Any) -> str | None:
        """The path as seen from the folder; None for one outside."""
        if isinstance(path, int):
            path = Path(f"/proc/self/fd/{path}").readlink()
        text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - links are not to be followed
        if text == self._folder:
            return ""
        return text[len(self._folder) + 1 :] if text.startswith(f"{self._folder}/") else None

    def _open(self, real: Callable[..., Any], file: Any, mode: str = "r", *others: Any, **named: Any) -> Any:
        inside = self._inside(file) if set(mode) & set("wxa+") else None
        if inside is None:
            return real(file, mode, *others, **named)
        with self._opening(inside, "w" in mode) if not isinstance(file, int) else _nothing():
            opened = real(file, mode, *others, **named)
        return _WatchedFile(opened, inside, self)

    def _os_open(self, real: Callable[..., int], path: Any, flags: int, *others: Any, **named: Any) -> int:
        inside = self._inside(path) if flags & (os.O_CREAT | os.O_TRUNC) else None
        if inside is None:
            return real(path, flags, *others, **named)
        with self._opening(inside, bool(flags & os.O_TRUNC)):
            return real(path, flags, *others, **named)

    def _opening(self, inside: str, empties: bool) -> AbstractContextManager[None]:
        is_there = os.path.lexists(f"{self._folder}/{inside}")
        if is_there and not empties:
            return _nothing()
        return self._around(Operation(Kind.EMPTY if is_there else Kind.CREATE, inside))

    def _os_write(self, real: Callable[..., int], descriptor: int, data: Any) -> int:
        inside = self._inside(descriptor)
        if inside is None:
            return real(descriptor, data)
        data = bytes(data)
        operation = Operation(Kind.WRITE, inside, data=data, at=os.lseek(descriptor, 0, os.SEEK_CUR))
        self._seen(operation, Phase.BEFORE)
        half = real(descriptor, data[: len(data) // 2]) if len(data) > 1 else 0
        self._seen(operation, Phase.HALFWAY)
        written = half + real(descriptor, data[half:])
        self._seen(operation, Phase.AFTER)
        return written

    def _fsync(self, real: Callable[..., None], descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        inside = self._inside(number)
        if inside is None:
            real(descriptor)
            return
        is_folder = os.path.isdir(f"/proc/self/fd/{number}")  # noqa: PTH112
        with self._around(Operation(Kind.FSYNC_FOLDER if is_folder else Kind.FSYNC, inside)):
            if self._is_synced:
                real(descriptor)

    def _one(self, kind: Kind, real: Callable[..., None], path: Any, *others: Any, **named: Any) -> None:
        inside = self._inside(path)
        if inside is None or not os.path.lexists(os.path.dirname(f"{self._folder}/{inside}")):  # noqa: PTH120
            real(path, *others, **named)
            return
        self._told_if_done(Operation(kind, inside), partial(real, path, *others, **named))

    def _two(self, kind: Kind, real: Callable[..., None], path: Any, target: Any, **named: Any) -> None:
        inside, to = self._inside(path), self._inside(target)
        if inside is None or to is None:
            real(path, target, **named)
            return
        self._told_if_done(Operation(kind, inside, to), partial(real, path, target, **named))

    def _told_if_done(self, operation: Operation, do: Callable[[], None]) -> None:
        """What the disk refuses (nothing to unlink, a folder that is there) changes nothing: no operation."""
        if not self._can_be_done(operation):
            do()
            return
        with self._around(operation):
            do()

    def _can_be_done(self, operation: Operation) -> bool:
        is_there = os.path.lexists(f"{self._folder}/{operation.path}")
        is_taken = bool(operation.target) and os.path.lexists(f"{self._folder}/{operation.target}")
        match operation.kind:
            case Kind.MKDIR:
                return not is_there
            case Kind.LINK:
                return is_there and not is_taken
            case _:
                return is_there

    def _network(self, kind: Kind, real: Callable[..., Any], one: socket.socket, *arguments: Any) -> Any:
        if one.family != socket.AF_INET:
            return real(one, *arguments)
        with self._around(Operation(kind)):
            return real(one, *arguments)

    def _receive(self, real: Callable[..., bytes], one: socket.socket, *arguments: Any) -> bytes:
        if one.family != socket.AF_INET:
            return real(one, *arguments)
        operation = Operation(Kind.RECEIVE)
        self._seen(operation, Phase.BEFORE)
        real(one, 1, socket.MSG_PEEK)
        self._seen(operation, Phase.HALFWAY)
        received = real(one, *arguments)
        self._seen(operation, Phase.AFTER)
        return received


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _WatchedFile:
    """A file that is being written; what it is given reaches the disk when it is flushed or closed."""

    def __init__(self, file: Any, path: str, watch: _Watch) -> None:
        self._file = file
        self._path = path
        self._watch = watch
        self._unwritten: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        self._unwritten.append(data if isinstance(data, str) else bytes(data))
        return len(data)

    def flush(self) -> None:
        if self._unwritten:
            data = self._unwritten[0][:0].join(self._unwritten)
            self._unwritten.clear()
            as_bytes = data.encode() if isinstance(data, str) else data
            operation = Operation(Kind.WRITE, self._path, data=as_bytes, at=self._file.tell())
            self._watch.told(operation, Phase.BEFORE)
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            self._watch.told(operation, Phase.HALFWAY)
            self._file.write(data[len(data) // 2 :])
            self._file.flush()
            self._watch.told(operation, Phase.AFTER)
        self._file.flush()

    def close(self) -> None:
        if not self._file.closed:
            self.flush()
        self._file.close()
