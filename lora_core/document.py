"""A history document: `{"versions": [...]}` as bytes, changed key by key.

The files belong to their users and to a system that wrote them before us. A change therefore splices its
bytes in and leaves all others alone: `0.00001` stays `0.00001` although orjson would write `1e-5`, an
escaped umlaut stays escaped, a hand-made indent stays. orjson does the reading; only what lies before the
changed record, and that record itself, is scanned for places.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lora_core import json_text
from lora_core.json_text import REMOVED, Element, Span

Record = Mapping[str, Any]
"""A version as it stands in the file, with every key that anybody ever put there."""

EMPTY = b'{\n  "versions": []\n}'
_MERGE_MARKER = re.compile(rb"^<{7} ", re.MULTILINE)


class NotAHistoryError(ValueError):
    """The bytes are no JSON object with a list `versions`; the text says what is wrong."""


def parsed(data: bytes) -> dict[str, Any]:
    """The whole object, which has a list `versions`; raises NotAHistoryError."""
    try:
        whole = json_text.loads(data)
    except ValueError as error:
        raise NotAHistoryError(_complaint(data, error)) from error
    if not isinstance(whole, dict) or not isinstance(whole.get("versions"), list):
        raise NotAHistoryError('it has no list "versions"')
    return whole


def record_key(record: Record) -> str:
    """The identity of a record: `key`, or for one of the old system's its `id`."""
    return str(record.get("key") or record.get("id") or "")


@dataclass(frozen=True)
class HistoryDocument:
    """An immutable document; every change answers a new one."""

    data: bytes
    entries: tuple[Any, ...]
    """What stands in `versions`, newest first; what is no object is kept, but is no record."""

    @classmethod
    def parse(cls, data: bytes) -> "HistoryDocument":
        """Raises NotAHistoryError when the bytes are no history."""
        return cls(data, tuple(parsed(data)["versions"]))

    @property
    def records(self) -> Iterator[Record]:
        """The entries that are objects, newest first."""
        return (entry for entry in self.entries if isinstance(entry, dict))

    def record(self, key: str) -> Record | None:
        """The record with this identity."""
        at = self._positions.get(key)
        return None if at is None else self.entries[at]

    def text(self, key: str) -> str | None:
        """The record's own text, as it stands in the file; None when it is not there."""
        at = self._positions.get(key)
        return None if at is None else self._text_at(at)

    def texts(self) -> Iterator[str]:
        """The own text of each entry."""
        text = self.data.decode()
        return (text[span.start : span.end] for span in json_text.elements(text, self._list_start(text)))

    def inserted(self, record: Record, at: int = 0) -> "HistoryDocument":
        """With `record` as the newest, or as the entry at another place."""
        text = self.data.decode()
        text = json_text.with_element_at(text, self._list_start(text), at, record)
        return self._with_entry(text, at, _as_read(record))

    def inserted_text(self, own: str, at: int = 0) -> "HistoryDocument":
        """The same with a record's own text, of which no byte is changed."""
        text = self.data.decode()
        text = json_text.with_text_at(text, self._list_start(text), at, own)
        return self._with_entry(text, at, json_text.loads(own.encode()))

    def replaced(self, key: str, own: str) -> "HistoryDocument":
        """With another text in the place of the record's; this very document when it is the same.

        Raises KeyError when no record has that identity.
        """
        at, text = self._positions[key], self.data.decode()
        span = self._entry_span(text, at)
        if text[span.start : span.end] == own:
            return self
        text = text[: span.start] + own + text[span.end :]
        entry = json_text.loads(own.encode())
        return HistoryDocument(text.encode(), (*self.entries[:at], entry, *self.entries[at + 1 :]))

    def patched(self, key: str, changes: Mapping[str, Any]) -> "HistoryDocument":
        """With the named keys of one record changed; this very document when nothing would change.

        Raises KeyError when no record has that identity.
        """
        at, text = self._positions[key], self.data.decode()
        span = self._entry_span(text, at)
        body, entry = with_changes(text[span.start : span.end], self.entries[at], changes)
        if entry is self.entries[at]:
            return self
        text = text[: span.start] + body + text[span.end :]
        return HistoryDocument(text.encode(), (*self.entries[:at], entry, *self.entries[at + 1 :]))

    def arranged(self, wanted: Sequence[Element]) -> "HistoryDocument":
        """With these entries in this order, written at once: many changes one by one each copy the whole text.

        This very document when they are those that are there.
        """
        text = self.data.decode()
        start = self._list_start(text)
        there = [text[span.start : span.end] for span in json_text.elements(text, start)]
        if [element.text for element in wanted] == there:
            return self
        entries = (
            self.entries[one.at]
            if one.at is not None and one.text == there[one.at]
            else json_text.loads(one.text.encode())
            for one in wanted
        )
        return HistoryDocument(json_text.with_elements(text, start, wanted).encode(), tuple(entries))

    def removed(self, key: str) -> "HistoryDocument":
        """Without the record; this very document when it is not there."""
        at = self._positions.get(key)
        if at is None:
            return self
        text = self.data.decode()
        text = json_text.without_element(text, self._list_start(text), at)
        return HistoryDocument(text.encode(), (*self.entries[:at], *self.entries[at + 1 :]))

    def is_doubled(self, key: str) -> bool:
        """Whether two records claim this identity: old files may hold one id twice."""
        return sum(record_key(record) == key for record in self.records) > 1

    @cached_property
    def _positions(self) -> dict[str, int]:
        positions: dict[str, int] = {}
        for at, entry in enumerate(self.entries):
            if isinstance(entry, dict):
                positions.setdefault(record_key(entry), at)
        return positions

    def _with_entry(self, text: str, at: int, entry: Any) -> "HistoryDocument":
        return HistoryDocument(text.encode(), (*self.entries[:at], entry, *self.entries[at:]))

    def _text_at(self, at: int) -> str:
        text = self.data.decode()
        span = self._entry_span(text, at)
        return text[span.start : span.end]

    def _list_start(self, text: str) -> int:
        return json_text.member_start(text, "versions")

    def _entry_span(self, text: str, at: int) -> Span:
        return json_text.element_at(text, self._list_start(text), at)


