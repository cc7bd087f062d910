"""A change of a history: what it says afterwards, and that every other byte is where it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lora_core import json_text
from lora_core.document import EMPTY, HistoryDocument, NotAHistoryError, record_key
from lora_core.json_text import REMOVED
from lora_core.versions import VersionStatus
from tests.lora_core.history_texts import DrawnHistory, histories, json_values

CANONICAL = sorted((Path(__file__).parent.parent / "fixtures/styles").glob("*/training_versions.json"))
Loads = Callable[[bytes], Any]
both_parsers: tuple[Loads, Loads] = (json.loads, orjson.loads)


def expect(before: bytes, after: bytes, change: Callable[[list[Any]], object]) -> None:
    """Both parsers read what was there, changed by `change`."""
    for loads in both_parsers:
        expected = loads(before)
        change(expected["versions"])
        assert loads(after) == expected


def common(before: str, after: str) -> tuple[int, int]:
    """How many characters both begin with, and how many of the rest both end with."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    return head, tail


@given(histories())
def test_a_history_in_any_layout_is_read(drawn: DrawnHistory) -> None:
    document = HistoryDocument.parse(drawn.data)

    assert list(document.entries) == json_text.loads(drawn.data)["versions"]
    assert [record_key(record) for record in document.records] == list(drawn.ids)


@given(histories(), json_values, st.data())
def test_a_patched_value_takes_the_place_of_the_old_one_alone(
    drawn: DrawnHistory, value: Any, data: st.DataObject
) -> None:
    assume(drawn.ids)
    key = data.draw(st.sampled_from(drawn.ids))
    name = data.draw(st.sampled_from(sorted(drawn.values[key])))
    assume(name != "id")
    place, number = drawn.values[key][name], drawn.entry_of[key]

    document = HistoryDocument.parse(drawn.data)
    patched = document.patched(key, {name: value})

    expect(drawn.data, patched.data, lambda versions: versions[number].update({name: value}))
    text, head, tail = patched.data.decode(), drawn.text[: place.start], drawn.text[place.end :]
    assert text.startswith(head)
    assert text.endswith(tail)
    assert json.loads(text[len(head) : len(text) - len(tail)]) == value
    assert patched.patched(key, {name: value}) is patched
    assert list(patched.entries) == list(HistoryDocument.parse(patched.data).entries)


@given(histories(), json_values, st.data())
def test_a_new_key_is_added_after_the_last_one_of_its_record(
    drawn: DrawnHistory, value: Any, data: st.DataObject
) -> None:
    assume(drawn.ids)
    key = data.draw(st.sampled_from(drawn.ids))
    number, end = drawn.entry_of[key], max(place.end for place in drawn.values[key].values())

    patched = HistoryDocument.parse(drawn.data).patched(key, {"new ü": value})

    expect(drawn.data, patched.data, lambda versions: versions[number].update({"new ü": value}))
    text = patched.data.decode()
    assert text.startswith(drawn.text[:end])
    assert text.endswith(drawn.text[end:])


@given(histories(), st.data())
def test_a_key_taken_out_leaves_everything_else(drawn: DrawnHistory, data: st.DataObject) -> None:
    removable = [(key, name) for key in drawn.ids for name in sorted(drawn.values[key]) if name != "id"]
    assume(removable)
    key, name = data.draw(st.sampled_from(removable))

    after = HistoryDocument.parse(drawn.data).patched(key, {name: REMOVED})

    expect(drawn.data, after.data, lambda versions: versions[drawn.entry_of[key]].pop(name))
    assert after.patched(key, {name: REMOVED}) is after
    head, tail = common(drawn.text, after.data.decode())
    entry = drawn.entries[drawn.entry_of[key]]
    assert head >= entry.start
    assert tail >= len(drawn.text) - entry.end
    if name not in drawn.duplicated:
        assert head + tail == len(after.data.decode())


@given(histories(), st.dictionaries(st.text(max_size=5), json_values, max_size=3))
def test_a_new_record_stands_first_and_moves_no_other_byte(
    drawn: DrawnHistory, content: dict[str, Any]
) -> None:
    record = {**content, "id": "new"}

    inserted = HistoryDocument.parse(drawn.data).inserted(record)

    expect(drawn.data, inserted.data, lambda versions: versions.insert(0, record))
    assert inserted.record("new") == record
    text = inserted.data.decode()
    if drawn.entries:
        first = drawn.entries[0].start
        assert text.startswith(drawn.text[:first])
        assert text.endswith(drawn.text[first:])
    else:
        at = drawn.text.rindex("[]") if "[]" in drawn.text else 0
        assert text.startswith(drawn.text[: min(at, common(drawn.text, text)[0])])
    assert list(inserted.entries) == list(HistoryDocument.parse(inserted.data).entries)


