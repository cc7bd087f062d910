"""Whole records in a text that is no JSON as a whole: cut, doubled, mixed with other text, edited by hand.

A record may begin at any brace, whatever stood before it; so every brace is tried that begins no object that
was looked at already. What is learnt of an object, that it is whole or that it is not, is kept: every
character is then looked at twice at most, once as text of a string and once as text outside, however the
file is damaged.

Four slips of a hand are understood, and mended where the fragment is used: a comma too many or too few
between two members, a `//` comment, NaN or Infinity, and a key twice.
"""

import json
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_S = r"[ \t\n\r]*+"
# A comment has an end, so that a text of nothing but `//` is not read to its end again and again.
_GAP = r"(?:[ \t\n\r]++|//[^\n]{0,300}+(?=\n))*+"
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_PLAIN = rf"(?:{_STRING}|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)"
_gap = re.compile(_GAP)
_comment = re.compile("//[^\n]*")
_plain = re.compile(_PLAIN)
_constant = re.compile("NaN|-?Infinity")
_key = re.compile(rf"({_STRING}){_GAP}:{_GAP}")
_member = re.compile(rf"({_STRING}){_S}:{_S}{_PLAIN}(?={_S}[,}}])")
_beginning = re.compile(rf"\{{(?={_GAP}{_STRING}{_GAP}:)")

_DEEPEST: Final = 200
"""Levels in one record; a file that is nothing but braces is no record."""
_USUAL: Final = frozenset(
    {
        *("id", "key", "requestId", "name", "timestamp", "parameters", "status"),
        *("imageCount", "selectionSetId", "isGood", "loraUrl"),
    }
)
"""An object with two of these keys is a record wherever it stands."""


class Mend(NamedTuple):
    """What has to be put in the place of a stretch of the text, so that it is JSON with every key once."""

    start: int
    end: int
    new: str
    lost: str = ""
    """What the text said there and the mended one does not."""
    why: str = ""
    """What was wrong there, as the beginning of a sentence."""


@dataclass(frozen=True)
class Fragment:
    """A whole record: where it stands, and what has to be mended in it."""

    start: int
    end: int
    mends: tuple[Mend, ...]
    is_usual: bool
    """Whether its keys say that it is a record; else only its place does."""

    def mended(self, text: str) -> tuple[str, list[Mend]]:
        """Its own text as JSON, and what was done to it."""
        parts: list[str] = []
        done: list[Mend] = []
        at = self.start
        for mend in sorted(self.mends, key=lambda one: (one.start, -one.end)):
            if mend.start >= at:  # else it lies in what another one takes out
                parts += [text[at : mend.start], mend.new]
                done.append(mend)
                at = mend.end
        return "".join([*parts, text[at : self.end]]), done


def fragments(text: str) -> list[Fragment]:
    """The records that are whole, in the order of the text; none lies in another one."""
    return _Search(text).found()


@dataclass(slots=True)
class _Open:
    """An object or a list whose end has not been seen yet."""

    start: int
    is_object: bool
    holds_records: bool = False
    """Whether what stands directly in it is a record by its place."""
    is_listed: bool = False
    key: str = ""
    places: list[int] = field(default_factory=list)
    """Where its members begin."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Which of the members has a key."""
    mends: list[Mend] = field(default_factory=list)
    count: int = 0
    last_end: int = 0
    comma: int | None = None
    """The one that waits for what follows it."""


