"""Documents in a folder on a local disk.

A document is replaced as in `durable_file`, under a lock of its own (`document_locks`).

The system that the lab replaces writes in place and knows no lock. What it wrote between our reading and
our rename would be lost, so the file is hard-linked before the rename and looked at after it.
"""

import errno
import hashlib
import os
import re
import time
import uuid
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lora_core.anchored_folder import AnchoredFolder
from lora_core.disk_faults import Cause, DiskFaultError, explained, explanation, words_of
from lora_core.durable_file import fsync_folder, make_folder, new_beside, read_file, replace_file
from lora_core.errors import StoreConflictError, StoreUnavailableError
from lora_core.stores.document_locks import DocumentLocks
from lora_core.stores.document_store import Stored, Written
from lora_core.stores.kept_copies import KeptCopies

_OWN_FOLDER = ".lora_lab"
_YOUNG_S = 2.0  # two writes within the clock's grain can leave equal stat results: do not trust them yet


class _Stat(NamedTuple):
    mtime_ns: int
    ctime_ns: int  # `cp -p` and `touch -r` set mtime back, but not this
    size: int
    inode: int


class LocalStore:
    """Documents below one root folder; see DocumentStore. Locks and backups stand in `.lora_lab` there.

    A root that is not there yet is made by the first write; one that was there and is gone, never.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._anchor = AnchoredFolder(root, mark=f"{_OWN_FOLDER}/root_id")
        self._copies = KeptCopies(root / _OWN_FOLDER / "kept")
        self._known: dict[str, tuple[_Stat, Stored]] = {}
        self._last: dict[str, Stored] = {}
        """What was read or written last: the same bytes need not be hashed again."""
        self._swept: set[str] = set()
        self._path = lru_cache(maxsize=4096)(self._joined)
        self._locks = DocumentLocks(root / _OWN_FOLDER / "locks", self._anchor)

    def read(self, name: str) -> Stored | None:
        """See DocumentStore."""
        path = self._path(name)
        with explained(path):
            if not self._anchor.check():
                return None
            known = self._known.get(name)
            try:
                if known and known[0] == _stat(path.stat()):
                    return known[1]
                data, before = read_file(path)
            except FileNotFoundError:
                self._refuse_if_away(path)
                return None
        stored = Stored(data, self._etag_of(name, data))
        self._remember(name, _stat(before), stored)
        return stored

    def etag(self, name: str) -> str | None:
        """See DocumentStore."""
        stored = self.read(name)
        return stored and stored.etag

    def write(self, name: str, data: bytes, *, if_match: str | None, keep_copy: bool = False) -> Written:
        """See DocumentStore."""
        linked = self._path(name)
        with explained(linked), self.exclusive(name):
            path = Path(os.path.realpath(linked))  # a link stays one: what it leads to is replaced
            current = _content(path)
            if current is None:
                self._refuse_if_away(linked)
            if (None if current is None else self._etag_of(name, current)) != if_match:
                raise StoreConflictError(f"{name} was changed by somebody else meanwhile.")
            if current is None:
                make_folder(path.parent)
            else:
                _refuse_protected(path)
            self._sweep(name, path)
            self._anchor.leave_mark()
            backup = self._replaced(name, path, data, current, keep_copy and not self._is_linked(name))
            is_displaced = _confirmed(path, backup, current)
        displaced = partial(_displaced, path, backup) if backup and is_displaced else None
        return Written(self._etag_of(name, data), displaced)

    def delete(self, name: str, *, if_match: str) -> None:
        """See DocumentStore."""
        path = self._path(name)
        with explained(path), self.exclusive(name):
            current = _content(path)
            if current is None:
                self._refuse_if_away(path)
            if current is None or _etag(current) != if_match:
                raise StoreConflictError(f"{name} was changed by somebody else meanwhile.")
            self._copies.forget(name)
            path.unlink()
            _confirmed(path, None, None)

    def keep(self, name: str, data: bytes) -> None:
        """See DocumentStore."""
        with explained(self._path(name)), self.exclusive(name):
            if not self._is_linked(name):
                self._copies.announce(name, data, None)
                self._copies.confirm(name, _etag(data))

    def kept_copy(self, name: str, etag: str) -> bytes | None:
        """See DocumentStore."""
        with explained(self._path(name)):
            self._anchor.check()
        etags = self._copies.etags(name)
        if etag in etags or etags == (None, None) or self._is_linked(name):
            return None
        if self.etag(name) != etag or self._copies.etags(name) != etags:
            return None  # one of ours is just writing; whoever reads again sees what
        path = Path(os.path.realpath(self._path(name)))
        # Whoever was killed before his rename has left his temporary file: what he announced was never written.
        was_written = etags[1] is not None and not _matching(path.parent, _temporary_of(path))
        return self._copies.read(name, announced=was_written)

    def folders(self) -> list[str]:
        """See DocumentStore."""
        with explained(self.root):
            if not self._anchor.check():
                return []
            with os.scandir(self.root) as entries:
                found = [
                    entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry)
                ]
            self._anchor.check()  # a disk that went away just now must not read as "no folders"
            return sorted(found)

    def names(self, folder: str) -> list[str]:
        """See DocumentStore."""
        path = self._path(folder)
        with explained(path):
            self._anchor.check()
            try:
                with os.scandir(path) as entries:
                    return sorted(
                        entry.name for entry in entries if not entry.name.startswith(".") and _is_file(entry)
                    )
            except FileNotFoundError:
                self._refuse_if_away(path)
                return []

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """See DocumentStore; may be nested within one thread."""
        return self._locks.held(name, self._path(name))

    def path(self, name: str) -> Path | None:
        """See DocumentStore."""
        return self._path(name)

    def _etag_of(self, name: str, data: bytes) -> str:
        last = self._last.get(name)
        if last is None or last.data != data:
            last = self._last[name] = Stored(data, _etag(data))
        return last.etag

    def _joined(self, name: str) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            raise ValueError(f"{name!r} is no name of a document")
        return self.root.joinpath(*parts)

    def _own(self, kind: str, name: str) -> Path:
        return self.root / _OWN_FOLDER / kind / name.replace("/", "__")

    def _refuse_if_away(self, path: Path) -> None:
        """What is not there may lie on a disk that went away just now, or behind a link that leads nowhere."""
        self._anchor.check()
        for part in (path, *path.parents):
            if part == self.root:
                return
            if part.is_symlink() and not part.exists():
                raise DiskFaultError(Cause.GONE, path)

    def _is_linked(self, name: str) -> bool:
        """Whether it lies behind a link: another lab may write it, under a lock and with copies of its own."""
        own = Path(os.path.realpath(self.root), *PurePosixPath(name).parts)
        return own != Path(os.path.realpath(self._path(name)))

    def _sweep(self, name: str, path: Path) -> None:
        """Removes what a killed process left of this document; nobody of ours writes it, for we hold its lock."""
        if name in self._swept:
            return
        self._swept.add(name)
        if self._is_linked(name):
            return
        backup, kept = self._own("backups", name), self._own("kept", name)
        left = _matching(path.parent, _temporary_of(path))
        if left:
            self._copies.withdraw(name)  # these tell that it was never written; see kept_copy
        left += _matching(backup.parent, rf"\.?{re.escape(backup.name)}\.[0-9a-f]{{32}}(\.tmp)?")
        left += _matching(kept.parent, rf"\.{re.escape(kept.name)}\.next\.[0-9a-f]{{32}}\.tmp")
        for one in left:
            with suppress(OSError):
                one.unlink(missing_ok=True)

    def _replaced(
        self, name: str, path: Path, data: bytes, current: bytes | None, keep_copy: bool
    ) -> Path | None:
        """Puts the new content in place; answers where the old one is kept."""
        with new_beside(path, data) as temporary:
            try:
                if keep_copy:
                    self._copies.announce(name, data, current)
                else:
                    self._copies.forget(name)
                backup = self._backed_up(path, name)
                if backup is None:
                    _put_first(temporary, path)
                else:
                    temporary.replace(path)
            except BaseException:
                self._copies.withdraw(name)
                raise
        if keep_copy:
            self._copies.confirm(name, self._etag_of(name, data))
        return backup

    def _backed_up(self, path: Path, name: str) -> Path | None:
        """The file's own inode under another name: whoever still writes to it in place is seen there."""
        backup = self._own("backups", name)
        make_folder(backup.parent)
        link = backup.with_name(f"{backup.name}.{uuid.uuid4().hex}")
        try:
            os.link(path, link)
            link.replace(backup)
        except FileNotFoundError:
            return None
        except OSError:  # a file system without hard links: the copy at least keeps the content
            content = _content(path)
            if content is None:
                return None
            replace_file(backup, content, is_durable=False)
        finally:
            # Two links of one inode, which a failed write leaves, are not renamed onto each other.
            with suppress(OSError):
                link.unlink(missing_ok=True)
        return backup

    def _remember(self, name: str, stat: _Stat, stored: Stored) -> None:
        if time.time() - max(stat.mtime_ns, stat.ctime_ns) / 1e9 >= _YOUNG_S:
            self._known[name] = (stat, stored)
        else:
            self._known.pop(name, None)


