"""Versions of a style in its history and its trash: find, create, patch, move.

Everything that must be unique (request id, name) and everything that is decided from evidence is settled
inside the update, on the record as it then is.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from lora_core import json_text
from lora_core.document import HistoryDocument, Record
from lora_core.errors import InvalidNameError, NameTakenError, NotAllowedError, NotFoundError
from lora_core.histories import LIVE, TRASH, Histories
from lora_core.json_text import REMOVED
from lora_core.naming import continued, is_taken, name_problem, normalized, suggested_name
from lora_core.readings import Reading, Readings
from lora_core.styles import Style
from lora_core.times import Clock, epoch_ms, from_iso, to_iso, utc_now
from lora_core.versions import Version

Changes = Mapping[str, Any]
"""New values by key of the record; None takes the key out."""
Decision = Callable[[Version], Changes]
_LOOKS = 10


class Records:
    """The versions of all styles.

    `model_labels` answers, for a style id, the names that model files without a record take up.
    """

    def __init__(
        self,
        histories: Histories,
        *,
        model_labels: Callable[[str], set[str]] = lambda _: set(),
        clock: Clock = utc_now,
    ) -> None:
        self.histories = histories
        self._readings = Readings(histories)
        self._model_labels = model_labels
        self._clock = clock

    def live(self, style: Style) -> list[Version]:
        """Newest first."""
        return list(self._live(style).versions)

    def trash(self, style: Style) -> list[Version]:
        """Newest first; a record that is live as well is not in the trash."""
        live = self._live(style).document
        return [version for version in self._trash(style).versions if live.record(version.key) is None]

    def in_flight(self, style: Style) -> list[Version]:
        """What the lab sent and whose end is not known, live ones and those in the trash."""
        live = self._live(style)
        deleted = self._trash(style).in_flight
        return [*live.in_flight, *(one for one in deleted if live.document.record(one.key) is None)]

    def find(self, style: Style, reference: str) -> Version:
        """By key, id, request id or job id, then by name; live ones first. Raises NotFoundError."""
        if (version := self._live(style).version(reference)) is not None:
            return version
        for versions in (self.live(style), self.trash(style)):
            for version in versions:
                if version.answers_to(reference):
                    return version
            for is_named in (str.__eq__, _is_same_name):  # old files can hold test and Test
                for version in versions:
                    if is_named(version.name, reference):
                        return version
        raise NotFoundError(f"{style.name} has no version {reference}. Look it up in its history.")

    def taken_names(self, style: Style) -> set[str]:
        """Names that a new version must not have: live, in the trash, or a model file's."""
        return {*self._live(style).names, *self._trash(style).names} | self._model_labels(style.id)

    def create(
        self, style: Style, content: Changes, *, name: str | None, based_on: Version | None, key: str | None
    ) -> tuple[Version, bool]:
        """A new record, and whether it is new: a key that is there already answers its record.

        `name` None takes the next one, or the one in `content`, continued when it is taken. Raises
        InvalidNameError, NameTakenError.
        """
        key = key or str(uuid.uuid4())
        created = False

        def change(document: HistoryDocument) -> HistoryDocument:
            nonlocal created
            created = False
            if document.record(key) is not None or self.histories.trash(style.folder).record(key) is not None:
                return document
            created = True
            record = self._new_record(style, document, content, name, based_on, key)
            return document.inserted(record, _place(document, record) if "timestamp" in content else 0)

        written = self.histories.update(style.folder, change).record(key)
        return self.find(style, key) if written is None else Version(style.id, written), created

    def patch(self, style: Style, key: str, decide: Decision) -> Version:
        """Changes one record, wherever it lies, by what `decide` answers for it as it is now."""
        for document in (LIVE, TRASH) * _LOOKS:  # more than once, for one that is moved meanwhile
            patched = self._patched(style, key, decide, document)
            if patched is not None:
                return patched
        raise NotFoundError(f"{style.name} has no version {key} any more.")

    def identity(self, style: Style, version: Version) -> Changes:
        """What an old draft, or one whose folder was copied or renumbered, needs before it can be sent.

        Belongs into the update that starts it, for the request id is the next one then.
        """
        if (version.request_id or "").startswith(f"{style.id}_"):
            return {}
        records = [*self.histories.live(style.folder).records, *self.histories.trash(style.folder).records]
        request_id = _next_request_id(style.id, epoch_ms(self._clock()), records)
        return {"key": version.key, "requestId": request_id, "id": request_id}

    def rename(self, style: Style, key: str, name: str) -> Version:
        """Gives it another name; the model keeps its own. Raises InvalidNameError, NameTakenError."""

        def decide(version: Version) -> Changes:
            own_file = (version.model_name or "").removeprefix(f"style_{style.id}_v")
            others = self.taken_names(style) - {version.name, own_file}
            return {"name": _checked_name(name, others)}

        return self.patch(style, key, decide)

    def delete(self, style: Style, key: str) -> Version:
        """Moves it to the trash: written there first, then taken out, so that no crash can lose it."""
        with self._moving(style):
            _refuse_doubled(self.histories.live(style.folder), key)
            while (own := self.histories.live(style.folder).text(key)) is not None:
                self.histories.update(style.folder, partial(_put, key=key, own=own), document=TRASH)
                if self._taken_out(style, key, own, LIVE):
                    break
            return self.find(style, key)

    def restore(self, style: Style, key: str) -> Version:
        """Moves it back from the trash. Raises NotFoundError, NameTakenError."""
        copied: str | None = None
        with self._moving(style):
            while (own := self.histories.trash(style.folder).text(key)) is not None:
                self.histories.update(style.folder, partial(_restored, key=key, own=own, copied=copied))
                if self._taken_out(style, key, own, TRASH):
                    break
                copied = own
            return self.find(style, key)

    def _live(self, style: Style) -> Reading:
        return self._readings.live(style.id, style.folder)

    def _trash(self, style: Style) -> Reading:
        return self._readings.trash(style.id, style.folder)

    def _moving(self, style: Style) -> AbstractContextManager[None]:
        """Keeps patches of trashed records waiting until a move is over. Order of locks: trash, then live."""
        return self.histories.store.exclusive(f"{style.folder}/{TRASH}")

    def _new_record(
        self,
        style: Style,
        live: HistoryDocument,
        content: Changes,
        name: str | None,
        based_on: Version | None,
        key: str,
    ) -> dict[str, Any]:
        trash = self.histories.trash(style.folder)
        records = [*live.records, *trash.records]
        names, labels = {str(record.get("name")) for record in records}, self._model_labels(style.id)
        now = self._clock()
        request_id = _next_request_id(style.id, epoch_ms(now), records)
        base_name = based_on.name if based_on else None
        record = {
            "id": request_id,
            "name": suggested_name(names | labels, base_name)
            if name is None
            else _checked_name(name, names | labels),
            "description": None,
            "timestamp": to_iso(now),
            **content,
            "isGood": False,
            "key": key,
            "requestId": request_id,
            "basedOn": based_on.key if based_on else None,
        }
        if "name" in content and is_taken(record["name"], names):  # a model file's name gives way
            record["name"] = continued(record["name"], names | labels)
        return {field: value for field, value in record.items() if value is not None}

    def _patched(self, style: Style, key: str, decide: Decision, where: str) -> Version | None:
        version: Version | None = None

        def change(document: HistoryDocument) -> HistoryDocument:
            nonlocal version
            record = document.record(key)
            is_live = where == TRASH and self.histories.live(style.folder).record(key) is not None
            if record is None or is_live:
                version = None
                return document
            _refuse_doubled(document, key)
            before = Version(style.id, record, is_in_trash=where == TRASH)
            changes = {name: REMOVED if value is None else value for name, value in decide(before).items()}
            after = document.patched(key, changes)
            version = Version(style.id, after.record(key) or record, is_in_trash=where == TRASH)
            return after

        self.histories.update(style.folder, change, document=where)
        return version

    def _taken_out(self, style: Style, key: str, moved: str, where: str) -> bool:
        """Takes the record out if it still is what was moved; otherwise the move starts again."""
        is_same = True

        def change(document: HistoryDocument) -> HistoryDocument:
            nonlocal is_same
            is_same = document.text(key) in (None, moved)
            return document.removed(key) if is_same else document

        self.histories.update(style.folder, change, document=where)
        return is_same


