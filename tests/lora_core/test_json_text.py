"""Splicing JSON text: the places of things, and what is put there."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-0", "17", "9" * 19, "18446744073709551615", "18446744073709551616", "9" * 30, "1" * 309),
        *("-9223372036854775808", "-9223372036854775809", "-" + "9" * 30, "0.1", "1e400"),
    ],
)
def test_a_number_reads_the_same_whatever_else_is_in_the_text(number: str) -> None:
    alone, beside = (
        json_text.loads(f"[{number}]".encode()),
        json_text.loads(f'["\\ud83d", {number}]'.encode()),
    )

    assert repr(alone[0]) == repr(beside[1])


def test_a_number_of_any_length_reads_and_does_not_stand_in_the_way_of_a_change() -> None:
    text = f'{{"a": {"1" * 5000}, "b": [-{"1" * 5000}, 1]}}'

    assert json_text.loads(text.encode()) == {"a": float("inf"), "b": [float("-inf"), 1]}
    assert json_text.with_member(text, "b", 2) == f'{{"a": {"1" * 5000}, "b": 2}}'


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
    assert json_text.with_element_at(before, 0, 0, 0) == after


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


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ('{"v":[]}', 0, '{"v":[{ "x":1 }]}'),
        ('{"v": []}', 0, '{"v": [{ "x":1 }]}'),
        ('{ "v": [ ] }', 0, '{ "v": [ { "x":1 } ] }'),
        ('{\n  "v": []\n}', 0, '{\n  "v": [\n    { "x":1 }\n  ]\n}'),
        ('{\r\n\t"v": []\r\n}', 0, '{\r\n\t"v": [\r\n\t\t{ "x":1 }\r\n\t]\r\n}'),
        ('\n{\n\n"a": 1,\n"v": []\n}', 0, '\n{\n\n"a": 1,\n"v": [\n  { "x":1 }\n]\n}'),
        ('{"v":[1,2]}', 0, '{"v":[{ "x":1 },1,2]}'),
        ('{"v":[1,2]}', 2, '{"v":[1,2,{ "x":1 }]}'),
        ('{"v": [1, 2]}', 1, '{"v": [1, { "x":1 }, 2]}'),
        ('{"v":[1]}', 1, '{"v":[1,{ "x":1 }]}'),
        ('{"v": [1]}', 0, '{"v": [{ "x":1 }, 1]}'),
        ('{"v": [{"a":1,"b":2}]}', 0, '{"v": [{ "x":1 },{"a":1,"b":2}]}'),
        ('{"v":[{"a":1, "b":2}]}', 1, '{"v":[{"a":1, "b":2}, { "x":1 }]}'),
        ('{"v": [{\n"a":1,\n"b":2}]}', 0, '{"v": [{ "x":1 }, {\n"a":1,\n"b":2}]}'),
        ('{"v": [\n  1\n]}', 1, '{"v": [\n  1,\n  { "x":1 }\n]}'),
    ],
)
def test_an_elements_own_text_is_put_in_laid_out_like_the_rest(before: str, number: int, after: str) -> None:
    start = json_text.member_start(before, "v")

    assert json_text.with_text_at(before, start, number, '{ "x":1 }') == after
    assert json_text.without_element(after, json_text.member_start(after, "v"), number) in (
        before,
        before.replace("[ ]", "[]"),
    )


def test_the_members_of_an_object_are_found_after_blanks_too() -> None:
    assert [member.key for member in json_text.members(' \r\n { "a": 1, "b": {} }')] == ["a", "b"]


@given(drawn=histories(), data=st.data())
def test_elements_arranged_anew_keep_their_own_text_and_leave_all_around_them(
    drawn: DrawnHistory, data: st.DataObject
) -> None:
    start = json_text.member_start(drawn.text, "versions")
    spans = list(json_text.elements(drawn.text, start))
    there = [json_text.Element(drawn.text[span.start : span.end], at) for at, span in enumerate(spans)]
    new = st.sampled_from(['{"new": 0.00001}', "1e400", '"größer"']).map(json_text.Element)
    wanted = data.draw(st.lists(st.one_of(st.sampled_from(there), new) if there else new, max_size=6))
    after = json_text.with_elements(drawn.text, start, wanted)
    assert [after[span.start : span.end] for span in json_text.elements(after, start)] == [
        element.text for element in wanted
    ]
    assert after.startswith(drawn.text[: start + 1])
    end = drawn.text.index("]", spans[-1].end if spans else start)
    assert after.endswith(drawn.text[end:])
    assert json_text.with_elements(drawn.text, start, there) == drawn.text or not there
