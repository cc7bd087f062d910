"""The bytes of a damaged history: which records are whole in them, and which pieces are left over.

Records are looked for in the text as it is, on either side of a merge that was not finished, and in strings
that hold JSON text themselves.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lora_core import json_text
from lora_core.fragments import fragments
from lora_core.json_text import Span

_FILLING: Final = " \t\r\n\0\ufeff"
_SCAFFOLD: Final = re.compile(r'[\s\[\]{},\x00\ufeff]+|"versions"\s*:')
_MARKER: Final = re.compile(r"^(?:([<>|])\1{6}(?: .*)?|(=){7})[ \t]*\r?$", re.MULTILINE)
_AFTER: Final = {("both", "<"): "ours", ("ours", "|"): "base", ("theirs", ">"): "both"}
_AFTER_SEPARATOR: Final = {("ours", "="): "theirs", ("base", "="): "theirs"}
_HALF: Final = re.compile("[\ud800-\udfff]")
_QUOTED_OBJECT: Final = re.compile(r'\{(?:\s|\\[nrt])*\\+"')
_STRING_SO_FAR: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_DEEPEST_QUOTING: Final = 3


@dataclass
class Find:
    """A whole record, by its own text, which is JSON with every key once."""

    text: str
    record: dict[str, Any]
    lost: list[str] = field(default_factory=list)
    """Pieces of the original that its text does not say any more."""
    why: list[str] = field(default_factory=list)
    """What was wrong with it, each as the beginning of a sentence."""


@dataclass(frozen=True)
class Wreckage:
    """What is in a damaged history."""

    finds: tuple[Find, ...]
    """In the order of the text."""
    pieces: tuple[str, ...]
    """What is left over, without what only held the records together."""
    beside: tuple[str, ...]
    """Members of the document beside its versions, when it is an object that can be read."""


def wreckage(data: bytes) -> Wreckage:
    """Total: any bytes will do."""
    text = _decoded(data)
    beside = _beside_versions(text)
    finds, pieces = _searched(text, beside)
    members = tuple(text[span.start : span.end] for span in beside)
    return Wreckage(tuple(finds), tuple(_shown(piece) for piece in pieces), members)


def _decoded(data: bytes) -> str:
    """The text; a byte that does not belong into UTF-8 becomes half a character, to be told later."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif _is_every_other_zero(data, 1):
        encoding = "utf-16-le"
    elif _is_every_other_zero(data, 0):
        encoding = "utf-16-be"
    else:
        return data.decode("utf-8", errors="surrogateescape")
    return data.decode(encoding, errors="replace")


def _is_every_other_zero(data: bytes, first: int) -> bool:
    return len(data) > 3 and not any(data[first:60:2]) and all(data[1 - first : 60 : 2])


def _beside_versions(text: str) -> list[Span]:
    """Where the other members of a readable document stand; of two under one key the last."""
    start = len(text) - len(text.lstrip(_FILLING))
    try:
        whole = json_text.loads(text.strip(_FILLING).encode())
        if not isinstance(whole, dict) or "versions" not in whole:
            return []
        members = {member.key: member for member in json_text.members(text, start)}
    except (ValueError, RecursionError):
        return []
    return [Span(one.start, one.value.end) for key, one in members.items() if key != "versions"]


