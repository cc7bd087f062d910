"""`selection_sets.json`: what is changed is spliced in, and every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.sets_document import EMPTY, NoSetsError, SelectionSet, SetsDocument, next_number
from tests.lora_core.storage import FIXTURE_STYLES

FIXTURES = sorted(FIXTURE_STYLES.glob("*/selection_sets.json"))


def document(*entries: object, **others: object) -> SetsDocument:
    return SetsDocument.parse(json.dumps({**others, "sets": list(entries)}, indent=2).encode())


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name)
def test_the_old_systems_files_come_back_byte_for_byte_after_a_set_came_and_went(path: Any) -> None:
    before = SetsDocument.parse(path.read_bytes())
    number = next_number(before.sets, [])

    after = before.added(SelectionSet(number, ("a (1).jpg", "größe.png"), "Faces", "close"))

    assert after.data.startswith(before.data[: before.data.rindex(b"}\n  ]")])
    assert after.find(number) == SelectionSet(number, ("a (1).jpg", "größe.png"), "Faces", "close")
    assert after.removed(number).data == before.data


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name)
def test_a_set_of_the_old_systems_files_comes_back_byte_for_byte(path: Any) -> None:
    before = SetsDocument.parse(path.read_bytes())

    for one in before.sets:
        kept = SelectionSet(one.id, one.filenames, one.name, one.note, own_text=before.text(one.id))
        assert before.removed(one.id).added(kept).data == before.data


def test_a_new_set_looks_as_the_old_system_writes_it() -> None:
    written = SetsDocument.parse(EMPTY).added(SelectionSet(1, ("a b (3).jpg",))).data

    assert written == json.dumps({"sets": [{"id": 1, "filenames": ["a b (3).jpg"]}]}, indent=2).encode()


def test_unknown_keys_of_the_file_and_of_each_set_are_kept() -> None:
    before = document({"id": "1", "filenames": ["a.jpg"], "colour": 1e-5}, None, 7, version=3)

    after = before.patched(1, {"filenames": ["b.jpg"], "name": "Faces"})

    assert json.loads(after.data) == {
        "version": 3,
        "sets": [{"id": "1", "filenames": ["b.jpg"], "colour": 1e-5, "name": "Faces"}, None, 7],
    }
    assert b"1e-05" in after.data


def test_what_changes_nothing_is_the_very_document() -> None:
    before = document({"id": 1, "filenames": ["a.jpg"]})

    assert before.patched(1, {"filenames": ["a.jpg"]}) is before


@pytest.mark.parametrize(
    ("data", "may_be_half"),
    [
        (b"", True),
        (b'{"sets": [', True),
        (b"\x00", True),
        (b"[]", False),
        (b"null", False),
        (b'{"sets": {}}', False),
    ],
)
def test_what_is_no_such_file_is_told_from_half_a_one(data: bytes, may_be_half: bool) -> None:
    with pytest.raises(NoSetsError) as caught:
        SetsDocument.parse(data)

    assert caught.value.may_be_half is may_be_half


@pytest.mark.parametrize(
    ("sets", "used", "expected"),
    [([], [], 1), ([2, 1], [], 3), ([1], [4], 5), ([], [2], 3), ([7], [1], 8)],
)
def test_the_next_number_follows_all_that_are_there_and_all_that_were_used(
    sets: list[int], used: list[int], expected: int
) -> None:
    assert next_number([SelectionSet(number, ()) for number in sets], used) == expected


NAMES = st.lists(st.text(min_size=1, max_size=12), max_size=4).map(tuple)
SETS = st.lists(
    st.builds(
        SelectionSet, st.integers(1, 30), NAMES, st.sampled_from(["", "Faces"]), st.sampled_from(["", "n"])
    ),
    unique_by=lambda one: one.id,
    max_size=5,
)


@given(
    SETS.map(lambda sets: sorted(sets, key=lambda one: one.id)),
    st.sampled_from([None, 2, 4, "\t"]),
    st.data(),
)
def test_a_deleted_set_that_is_restored_leaves_the_file_as_it_was(
    sets: list[SelectionSet], indent: int | str | None, data: st.DataObject
) -> None:
    entries = [{"id": one.id, "filenames": list(one.filenames), "x": {"y": [1]}} for one in sets]
    before = SetsDocument.parse(json.dumps({"sets": entries, "z": 1}, indent=indent).encode())
    if not sets:
        return
    chosen = data.draw(st.sampled_from(before.sets))
    kept = SelectionSet(chosen.id, chosen.filenames, own_text=before.text(chosen.id))

    after = before.removed(chosen.id).added(kept)

    assert after.entries == before.entries
    if len(sets) > 1:  # the blanks around the only one are not known any more
        assert after.data == before.data


@given(SETS, st.data())
def test_sets_that_are_added_and_changed_are_read_as_they_were_meant(
    sets: list[SelectionSet], data: st.DataObject
) -> None:
    document = SetsDocument.parse(EMPTY)
    for one in sets:
        document = document.added(one)

    assert list(document.sets) == sorted(sets, key=lambda one: one.id)
    if sets:
        chosen, names = data.draw(st.sampled_from(sets)), data.draw(NAMES)
        changed = document.patched(chosen.id, {"filenames": list(names)}).find(chosen.id)
        assert changed is not None
        assert changed.filenames == names


def test_a_byte_order_mark_is_read_over_and_kept() -> None:
    marked = SetsDocument.parse(b"\xef\xbb\xbf" + document({"id": 1, "filenames": ["a.jpg"]}).data)

    after = marked.added(SelectionSet(2, ("b.jpg",))).patched(1, {"name": "Foxes"}).removed(2)

    assert [(one.id, one.name) for one in after.sets] == [(1, "Foxes")]
    assert after.data.startswith(b"\xef\xbb\xbf{")
    assert after.data.count(b"\xef\xbb\xbf") == 1
