"""Reads a ZIP in bounds: what its headers claim is never trusted, and nothing is unpacked to a disk."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Self

from lora_core.picture_names import is_junk, path_parts, path_problem

NESTED: Final = "It is a ZIP within the ZIP. Unpack it, then upload its files."
_MEGABYTE: Final = 1024**2
_FOUND: Final = (4, 5)  # of the end record, as zipfile reads it: entries in all, bytes of their directory
_IS_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError, ValueError, IndexError),
    *(NotImplementedError, RuntimeError, OverflowError, MemoryError),
)
"""What zipfile raises for archives that are broken, or meant to break it; ValueError holds UnicodeDecodeError."""


class ArchiveError(Exception):
    """The archive, or a file in it, is not read; its text says why and what to do."""


@dataclass(frozen=True)
class Bounds:
    """How much of an archive is read."""

    entries: int = 10_000
    directory_bytes: int = 4 * _MEGABYTE
    """Of the list of files at its end, which is read into memory as a whole."""
    entry_bytes: int = 100 * _MEGABYTE
    total_bytes: int = 10 * 1024 * _MEGABYTE
    """Of all that is read, whether it is used or not."""
    ratio: int = 100
    """How many times smaller than its content a file may be packed, once that is over 1 MB."""


@dataclass(frozen=True)
class ArchiveEntry:
    """A file in an archive."""

    path: str
    """As it stands there, with `/` between folders."""
    problem: str | None
    """Why it cannot be read, and what to do."""
    info: zipfile.ZipInfo


class Archive:
    """The files of a ZIP; folders, and what systems strew into them, are left out. For one thread at a time.

    Raises ArchiveError when it cannot be opened.
    """

    def __init__(self, source: bytes | IO[bytes] | Path, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._read_bytes = 0
        self._own = source.open("rb") if isinstance(source, Path) else None
        file = BytesIO(source) if isinstance(source, bytes) else self._own or source
        assert not isinstance(file, Path)
        try:
            self._zip = self._opened(file)
            self.entries = tuple(self._entries())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes what it has opened itself; a file that was given stays open."""
        if self._own is not None:
            self._own.close()

    def read(self, entry: ArchiveEntry, *, limit: int | None = None) -> bytes:
        """The content of a file, of at most `limit` bytes. Raises ArchiveError."""
        if entry.problem:
            raise ArchiveError(entry.problem)
        limit = min(limit or self._bounds.entry_bytes, self._bounds.entry_bytes)
        self._check_total()
        pieces, size = [], 0
        try:
            with self._zip.open(entry.info) as file:
                while piece := file.read(_MEGABYTE // 4):
                    pieces.append(piece)
                    size += len(piece)
                    self._check(size, len(piece), entry.info.compress_size, limit)
        except _BROKEN as error:
            raise ArchiveError(
                "It is damaged inside the ZIP. Make the ZIP again, then upload it again."
            ) from error
        return b"".join(pieces)

    def _check(self, size: int, more: int, packed: int, limit: int) -> None:
        self._read_bytes += more
        if size > _MEGABYTE and size > self._bounds.ratio * packed:
            raise ArchiveError(
                f"It is packed more than {self._bounds.ratio} times smaller than it is, as no photo can be. Upload "
                "the picture by itself."
            )
        if size > limit:
            raise ArchiveError(f"It is larger than {_told(limit)}. Save it smaller, then upload it again.")
        self._check_total()

    def _check_total(self) -> None:
        if self._read_bytes > self._bounds.total_bytes:
            raise ArchiveError(
                f"The ZIP holds more than {_told(self._bounds.total_bytes)}. Upload it in parts."
            )

    def _opened(self, file: IO[bytes]) -> zipfile.ZipFile:
        try:
            file.seek(0)
            # The very record that zipfile will go by, which says how much it is going to read.
            end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
            if not end:
                raise ArchiveError(
                    "It is no ZIP, or its end is missing. Make it again, then upload it again."
                )
            entries, directory_bytes = (end[index] for index in _FOUND)
            if entries > self._bounds.entries or directory_bytes > self._bounds.directory_bytes:
                raise ArchiveError(f"It holds more than {self._bounds.entries:,} files. Upload it in parts.")
            archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise ArchiveError(
                "The ZIP is damaged, or holds names that cannot be read. Make it again, then upload it again."
            ) from error
        if len(archive.filelist) > self._bounds.entries:
            raise ArchiveError(f"It holds more than {self._bounds.entries:,} files. Upload it in parts.")
        return archive

    def _entries(self) -> Iterator[ArchiveEntry]:
        for info in self._zip.filelist:
            path = _path(info)
            if not path.endswith(("/", "\\")) and not is_junk(path):
                yield ArchiveEntry(path, _problem(info, path), info)


def _path(info: zipfile.ZipInfo) -> str:
    """The path as it is meant: many programs write UTF-8 without saying so. Not cut at a NUL, as zipfile does."""
    path = info.orig_filename
    if info.flag_bits & _IS_UTF8:
        return path
    try:
        return path.encode("cp437").decode()
    except UnicodeError:
        return path


def _problem(info: zipfile.ZipInfo, path: str) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & _ENCRYPTED:
        return "It is locked with a password. Unpack the ZIP, then upload the files."
    if kind not in (0, stat.S_IFREG):
        return "It is no file but a link, which is not followed. Put the file itself into the ZIP."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Others are unpacked without a bound by zipfile: 4 kB of bzip2 can become gigabytes.
        return "It is packed in an unusual way. Make the ZIP with your system's own program."
    if path_parts(path)[-1].casefold().endswith(".zip"):
        return NESTED
    return path_problem(path)


def _told(size: int) -> str:
    megabytes = size / _MEGABYTE
    return f"{megabytes / 1024:.0f} GB" if megabytes >= 1024 else f"{megabytes:.3g} MB"
