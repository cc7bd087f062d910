"""The one way to read and to change a style's selection sets.

Two sessions and the old system may write them at once: read, change, compare and swap, and again on what is
there then. A file that cannot be read is copied aside and never written.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from lora_core.damaged_copies import put_aside
from lora_core.errors import (
    InvalidNameError,
    NameTakenError,
    NotAllowedError,
    NotFoundError,
    StoreConflictError,
    StoreError,
    UnreadableDocumentError,
)
from lora_core.histories import Histories
from lora_core.json_text import REMOVED
from lora_core.naming import name_problem, normalized
from lora_core.sets_document import EMPTY, NoSetsError, SelectionSet, SetsDocument, next_number
from lora_core.styles import Style
from lora_core.versions import Version

SETS_FILE = "selection_sets.json"
Change = Callable[[SetsDocument], SetsDocument]

_TRIES = 20
_STABLE_S = 2.0
_LOOK_EVERY_S = 0.05
_REMEDY = "Correct it, or move it away to begin anew"


class SelectionSets:
    """Of all styles in one store; the histories tell which numbers are taken. `wait` takes seconds."""

    def __init__(self, histories: Histories, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._histories = histories
        self._store = histories.store
        self._wait = wait
        self._parsed: dict[str, tuple[str, SetsDocument]] = {}
        self._damaged: dict[str, tuple[str, str]] = {}

    def all(self, style: Style) -> list[SelectionSet]:
        """By number; what is no set is passed over, and of a file that cannot be read there is none: see `problem`."""
        try:
            return list(self._read(style)[0].sets)
        except UnreadableDocumentError:
            return []

    def problem(self, style: Style) -> str | None:
        """A sentence when the style's sets cannot be read."""
        try:
            self._read(style)
        except UnreadableDocumentError as error:
            return str(error)
        return None

    def find(self, style: Style, set_id: int) -> SelectionSet:
        """One of them; raises NotFoundError."""
        for one in self.all(style):
            if one.id == set_id:
                return one
        raise NotFoundError(f"{style.name} has no selection set {set_id}. Choose one of its sets.")

    def save(self, style: Style, filenames: Iterable[str], *, name: str = "", note: str = "") -> SelectionSet:
        """A new set with the next number: of two saved at once each gets one, and none is given anew that a
        version was trained with. Raises InvalidNameError.
        """
        made = SelectionSet(0, _checked_names(filenames), _checked_name(name), note.strip())

        def change(document: SetsDocument) -> SetsDocument:
            nonlocal made
            if document.find(made.id) == made:
                return document  # it is written, and somebody else's save was found beside it
            made = replace(made, id=next_number(document.sets, self._used_numbers(style)))
            return document.added(made)

        self.change(style, change)
        return made

    def save_first(self, style: Style, sets: Sequence[SelectionSet]) -> None:
        """Writes the style's first sets; raises StoreConflictError when there are some already."""
        document = SetsDocument.parse(EMPTY)
        for one in sets:
            document = document.added(one)
        self._store.write(_file(style), document.data, if_match=None)

    def update(
        self,
        style: Style,
        set_id: int,
        *,
        filenames: Iterable[str] | None = None,
        name: str | None = None,
        note: str | None = None,
    ) -> SelectionSet:
        """Other pictures, another name or note for a set; an empty text takes it away.

        Raises NotFoundError, InvalidNameError.
        """
        changes: dict[str, object] = {}
        if filenames is not None:
            changes["filenames"] = list(_checked_names(filenames))
        if name is not None:
            changes["name"] = _checked_name(name) or REMOVED
        if note is not None:
            changes["note"] = note.strip() or REMOVED
        document = self.change(style, lambda there: _one_of(style, there, set_id).patched(set_id, changes))
        return next(one for one in document.sets if one.id == set_id)

    def delete(self, style: Style, set_id: int) -> SelectionSet:
        """Takes a set out; answers what it was, for `restore`. Raises NotFoundError."""
        deleted: SelectionSet | None = None

        def change(document: SetsDocument) -> SetsDocument:
            nonlocal deleted
            there = document.find(set_id)
            if deleted is not None and there is None:
                return document
            document = _one_of(style, document, set_id)
            deleted = there and replace(there, own_text=document.text(set_id))
            return document.removed(set_id)

        self.change(style, change)
        if deleted is None:
            raise NotFoundError(f"{style.name} has no selection set {set_id} any more.")
        return deleted

    def restore(self, style: Style, one: SelectionSet) -> SelectionSet:
        """Puts a deleted set back under its number. Raises NameTakenError when another one has it by now."""

        def change(document: SetsDocument) -> SetsDocument:
            there = document.find(one.id)
            if there == one:
                return document
            if there is not None:
                raise NameTakenError(
                    f"There is another selection set {one.id} by now; save these pictures as a new set instead."
                )
            return document.added(one)

        self.change(style, change)
        return self.find(style, one.id)

    def document(self, style: Style) -> SetsDocument:
        """The file as it is. Raises UnreadableDocumentError."""
        return self._read(style)[0]

    def change(self, style: Style, change: Change) -> SetsDocument:
        """Applies a pure, idempotent change to the document as it then is; its very argument writes nothing.

        Raises UnreadableDocumentError, and StoreConflictError when somebody else is faster 20 times in a row.
        """
        name = _file(style)
        try:
            with self._store.exclusive(name):
                for attempt in range(_TRIES):
                    before, etag = self._read(style)
                    after = change(before)
                    if after is before:
                        return before
                    try:
                        return self._written(name, after, etag, change)
                    except StoreConflictError:
                        self._wait(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
        except UnreadableDocumentError:
            if (stored := self._store.read(name)) is not None:
                put_aside(self._store, name, stored.data)
            raise
        raise StoreConflictError(
            f"{name} is being changed by others all the time; nothing was saved. Try again."
        )

    def _written(self, name: str, after: SetsDocument, etag: str | None, change: Change) -> SetsDocument:
        """Writes, and applies the change again to what a writer without our lock had put there meanwhile."""
        written = self._store.write(name, after.data, if_match=etag)
        while written.displaced is not None:
            try:
                basis = self._settled(written.displaced)
            except NoSetsError:
                put_aside(self._store, name, written.displaced())
                break
            after = change(basis)
            written = self._store.write(name, after.data, if_match=written.etag)
        return after

    def _read(self, style: Style) -> tuple[SetsDocument, str | None]:
        name = _file(style)
        stored = self._store.read(name)
        if stored is None:
            return SetsDocument(EMPTY, ()), None
        known = self._parsed.get(name)
        if known is not None and known[0] == stored.etag:
            return known[1], stored.etag
        damaged = self._damaged.get(name)
        if damaged is not None and damaged[0] == stored.etag:
            raise UnreadableDocumentError(name, damaged[1], _REMEDY)
        return self._parse(name)

    def _parse(self, name: str) -> tuple[SetsDocument, str | None]:
        """The old system truncates and writes in place: half a file is read again until it stays the same."""
        unchanged_s, last = 0.0, None
        while (stored := self._store.read(name)) is not None:
            try:
                document = SetsDocument.parse(stored.data)
            except NoSetsError as error:
                unchanged_s = unchanged_s + _LOOK_EVERY_S if stored.etag == last else 0.0
                if unchanged_s >= _STABLE_S or not error.may_be_half:
                    self._damaged[name] = (stored.etag, str(error))
                    raise UnreadableDocumentError(name, str(error), _REMEDY) from error
            else:
                self._parsed[name] = (stored.etag, document)
                return document, stored.etag
            last = stored.etag
            self._wait(_LOOK_EVERY_S)
        return SetsDocument(EMPTY, ()), None

    def _settled(self, read: Callable[[], bytes]) -> SetsDocument:
        """What another writer made, once it is whole. Raises NoSetsError when it never becomes so."""
        data, unchanged_s = read(), 0.0
        while True:
            try:
                return SetsDocument.parse(data)
            except NoSetsError as error:
                if unchanged_s >= _STABLE_S or not error.may_be_half:
                    raise
            self._wait(_LOOK_EVERY_S)
            again = read()
            unchanged_s = unchanged_s + _LOOK_EVERY_S if again == data else 0.0
            data = again

    def _used_numbers(self, style: Style) -> list[int]:
        """The sets that versions were trained with, or are drafts for, those in the trash too."""
        numbers: list[int] = []
        for document in (self._histories.live, self._histories.trash):
            with suppress(StoreError):  # its own page tells
                versions = (Version(style.id, record) for record in document(style.folder).records)
                numbers += [one.selection_set_id for one in versions if one.selection_set_id is not None]
        return numbers


def _one_of(style: Style, document: SetsDocument, set_id: int) -> SetsDocument:
    """The document, if one set has this number; raises NotFoundError, NotAllowedError."""
    if document.find(set_id) is None:
        raise NotFoundError(f"{style.name} has no selection set {set_id} any more. Choose one of its sets.")
    if document.is_doubled(set_id):
        raise NotAllowedError(
            f"Two selection sets have the number {set_id}, so it is not clear which one is meant; nothing was "
            f"changed. Give one of them another number in {_file(style)}."
        )
    return document


def _checked_names(filenames: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(filenames))
    if not names:
        raise InvalidNameError("A selection set needs at least one picture; select some first.")
    for name in names:
        if PurePosixPath(name).name != name or name in ("", ".."):
            raise InvalidNameError(f"{name!r} is no name of a picture in the style's folder.")
    return names


def _checked_name(name: str) -> str:
    text = normalized(name)
    problem = name_problem(text) if text else None
    if problem is not None:
        raise InvalidNameError(problem)
    return text


def _file(style: Style) -> str:
    return f"{style.folder}/{SETS_FILE}"
