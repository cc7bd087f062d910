"""Changes to JSON text that leave every other byte alone.

The places come from the standard library's own scanner, which tells where a value ends.
"""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, NoReturn

import orjson

REMOVED: Final = object()
"""As a new value: take the key out."""

_decode = json.JSONDecoder(parse_int=float).raw_decode  # int refuses more than 4,300 digits
_whitespace = re.compile(r"[ \t\n\r]*")


class Span(NamedTuple):
    """From `start` up to, not including, `end`, in characters."""

    start: int
    end: int


class Element(NamedTuple):
    """The text of an array's element; `at` is where it stood before, None for a new one."""

    text: str
    at: int | None = None


class Member(NamedTuple):
    """One `"key": value` of an object."""

    key: str
    start: int
    value: Span


def loads(data: bytes) -> Any:
    """The value; ValueError for what is no JSON.

    Lone surrogates and numbers beyond a double, which orjson refuses, are accepted. A number reads as orjson
    reads it, whatever else is in the text: beyond 64 bits an integer is a double.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data.decode(), parse_int=_integer, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def well_formed(text: str) -> str:
    """The text with `?` for half characters, which JSON can hold and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def dumps(value: object) -> bytes:
    """Two-space indent, no newline at the end: as the users' files are written."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:  # lone surrogates and integers beyond 64 bits, which `loads` accepts
        return json.dumps(value, indent=2).encode()


def elements(text: str, start: int) -> Iterator[Span]:
    """Where the elements of the array that opens at `start` stand."""
    at = _skip(text, start + 1)
    while text[at] != "]":
        end = _decode(text, at)[1]
        yield Span(at, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def members(text: str, start: int = 0) -> Iterator[Member]:
    """The members of the object that opens at `start`, or after blanks there."""
    at = _skip(text, _skip(text, start) + 1)
    while text[at] != "}":
        key, end = _decode(text, at)
        value_start = _skip(text, _skip(text, end) + 1)
        value_end = _decode(text, value_start)[1]
        yield Member(key, at, Span(value_start, value_end))
        at = _skip(text, value_end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def member_start(text: str, key: str) -> int:
    """Where the value of a top-level key starts; of two equal keys the last, as JSON parsers take it."""
    start = _skip(text, 0)
    first = _skip(text, start + 1)
    name, end = _decode(text, first)
    if name == key and text.count(f'"{key}"') == 1 and "\\u00" not in text:  # keys can be written in escapes
        return _skip(text, _skip(text, end) + 1)  # the usual file: no need to look for the value's end
    return [member.value.start for member in members(text, start) if member.key == key][-1]


def with_element_at(text: str, start: int, number: int, value: object) -> str:
    """With `value` as the element at `number` of the array that opens at `start`, laid out like the others."""
    return with_text_at(text, start, number, _rendered(value, _last_line(_gaps(text, start).before)))


def with_text_at(text: str, start: int, number: int, element: str) -> str:
    """The same with the text of an element, which is put in as it is."""
    gaps, first = _gaps(text, start), _skip(text, start + 1)
    if text[first] == "]":
        return f"{text[: start + 1]}{gaps.before}{element}{gaps.after}{text[first:]}"
    if number == 0:
        return f"{text[:first]}{element},{gaps.between}{text[first:]}"
    end = element_at(text, start, number - 1).end
    return f"{text[:end]},{gaps.between}{element}{text[end:]}"


def element_at(text: str, start: int, number: int) -> Span:
    """Where the element at `number` of the array that opens at `start` stands."""
    return next(itertools.islice(elements(text, start), number, None))


def without_element(text: str, start: int, number: int) -> str:
    """Without the element at `number` of the array that opens at `start`, and without its comma."""
    spans = list(elements(text, start))
    if len(spans) == 1:
        return text[: start + 1] + text[text.index("]", spans[0].end) :]
    if number + 1 < len(spans):
        return text[: spans[number].start] + text[spans[number + 1].start :]
    return text[: spans[number - 1].end] + text[spans[number].end :]


def with_elements(text: str, start: int, wanted: Sequence[Element]) -> str:
    """With these elements in the array that opens at `start`, in one pass; what stood between two of them stays."""
    gaps, spans = _gaps(text, start), list(elements(text, start))
    end = text.index("]", spans[-1].end) if spans else _skip(text, start + 1)
    if not wanted:
        return text[: start + 1] + text[end:]
    parts = [text[: start + 1], gaps.before, wanted[0].text]
    for before, element in itertools.pairwise(wanted):
        at = len(spans) if before.at is None else before.at
        is_followed = at + 1 < len(spans)
        gap = text[spans[at].end : spans[at + 1].start] if is_followed else f",{gaps.between}"
        parts += [gap, element.text]
    return "".join([*parts, text[spans[-1].end : end] if spans else gaps.after, text[end:]])


def with_member(text: str, key: str, value: object) -> str:
    """The object `text` with one key set, or taken out when `value` is REMOVED; a new key comes last."""
    if value is REMOVED:
        return _without_members(text, key)
    found = list(members(text))
    same = [member for member in found if member.key == key]
    if same:
        place = same[-1].value
        return text[: place.start] + _rendered(value, _indent_of(text, same[-1])) + text[place.end :]
    if not found:
        return f"{{{_rendered(key, None)}: {_rendered(value, None)}}}"
    last = found[-1]
    gap = text[_gap_start(text, last) : last.start]
    rendered = _rendered(value, _indent_of(text, last))
    new = f",{gap or ' '}{_rendered(key, None)}: {rendered}"
    return text[: last.value.end] + new + text[last.value.end :]


def _without_members(text: str, key: str) -> str:
    """One at a time: of two equal keys side by side the second has no place of its own any more."""
    while True:
        found = list(members(text))
        number = next((at for at, member in enumerate(found) if member.key == key), None)
        if number is None:
            return text
        if number + 1 < len(found):
            text = text[: found[number].start] + text[found[number + 1].start :]
        else:
            start = found[number - 1].value.end if number else found[number].start
            text = text[:start] + text[found[number].value.end :]


def _rendered(value: object, indent: str | None) -> str:
    if indent is None:
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            return json.dumps(value)
    return dumps(value).decode().replace("\n", f"\n{indent}")


class _Gaps(NamedTuple):
    """The blanks of an array: after its bracket, after each comma, before its end."""

    before: str
    between: str
    after: str


def _gaps(text: str, start: int) -> _Gaps:
    """As they are; those of an empty array as the document around it is laid out."""
    before = text[start + 1 : _skip(text, start + 1)]
    if text[start + 1 + len(before)] == "]":
        return _gaps_of_document(text, start)
    if before:
        return _Gaps(before, before, "")
    return _Gaps("", _comma_gap(text, start), "")


def _gaps_of_document(text: str, start: int) -> _Gaps:
    opening = _skip(text, 0)
    around = text[opening + 1 : _skip(text, opening + 1)] if opening < start else "\n"
    if "\n" not in around:
        return _Gaps(around, around, around)
    outer = around[around.rindex("\r\n" if "\r\n" in around else "\n") :]
    inner = outer + (_last_line(outer) or "  ")
    return _Gaps(inner, inner, outer)


def _comma_gap(text: str, start: int) -> str:
    """What follows a comma in an array that begins right after its bracket."""
    spans = list(itertools.islice(elements(text, start), 2))
    if len(spans) == 2:
        return text[text.index(",", spans[0].end) + 1 : spans[1].start]
    if text[spans[0].start] == "{":
        inner = list(itertools.islice(members(text, spans[0].start), 2))
        if len(inner) == 2 and "\n" not in text[inner[0].value.end : inner[1].start]:
            return text[text.index(",", inner[0].value.end) + 1 : inner[1].start]
    return "" if text[:start].endswith(":") else " "


def _gap_start(text: str, member: Member) -> int:
    return len(text[: member.start].rstrip(_BLANKS))


def _indent_of(text: str, member: Member) -> str | None:
    return _last_line(text[_gap_start(text, member) : member.start])


def _last_line(gap: str) -> str | None:
    return gap.rpartition("\n")[2] if "\n" in gap else None


def _skip(text: str, at: int) -> int:
    match = _whitespace.match(text, at)
    return match.end() if match else at


def _integer(digits: str) -> int | float:
    number = int(digits) if len(digits) <= 20 else float(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_BLANKS = " \t\n\r"
