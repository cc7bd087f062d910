"""What a training is trained on: checked before the start, frozen at it.

`datasets/{sha256}.json` of a style holds the exact file list, with each file's SHA-256 where the file is at
hand; the record holds only the name of the list. Lists are immutable and shared by versions.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lora_core import json_text
from lora_core.disk_faults import explained
from lora_core.errors import NotFoundError, StoreConflictError
from lora_core.file_hashes import FileHashes
from lora_core.finding_rules import named
from lora_core.payload import caption_name
from lora_core.sets_document import SelectionSet
from lora_core.stores import DocumentStore
from lora_core.styles import Style, Styles

_LONGEST_NAME = 255  # bytes, on every file system in use; a longer one is no file


@dataclass(frozen=True)
class Dataset:
    """The pictures of one selection set as they are now."""

    style: Style
    selection_set: SelectionSet
    missing: tuple[str, ...]
    """Pictures that are not in the style's folder."""
    uncaptioned: tuple[str, ...]
    """Pictures that are there, but whose caption is not, or is empty."""
    unusable_names: tuple[str, ...]
    """Names with `#` or `?`, which cannot be written into an `s3://` address."""
    captions_with_trigger_first: int

    @property
    def filenames(self) -> tuple[str, ...]:
        """The pictures, in the set's order."""
        return self.selection_set.filenames


def looked_at(styles: Styles, style: Style, selection_set: SelectionSet) -> Dataset:
    """Checks the files of a selection set; raises StoreUnavailableError when the folder cannot be read."""
    present = set(styles.store.names(style.folder))
    here = [name for name in selection_set.filenames if name in present]
    captions = {name: _caption(styles, style, name) for name in here if caption_name(name) in present}
    trigger = style.trigger_token.casefold()
    return Dataset(
        style=style,
        selection_set=selection_set,
        missing=tuple(name for name in selection_set.filenames if name not in present),
        uncaptioned=tuple(name for name in here if not captions.get(name)),
        unusable_names=tuple(name for name in selection_set.filenames if "#" in name or "?" in name),
        captions_with_trigger_first=sum(
            text.casefold().startswith((trigger, f"style {trigger}")) for text in captions.values()
        ),
    )


def frozen(store: DocumentStore, dataset: Dataset, hashes: FileHashes | None = None) -> str:
    """Writes the file list and answers its name; the same list has the same name and is written once.

    Raises NotFoundError for what was in the folder when the dataset was looked at and is not any more.
    """
    hashes = hashes or FileHashes()
    listed = {name: _hash(store, dataset.style, name, hashes) for name in _files(dataset.filenames)}
    here = _were_here(dataset)
    gone = tuple(name for name, digest in listed.items() if digest is None and name in here)
    if gone:
        raise NotFoundError(
            f"Gone from the style's folder since this start was checked: {named(gone)}. Nothing was sent. Put "
            "them back, or leave them out, then start again."
        )
    files = [{"filename": name, "sha256": listed[name]} for name in _files(dataset.filenames)]
    content = json_text.dumps({"files": files})
    digest = hashlib.sha256(content).hexdigest()
    name = f"{dataset.style.folder}/datasets/{digest}.json"
    if store.read(name) is None:
        try:
            store.write(name, content, if_match=None)
        except StoreConflictError:
            return digest  # another start wrote the very same list
    return digest


def _were_here(dataset: Dataset) -> set[str]:
    """The files that the check has found in the folder: those that lie only in the bucket have no hash."""
    pictures = [name for name in dataset.filenames if name not in dataset.missing]
    captions = [caption_name(name) for name in pictures if name not in dataset.uncaptioned]
    return {*pictures, *captions}


def _files(pictures: Iterable[str]) -> list[str]:
    return [name for picture in pictures for name in (picture, caption_name(picture))]


def _hash(store: DocumentStore, style: Style, name: str, hashes: FileHashes) -> str | None:
    path = _safe_path(store, style, name)
    with explained(path or name):
        return None if path is None else hashes.fresh(path)


def _caption(styles: Styles, style: Style, picture: str) -> str:
    name = caption_name(picture)
    path = _safe_path(styles.store, style, name)
    with explained(path or name):
        return styles.captions.trained(path) if path else ""


def _safe_path(store: DocumentStore, style: Style, name: str) -> Path | None:
    # Names come from selection_sets.json, which anybody may have written.
    is_plain = PurePosixPath(name).name == name and name not in ("", "..")
    is_plain = is_plain and len(name.encode(errors="surrogatepass")) <= _LONGEST_NAME
    return store.path(f"{style.folder}/{name}") if is_plain else None
