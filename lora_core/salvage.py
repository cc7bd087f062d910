"""What can be saved of a damaged history: a proposal, never written by itself.

Every record that is whole is proposed with its own text, wherever it stands. Nothing is dropped unsaid: what
is not in the proposal is told piece by piece, and what is in it in another form is told in a sentence.
"""

import json
import uuid
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from lora_core import json_text
from lora_core.document import HistoryDocument, Record, record_key
from lora_core.times import from_iso
from lora_core.wreckage import Find, wreckage

_OF_ITS_COURSE: Final = frozenset(
    {
        *("status", "submission", "startedAt", "completedAt", "failedAt", "lastSynced", "loraUrl"),
        *("error", "failureReason", "statusNote", "cancelRequestedAt"),
        *("modelName", "dataset", "imageCount"),
    }
)
"""What is written while a training goes on; the rest of a record is its user's."""
_COURSE: Final = ("draft", "pending", "training", "failed", "completed")
_OWN_KEYS: Final = uuid.UUID("5f0d9a4e-6a3c-5d0e-9a55-0c2f3f6f7a11")
"""So that a record without an id gets the same key whenever its text is looked at."""
_COMPARED: Final = 8
"""With so many of one id is another one compared, so that a file of nothing else takes no hours."""


@dataclass(frozen=True)
class Salvage:
    """The records that are whole, newest first, and the document that is proposed."""

    records: tuple[Record, ...]
    data: bytes = field(repr=False)
    not_understood: tuple[str, ...]
    """Every piece of the original that is not in the proposal."""
    notes: tuple[str, ...]
    """A sentence for each record that is not in the proposal as it was in the original."""


def salvage(data: bytes, *, copy: HistoryDocument | None = None, elsewhere: Container[str] = ()) -> Salvage:
    """Total: any bytes give a proposal, and it is a history in which nothing is hidden.

    `copy` is what the lab itself wrote last: what is no longer whole in the file is taken from there, unless
    its key is one of those `elsewhere`.
    """
    wreck = wreckage(data)
    proposal = _Proposal()
    for find in wreck.finds:
        proposal.take(find)
    if copy is not None:
        proposal.fill(copy, elsewhere)
    saved = _newest_first(proposal.saved())
    return Salvage(
        tuple(one.record for one in saved),
        _document(wreck.beside, saved),
        (*wreck.pieces, *proposal.pieces),
        tuple(proposal.notes),
    )


@dataclass(frozen=True)
class _Candidate:
    """A record that may be proposed, and what its text says to the last digit."""

    find: Find

    @cached_property
    def said(self) -> Mapping[str, Any]:
        # Numbers by their digits: of a long one the lab itself reads no more than a double holds.
        said: Mapping[str, Any] = json.loads(
            self.find.text, parse_float=_digits, parse_int=lambda text: f"\0{text}"
        )
        return said

    @cached_property
    def spelled(self) -> str:
        return _spelled(self.said)

    @property
    def progress(self) -> int:
        status = self.said.get("status")
        return _COURSE.index(status) if status in _COURSE else -1

    def is_state_of(self, later: "_Candidate") -> bool:
        """Whether the later one says all that this one does, but for the course of its training."""
        if not record_key(later.find.record) or from_iso(later.said.get("timestamp")) is None:
            return False
        return all(
            name in _OF_ITS_COURSE or self._says_nothing(name) or later._says(name, value)
            for name, value in self.said.items()
        )

    def is_in(self, other: "_Candidate") -> bool:
        """Whether the other one says all that this one does."""
        return all(other._says(name, value) for name, value in self.said.items())

    def _says(self, name: str, value: object) -> bool:
        return name in self.said and _spelled(self.said[name]) == _spelled(value)

    def _says_nothing(self, name: str) -> bool:
        """Whether a value is empty, no mark as good, or no job's id yet."""
        value = self.said[name]
        is_request = name == "id" and value == self.said.get("requestId")
        return value is None or (name == "isGood" and value is False) or is_request