def _searched(text: str, beside: Sequence[Span] = (), depth: int = 0) -> tuple[list[Find], list[str]]:
    found: list[tuple[int, Find]] = []
    covered = list(beside)
    seen: set[tuple[Span, ...]] = set()
    for side in _sides(text):
        own = "".join(text[span.start : span.end] for span in side)
        for fragment in fragments(own):
            spans = tuple(_within(side, fragment.start, fragment.end))
            is_beside = any(span.start <= spans[0].start < span.end for span in beside)
            if is_beside or spans in seen:  # what belongs to both sides of a merge is there once
                continue
            seen.add(spans)
            mended, mends = fragment.mended(own)
            lost = [mend for mend in mends if mend.lost]
            find = _find(mended, [mend.lost for mend in lost], [mend.why for mend in lost])
            if find is not None:
                found.append((spans[0].start, find))
                covered += spans
    extra: list[str] = []
    if depth < _DEEPEST_QUOTING:
        for span, quoted in list(_quoted(text, _uncovered(text, covered))):
            inner, pieces = _searched(quoted, depth=depth + 1)
            if inner:
                found += [(span.start, find) for find in inner]
                covered.append(span)
                extra += pieces
    pieces = [text[span.start : span.end] for span in _uncovered(text, covered)]
    pieces = [piece.strip(_FILLING + ",") for piece in pieces if _SCAFFOLD.sub("", piece)]
    found.sort(key=lambda one: one[0])
    return [find for _, find in found], [*pieces, *extra]


def _find(text: str, lost: list[str], why: list[str]) -> Find | None:
    """None for what the lab could not read."""
    if _HALF.search(text):
        lost = [*lost, *(line.strip(_FILLING + ",") for line in text.splitlines() if _HALF.search(line))]
        why = [*why, "what is not in UTF-8 in it is replaced by \ufffd"]
        text = _HALF.sub("\ufffd", text)
    try:
        record = json_text.loads(text.encode())
    except ValueError:
        return None
    return Find(text, record, [_shown(piece) for piece in lost], why)


def _sides(text: str) -> list[list[Span]]:
    """What the text is on each side of an unfinished merge: all of it, when there is none."""
    sides: dict[str, list[Span]] = {"ours": [], "theirs": [], "base": []}
    state, at = "both", 0
    for marker in _MARKER.finditer(text):
        after = _AFTER.get((state, marker[1])) or _AFTER_SEPARATOR.get((state, marker[2]))
        if after is not None:
            _add(sides, state, Span(at, marker.start()))
            state, at = after, marker.end()
    _add(sides, state, Span(at, len(text)))
    return [sides["ours"], sides["theirs"]] if sides["ours"] != sides["theirs"] else [sides["ours"]]


def _add(sides: dict[str, list[Span]], state: str, span: Span) -> None:
    for name in ("ours", "theirs") if state == "both" else (state,):
        sides[name].append(span)


def _within(side: list[Span], start: int, end: int) -> Iterator[Span]:
    """Where a stretch of a side's own text stands in the whole one."""
    passed = 0
    for span in side:
        length = span.end - span.start
        first, last = max(start - passed, 0), min(end - passed, length)
        if first < last:
            yield Span(span.start + first, span.start + last)
        passed += length


def _uncovered(text: str, covered: Iterable[Span]) -> list[Span]:
    gaps: list[Span] = []
    at = 0
    for span in sorted(covered):
        if span.start > at:
            gaps.append(Span(at, span.start))
        at = max(at, span.end)
    return [*gaps, Span(at, len(text))]


def _quoted(text: str, places: Iterable[Span]) -> Iterator[tuple[Span, str]]:
    """Strings that hold JSON text, also one that was cut; with what they say."""
    for place in places:
        at = place.start
        while (match := _QUOTED_OBJECT.search(text, at, place.end)) is not None:
            start = _opening_quote(text, at, match.start())
            string = _STRING_SO_FAR.match(text, start, place.end) if start >= 0 else None
            at = match.end()
            if string is not None and string.end() > match.start():
                end = string.end() + text.startswith('"', string.end())
                said = json.loads(string[0] + '"')
                yield Span(start, end), _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", said)
                at = max(at, end)


def _opening_quote(text: str, first: int, end: int) -> int:
    at = text.rfind('"', first, end)
    while at > first and text[at - 1] == "\\":
        at = text.rfind('"', first, at)
    return at


def _shown(piece: str) -> str:
    """The piece as text that can be shown: a byte that is no character in its hexadecimal form."""
    return _HALF.sub(lambda half: f"\\x{ord(half[0]) & 0xFF:02x}", piece)
