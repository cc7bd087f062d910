"""Keeps the lab's own records whole where another program saves over them; the rules are in `foreign_saves`.

It needs the store's copy of what the lab wrote last, and the states that records have left behind: one file per
history in `.lora_lab/former`, a line of 25 bytes per state, some six states per version. Those only help to
recognise what is stale, so they are not synced to disk; and neither is kept where the store is no disk.
"""

from collections.abc import Collection
from contextlib import suppress

from lora_core.document import HistoryDocument, NotAHistoryError
from lora_core.durable_file import read_file
from lora_core.foreign_saves import former_states, mended
from lora_core.stores import DocumentStore


class OwnRecords:
    """Of the histories in one store."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._ours: dict[str, HistoryDocument] = {}
        self._left: dict[str, set[str]] = {}

    def saved_over(self, name: str, etag: str) -> HistoryDocument | None:
        """What the lab wrote last, if somebody else wrote the document of this etag after it."""
        data = self._store.kept_copy(name, etag)
        known = self._ours.get(name)
        if data is None or (known is not None and known.data == data):
            return known if data else None
        try:
            self._ours[name] = HistoryDocument.parse(data)
        except NotAHistoryError:  # a power cut can spoil a copy that is not synced
            return None
        return self._ours[name]

    def mended(
        self, name: str, saved: HistoryDocument, ours: HistoryDocument, trashed: Collection[str]
    ) -> HistoryDocument:
        """What was saved, with what it lacks of the lab's own; the very document when it lacks nothing."""
        return mended(saved, ours, former=self._former(name), trashed=trashed)

    def leave(self, name: str, before: HistoryDocument, after: HistoryDocument) -> None:
        """Notes the states that a change is about to take records out of."""
        known = self._left.setdefault(name, set())
        states = [state for state in former_states(before, after) if state not in known]
        path = self._store.path(_former_file(name))
        if states and path is not None:
            known.update(states)  # a change that the disk refuses is tried again and again
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a") as file:
                    file.write("".join(f"{state}\n" for state in states))

    def _former(self, name: str) -> frozenset[str]:
        path = self._store.path(_former_file(name))
        try:
            return frozenset(read_file(path)[0].decode("ascii", "ignore").split()) if path else frozenset()
        except OSError:
            return frozenset()


def _former_file(name: str) -> str:
    return f".lora_lab/former/{name.replace('/', '__')}"
