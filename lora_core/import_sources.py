"""The styles of the system that the lab replaces, in a folder or in a ZIP of it: found, not read yet.

It may be the folder that holds all styles, one style's own folder, or something above them. Links and what is
no regular file are passed over: only what the folder really holds is brought in.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lora_core.durable_file import read_file
from lora_core.histories import LIVE, TRASH
from lora_core.selection_sets import SETS_FILE
from lora_core.styles import IMAGE_SUFFIXES, STYLE_FILE, id_of

DATASETS: Final = "datasets"
DOCUMENTS: Final = frozenset({LIVE, TRASH, SETS_FILE, STYLE_FILE})

_DEEPEST: Final = 6
_MOST_ENTRIES: Final = 200_000
_NOT_ENTERED: Final = frozenset({"node_modules", "__MACOSX", "__pycache__"})


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read. `parts`: its folders from the source on, and its name."""

    parts: tuple[str, ...]
    read: Callable[[], bytes] = field(repr=False, compare=False)
    """Raises OSError, or LoraCoreError with a sentence."""
    why_not: str | None = None
    """Why it is passed over, as a sentence without the name."""

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        return self.parts[-1]


@dataclass(frozen=True)
class SourceStyle:
    """A style's folder in the source."""

    folder: str
    files: Mapping[str, SourceFile]
    """By name; those of its `datasets` with that folder before it."""
    passed_over: tuple[str, ...]
    """Sentences, each with a name."""

    @property
    def id(self) -> str:
        """As in the folder's name."""
        return id_of(self.folder)


def folder_files(root: Path, *, leave_out: Path | None = None) -> Iterator[SourceFile]:
    """The files below a folder, to a depth at which styles can lie. Raises OSError for the folder itself."""
    folders: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    for count, (folder, parts) in enumerate(folders):
        try:
            entries = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError:
            if not count:
                raise
            yield SourceFile((*parts, ""), lambda: b"", "The folder cannot be read; it was passed over.")
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _NOT_ENTERED:
                continue
            if entry.is_dir(follow_symlinks=False):
                if leave_out is not None and Path(entry.path) == leave_out:
                    continue
                if len(parts) < _DEEPEST and len(folders) < _MOST_ENTRIES:
                    folders.append((Path(entry.path), (*parts, entry.name)))
                continue
            yield _on_disk(entry, (*parts, entry.name))


def styles_in(files: Iterable[SourceFile], name: str) -> list[SourceStyle]:
    """The style folders among them; `name` is that of the source itself, which may be one.

    What holds a history or selection sets is a style, whatever lies below it. A folder of the right name that
    holds nothing but pictures is one where no such style lies in it.
    """
    by_folder: dict[tuple[str, ...], list[SourceFile]] = {}
    for one in files:
        by_folder.setdefault((name, *one.parts[:-1]), []).append(one)
    named = [folder for folder in sorted(by_folder, key=len) if id_of(folder[-1])]
    documented = _outermost(
        one for one in named if _holds(by_folder[one], lambda file: file.name in DOCUMENTS)
    )
    documented += [one for one in named if _is_unreadable(by_folder[one])]
    pictures = _outermost(one for one in named if _holds(by_folder[one], is_picture))
    apart = [
        one for one in pictures if not any(_is_in(one, other) or _is_in(other, one) for other in documented)
    ]
    return [_style(folder, by_folder) for folder in sorted({*documented, *apart})]


def links_in(files: Iterable[SourceFile]) -> tuple[str, ...]:
    """Sentences of what is called like a style and is no folder, such as a link to one."""
    return tuple(told(one.name, one) for one in files if one.why_not is not None and id_of(one.name))


def told(name: str, one: SourceFile) -> str:
    """Why a file is passed over, with its name; that of an unreadable folder is told anyway."""
    return f"{name}: {one.why_not}" if name else str(one.why_not)


def is_picture(file: SourceFile) -> bool:
    """By its name."""
    return os.path.splitext(file.name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - a name, no path


def _on_disk(entry: os.DirEntry[str], parts: tuple[str, ...]) -> SourceFile:
    if entry.is_symlink():
        return SourceFile(parts, lambda: b"", "It is a link; copy what it leads to, then import again.")
    if not entry.is_file(follow_symlinks=False):
        return SourceFile(parts, lambda: b"", "It is no regular file.")
    path = Path(entry.path)
    return SourceFile(parts, lambda: read_file(path)[0])


def _style(folder: tuple[str, ...], by_folder: Mapping[tuple[str, ...], list[SourceFile]]) -> SourceStyle:
    files = {one.name: one for one in by_folder[folder]}
    lists = {f"{DATASETS}/{one.name}": one for one in by_folder.get((*folder, DATASETS), [])}
    both = files | lists
    passed_over = [told(name, one) for name, one in both.items() if one.why_not is not None]
    kept = {name: one for name, one in both.items() if one.why_not is None}
    return SourceStyle(folder[-1], kept, tuple(passed_over))


def _is_unreadable(files: list[SourceFile]) -> bool:
    return any(not one.name for one in files)


def _holds(files: list[SourceFile], is_it: Callable[[SourceFile], bool]) -> bool:
    return any(one.why_not is None and is_it(one) for one in files)


def _outermost(folders: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for folder in folders:
        if not any(_is_in(folder, other) for other in found):
            found.append(folder)
    return found


def _is_in(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer
