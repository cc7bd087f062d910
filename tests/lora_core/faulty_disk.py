"""Disks that fail: for real where a test can make it so, else by what the system answers there."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

_GIGABYTE = 1024**3
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
Fault = Callable[[Path, Path], AbstractContextManager[None]]
"""Makes a fault below a root, at one document in it, while the context lasts."""


class Recorder:
    """What was asked of the disk, in order: (what, path). Renames remember what their source was synced as."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, Path]] = []
        self._synced: dict[tuple[int, int], tuple[int, int]] = {}
        self._fsync, self._replace, self._mkdir = os.fsync, os.replace, os.mkdir
        patch.setattr(os, "fsync", self._recorded_fsync)
        patch.setattr(os, "replace", self._recorded_replace)
        patch.setattr(os, "mkdir", self._recorded_mkdir)

    def renames(self, target: Path) -> list[str]:
        """How the file came to be: `rename` of what was synced after its last write, or `unsynced rename`."""
        return [what for what, path in self.events if path == target]

    def last(self, what: str, path: Path) -> int:
        """At which place in the order it was asked last."""
        return max(at for at, event in enumerate(self.events) if event == (what, path))

    def _recorded_fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        status = os.fstat(descriptor)
        self._synced[status.st_dev, status.st_ino] = (status.st_size, status.st_mtime_ns)
        self.events.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))

    def _recorded_replace(self, source: Path, target: Path) -> None:
        status = Path(source).stat()
        synced = self._synced.get((status.st_dev, status.st_ino))
        is_synced = synced == (status.st_size, status.st_mtime_ns)
        self._replace(source, target)
        self.events.append(("rename" if is_synced else "unsynced rename", Path(target)))

    def _recorded_mkdir(self, path: Path, *more: Any) -> None:
        self._mkdir(path, *more)
        self.events.append(("mkdir", Path(path)))


def skip_unless_possible(fault: Fault, tmp_path: Path) -> None:
    """Skips the test where the fault cannot be made; a fault that begins in another thread cannot skip it."""
    root = tmp_path / "probe"
    root.mkdir()
    (root / "document").touch()
    with fault(root, root / "document"):
        pass


# -- real ones


@contextmanager
def gone(root: Path, _: Path) -> Iterator[None]:
    """The root is not there: a disk that is mounted above it was taken away."""
    away = root.with_name(f"{root.name}.away")
    root.rename(away)
    try:
        yield
    finally:
        away.rename(root)


@contextmanager
def unmounted(root: Path, _: Path) -> Iterator[None]:
    """An empty folder of another disk is in the root's place, as an unmounted disk leaves one."""
    with empty_folder_elsewhere(root) as empty, gone(root, _):
        root.symlink_to(empty)
        try:
            yield
            assert list(empty.iterdir()) == []  # nothing was made on the mount point
        finally:
            root.unlink()


@contextmanager
def empty_folder_elsewhere(than: Path) -> Iterator[Path]:
    """A folder on another disk than a path's; skips the test where there is none."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == than.stat().st_dev:
        pytest.skip("there is no other disk here")
    folder = memory / f"lora-lab-test-{os.getpid()}-{than.stat().st_ino}"
    folder.mkdir()
    try:
        yield folder
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


@contextmanager
def really_protected(_: Path, document: Path) -> Iterator[None]:
    """The document's folder may not be written, by its mode."""
    document.parent.chmod(0o555)
    try:
        if os.access(document.parent, os.W_OK):
            pytest.skip("this user may write anywhere")
        yield
    finally:
        document.parent.chmod(0o755)


@contextmanager
def _replaced_by(document: Path, make: Callable[[Path], object]) -> Iterator[None]:
    aside = document.with_name(f".{document.name}.aside")
    document.rename(aside)
    make(document)
    try:
        yield
    finally:
        document.rmdir() if document.is_dir() else document.unlink()
        aside.rename(document)


def folder_in_its_place(_: Path, document: Path) -> AbstractContextManager[None]:
    """A folder has the document's name."""
    return _replaced_by(document, Path.mkdir)


def pipe_in_its_place(_: Path, document: Path) -> AbstractContextManager[None]:
    """A named pipe has the document's name: opening one waits for a writer, for ever."""
    return _replaced_by(document, os.mkfifo)


def gigabyte_in_its_place(_: Path, document: Path) -> AbstractContextManager[None]:
    """A file of 1 GB, all of it a hole, has the document's name."""
    return _replaced_by(document, make_gigabyte)


def link_to_nowhere_in_its_place(root: Path, document: Path) -> AbstractContextManager[None]:
    """The document is a link to a disk that is away."""
    return _replaced_by(document, lambda path: path.symlink_to(root / "away" / document.name))


def make_gigabyte(path: Path) -> None:
    """Takes no room on the disk."""
    path.touch()
    os.truncate(path, _GIGABYTE)


# -- what the system answers


def full(root: Path, _: Path) -> AbstractContextManager[None]:
    """Nothing can be brought to the disk."""
    return failing("fsync", errno.ENOSPC, root)


def over_quota(root: Path, _: Path) -> AbstractContextManager[None]:
    """The user's share is used up."""
    return failing("fsync", errno.EDQUOT, root)


def read_only(root: Path, _: Path) -> AbstractContextManager[None]:
    """Nothing can be opened for writing."""
    return failing("open", errno.EROFS, root, flags=_WRITING)


def not_permitted(root: Path, _: Path) -> AbstractContextManager[None]:
    """Another user's folder."""
    return failing("open", errno.EACCES, root, flags=_WRITING)


def unanswering(root: Path, _: Path) -> AbstractContextManager[None]:
    """A disk that is there and gives nothing."""
    return failing("open", errno.EIO, root)


def too_many_open(root: Path, _: Path) -> AbstractContextManager[None]:
    """The process has used up its descriptors."""
    return failing("open", errno.EMFILE, root)


@contextmanager
def without_locks(_: Path, __: Path) -> Iterator[None]:
    """A network disk whose lock service does not run."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", no_locks)
        yield


@contextmanager
def failing(
    function: str, number: int, root: Path, *, flags: int | None = None, only: Path | None = None
) -> Iterator[None]:
    """A function of `os` fails for what lies below `root`.

    `only`: for this target (of a rename), or this file. `flags`: only when one of them is asked for.
    """
    real = getattr(os, function)

    def fails(*arguments: Any, **more: Any) -> Any:
        if _is_below(root, function, arguments, only) and (flags is None or arguments[1] & flags):
            raise OSError(number, os.strerror(number), str(arguments[0]))
        return real(*arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, function, fails)
        yield


def _is_below(root: Path, function: str, arguments: tuple[Any, ...], only: Path | None) -> bool:
    target = arguments[1] if function in ("replace", "link") else arguments[0]
    if isinstance(target, int):
        target = Path(f"/proc/self/fd/{target}").readlink()
    path = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would open links
    return path == only if only is not None else path.is_relative_to(root)
