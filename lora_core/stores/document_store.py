"""What the lab needs of a place for documents: read, compare and swap, list, delete.

Names are relative POSIX paths, e.g. `16_dynamic_simplicity/training_versions.json`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """A document as it was read."""

    data: bytes
    etag: str


class Written(NamedTuple):
    """A document was written.

    `displaced` reads what a writer without our lock had put there after we read it: our write has replaced
    it, so the change must be applied again on top of it. That writer may still be at it, so what `displaced`
    answers can grow. None in all other cases.
    """

    etag: str
    displaced: Callable[[], bytes] | None = None


class DocumentStore(Protocol):
    """Raises StoreUnavailableError wherever the place does not give or take."""

    def read(self, name: str) -> Stored | None:
        """The document, or None when there is none."""

    def etag(self, name: str) -> str | None:
        """The etag alone: cheap enough to ask every two seconds."""

    def write(self, name: str, data: bytes, *, if_match: str | None, keep_copy: bool = False) -> Written:
        """Replaces the document that has this etag; None: there must be none yet.

        With `keep_copy` the place remembers what was written, for `kept_copy`; without, it forgets what it
        remembered of the document. Raises StoreConflictError when another document is there; then nothing
        was written.
        """

    def delete(self, name: str, *, if_match: str) -> None:
        """Removes the document that has this etag; raises StoreConflictError otherwise."""

    def keep(self, name: str, data: bytes) -> None:
        """Remembers this as what the lab last made of the document, whatever lies there; see `kept_copy`."""

    def kept_copy(self, name: str, etag: str) -> bytes | None:
        """What we last wrote there ourselves, when somebody else wrote the document that has this etag.

        None when that one is ours, when the document is another one by now, and when nothing is known.
        """

    def folders(self) -> list[str]:
        """The top-level folders, sorted; hidden ones left out."""

    def names(self, folder: str) -> list[str]:
        """The names of the files directly in a folder, sorted; hidden ones left out."""

    def path(self, name: str) -> Path | None:
        """Where the file can be opened directly; None where the place is no disk."""

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Keeps our other writers of the document waiting; a no-op where the place has no locks.

        It only spares retries: `write` compares and swaps with or without it.
        """
