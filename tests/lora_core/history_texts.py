"""Histories as other programs may have written them: any layout, any spelling, whatever JSON allows.

A text is drawn together with the places of its parts, so that a test can say which bytes must stay.
"""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Layout:
    """How a program writes JSON."""

    indent: str | None
    newline: str
    colon: str
    is_ascii: bool

    def line(self, depth: int) -> str:
        return "" if self.indent is None else self.newline + self.indent * depth


@dataclass(frozen=True)
class Place:
    """A stretch of the text."""

    start: int
    end: int


@dataclass(frozen=True)
class DrawnHistory:
    """The text, and where its records' values stand: `values[record][key]` is the value that counts."""

    text: str
    ids: tuple[str, ...]
    entry_of: dict[str, int]
    """Which element of `versions` a record is."""
    entries: tuple[Place, ...]
    values: dict[str, dict[str, Place]]
    duplicated: frozenset[str]
    """Keys that some record holds twice."""

    @property
    def data(self) -> bytes:
        return self.text.encode()


layouts = st.builds(
    Layout,
    indent=st.sampled_from(["  ", "    ", "\t", None]),
    newline=st.sampled_from(["\n", "\r\n"]),
    colon=st.sampled_from([": ", ":", " : "]),
    is_ascii=st.booleans(),
)
_texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(['"versions": [', '{"id": 1}', "größer", "🔥", "\\", "]}", "a\tb\n", "水墨 (2)"]),
)
_numbers = st.sampled_from(
    [
        "0",
        "-0",
        "0.00001",
        "1e-5",
        "1E+2",
        "2000",
        "2000.0",
        "0.1",
        "18446744073709551616",
        "9" * 30,
        "-1.5e300",
    ]
)
_names = st.sampled_from(
    ["name", "status", "description", "parameters", "versions", "isGood", "größe", "a\nb", "", "loraUrl", "x"]
)


@st.composite
def histories(draw: st.DrawFn, *, is_sound: bool = False) -> DrawnHistory:
    """Sound: nothing but records, each with an id, a name, a time and every key once, newest first."""
    layout = draw(layouts)
    writer = _Writer(draw, layout, is_sound)
    before = draw(st.lists(st.sampled_from(["note", "schema", "größe"]), unique=True, max_size=2))
    after = draw(st.lists(st.sampled_from(["more", "sets"]), unique=True, max_size=2))
    writer.put(draw(st.sampled_from(["", " ", "\n"])))
    members = [*before, "versions", *after]
    writer.put("{")
    for number, name in enumerate(members):
        writer.put(("," if number else "") + layout.line(1) + writer.key(name) + layout.colon)
        writer.versions() if name == "versions" else writer.put(writer.value(1))
    writer.put(layout.line(0) + "}" + draw(st.sampled_from(["", "\n", "\r\n", "  "])))
    return DrawnHistory(
        "".join(writer.parts),
        tuple(writer.values),
        writer.entry_of,
        tuple(writer.entries),
        writer.values,
        frozenset(writer.duplicated),
    )


class _Writer:
    def __init__(self, draw: st.DrawFn, layout: Layout, is_sound: bool) -> None:
        self.draw, self.layout, self.is_sound = draw, layout, is_sound
        self.parts: list[str] = []
        self.at = 0
        self.entries: list[Place] = []
        self.entry_of: dict[str, int] = {}
        self.values: dict[str, dict[str, Place]] = {}
        self.duplicated: set[str] = set()

    def put(self, text: str) -> Place:
        self.parts.append(text)
        self.at += len(text)
        return Place(self.at - len(text), self.at)

    def key(self, name: str) -> str:
        if self.draw(st.integers(0, 9)) == 0:
            return '"' + "".join(f"\\u{ord(letter):04x}" for letter in name) + '"'
        return json.dumps(name, ensure_ascii=self.layout.is_ascii)

    def value(self, depth: int) -> str:
        kind = self.draw(
            st.sampled_from(["text", "number", "word", "list", "object"] if depth < 5 else ["text"])
        )
        if kind == "text":
            return json.dumps(self.draw(_texts), ensure_ascii=self.layout.is_ascii)
        if kind == "number":
            return self.draw(_numbers | st.just("1e400") if self.is_sound else _numbers)
        if kind == "word":
            return self.draw(st.sampled_from(["true", "false", "null"]))
        count = self.draw(st.integers(0, 2))
        opening, closing = "[]" if kind == "list" else "{}"
        if not count:
            return opening + closing
        lead = self.layout.line(depth + 1)
        names = [
            f"{self.key(f'k{one}')}{self.layout.colon}" if kind == "object" else "" for one in range(count)
        ]
        inner = ",".join(f"{lead}{name}{self.value(depth + 1)}" for name in names)
        return f"{opening}{inner}{self.layout.line(depth)}{closing}"

    def versions(self) -> None:
        count = self.draw(st.integers(0, 3))
        self.put("[" if count else self.draw(st.sampled_from(["[]", "[ ]"])))
        for number in range(count):
            self.put(("," if number else "") + self.layout.line(2))
            start = self.at
            if self.is_sound or self.draw(st.integers(0, 5)):
                self.record(f"id-{number}", number)
            else:
                self.put(self.draw(st.sampled_from(["null", "17", '"no record"', "[1, 2]"])))
            self.entries.append(Place(start, self.at))
        if count:
            self.put(self.layout.line(1) + "]")

    def record(self, record_id: str, number: int) -> None:
        names = self.draw(st.lists(_names, max_size=4, unique=self.is_sound))
        fixed = {"id": record_id}
        if self.is_sound:
            fixed |= {"name": f"V{9 - number}", "timestamp": f"2025-10-{20 - number}T08:00:00.000Z"}
        names = [name for name in names if name not in fixed]
        for name in fixed:
            names.insert(self.draw(st.integers(0, len(names))), name)
        self.duplicated |= {name for name in names if names.count(name) > 1}
        places = self.values.setdefault(record_id, {})
        self.entry_of[record_id] = number
        self.put("{")
        for one, name in enumerate(names):
            self.put(("," if one else "") + self.layout.line(3) + self.key(name) + self.layout.colon)
            places.pop(name, None)  # of two the last counts; keep the order of the text
            places[name] = self.put(json.dumps(fixed[name]) if name in fixed else self.value(3))
        self.put(self.layout.line(2) + "}")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