class _Proposal:
    """The records that are proposed; of two under one identity the second gets a key of its own."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.notes: list[str] = []
        self._saved: list[_Candidate] = []
        self._places: dict[str, list[int]] = {}
        self._spelled: dict[str, set[str]] = {}

    def take(self, find: Find) -> None:
        """Keeps it, unless it is there already, or is an earlier state of what is."""
        self.pieces += find.lost
        new, identity = _Candidate(find), record_key(find.record)
        places = self._places.setdefault(identity, [])
        if places and self._is_there(new, identity, places):
            return
        self.notes += [f"{_name(find)}: {why}." for why in find.why]
        for place in places[:_COMPARED]:
            there = self._saved[place]
            earlier = _earlier(there, new)
            if earlier is not None:
                self._saved[place] = there if earlier is new else new
                self._note_state(earlier, self._saved[place])
                return
        places.append(len(self._saved))
        self._saved.append(new)

    def _is_there(self, new: _Candidate, identity: str, places: list[int]) -> bool:
        spelled = self._spelled.setdefault(identity, set())
        if not spelled:  # most records are alone under their id, so nothing was spelled yet
            spelled.add(self._saved[places[0]].spelled)
        is_there = new.spelled in spelled
        spelled.add(new.spelled)
        return is_there

    def fill(self, copy: HistoryDocument, elsewhere: Container[str]) -> None:
        """Takes from a copy the records that were not found."""
        for record, own in zip(copy.entries, copy.texts(), strict=True):
            key = record_key(record) if isinstance(record, dict) else ""
            if key and key not in self._places and key not in elsewhere:
                why = "it is not whole in the file, so it is taken from the lab's own copy of what it last wrote"
                self.take(Find(own, record, why=[why]))

    def saved(self) -> list[Find]:
        """Each with an identity of its own, in the order in which they were taken."""
        finds = [one.find for one in self._saved]
        for identity, places in self._places.items():
            for place in places[1:] if identity else places:
                why = "its id is another version's, too" if identity else "it has no id"
                self.notes.append(f"{_name(finds[place])}: {why}, so it gets a key of its own.")
                finds[place] = _with_own_key(finds[place])
        return finds

    def _note_state(self, earlier: _Candidate, later: _Candidate) -> None:
        if not earlier.is_in(later):
            self.pieces.append(earlier.find.text)
            name = _name(later.find)
            self.notes.append(f"{name}: it stands there twice; the state that is further on is proposed.")


def _earlier(one: _Candidate, other: _Candidate) -> _Candidate | None:
    """Which of two is the same version at an earlier moment; None when that has something of its own."""
    # Of two in the same state the fuller one counts as later, of two alike the first.
    earlier, later = sorted((other, one), key=lambda candidate: (candidate.progress, len(candidate.said)))
    pairs = [(earlier, later)]
    if earlier.progress == later.progress:
        pairs.append((later, earlier))
    return next((first for first, second in pairs if first.is_state_of(second)), None)


def _digits(number: str) -> str:
    """A number's digits and its power of ten: 0.00001 and 1e-5 are one, and no digit is lost."""
    try:
        sign, digits, exponent = Decimal(number).as_tuple()
    except ArithmeticError:
        return f"\0{number}"
    text = "".join(map(str, digits)).lstrip("0")
    significant = text.rstrip("0")
    return f"\0{'-' * sign}{significant}e{int(exponent) + len(text) - len(significant) if significant else 0}"


def _spelled(value: object) -> str:
    # Not ==, for which 1 and true are one.
    return json.dumps(value, sort_keys=True)


def _name(find: Find) -> str:
    name = find.record.get("name")
    if not isinstance(name, str) or not name:
        name = record_key(find.record) or "A version without a name"
    return json_text.well_formed(name)


def _with_own_key(find: Find) -> Find:
    key = str(uuid.uuid5(_OWN_KEYS, find.text))
    return Find(json_text.with_member(find.text, "key", key), {**find.record, "key": key})


def _newest_first(finds: list[Find]) -> list[Find]:
    moments = {id(find): from_iso(find.record.get("timestamp")) for find in finds}
    dated = [moment for moment in moments.values() if moment is not None]
    if len(dated) < len(finds):
        return finds  # as they stood: nobody knows where the others belong
    return sorted(finds, key=lambda find: moments[id(find)] or dated[0], reverse=True)


def _document(beside: Iterable[str], finds: Iterable[Find]) -> bytes:
    entries = ",\n    ".join(find.text for find in finds)
    versions = f'"versions": [\n    {entries}\n  ]' if entries else '"versions": []'
    members = ",\n  ".join([*beside, versions])
    return f"{{\n  {members}\n}}".encode()