def _put_first(temporary: Path, path: Path) -> None:
    """Gives a new document its name, unless somebody without our lock has just made one: a rename would take it."""
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise StoreConflictError(f"{path.name} was just made by somebody else.") from error
    except OSError:  # a file system without hard links
        temporary.replace(path)
    else:
        temporary.unlink()


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _stat(status: os.stat_result) -> _Stat:
    return _Stat(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _content(path: Path) -> bytes | None:
    try:
        return read_file(path)[0]
    except FileNotFoundError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Also what leads to a folder that is away, or may not be looked at: its own page tells, the others go on."""
    try:
        return entry.is_dir() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError as error:
        return error.errno != errno.ELOOP


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Also what may not be looked at: reading it tells why."""
    try:
        return entry.is_file()
    except OSError as error:
        return error.errno != errno.ELOOP


def _refuse_protected(path: Path) -> None:
    """A rename asks only the folder's permission; but whoever has protected the file itself meant that, too.

    And where its owner and group cannot be kept, they could not write their own file any more.
    """
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _temporary_of(path: Path) -> str:
    return rf"\.{re.escape(path.name)}\.[0-9a-f]{{32}}\.tmp"


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if re.fullmatch(pattern, entry.name)]
    except OSError:
        return []


def _confirmed(path: Path, backup: Path | None, current: bytes | None) -> bool:
    """Makes the change last; answers whether somebody wrote between our reading and it."""
    try:
        fsync_folder(path.parent)
        return backup is not None and read_file(backup)[0] != current
    except OSError as error:
        raise StoreUnavailableError(explanation(Cause.UNCONFIRMED, path, words=words_of(error))) from error


def _displaced(path: Path, backup: Path) -> bytes:
    try:
        return read_file(backup)[0]
    except OSError as error:
        told = explanation(Cause.DISPLACED_UNREADABLE, path, words=str(backup))
        raise StoreUnavailableError(told) from error
