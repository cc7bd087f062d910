"""The one way to read and to change a style's history and its trash."""

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from lora_core.document import EMPTY, HistoryDocument, NotAHistoryError
from lora_core.errors import DamagedDocumentError, StoreConflictError
from lora_core.salvage import Salvage, salvage
from lora_core.stores import DocumentStore, Stored

LIVE = "training_versions.json"
TRASH = "training_versions.trash.json"
Change = Callable[[HistoryDocument], HistoryDocument]

_TRIES = 20
_STABLE_S = 2.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Damage:
    """A history that cannot be read, and what is proposed instead."""

    document: str
    etag: str
    why: str
    proposal: Salvage


class Histories:
    """Histories of all styles in one store. `wait` takes seconds; tests replace it."""

    def __init__(self, store: DocumentStore, *, wait: Callable[[float], None] = time.sleep) -> None:
        self.store = store
        self._wait = wait
        self._parsed: dict[str, tuple[str, HistoryDocument]] = {}
        self._damaged: dict[str, tuple[str, str]] = {}

    def etag(self, folder: str) -> tuple[str | None, str | None]:
        """Changes whenever the history or the trash of a style does."""
        return self.store.etag(f"{folder}/{LIVE}"), self.store.etag(f"{folder}/{TRASH}")

    def live(self, folder: str) -> HistoryDocument:
        """The history; empty when there is no file. Raises DamagedDocumentError."""
        return self._read(f"{folder}/{LIVE}")[0]

    def trash(self, folder: str) -> HistoryDocument:
        """The trash. A record that is live as well counts as live: a move had been interrupted."""
        return self._read(f"{folder}/{TRASH}")[0]

    def update(self, folder: str, change: Change, *, document: str = LIVE) -> HistoryDocument:
        """Applies a pure, idempotent change to the document as it then is.

        Read, change, compare and swap; on a conflict once more with what is there then, at most 20 times. A
        change that answers its very argument writes nothing. Raises StoreConflictError when somebody else is
        faster 20 times in a row.
        """
        name = f"{folder}/{document}"
        with self.store.exclusive(name):
            for attempt in range(_TRIES):
                before, etag = self._read(name)
                after = change(before)
                if after is before:
                    return before
                try:
                    return self._written(name, after, etag, change)
                except StoreConflictError:
                    self._wait(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
        raise StoreConflictError(
            f"{name} is being changed by others all the time; nothing was saved. Try again."
        )

    def damage(self, folder: str) -> Damage | None:
        """What is wrong with a style's history, and what could be saved."""
        for document in (LIVE, TRASH):
            name = f"{folder}/{document}"
            try:
                self._read(name)
            except DamagedDocumentError as error:
                stored = self.store.read(name)
                if stored is not None:
                    return Damage(name, stored.etag, error.why, salvage(stored.data))
        return None

    def accept(self, damage: Damage) -> None:
        """Keeps the damaged file aside, then puts the proposal in its place.

        Raises StoreConflictError when the file is another one by now.
        """
        stored = self.store.read(damage.document)
        if stored is None or stored.etag != damage.etag:
            raise StoreConflictError(f"{damage.document} has changed meanwhile; look at it again.")
        self._put_aside(damage.document, stored.data)
        written = self.store.write(damage.document, damage.proposal.data, if_match=damage.etag)
        if written.displaced and (whole := self._settled(written.displaced)):
            self.store.write(damage.document, whole.data, if_match=written.etag)

    def _read(self, name: str) -> tuple[HistoryDocument, str | None]:
        stored = self.store.read(name)
        if stored is None:
            return HistoryDocument(EMPTY, ()), None
        cached = self._parsed.get(name)
        if cached and cached[0] == stored.etag:
            return cached[1], stored.etag
        damaged = self._damaged.get(name)
        if damaged and damaged[0] == stored.etag:
            raise DamagedDocumentError(name, damaged[1])
        return self._parse(name, stored)

    def _parse(self, name: str, stored: Stored) -> tuple[HistoryDocument, str | None]:
        """The old system truncates and writes in place: half a file is read again until it stays the same."""
        unchanged_s = 0.0
        while True:
            try:
                document = HistoryDocument.parse(stored.data)
            except NotAHistoryError as error:
                if unchanged_s >= _STABLE_S:
                    self._damaged[name] = (stored.etag, str(error))
                    raise DamagedDocumentError(name, str(error)) from error
            else:
                self._parsed[name] = (stored.etag, document)
                return document, stored.etag
            self._wait(_LOOK_EVERY_S)
            again = self.store.read(name)
            if again is None:
                return HistoryDocument(EMPTY, ()), None
            unchanged_s = unchanged_s + _LOOK_EVERY_S if again.etag == stored.etag else 0.0
            stored = again

    def _written(
        self, name: str, after: HistoryDocument, etag: str | None, change: Change
    ) -> HistoryDocument:
        written = self.store.write(name, after.data, if_match=etag)
        while written.displaced is not None:
            basis = self._settled(written.displaced)
            if basis is None:  # it never became whole; the next write would replace the store's backup of it
                self._put_aside(name, written.displaced())
                break
            after = basis
            try:
                after = change(basis)
            finally:  # also when the change is refused on top of it: what we had displaced comes back
                written = self.store.write(name, after.data, if_match=written.etag)
        self._parsed[name] = (written.etag, after)
        return after

    def _put_aside(self, name: str, data: bytes) -> None:
        """Keeps a copy of what cannot be read; the same bytes once."""
        aside = f".lora_lab/damaged/{name.replace('/', '__')}.{hashlib.sha256(data).hexdigest()[:12]}"
        if self.store.read(aside) is None:
            self.store.write(aside, data, if_match=None)

    def _settled(self, read: Callable[[], bytes]) -> HistoryDocument | None:
        data, unchanged_s = read(), 0.0
        while unchanged_s < _STABLE_S:
            try:
                return HistoryDocument.parse(data)
            except NotAHistoryError:
                self._wait(_LOOK_EVERY_S)
            again = read()
            unchanged_s = unchanged_s + _LOOK_EVERY_S if again == data else 0.0
            data = again
        return None