@given(histories(), st.data())
def test_a_record_put_between_others_moves_no_other_byte(drawn: DrawnHistory, data: st.DataObject) -> None:
    assume(drawn.entries)
    at = data.draw(st.integers(1, len(drawn.entries)))
    end = drawn.entries[at - 1].end

    inserted = HistoryDocument.parse(drawn.data).inserted({"id": "new", "a": [1]}, at)

    expect(drawn.data, inserted.data, lambda versions: versions.insert(at, {"id": "new", "a": [1]}))
    assert inserted.data.decode().startswith(drawn.text[:end])
    assert inserted.data.decode().endswith(drawn.text[end:])
    assert list(inserted.entries) == list(HistoryDocument.parse(inserted.data).entries)


@given(histories(), st.data())
def test_a_removed_record_takes_only_itself_and_its_comma(drawn: DrawnHistory, data: st.DataObject) -> None:
    assume(drawn.ids)
    key = data.draw(st.sampled_from(drawn.ids))

    removed = HistoryDocument.parse(drawn.data).removed(key)

    expect(drawn.data, removed.data, lambda versions: versions.pop(drawn.entry_of[key]))
    assert removed.record(key) is None
    text = removed.data.decode()
    assert sum(common(drawn.text, text)) == len(text)
    assert removed.removed(key) is removed


@given(histories())
def test_what_was_inserted_and_removed_again_leaves_the_records_as_they_were(drawn: DrawnHistory) -> None:
    document = HistoryDocument.parse(drawn.data).inserted({"id": "new"}).removed("new")

    expect(drawn.data, document.data, lambda _: None)
    if drawn.entries:
        assert document.data == drawn.data


@given(histories(), st.data())
def test_a_change_that_changes_nothing_answers_the_same_document(
    drawn: DrawnHistory, data: st.DataObject
) -> None:
    assume(drawn.ids)
    document = HistoryDocument.parse(drawn.data)
    key = data.draw(st.sampled_from(drawn.ids))

    assert document.patched(key, {}) is document
    assert document.patched(key, document.record(key) or {}) is document
    assert document.patched(key, {"not there": REMOVED}) is document
    assert document.removed("not there") is document


@pytest.mark.parametrize("path", CANONICAL, ids=lambda path: path.parent.name)
def test_a_changed_file_of_the_old_system_is_as_it_would_have_written_it(path: Path) -> None:
    # 0.00001 is the one number that orjson would write in another way.
    data = path.read_bytes().replace(b"0.00001", b"0.0001")
    document = HistoryDocument.parse(data)
    assert json_text.dumps(orjson.loads(data)) == data

    keys = [record_key(record) for record in document.records]
    changed = document.inserted({"id": "new", "parameters": {"network_dim": 4}, "tags": []})
    changed = changed.patched(
        keys[0], {"description": "größer", "submission": {"state": "sent"}, "isGood": True}
    )
    changed = changed.patched(keys[0], {"description": REMOVED}).removed(keys[-1])
    changed = changed.inserted({"id": "between"}, 1).inserted({"id": "last"}, 3 if len(keys) > 2 else 2)
    assert changed.data == json_text.dumps(orjson.loads(changed.data))

    for key in ("new", "between", "last", *keys):
        changed = changed.removed(key)
    assert changed.data == EMPTY


def test_the_first_record_of_a_new_history_is_written_like_the_old_system_does() -> None:
    document = HistoryDocument.parse(EMPTY).inserted({"id": "a", "parameters": {"network_dim": 16}})

    assert document.data == json.dumps(json.loads(document.data), indent=2).encode()


def test_a_number_keeps_its_spelling_when_another_key_changes() -> None:
    data = b'{"versions": [{"id": "a", "parameters": {"learning_rate": 0.00001}, "n": 123456789012345678901234567890}]}'

    patched = HistoryDocument.parse(data).patched("a", {"description": "x"})

    assert b"0.00001" in patched.data
    assert b"123456789012345678901234567890" in patched.data


@pytest.mark.parametrize(
    ("old", "new"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, False), ([1], [True])]
)
def test_values_that_python_finds_equal_are_still_a_change(old: object, new: object) -> None:
    document = HistoryDocument.parse(json_text.dumps({"versions": [{"id": "a", "v": old}]}))

    patched = document.patched("a", {"v": new})

    assert json.dumps(json.loads(patched.data)["versions"][0]["v"]) == json.dumps(new)


