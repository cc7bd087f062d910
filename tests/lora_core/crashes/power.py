"""An honest disk whose power is cut: what it was told to keep is there, and of the rest whatever it likes.

A file's content lasts once the file is fsynced, a name once its folder is. Before that the content may be lost,
halved or zeroed; and of the changes in one folder's names the disk has done the first few, in each folder as
many as it likes. That is less than the file systems in use give.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path, PurePosixPath

from tests.lora_core.crashes.operations import Kind, Operation

Tree = Mapping[str, bytes | None]
"""Contents by path; None is a folder."""
_LATEST = 3
"""How many of a folder's latest changes are taken away one by one; those before them only all at once."""
_MOST = 30
"""How many combinations are tried after one operation."""


@dataclass
class _File:
    cached: bytes
    durable: bytes


@dataclass
class _Folder:
    cached: dict[str, int] = field(default_factory=dict)
    durable: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Change:
    """Of the names in one folder, done whole or not at all; None takes a name away."""

    folder: int
    names: Mapping[str, int | None]


class Disk:
    """Files and folders by number, as the operating system has them and as the disk has them."""

    def __init__(self, root: Path) -> None:
        self._files: dict[int, _File] = {}
        self._folders: dict[int, _Folder] = {}
        self._unconfirmed: list[_Change] = []
        self._root = self._read(root)

    def do(self, operation: Operation) -> None:
        """One more operation."""
        path, target = operation.path, operation.target
        match operation.kind:
            case Kind.CREATE:
                self._change(path, {_name(path): self._new_file()})
            case Kind.MKDIR:
                self._change(path, {_name(path): self._new_folder()})
            case Kind.EMPTY:
                self._file(path).cached = b""
            case Kind.WRITE:
                file, at = self._file(path), operation.at
                file.cached = file.cached[:at] + operation.data + file.cached[at + len(operation.data) :]
            case Kind.FSYNC:
                self._file(path).durable = self._file(path).cached
            case Kind.FSYNC_FOLDER:
                self._confirm(self._number(path))
            case Kind.LINK:
                self._change(target, {_name(target): self._number(path)})
            case Kind.UNLINK:
                self._change(path, {_name(path): None})
            case Kind.RENAME:
                assert PurePosixPath(path).parent == PurePosixPath(target).parent, "it is no single change"
                self._change(path, {_name(path): None, _name(target): self._number(path)})

    def cached(self) -> Tree:
        """What there is while the power is on."""
        return self._tree(self._unconfirmed, lambda file: file.cached)

    def survivors(self) -> list[Tree]:
        """What may be there when the power is back, the extremes first."""
        found: dict[frozenset[object], Tree] = {}
        nothing, everything, *between = _choices(self._unconfirmed)
        extremes = product((nothing, everything), _CONTENTS[:2])
        for changes, content in chain(extremes, product((nothing, everything, *between), _CONTENTS)):
            tree = self._tree(changes, content)
            found.setdefault(frozenset(tree.items()), tree)
        return list(found.values())

    def _tree(self, changes: list[_Change], content: Callable[[_File], bytes]) -> Tree:
        names = {number: dict(folder.durable) for number, folder in self._folders.items()}
        for change in changes:
            _apply(change, names[change.folder])
        tree: dict[str, bytes | None] = {}

        def enter(path: str, number: int) -> None:
            if number in self._files:
                tree[path] = content(self._files[number])
                return
            tree[path] = None
            for name, below in names[number].items():
                enter(f"{path}/{name}" if path else name, below)

        enter("", self._root)
        del tree[""]
        return tree

    def _read(self, path: Path) -> int:
        """What was there before counts as kept. Links of one file are one file."""
        if path.is_dir():
            names = {one.name: self._read(one) for one in path.iterdir()}
            self._folders[number := path.stat().st_ino] = _Folder(dict(names), dict(names))
        else:
            content = path.read_bytes()
            self._files[number := path.stat().st_ino] = _File(content, content)
        return number

    def _new_file(self) -> int:
        self._files[number := -1 - len(self._files) - len(self._folders)] = _File(b"", b"")
        return number

    def _new_folder(self) -> int:
        self._folders[number := -1 - len(self._files) - len(self._folders)] = _Folder()
        return number

    def _change(self, path: str, names: Mapping[str, int | None]) -> None:
        change = _Change(self._number(str(PurePosixPath(path).parent)), names)
        _apply(change, self._folders[change.folder].cached)
        self._unconfirmed.append(change)

    def _confirm(self, folder: int) -> None:
        self._folders[folder].durable = dict(self._folders[folder].cached)
        self._unconfirmed = [change for change in self._unconfirmed if change.folder != folder]

    def _file(self, path: str) -> _File:
        return self._files[self._number(path)]

    def _number(self, path: str) -> int:
        number = self._root
        for name in PurePosixPath(path).parts:
            number = self._folders[number].cached[name]
        return number


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _apply(change: _Change, names: dict[str, int]) -> None:
    for name, number in change.names.items():
        if number is None:
            names.pop(name, None)
        else:
            names[name] = number


def _choices(changes: list[_Change]) -> list[list[_Change]]:
    """Which of them the disk did: none, all, or of each folder's the first few, in any combination."""
    of_folders: dict[int, list[_Change]] = {}
    for change in changes:
        of_folders.setdefault(change.folder, []).append(change)
    beginnings = [
        [ours[:count] for count in range(len(ours) + 1) if count == 0 or count > len(ours) - _LATEST]
        for ours in of_folders.values()
    ]
    nothing, *between = product(*beginnings)
    if len(between) > _MOST:
        between = random.Random(len(changes)).sample(between, _MOST)
    return [list(chain(*chosen)) for chosen in (nothing, of_folders.values(), *between)]


def _half(file: _File) -> bytes:
    # A file system may keep the new length, and of the new content a part, or nothing.
    return file.cached if file.cached == file.durable else file.cached[: len(file.cached) // 2]


def _zeros(file: _File) -> bytes:
    return file.cached if file.cached == file.durable else bytes(len(file.cached))


_CONTENTS: tuple[Callable[[_File], bytes], ...] = (
    lambda file: file.durable,
    lambda file: file.cached,
    _half,
    _zeros,
)