class _Search:
    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: dict[int, int] = {}
        """Of each object and list that was looked at: where it ends, -1 for one that is not whole."""
        self._mends: dict[int, list[Mend]] = {}
        self._starts: list[int] = []
        self._found: list[Fragment] = []

    def found(self) -> list[Fragment]:
        for match in _beginning.finditer(self._text):
            start = match.start()
            if start not in self._ends:
                self._read(start)
        return self._found

    def _read(self, start: int) -> None:
        """Reads the object that begins there as far as it can be understood."""
        stack = [_Open(start, is_object=True)]
        at: int | None = start + 1
        while stack and at is not None:
            at = self._step(stack, at)
        for broken in stack:
            self._ends[broken.start] = -1

    def _step(self, stack: list[_Open], at: int) -> int | None:
        """One comma, end or item further; None where nothing can be understood."""
        text, top = self._text, stack[-1]
        at = self._after_gap(top, at)
        char = text[at : at + 1]
        if char == ("}" if top.is_object else "]"):
            self._close(stack, at)
            return at + 1
        if char == ",":
            if top.comma is not None or not top.count:
                return None
            top.comma = at
            return at + 1
        if top.count and top.comma is None:
            if char != ('"' if top.is_object else "{"):
                return None
            top.mends.append(Mend(top.last_end, top.last_end, ","))
        top.comma = None
        if not top.is_object:
            return self._value(stack, at, at)
        if match := _member.match(text, at):  # the usual one
            self._note_key(top, match[1], at)
            top.count += 1
            top.last_end = match.end()
            return match.end()
        if match := _key.match(text, at):
            self._note_comments(top, match.end(1), match.end())
            self._note_key(top, match[1], at)
            return self._value(stack, match.end(), at)
        return None

    def _value(self, stack: list[_Open], at: int, item_start: int) -> int | None:
        text, top = self._text, stack[-1]
        if text[at : at + 1] in ("{", "["):
            return self._container(stack, at)
        if (match := _plain.match(text, at)) is None:
            match = _constant.match(text, at)
            if match is None:
                return None
            end = match.end()
            why = f"{match[0]} is no number in JSON, so it is kept as a text"
            top.mends.append(Mend(at, end, f'"{match[0]}"', text[item_start:end], why))
        top.count += 1
        top.last_end = match.end()
        return match.end()

    def _container(self, stack: list[_Open], at: int) -> int | None:
        top, is_object = stack[-1], self._text[at] == "{"
        end = self._ends.get(at)
        if end is None:
            if len(stack) >= _DEEPEST:
                return None
            is_versions = top.is_object and top.key == "versions"
            stack.append(
                _Open(
                    at,
                    is_object,
                    holds_records=is_versions or (not is_object and top.holds_records),
                    is_listed=is_object and top.holds_records,
                )
            )
            return at + 1
        if end < 0:
            return None
        top.mends += self._mends.get(at, ())
        top.count += 1
        top.last_end = end
        return end

    def _close(self, stack: list[_Open], at: int) -> None:
        done = stack.pop()
        if done.comma is not None:
            done.mends.append(Mend(done.comma, done.comma + 1, ""))
        self._ends[done.start] = at + 1
        if done.mends:
            self._mends[done.start] = done.mends
        if done.is_object:
            self._keep(done, at + 1)
        if stack:
            stack[-1].mends += done.mends
            stack[-1].count += 1
            stack[-1].last_end = at + 1

    def _keep(self, done: _Open, end: int) -> None:
        """Of objects in one another the outer one is the record, unless it only holds records."""
        is_usual = len(done.numbers.keys() & _USUAL) >= 2
        if not (is_usual or done.is_listed):
            return
        first, last = bisect_left(self._starts, done.start), bisect_left(self._starts, end)
        inner = self._found[first:last]
        if inner and (inner[-1].end > end or not done.is_listed):
            return
        if not is_usual and any(one.is_usual for one in inner):
            return
        self._found[first:last] = [Fragment(done.start, end, tuple(done.mends), is_usual)]
        self._starts[first:last] = [done.start]

    def _note_key(self, top: _Open, quoted: str, at: int) -> None:
        key = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
        top.key = key
        former = top.numbers.get(key)
        top.numbers[key] = len(top.places)
        top.places.append(at)
        if former is not None:
            start, end = top.places[former], top.places[former + 1]
            lost = self._text[start:end].rstrip(" \t\r\n,")
            top.mends.append(
                Mend(start, end, "", lost, f"{quoted} stands twice in it, and the last one counts")
            )

    def _after_gap(self, top: _Open, at: int) -> int:
        match = _gap.match(self._text, at)
        end = match.end() if match else at
        self._note_comments(top, at, end)
        return end

    def _note_comments(self, top: _Open, start: int, end: int) -> None:
        if end - start > 2 and "//" in self._text[start:end]:
            for match in _comment.finditer(self._text, start, end):
                why = "a comment in it is left out"
                top.mends.append(Mend(match.start(), match.end(), "", match[0].rstrip("\r"), why))
