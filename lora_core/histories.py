"""The one way to read and to change a style's history and its trash."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lora_core import damaged_copies
from lora_core.document import EMPTY, HistoryDocument, NotAHistoryError, record_key
from lora_core.errors import DamagedDocumentError, StoreConflictError
from lora_core.oddities import checked
from lora_core.own_records import OwnRecords
from lora_core.salvage import Salvage, salvage
from lora_core.stores import DocumentStore, Stored, Written

_log = logging.getLogger(__name__)

LIVE = "training_versions.json"
TRASH = "training_versions.trash.json"
Change = Callable[[HistoryDocument], HistoryDocument]

_TRIES = 20
_STABLE_S = 2.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Damage:
    """A history or a trash that cannot be read, and what is proposed instead."""

    document: str
    etag: str
    why: str
    original: bytes = field(repr=False)
    proposal: Salvage

    @property
    def is_trash(self) -> bool:
        """Whether it is the trash; then the history itself can be read."""
        return self.document.endswith(f"/{TRASH}")

    @property
    def copy(self) -> str:
        """Where the original is kept once the proposal is accepted: a name in the store."""
        return damaged_copies.place(self.document, self.original)


class Histories:
    """Histories of all styles in one store. `wait` takes seconds; tests replace it."""

    def __init__(self, store: DocumentStore, *, wait: Callable[[float], None] = time.sleep) -> None:
        self.store = store
        self._wait = wait
        self._own = OwnRecords(store)
        self._parsed: dict[str, tuple[str, HistoryDocument]] = {}
        self._mended: dict[str, tuple[tuple[str, str | None, HistoryDocument], HistoryDocument]] = {}
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
                    return self._written(name, before, after, etag, change)
                except StoreConflictError:
                    self._wait(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
        raise StoreConflictError(
            f"{name} is being changed by others all the time; nothing was saved. Try again."
        )

    def mend(self, folder: str) -> None:
        """Writes back what another program's save has undone; see `foreign_saves`."""
        name = f"{folder}/{LIVE}"
        if not self._is_undone(name):  # looking leaves no trace, not even a lock
            return
        with self.store.exclusive(name):
            document, etag = self._read(name)
            if self._is_undone(name):
                _log.warning("Another program's save had undone changes of %s; they are put back.", name)
                self._written(name, document, document, etag, lambda same: same)

    def damage(self, folder: str) -> Damage | None:
        """What is wrong with a style's history, and what could be saved."""
        for document in (LIVE, TRASH):
            name = f"{folder}/{document}"
            try:
                self._read(name)
            except DamagedDocumentError as error:
                stored = self.store.read(name)
                if stored is not None:
                    copy, trashed = self._own.saved_over(name, stored.etag), self._trashed(name)
                    proposal = salvage(stored.data, copy=copy, elsewhere=trashed)
                    return Damage(name, stored.etag, error.why, stored.data, proposal)
        return None

    def accept(self, damage: Damage) -> None:
        """Keeps the damaged file aside, then puts the proposal in its place.

        Raises StoreConflictError when the file is another one by now; whatever it is then stays in its place.
        """
        name, is_live = damage.document, damage.document.endswith(LIVE)
        meanwhile = f"{name} has changed meanwhile; look at it again."
        with self.store.exclusive(name):
            stored = self.store.read(name)
            if stored is None or stored.etag != damage.etag:
                raise StoreConflictError(meanwhile)
            damaged_copies.put_aside(self.store, name, stored.data)
            written = self.store.write(name, damage.proposal.data, if_match=damage.etag, keep_copy=is_live)
            is_whole = True
            while written.displaced is not None:  # nobody has seen that, so nobody has accepted its loss
                is_whole = self._settled(written.displaced) is not None
                theirs = written.displaced()
                damaged_copies.put_aside(self.store, name, theirs)
                written = self.store.write(name, theirs, if_match=written.etag, keep_copy=is_live)
                if is_live:  # what was accepted stays the lab's own, and is put back into what they saved
                    self.store.keep(name, damage.proposal.data)
        if not is_whole:
            raise StoreConflictError(meanwhile)

    def _read(self, name: str) -> tuple[HistoryDocument, str | None]:
        saved, etag = self._saved(name)
        return (saved if etag is None else self._whole(name, saved, etag)), etag

    def _saved(self, name: str) -> tuple[HistoryDocument, str | None]:
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
                document = checked(stored.data)
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

    def _whole(self, name: str, saved: HistoryDocument, etag: str) -> HistoryDocument:
        """With what the lab itself had made of it, where another program has saved over that."""
        ours = self._own.saved_over(name, etag) if name.endswith(LIVE) else None
        if ours is None:
            return saved
        state = (etag, self.store.etag(_trash_of(name)), ours)
        if (known := self._mended.get(name)) and known[0] == state:
            return known[1]
        document = self._own.mended(name, saved, ours, self._trashed(name))
        self._mended[name] = (state, document)
        return document

    def _is_undone(self, name: str) -> bool:
        (document, etag), saved = self._read(name), self._saved(name)[0]
        return etag is not None and document is not saved

    def _trashed(self, name: str) -> set[str]:
        try:
            trash = self._read(_trash_of(name))[0]
        except DamagedDocumentError:
            return set()
        return {record_key(record) for record in trash.records}

    def _written(
        self, name: str, before: HistoryDocument, after: HistoryDocument, etag: str | None, change: Change
    ) -> HistoryDocument:
        is_live = name.endswith(LIVE)  # of the trash no other program knows
        if is_live:
            self._own.leave(name, before, after)
        if (saved := self._parsed.get(name)) and saved[0] == etag and saved[1].data == after.data:
            if is_live:  # the other program's save had done the same; from now on it is the lab's own, too
                self.store.keep(name, after.data)
            return after
        written = self.store.write(name, after.data, if_match=etag, keep_copy=is_live)
        is_ours_alone = written.displaced is None
        while written.displaced is not None:
            basis = self._settled(written.displaced)
            if basis is None:  # it never became whole; the next write would replace the store's backup of it
                damaged_copies.put_aside(self.store, name, written.displaced())
                break
            there, after = after, self._mended_basis(name, basis, before)
            try:
                after = change(after)
            finally:  # also when the change is refused on top of it: what we had displaced comes back
                written = (
                    self.store.write(name, after.data, if_match=written.etag, keep_copy=is_live)
                    if after.data != there.data
                    else Written(written.etag)
                )
        self._parsed.pop(name, None)
        if is_ours_alone:  # else it is read and checked like all that others wrote
            self._parsed[name] = (written.etag, after)
        return after

    def _mended_basis(self, name: str, basis: HistoryDocument, before: HistoryDocument) -> HistoryDocument:
        return self._own.mended(name, basis, before, self._trashed(name)) if name.endswith(LIVE) else basis

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


def _trash_of(name: str) -> str:
    return f"{name.rpartition('/')[0]}/{TRASH}"
