"""Changes to JSON text that leave every other byte alone.

The places come from the standard library's own scanner, which tells where a value ends.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

import orjson

REMOVED: Final = object()
"""As a new value: take the key out."""

_decode = json.JSONDecoder().raw_decode
_whitespace = re.compile(r"[ \t\n\r]*")


class Span(NamedTuple):
    """From `start` up to, not including, `end`, in characters."""

    start: int
    end: int


class Member(NamedTuple):
    """One `"key": value` of an object."""

    key: str
    start: int
    value: Span


def loads(data: bytes) -> Any:
    """The value; ValueError for what is no JSON. Lone surrogates, which orjson refuses, are accepted."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
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
    """The members of the object that opens at `start`."""
    at = _skip(text, start + 1)
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


def with_element_first(text: str, start: int, value: object) -> str:
    """With `value` as the first element of the array that opens at `start`."""
    following = _skip(text, start + 1)
    if text[following] == "]":
        outer = _line_indent(text, start)
        return f"{text[: start + 1]}\n{outer}  {_rendered(value, outer + '  ')}\n{outer}{text[following:]}"
    gap = text[start + 1 : following]
    indent = gap.rpartition("\n")[2] if "\n" in gap else None
    return f"{text[: start + 1]}{gap}{_rendered(value, indent)},{gap or ' '}{text[following:]}"


def with_element_at(text: str, start: int, number: int, value: object) -> str:
    """With `value` as the element at `number` of the array that opens at `start`."""
    if number == 0:
        return with_element_first(text, start, value)
    end = [span.end for span in elements(text, start)][number - 1]
    gap = text[start + 1 : _skip(text, start + 1)]
    indent = gap.rpartition("\n")[2] if "\n" in gap else None
    return f"{text[:end]},{gap or ' '}{_rendered(value, indent)}{text[end:]}"


def without_element(text: str, start: int, number: int) -> str:
    """Without the element at `number` of the array that opens at `start`, and without its comma."""
    spans = list(elements(text, start))
    if len(spans) == 1:
        return text[: start + 1] + text[text.index("]", spans[0].end) :]
    if number + 1 < len(spans):
        return text[: spans[number].start] + text[spans[number + 1].start :]
    return text[: spans[number - 1].end] + text[spans[number].end :]


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


def _gap_start(text: str, member: Member) -> int:
    return len(text[: member.start].rstrip(_BLANKS))


def _indent_of(text: str, member: Member) -> str | None:
    gap = text[_gap_start(text, member) : member.start]
    return gap.rpartition("\n")[2] if "\n" in gap else None


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def _skip(text: str, at: int) -> int:
    match = _whitespace.match(text, at)
    return match.end() if match else at


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_BLANKS = " \t\n\r"
