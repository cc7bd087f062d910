"""A style's `selection_sets.json`: `{"sets": [{"id": 1, "filenames": [...]}]}` as bytes, changed key by key.

As with histories the file is its users' and the system's that wrote it before: what changes is spliced in, and
every other byte stays, unknown keys and sets that cannot be understood among them.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lora_core import json_text
from lora_core.document import with_changes
from lora_core.json_text import Span

EMPTY = b'{\n  "sets": []\n}'


class NoSetsError(ValueError):
    """The bytes are no JSON object with a list `sets`; the text says what is wrong."""

    def __init__(self, why: str, *, may_be_half: bool) -> None:
        super().__init__(why)
        self.may_be_half = may_be_half
        """Whether it may be a file that is just being written."""


@dataclass(frozen=True)
class SelectionSet:
    """A numbered choice of a style's pictures."""

    id: int
    filenames: tuple[str, ...]
    name: str = ""
    note: str = ""
    own_text: str | None = field(default=None, compare=False, repr=False)
    """How a set that was deleted stood in the file, so that it can come back with every byte."""

    @property
    def label(self) -> str:
        """As it is called in sentences: its number, and its name if it has one."""
        return f"{self.id} ({self.name})" if self.name else str(self.id)


@dataclass(frozen=True)
class SetsDocument:
    """An immutable document; every change answers a new one."""

    data: bytes
    entries: tuple[Any, ...]
    """What stands in `sets`; what is no set is kept."""

    @classmethod
    def parse(cls, data: bytes) -> "SetsDocument":
        """Raises NoSetsError."""
        try:
            whole = json_text.loads(data.removeprefix(BOM_UTF8))
        except ValueError as error:
            raise NoSetsError(f"no valid JSON: {error}", may_be_half=True) from error
        if not isinstance(whole, dict) or not isinstance(whole.get("sets"), list):
            raise NoSetsError('it has no list "sets"', may_be_half=False)
        return cls(data, tuple(whole["sets"]))

    @cached_property
    def sets(self) -> tuple[SelectionSet, ...]:
        """Those that can be understood, by number."""
        found = [one for one in map(_selection_set, self.entries) if one is not None]
        return tuple(sorted(found, key=lambda one: one.id))

    def find(self, set_id: int) -> SelectionSet | None:
        """The set with this number; of two the first."""
        return next((one for one in self.sets if one.id == set_id), None)

    def is_doubled(self, set_id: int) -> bool:
        """Whether two sets have this number."""
        return sum(one.id == set_id for one in self.sets) > 1

    def text(self, set_id: int) -> str:
        """The set's own text, as it stands in the file. Raises KeyError."""
        text, span = self._span(set_id)
        return text[span.start : span.end]

    def added(self, one: SelectionSet) -> "SetsDocument":
        """With one more set, before the first of a greater number; a deleted one by its own text."""
        text, at = self._text, self._place(one.id)
        start = json_text.member_start(text, "sets")
        if one.own_text is not None:
            return self._with(json_text.with_text_at(text, start, at, one.own_text))
        return self._with(json_text.with_element_at(text, start, at, entry(one)))

    def patched(self, set_id: int, changes: Mapping[str, Any]) -> "SetsDocument":
        """With keys of one set changed; this very document when nothing would. Raises KeyError."""
        text, span = self._span(set_id)
        before = self.entries[self._position(set_id)]
        body, after = with_changes(text[span.start : span.end], before, changes)
        if after is before:
            return self
        return self._with(text[: span.start] + body + text[span.end :])

    def removed(self, set_id: int) -> "SetsDocument":
        """Without the set. Raises KeyError."""
        text = self._text
        start = json_text.member_start(text, "sets")
        return self._with(json_text.without_element(text, start, self._position(set_id)))

    @property
    def _text(self) -> str:
        return self.data.decode("utf-8-sig")

    def _with(self, text: str) -> "SetsDocument":
        """Another text; a byte order mark, which some editors write, stays before it."""
        mark = BOM_UTF8 if self.data.startswith(BOM_UTF8) else b""
        return SetsDocument.parse(mark + text.encode())

    def _span(self, set_id: int) -> tuple[str, Span]:
        text = self._text
        start = json_text.member_start(text, "sets")
        return text, json_text.element_at(text, start, self._position(set_id))

    def _position(self, set_id: int) -> int:
        numbers = [_number(one) for one in self.entries]
        if set_id not in numbers:
            raise KeyError(set_id)
        return numbers.index(set_id)

    def _place(self, set_id: int) -> int:
        numbers = [_number(one) for one in self.entries]
        greater = (at for at, number in enumerate(numbers) if number is not None and number > set_id)
        return next(greater, len(numbers))


def entry(one: SelectionSet) -> dict[str, Any]:
    """The set as it is written; name and note only where there are some, for the old system has none."""
    extra = {"name": one.name, "note": one.note}
    return {
        "id": one.id,
        "filenames": list(one.filenames),
        **{key: text for key, text in extra.items() if text},
    }


def next_number(sets: Sequence[SelectionSet], used: Sequence[int]) -> int:
    """The number of a new set: after all that are there, and all that versions were trained with."""
    return max((*(one.id for one in sets), *used), default=0) + 1


def _selection_set(value: object) -> SelectionSet | None:
    number = _number(value)
    if number is None or not isinstance(value, dict):
        return None
    names = tuple(name for name in value["filenames"] if isinstance(name, str))
    return SelectionSet(number, names, _text(value.get("name")), _text(value.get("note")))


def _number(value: object) -> int | None:
    """What a set is called by; some files write it as text."""
    if not isinstance(value, dict) or not isinstance(value.get("filenames"), list):
        return None
    number = str(value.get("id"))[:18]
    return int(number) if number.isascii() and number.isdecimal() else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
