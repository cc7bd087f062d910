"""What a version was trained on, and whether each of its files is still as it was."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from lora_core import json_text
from lora_core.errors import NotFoundError
from lora_core.file_hashes import FileHashes
from lora_core.payload import caption_name
from lora_core.selection_sets import SelectionSets
from lora_core.styles import Style, Styles
from lora_core.versions import Version


class FileState(StrEnum):
    """How a file stands to what it was when the training started."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    NOT_HASHED = "not hashed"
    """It was not at hand then, or the version is older than such lists: nobody can tell."""


@dataclass(frozen=True)
class FrozenPicture:
    """A picture that a version was trained on."""

    filename: str
    state: FileState
    caption_state: FileState


@dataclass(frozen=True)
class FrozenDataset:
    """The pictures that a version was trained on, in their order."""

    pictures: tuple[FrozenPicture, ...]
    is_exact: bool
    """Whether the list was kept at the start. Else it is what the selection set holds today."""

    @property
    def filenames(self) -> tuple[str, ...]:
        """Of the pictures."""
        return tuple(one.filename for one in self.pictures)

    @property
    def changed(self) -> tuple[str, ...]:
        """Pictures that are other ones now, or have another caption."""
        return tuple(
            one.filename for one in self.pictures if FileState.CHANGED in (one.state, one.caption_state)
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """Pictures that are not in the folder any more."""
        return tuple(one.filename for one in self.pictures if one.state is FileState.GONE)


class FrozenDatasets:
    """Of all styles. Lists never change, and a file is hashed once for each of its states."""

    def __init__(self, styles: Styles, sets: SelectionSets, hashes: FileHashes) -> None:
        self._styles = styles
        self._sets = sets
        self._hashes = hashes
        self._lists: dict[str, dict[str, str | None]] = {}

    def of(self, style: Style, version: Version) -> FrozenDataset | None:
        """None where neither a list nor a selection set tells. Raises StoreUnavailableError."""
        files = self._list(style, version.dataset) if version.dataset else None
        if files is not None:
            return FrozenDataset(tuple(self._pictures(style, files)), is_exact=True)
        with suppress(NotFoundError):
            if version.selection_set_id is not None:
                names = self._sets.find(style, version.selection_set_id).filenames
                unknown = {name: None for picture in names for name in (picture, caption_name(picture))}
                return FrozenDataset(tuple(self._pictures(style, unknown)), is_exact=False)
        return None

    def _pictures(self, style: Style, files: Mapping[str, str | None]) -> Iterator[FrozenPicture]:
        present = set(self._styles.store.names(style.folder))
        for name, digest in files.items():
            caption = caption_name(name)
            if name != caption:  # captions stand in the list, too
                state = self._state(style, name, digest, present)
                yield FrozenPicture(name, state, self._state(style, caption, files.get(caption), present))

    def _state(self, style: Style, name: str, digest: str | None, present: set[str]) -> FileState:
        if name not in present:
            return FileState.GONE
        path = self._styles.store.path(f"{style.folder}/{name}")
        if digest is None or path is None:
            return FileState.NOT_HASHED
        try:
            now = self._hashes.of(path)
        except OSError:
            return FileState.NOT_HASHED
        if now is None:
            return FileState.GONE
        return FileState.SAME if now == digest else FileState.CHANGED

    def _list(self, style: Style, digest: str) -> dict[str, str | None] | None:
        """The files of a list and their hashes; None where it is not what its name says."""
        if digest in self._lists:
            return self._lists[digest]
        if not (len(digest) == 64 and digest.isascii() and digest.isalnum()):
            return None
        stored = self._styles.store.read(f"{style.folder}/datasets/{digest}.json")
        if stored is None or hashlib.sha256(stored.data).hexdigest() != digest:
            return None
        files = _files(stored.data)
        if files is not None:
            self._lists[digest] = files
        return files


def _files(data: bytes) -> dict[str, str | None] | None:
    try:
        entries = json_text.loads(data)["files"]
        return {str(one["filename"]): one.get("sha256") for one in entries}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
