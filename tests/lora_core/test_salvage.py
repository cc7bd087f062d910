"""Salvage: whole records come out of whatever became of a file, and nothing is dropped unsaid."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lora_core.document import HistoryDocument
from lora_core.salvage import salvage
from tests.lora_core.history_texts import DrawnHistory, histories


def record(name: str) -> dict[str, object]:
    return {
        "id": name,
        "name": name,
        "parameters": {"network_dim": 16, "note": "a } in { text"},
        "status": "pending",
    }


A, B, C = (json.dumps(record(name), indent=2) for name in "ABC")
WHOLE = f'{{"versions": [{A}, {B}]}}'
CONFLICT = f'{{"versions": [\n<<<<<<< HEAD\n{A},\n=======\n{B},\n>>>>>>> theirs\n{C}\n]}}'

DAMAGED = {
    "nothing": ("", [], []),
    "a whole document": (WHOLE, ["A", "B"], []),
    "a cut file": (WHOLE[:-40], ["A"], ['"id": "B"']),
    "cut between two records": (f'{{"versions": [{A}, ', ["A"], []),
    "the beginning lost": (WHOLE[25:], ["B"], ['"name": "A"']),
    "filled with NUL": (WHOLE[:-2] + "\0" * 500, ["A", "B"], []),
    "NUL alone": ("\0" * 500, [], []),
    "two documents": (f'{{"versions": [{A}]}}{{"versions": [{B}]}}', ["A", "B"], []),
    "the rest of a longer document": (f'{{"versions": [{A}]}}{WHOLE[-60:]}', ["A"], ["pending"]),
    "a byte order mark": ("\ufeff" + WHOLE, ["A", "B"], []),
    "merge markers": (CONFLICT, ["A", "B", "C"], ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"]),
    "a list of records at the top": (f"[{A}, {B}]", ["A", "B"], []),
    "records one after the other": (f"{A}\n{B}", ["A", "B"], []),
    "a trailing comma": (f'{{"versions": [{A}, {B},]}}', ["A", "B"], []),
    "a missing comma": (f'{{"versions": [{A} {B}]}}', ["A", "B"], []),
    "an id twice": (f'{{"versions": [{A}, {A.replace("pending", "failed")}', ["A"], []),
    "another key": (f'{{"note": "mine", "versions": [{A}, {B}', ["A", "B"], ['"note": "mine"']),
    "a web page": ("<html><body>502</body></html>", [], ["<html><body>502</body></html>"]),
    "an object without an id": ('{"versions": [{"status": "draft"}', [], ["draft"]),
    "a number that is none": (f'{{"versions": [{A.replace("16", "NaN")}', ["A"], []),
    "braces": ("{" * 3000, [], []),
    "brackets": ('{"a":' + "[" * 3000, [], ['"a"']),
    "deep objects": ('{"a":' * 3000, [], ['"a"']),
}


@pytest.mark.parametrize(("text", "names", "said"), DAMAGED.values(), ids=DAMAGED.keys())
def test_whole_records_are_saved_and_the_rest_is_shown(text: str, names: list[str], said: list[str]) -> None:
    saved = salvage(text.encode())

    assert [one["name"] for one in saved.records] == names
    rest = " ".join(saved.not_understood)
    assert bool(rest) == bool(said)
    for piece in said:
        assert piece in rest


def test_of_an_id_twice_the_first_is_proposed() -> None:
    saved = salvage(f"[{A}, {A.replace('pending', 'failed')}".encode())

    assert saved.records[0]["status"] == "pending"


def test_bytes_that_are_no_text_cost_only_their_own_record() -> None:
    saved = salvage(b'{"versions": [' + A.encode() + b', {"id": "\xff\xfe", "status": ' + b"\xff")

    assert [one["name"] for one in saved.records] == ["A"]


@pytest.mark.parametrize("value", ['"\\ud83d"', "1" * 30, "1e999", "NaN", "1" * 5000])
def test_a_proposal_can_always_be_written(value: str) -> None:
    saved = salvage(b'{"versions": [{"id": "a", "status": "draft", "x": ' + value.encode() + b"}")

    HistoryDocument.parse(saved.data)


@given(st.binary(max_size=300))
@example(b'\xff\xfe{\x00"\x00')
@example(b'{"id":' * 400)
def test_any_bytes_give_a_proposal_that_is_a_history(data: bytes) -> None:
    saved = salvage(data)

    assert len(HistoryDocument.parse(saved.data).entries) == len(saved.records)


@given(histories(), st.data())
def test_any_cut_history_gives_the_records_before_the_cut(drawn: DrawnHistory, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(drawn.text)))
    saved = {str(one["id"]) for one in salvage(drawn.text[:cut].encode()).records}

    for key, number in drawn.entry_of.items():
        looks_like_a_record = {"parameters", "status"} & drawn.values[key].keys()
        if drawn.entries[number].end <= cut and looks_like_a_record:
            assert key in saved
