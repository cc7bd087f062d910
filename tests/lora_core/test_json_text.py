"""Splicing JSON text: the places of things, and what is put there."""

import json

import orjson
import pytest
from hypothesis import given

from lora_core import json_text
from lora_core.json_text import REMOVED
from tests.lora_core.history_texts import DrawnHistory, histories, json_values


@given(histories())
def test_elements_stand_where_they_were_written(drawn: DrawnHistory) -> None:
    start = json_text.member_start(drawn.text, "versions")

    places = [(span.start, span.end) for span in json_text.elements(drawn.text, start)]

    assert places == [(place.start, place.end) for place in drawn.entries]


@given(histories())
def test_members_stand_where_they_were_written(drawn: DrawnHistory) -> None:
    for key, number in drawn.entry_of.items():
        found = {
            member.key: member.value for member in json_text.members(drawn.text, drawn.entries[number].start)
        }
        assert {name: (span.start, span.end) for name, span in found.items()} == {
            name: (place.start, place.end) for name, place in drawn.values[key].items()
        }


@given(json_values)
def test_what_is_dumped_is_loaded_again(value: object) -> None:
    assert json_text.loads(json_text.dumps(value)) == value


@given(json_values)
def test_what_is_dumped_is_what_orjson_writes(value: object) -> None:
    assert json_text.dumps(value) == orjson.dumps(value, option=orjson.OPT_INDENT_2)


@pytest.mark.parametrize("value", ["half \ud83d", 2**70, {"deep": ["\udc00", -(2**64)]}])
def test_what_orjson_refuses_is_dumped_all_the_same(value: object) -> None:
    assert json.loads(json_text.dumps(value)) == value


def test_what_no_json_can_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        json_text.dumps({1, 2})


@pytest.mark.parametrize(
    "text", [b"NaN", b"[Infinity]", b"-Infinity", b"'a'", b"[1,]", b"\xff", b"[" * 200_000]
)
def test_what_is_no_json_raises_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        json_text.loads(text)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('{"a": 1}', 2, '{"a": 2}'),
        ('{"a":1,"a":2}', 3, '{"a":1,"a":3}'),
        ("{}", 1, '{"a": 1}'),
        ("{ }", 1, '{"a": 1}'),
        ('{"b":1}', 1, '{"b":1, "a": 1}'),
        ('{\n  "b": 1\n}', [1], '{\n  "b": 1,\n  "a": [\n    1\n  ]\n}'),
        ('{\r\n\t"b": 1\r\n}', 1, '{\r\n\t"b": 1,\r\n\t"a": 1\r\n}'),
        ('{"\\u0061": 1}', 2, '{"\\u0061": 2}'),
        ('{"a": 1, "b": 2}', REMOVED, '{"b": 2}'),
        ('{"b": 2, "a": 1}', REMOVED, '{"b": 2}'),
        ('{"a": 1, "b": 2, "a": 3}', REMOVED, '{"b": 2}'),
        ('{"a": 1}', REMOVED, "{}"),
        ('{"b": 1}', REMOVED, '{"b": 1}'),
    ],
)
def test_one_member_is_set_or_taken_out(before: str, value: object, after: str) -> None:
    assert json_text.with_member(before, "a", value) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[]", "[\n  0\n]"),
        ("[1]", "[0, 1]"),
        ("[ 1, 2 ]", "[ 0, 1, 2 ]"),
        ("[\n  1\n]", "[\n  0,\n  1\n]"),
        ("[\r\n\t1\r\n]", "[\r\n\t0,\r\n\t1\r\n]"),
    ],
)
def test_a_new_element_is_set_like_the_others(before: str, after: str) -> None:
    assert json_text.with_element_first(before, 0, 0) == after


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ("[1]", 0, "[]"),
        ("[\n  1\n]", 0, "[]"),
        ("[1, 2, 3]", 0, "[2, 3]"),
        ("[1, 2, 3]", 1, "[1, 3]"),
        ("[1, 2 , 3 ]", 2, "[1, 2 ]"),
        ('["]", 2]', 1, '["]"]'),
    ],
)
def test_an_element_goes_with_its_comma(before: str, number: int, after: str) -> None:
    assert json_text.without_element(before, 0, number) == after
