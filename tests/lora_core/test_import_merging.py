"""What a style lacks of the same style elsewhere: found by identity, and nothing here is touched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.document import HistoryDocument
from lora_core.import_merging import Merged, merged_sets, merged_versions
from lora_core.sets_document import SetsDocument

NOTHING = HistoryDocument.parse(b'{"versions": []}')
JOB = "a0e9d299-9849-4986-bd76-8294f2f92f5f"


def history(*records: object) -> HistoryDocument:
    return HistoryDocument.parse(json.dumps({"versions": list(records)}, indent=2).encode())


def merged(here: object, source: object, elsewhere: object = None) -> Merged[HistoryDocument]:
    others = NOTHING if elsewhere is None else history(elsewhere)
    return merged_versions(history(here), others, history(source), "7")


@pytest.mark.parametrize(
    ("here", "source"),
    [
        ({"id": "a", "name": "V1"}, {"id": "a", "name": "V1"}),
        ({"id": f"{JOB}-e1", "name": "V1"}, {"id": JOB, "name": "V1"}),
        ({"id": JOB, "name": "V1", "status": "completed"}, {"id": f"{JOB}-u2", "name": "V1"}),
        ({"id": JOB, "key": "a", "requestId": "7_1"}, {"id": "a"}),
        ({"id": JOB, "key": "k", "requestId": "7_1"}, {"id": "7_1", "requestId": "7_1", "key": None}),
        ({"id": "a", "n": 1, "lastSynced": "x"}, {"id": "a", "n": 1.0, "lastSynced": "y"}),
    ],
)
def test_a_version_is_the_same_by_its_key_its_job_or_its_request(here: Any, source: Any) -> None:
    done = merged(here, source)

    assert done.added == 0
    assert done.document.data == history(here).data
    assert merged({"id": "z"}, source, elsewhere=here).added == 0


@pytest.mark.parametrize(
    ("here", "source"),
    [
        ({"id": "a"}, {"id": "b"}),
        ({"id": "7_1", "requestId": "7_1"}, {"id": "7_2", "requestId": "7_2"}),
        ({"id": "a", "name": "V1"}, {"id": "b", "name": "V2"}),
    ],
)
def test_another_one_comes_in(here: Any, source: Any) -> None:
    done = merged(here, source)

    assert (done.added, done.same, done.conflicts) == (1, 0, ())
    assert list(done.document.entries) == [here, source]


@pytest.mark.parametrize(
    ("here", "source", "told"),
    [
        ({"id": "a", "name": "V1"}, {"id": "a", "name": "V2"}, "V2 is another here in name"),
        ({"id": "a"}, {"id": "a", "isGood": True, "x": 1}, "a is another here in isGood, x"),
        ({"id": "a", "isGood": 1}, {"id": "a", "isGood": True}, "a is another here in isGood"),
        ({"id": "z"}, {"name": "V1"}, "An entry of its history has no id"),
        ({"id": "z"}, None, "An entry of its history has no id"),
        ({"id": "z"}, 7, "An entry of its history has no id"),
        ({"id": "b", "name": "v1"}, {"id": "a", "name": "V1"}, "There are two versions V1 now; rename one"),
    ],
)
def test_what_contradicts_is_told(here: Any, source: Any, told: str) -> None:
    done = merged(here, source)

    assert [sentence.startswith(told) for sentence in done.conflicts] == [True]
    assert done.document.entries[0] == here


def test_of_two_records_with_one_id_the_second_stays_behind() -> None:
    source = history({"id": "a", "name": "V1"}, {"id": "a", "name": "V2"})

    done = merged_versions(NOTHING, NOTHING, source, "7")

    assert [entry["name"] for entry in done.document.entries] == ["V1"]
    assert len(done.conflicts) == 1


def test_versions_come_where_their_date_belongs() -> None:
    here = history(*({"id": str(day), "timestamp": f"2026-01-0{day}T00:00:00Z"} for day in (8, 5, 2)))
    source = history(*({"id": str(day), "timestamp": f"2026-01-0{day}T00:00:00Z"} for day in (9, 6, 4, 1)))

    done = merged_versions(here, NOTHING, source, "7")

    assert [entry["id"] for entry in done.document.entries] == list("9865421")


def test_each_record_comes_with_its_own_text() -> None:
    source = HistoryDocument.parse(b'{"versions": [{"id":"b",  "rate": 0.00001, "n": "\\u00fc"}]}')

    done = merged_versions(history({"id": "a"}), NOTHING, source, "7")

    assert b'{"id":"b",  "rate": 0.00001, "n": "\\u00fc"}' in done.document.data


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcdef"), "name": st.sampled_from(["V1", "V2", "V3"])},
        optional={"timestamp": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "x"])},
    ),
    max_size=5,
)


@given(RECORDS, RECORDS, RECORDS)
def test_merging_keeps_everything_here_doubles_nothing_and_is_done_once(
    here: Any, elsewhere: Any, source: Any
) -> None:
    before, others, new = history(*here), history(*elsewhere), history(*source)

    once = merged_versions(before, others, new, "7")
    again = merged_versions(once.document, others, new, "7")

    assert [entry for entry in once.document.entries if entry in here] == here or once.added
    kept = iter(once.document.entries)
    assert all(any(entry is other for other in kept) for entry in before.entries)  # in their order
    assert once.added == len(once.document.entries) - len(here)
    known = {record["id"] for record in (*here, *elsewhere)}
    assert {entry["id"] for entry in once.document.entries} == {
        *(record["id"] for record in here),
        *(record["id"] for record in source if record["id"] not in known),
    }
    assert again.document is once.document


SETS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from([1, "1", 2, 3, "x"]), "filenames": st.lists(st.sampled_from("ab"), max_size=2)}
    ),
    max_size=4,
)


@given(SETS, SETS)
def test_sets_are_added_under_free_numbers_only(here: Any, source: Any) -> None:
    before = SetsDocument.parse(json.dumps({"sets": here}).encode())
    new = SetsDocument.parse(json.dumps({"sets": source}).encode())

    once = merged_sets(before, new)

    assert {one.id for one in once.document.sets} == {one.id for one in (*before.sets, *new.sets)}
    assert [entry for entry in once.document.entries if entry in here] == here or once.added
    assert all(once.document.find(one.id) == before.find(one.id) for one in before.sets)
    assert merged_sets(once.document, new).document is once.document