def with_changes(text: str, record: Record, changes: Mapping[str, Any]) -> tuple[str, Record]:
    """A record's own text with the named keys changed, and the record; the very record when nothing would change."""
    plain = {name: _as_read(value) for name, value in changes.items()}
    needed = {name: value for name, value in plain.items() if not _same(record.get(name, REMOVED), value)}
    for name, value in needed.items():
        text = json_text.with_member(text, name, value)
    kept = {name: value for name, value in {**record, **needed}.items() if value is not REMOVED}
    return text, kept if needed else record


def _complaint(data: bytes, error: ValueError) -> str:
    """What happened to the file, where that can be told, rather than what the parser met first."""
    if not data.strip(b" \t\r\n"):
        return "it is empty"
    if not data.strip(b"\0"):
        return "it holds nothing but zero bytes"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is written in UTF-16, not in UTF-8"
    if data.startswith(codecs.BOM_UTF8):
        return "a byte order mark stands before it"
    if _MERGE_MARKER.search(data):
        return "no valid JSON: the two sides of a merge stand in it"
    return f"no valid JSON: {_cut(data) or error}"


def _cut(data: bytes) -> str | None:
    """Where it ends too early, if the parser came to the end and wanted more."""
    text = data.decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string"):
            return "it ends in the middle of a text"
        return None if text[error.pos :].strip() else "its end is missing"
    except (RecursionError, ValueError):  # nested too deeply; a number of too many digits
        return None
    return None


def _as_read(value: Any) -> Any:
    """The value as it comes back from the file: enums and tuples must not look like a change for ever."""
    return value if value is REMOVED else json_text.loads(json_text.dumps(value))


def _same(before: object, after: object) -> bool:
    # repr tells 1 from 1.0 and from True, which == does not.
    return before is after or (REMOVED not in (before, after) and repr(before) == repr(after))