def _is_same_name(name: str, other: str) -> bool:
    return is_taken(name, (other,))


def _restored(document: HistoryDocument, *, key: str, own: str, copied: str | None) -> HistoryDocument:
    """With the trashed record, unless it is live: then that one counts, being newer, except our own copy."""
    there = document.record(key)
    if there is not None and (copied is None or there != _read(copied)):
        return document
    name = _read(own).get("name")
    others = [str(other.get("name")) for other in document.records if other is not there]
    if isinstance(name, str) and is_taken(name, others):
        raise NameTakenError(f"There is a version {name} again; rename it, then restore this one.")
    return _put(document, key=key, own=own)


def _put(document: HistoryDocument, *, key: str, own: str) -> HistoryDocument:
    """With this record, by its own text, in the place of an older copy of it if there is one."""
    there, record = document.record(key), _read(own)
    # The old system could leave two versions under one id: another moment is another version.
    if there is None or there.get("timestamp") != record.get("timestamp"):
        return document.inserted_text(own, _place(document, record))
    return document.replaced(key, own)


def _read(own: str) -> Record:
    record: Record = json_text.loads(own.encode())
    return record


def _place(document: HistoryDocument, record: Record) -> int:
    """Where a record that is not of today belongs: before the first one that is older."""
    moment = from_iso(record.get("timestamp"))
    for at, entry in enumerate(document.entries):
        there = from_iso(entry.get("timestamp")) if isinstance(entry, dict) else None
        if moment is None or (there is not None and there < moment):
            return at
    return len(document.entries)


def _checked_name(name: str, taken: set[str]) -> str:
    name = normalized(name)
    if problem := name_problem(name):
        raise InvalidNameError(problem)
    if is_taken(name, taken):
        raise NameTakenError(
            f"The name {name} is taken by another version or a model file; choose another one."
        )
    return name


def _refuse_doubled(document: HistoryDocument, key: str) -> None:
    if document.is_doubled(key):
        raise NotAllowedError(
            f"Two versions have the id {key}, so it is not clear which one is meant; nothing was changed. "
            "python -m lora_core repair shows how they can be told apart, and does it with --apply."
        )


def _next_request_id(style_id: str, now_ms: int, records: list[Record]) -> str:
    """`{style id}_{ms}`, later than all that are there: two in one millisecond get two."""
    greatest = 0
    for record in records:
        prefix, _, ms = str(record.get("requestId") or record.get("id") or "").rpartition("_")
        if prefix == style_id and ms.isascii() and ms.isdecimal() and len(ms) < 100:
            greatest = max(greatest, int(ms))
    return f"{style_id}_{max(now_ms, greatest + 1)}"