@pytest.mark.parametrize("value", [VersionStatus.DRAFT, (1, 2), {"state": VersionStatus.DRAFT}, float("nan")])
def test_a_value_that_json_writes_in_another_form_changes_it_only_once(value: object) -> None:
    document = HistoryDocument.parse(b'{"versions": [{"id": "a"}]}').patched("a", {"v": value})
    again = HistoryDocument.parse(document.data)

    assert again.patched("a", {"v": value}) is again
    assert document.patched("a", {"v": value}) is document


def test_half_a_character_in_a_record_does_not_stand_in_the_way_of_a_change() -> None:
    data = b'{"versions": [{"id": "a", "name": "\\ud83d"}, {"id": "b"}]}'
    document = HistoryDocument.parse(data)
    record = document.record("a")
    assert record is not None

    moved = HistoryDocument.parse(EMPTY).inserted(record)

    assert json.loads(moved.data)["versions"] == [{"id": "a", "name": "\ud83d"}]
    assert document.patched("a", {"isGood": True}).data.startswith(data[:40])
    assert json.loads(document.patched("b", {"x\ud83d": "\ud83d"}).data)["versions"][1]["x\ud83d"] == "\ud83d"


def test_of_two_lists_of_versions_the_last_one_counts_however_its_key_is_written() -> None:
    for second in (b'"versions"', b'"\\u0076ersions"'):
        data = b'{"versions": [{"id": "a"}], ' + second + b': [{"id": "a"}]}'
        patched = HistoryDocument.parse(data).patched("a", {"b": 1})
        assert patched.data == data[:-3] + b', "b": 1}]}'


def test_a_record_is_known_by_its_key_and_an_old_one_by_its_id() -> None:
    assert record_key({"key": "k", "id": "i"}) == "k"
    assert record_key({"id": 17}) == "17"
    assert record_key({}) == ""


def test_patching_a_record_that_is_not_there_raises_key_error() -> None:
    with pytest.raises(KeyError):
        HistoryDocument.parse(EMPTY).patched("a", {"b": 1})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 20,
        b"{",
        b"[]",
        b"null",
        b'{"versions": {}}',
        b'{"sets": []}',
        b'{"versions": []',
        b'{"versions": []} {}',
        b'\xef\xbb\xbf{"versions": []}',
        b'{"versions": [NaN]}',
        b'{"versions": ["\xff"]}',
        b'{"versions": ' + b"[" * 100_000,
        b'{"versions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_no_history_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(NotAHistoryError, match=r"\w"):
        HistoryDocument.parse(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_history_or_none(data: bytes) -> None:
    try:
        HistoryDocument.parse(data)
    except NotAHistoryError:
        return


# A record's own text


@given(histories(is_sound=True), st.data())
def test_a_record_taken_out_and_put_back_by_its_own_text_leaves_the_file_as_it_was(
    drawn: DrawnHistory, data: st.DataObject
) -> None:
    assume(drawn.ids)
    document = HistoryDocument.parse(drawn.data)
    key = data.draw(st.sampled_from(drawn.ids))
    own = document.text(key)
    assert own is not None

    again = document.removed(key).inserted_text(own, drawn.entry_of[key])

    assert again.data == drawn.data
    assert list(again.entries) == list(document.entries)


@given(histories())
def test_the_own_texts_of_the_entries_are_what_stands_between_their_places(drawn: DrawnHistory) -> None:
    document = HistoryDocument.parse(drawn.data)

    assert list(document.texts()) == [drawn.text[place.start : place.end] for place in drawn.entries]
    for key, number in drawn.entry_of.items():
        assert document.text(key) == list(document.texts())[number]
    assert document.text("not there") is None


@given(histories(is_sound=True), st.data())
def test_another_text_takes_the_place_of_a_records_own(drawn: DrawnHistory, data: st.DataObject) -> None:
    assume(drawn.ids)
    document = HistoryDocument.parse(drawn.data)
    key = data.draw(st.sampled_from(drawn.ids))
    place = drawn.entries[drawn.entry_of[key]]

    replaced = document.replaced(key, '{ "id":"other" }')

    assert replaced.data.decode() == drawn.text[: place.start] + '{ "id":"other" }' + drawn.text[place.end :]
    assert list(replaced.entries) == list(HistoryDocument.parse(replaced.data).entries)
    assert document.replaced(key, drawn.text[place.start : place.end]) is document
