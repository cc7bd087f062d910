"""A history of which a part would never be shown is told apart from one that is all there."""

import json

import pytest
from hypothesis import given

from lora_core.document import HistoryDocument, NotAHistoryError
from lora_core.oddities import checked
from tests.lora_core.history_texts import DrawnHistory, histories

GOOD = '{"id": "a", "name": "V1"}'


def complaint(*entries: str, before: str = "", after: str = "") -> str:
    """What is said of a history with these entries."""
    text = f'{{{before}"versions": [{", ".join(entries)}]{after}}}'
    HistoryDocument.parse(text.encode())
    with pytest.raises(NotAHistoryError) as told:
        checked(text.encode())
    return str(told.value)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (f"[{GOOD}]", "a list"),
        ('"V2"', "a text"),
        ("17", "a number"),
        ("1.5", "a number"),
        ("true", "a truth value"),
        ("null", "null"),
    ],
)
def test_an_entry_that_is_no_object_is_named(entry: str, kind: str) -> None:
    assert complaint(GOOD, GOOD, entry) == f"entry 3 of its versions is {kind}, not a version"


@pytest.mark.parametrize("identity", ["", '"id": null, ', '"id": "", "key": 0, ', '"id": [], '])
def test_a_record_that_nothing_could_name_is_named_by_its_place(identity: str) -> None:
    said = complaint(GOOD, f'{{{identity}"name": "V2"}}')

    assert said == "entry 2 of its versions (V2) has neither a key nor an id"


def test_two_lists_of_versions_are_told() -> None:
    assert complaint(GOOD, before='"versions": [], ') == '"versions" stands in it twice'
    assert complaint(GOOD, before='"\\u0076ersions": 1, ') == '"versions" stands in it twice'


@pytest.mark.parametrize(
    "members",
    [
        '"status": "draft", "status": "draft"',
        '"status": "draft", "stat\\u0075s": "failed"',
        '"status" : 1, "note": "\\u0022said\\u0022: ", "status" : 2',
        '"status": "\\\\", "status": "\\\\\\""',
        '"half": "\\ud83d", "status": 1, "status": 2',
        '"parameters": {"deep": [{"status": 1, "status": 2}]}',
        '"status": 1e400, "status": 1',
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_version(members: str) -> None:
    for name, told in (("größer", "größer"), ("\\ud83d", "?")):
        said = complaint(GOOD, f'{{"id": "b", "name": "{name}", {members}}}')
        assert said == f'"status" stands twice in entry 2 of its versions ({told})'


@pytest.mark.parametrize(
    "text",
    [
        '{"versions": []}',
        f'{{"note": 1, "note": 2, "sets": {{"a": 1, "a": 2}}, "versions": [{GOOD}]}}',
        '{"versions": [{"id": 5, "status": 5, "parameters": [], "name": null, "timestamp": {}, "isGood": "yes"}]}',
        '{"versions": [{"id": "a", "note": "\\"id\\": 1, \\u0022id\\u0022: 2"}, {"key": "b", "id": null}]}',
        '{"versions": [{"id": "a", "half": "\\ud83d", "huge": 1e400}, {"id": "a"}]}',
        '{"versions": [{"id": "a", "deep": ' + "[" * 300 + "]" * 300 + "}]}",
    ],
)
def test_what_hides_nothing_of_a_version_is_taken_as_it_is(text: str) -> None:
    assert checked(text.encode()) == HistoryDocument.parse(text.encode())


def test_what_is_nested_deeply_is_taken_or_told_and_breaks_nothing() -> None:
    deep = f'{{"versions": [{{"id": "a", "x": {"[" * 990}{"]" * 990}}}]}}'.encode()
    HistoryDocument.parse(deep)

    try:
        taken = checked(deep)
    except NotAHistoryError as told:  # it depends on Python how deep its parser goes
        assert str(told) == "it is nested too deeply"
    else:
        assert taken.data == deep


@given(histories())
def test_a_drawn_history_is_taken_exactly_when_nothing_in_it_is_hidden(drawn: DrawnHistory) -> None:
    is_sound = not drawn.duplicated and len(drawn.entries) == len(drawn.ids)
    try:
        taken = checked(drawn.data)
    except NotAHistoryError:
        assert not is_sound
    else:
        assert is_sound
        assert taken == HistoryDocument.parse(drawn.data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"\0" * 9, "it holds nothing but zero bytes"),
        (b'\xef\xbb\xbf{"versions": []}', "a byte order mark stands before it"),
        ('{"versions": []}'.encode("utf-16"), "it is written in UTF-16, not in UTF-8"),
        (b'{"versions": [\n<<<<<<< HEAD\n', "no valid JSON: the two sides of a merge stand in it"),
        (b'{"sets": []}', 'it has no list "versions"'),
    ],
)
def test_what_happened_to_a_file_is_said_where_it_can_be_told(data: bytes, said: str) -> None:
    with pytest.raises(NotAHistoryError) as told:
        checked(data)

    assert str(told.value) == said


@pytest.mark.parametrize(
    "data", [b"{", b'{"versions": [1,]}', b'{"versions": []} x', b'{"versions": ["\xff"]}']
)
def test_else_the_place_is_told_where_the_parser_stopped(data: bytes) -> None:
    with pytest.raises(NotAHistoryError, match=r"^no valid JSON: .+"):
        checked(data)


def test_a_large_history_is_looked_at_to_its_end() -> None:
    entries = [json.dumps({"id": str(number), "name": f"V{number}"}) for number in range(2000)]
    entries.append('{"id": "last", "id": "last"}')

    assert complaint(*entries) == '"id" stands twice in entry 2001 of its versions'
