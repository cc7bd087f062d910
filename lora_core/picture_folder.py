"""Puts pictures and captions into a style's folder, whole or not at all, and a picture never beside a wrong caption.

A picture and its caption are two files, and a crash can come between them. Both are written beside their
places first, under names that share a token. Whoever comes next finishes what has its picture in place, and
takes back what has not:

    .a.jpg.{token}.upload    the picture; gone once it is in place
    .a.txt.{token}.upload    its caption
    .a.txt.{token}.aside     the caption of the picture that is replaced

A caption that is edited is one file, replaced at once; a `.a.txt.{token}.tmp` that is left is of no use.
"""

import errno
import os
import re
import uuid
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Final

from lora_core.disk_faults import Cause, DiskFaultError, words_of
from lora_core.durable_file import fsync_folder
from lora_core.payload import caption_name

_UPLOAD: Final = "upload"
_ASIDE: Final = "aside"
_CAPTION: Final = "caption"
_LEFT_BY_EDIT: Final = re.compile(r"\..+\.txt\.[0-9a-f]{32}\.tmp", re.DOTALL)
_LEFT: Final = re.compile(rf"\.(.+)\.([0-9a-f]{{32}})\.({_UPLOAD}|{_ASIDE}|{_CAPTION})", re.DOTALL)


class PictureFolder:
    """One style's folder, for whoever holds its lock.

    Raises OSError; then nothing was changed, unless its cause is UNCONFIRMED.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(
        self,
        name: str,
        picture: bytes,
        caption: bytes | None,
        *,
        is_replacing: bool = False,
        replaces_caption: bool = False,
    ) -> None:
        """A picture, and its caption if one came with it.

        Raises FileExistsError for what somebody has put there meanwhile.
        """
        token, target = uuid.uuid4().hex, self.path / name
        beside = self.path / caption_name(name)
        _refuse_protected(target, *((beside,) if caption is not None else ()))
        try:
            new = _written(_temporary(target, token, _UPLOAD), picture)
            text = None if caption is None else _written(_temporary(beside, token, _UPLOAD), caption)
            if text is not None and replaces_caption:
                with suppress(FileNotFoundError):
                    beside.rename(_temporary(beside, token, _ASIDE))
            _place(new, target, is_replacing=is_replacing)
            if text is not None:
                _place(text, beside, is_replacing=False)
            self._confirm()
        finally:
            self._settle(token)

    def put_caption(self, name: str, caption: bytes, *, is_replacing: bool = False) -> None:
        """The caption of a picture that is there. Raises FileExistsError unless it is to be replaced."""
        target = self.path / caption_name(name)
        if is_replacing:
            target = Path(os.path.realpath(target))  # a caption that is a link stays one
            _refuse_protected(target)
        temporary = _temporary(target, uuid.uuid4().hex, _CAPTION)
        try:
            _place(_written(temporary, caption), target, is_replacing=is_replacing)
            self._confirm()
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Finishes or takes back what a killed process has left."""
        with os.scandir(self.path) as entries:
            names = [entry.name for entry in entries]
        for token in {found[2] for name in names if (found := _LEFT.fullmatch(name))}:
            self._settle(token)
        for name in filter(_LEFT_BY_EDIT.fullmatch, names):
            with suppress(OSError):  # tried again at the next upload
                (self.path / name).unlink(missing_ok=True)

    def _confirm(self) -> None:
        try:
            fsync_folder(self.path)
        except OSError as error:
            raise DiskFaultError(Cause.UNCONFIRMED, self.path, words_of(error)) from error

    def _settle(self, token: str) -> None:
        """What is left of one of our own is gone afterwards; a disk that does not let it go is tried again later."""
        with suppress(OSError):
            left = self._left(token)
            if not left:
                return
            is_placed = all(
                _is_in_place(file, target) for file, target in left[_UPLOAD] if not _is_caption(target)
            )
            # Of a replaced picture the new caption, else of one that stays the old one.
            for file, target in left[_UPLOAD] if is_placed else left[_ASIDE]:
                if _is_caption(target):
                    with suppress(FileExistsError):
                        _place(file, target, is_replacing=False)
            if left[_ASIDE] or is_placed:  # nothing is thrown away before what replaces it is there to stay
                fsync_folder(self.path)
            for file, _ in (*left[_UPLOAD], *left[_ASIDE], *left[_CAPTION]):
                file.unlink(missing_ok=True)

    def _left(self, token: str) -> dict[str, list[tuple[Path, Path]]]:
        """Temporary files with this token and what they are to become, by kind."""
        left: dict[str, list[tuple[Path, Path]]] = defaultdict(list)
        with os.scandir(self.path) as entries:
            for entry in entries:
                found = _LEFT.fullmatch(entry.name)
                if found and found[2] == token:
                    left[found[3]].append((Path(entry.path), self.path / found[1]))
        return left


def _temporary(target: Path, token: str, kind: str) -> Path:
    return target.with_name(f".{target.name}.{token}.{kind}")


def _written(path: Path, data: bytes) -> Path:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path


def _place(temporary: Path, target: Path, *, is_replacing: bool) -> None:
    """Gives a file its name. Raises FileExistsError when somebody else has just used it, unless it is replaced."""
    if is_replacing:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        temporary.replace(target)
    else:
        temporary.unlink()


def _is_in_place(file: Path, target: Path) -> bool:
    """Whether the same file has its name already; a process was killed before it took the other one away."""
    try:
        return file.samefile(target)
    except FileNotFoundError:
        return False


def _is_caption(target: Path) -> bool:
    return target.suffix == ".txt"


def _refuse_protected(*files: Path) -> None:
    """A rename asks only the folder's permission; but whoever has protected the file itself meant that, too."""
    for file in files:
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
