"""Salvage: whole records come out of whatever became of a file, by their own text, and nothing is dropped unsaid."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lora_core import json_text
from lora_core.document import HistoryDocument, record_key
from lora_core.oddities import checked
from lora_core.salvage import Salvage, salvage
from tests.lora_core.history_texts import DrawnHistory, histories


def record(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "timestamp": "2025-10-12T07:27:21.532Z",
        "parameters": {"network_dim": 16, "note": "a } in { text"},
        "status": "pending",
        **changes,
    }


def names(saved: Salvage) -> list[str]:
    return [str(one["name"]) for one in saved.records]


A, B, C = (json.dumps(record(name), indent=2) for name in "ABC")
WHOLE = f'{{"versions": [{A}, {B}]}}'
CONFLICT = f'{{"versions": [\n<<<<<<< HEAD\n{A},\n=======\n{B},\n>>>>>>> theirs\n{C}\n]}}'
INSIDE = A.replace(
    '  "status": "pending"\n',
    '<<<<<<< HEAD\n  "status": "completed"\n=======\n  "status": "pending"\n>>>>>>> theirs\n',
)
THREE_SIDES = CONFLICT.replace("=======\n", '||||||| base\n{"id": "A", "status": "draft"},\n=======\n')

DAMAGED = {
    "nothing": ("", [], []),
    "a whole document": (WHOLE, ["A", "B"], []),
    "a cut file": (WHOLE[:-40], ["A"], ['"id": "B"']),
    "cut in its first record": (WHOLE[:60], [], ['"name": "A"']),
    "cut between two records": (f'{{"versions": [{A}, ', ["A"], []),
    "the beginning lost": (WHOLE[25:], ["B"], ['"name": "A"']),
    "a hole in the first record": (WHOLE.replace('stamp": "', "", 1), ["B"], ['"id": "A"']),
    "filled with NUL": (WHOLE[:-2] + "\0" * 500, ["A", "B"], []),
    "NUL alone": ("\0" * 500, [], []),
    "a block of NUL in the middle": (f'{{"versions": [{A}, ' + "\0" * 512 + f"{B}]}}", ["A", "B"], []),
    "two documents": (f'{{"versions": [{A}]}}{{"versions": [{B}]}}', ["A", "B"], []),
    "a document in the middle of a string": (f'[{A}, {{"id": "n{WHOLE}', ["A", "B"], ['"id": "n']),
    "the rest of a longer document": (f'{{"versions": [{A}]}}{WHOLE[-60:]}', ["A"], ["pending"]),
    "a byte order mark": ("\ufeff" + WHOLE, ["A", "B"], []),
    "merge markers": (CONFLICT, ["A", "B", "C"], ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"]),
    "merge markers and CRLF": (CONFLICT.replace("\n", "\r\n"), ["A", "B", "C"], ["<<<<<<< HEAD"]),
    "merge markers and what both sides came from": (THREE_SIDES, ["A", "B", "C"], ['"status": "draft"']),
    "merge markers in a record": (f'{{"versions": [{INSIDE}]}}', ["A"], [">>>>>>> theirs", '"pending"']),
    "a merge that was cut": (CONFLICT[: CONFLICT.index(">>>>>>>")], ["A", "B"], ["<<<<<<< HEAD"]),
    "a line of equal signs": (f"{A}\n=======\n{B}", ["A", "B"], ["======="]),
    "a list of records at the top": (f"[{A}, {B}]", ["A", "B"], []),
    "a list in a record's place": (f'{{"versions": [[{A}, {B}]]}}', ["A", "B"], []),
    "lists in lists": ('{"versions": [[[{"id": "A", "name": "A"}]], 17]}', ["A"], ["17"]),
    "an object of records": (f'{{"versions": {{"V1": {A}, "V2": {B}}}}}', ["A", "B"], ['"V1":', '"V2":']),
    "an object in a list": (f'{{"versions": [{{"V1": {A}, "V2": {B}}}]}}', ["A", "B"], ['"V1":']),
    "a document in a list": (f'{{"versions": [{WHOLE}]}}', ["A", "B"], []),
    "a document in an answer": (f'{{"id": 16, "name": "x", "data": {WHOLE}}}', ["A", "B"], ['"name": "x"']),
    "JSON text in a string": (json.dumps({"versions": f"[{A}, {B}]"}), ["A", "B"], []),
    "JSON text of JSON text": (json.dumps(json.dumps(WHOLE)), ["A", "B"], []),
    "JSON text in a string that was cut": (json.dumps(WHOLE)[:-60], ["A"], ['"id": "B"']),
    "JSON text in a record": (f'{{"versions": [{json.dumps(A)}, {B}]}}', ["A", "B"], []),
    "records one after the other": (f"{A}\n{B}", ["A", "B"], []),
    "lines of JSON": ("\n".join(json.dumps(json.loads(one)) for one in (A, B)), ["A", "B"], []),
    "a trailing comma": (f'{{"versions": [{A}, {B},]}}', ["A", "B"], []),
    "a trailing comma in a record": (f'{{"versions": [{A[:-2]},\n}}, {B}]}}', ["A", "B"], []),
    "a missing comma": (f'{{"versions": [{A} {B}]}}', ["A", "B"], []),
    "a missing comma in a record": (f'{{"versions": [{A.replace(",", "", 1)}]}}', ["A"], []),
    "a comment": (f'{{"versions": [ // mine\n{A}, {B}]}}', ["A", "B"], ["// mine"]),
    "a comment in a record": (f"[{A.replace(',', ', // mine', 1)}, {B}]", ["A", "B"], ["// mine"]),
    "a record commented out": (f"[{A},\n// {json.dumps(record('B'))}\n]", ["A", "B"], ["//"]),
    "a record there twice": (f'{{"versions": [{A}, {A}', ["A"], []),
    "a record there twice in another layout": (f"[{A}, {json.dumps(json.loads(A))}", ["A"], []),
    "another state of a record": (f"[{A}, {A.replace('pending', 'failed')}", ["A"], ['"status": "pending"']),
    "another key": (f'{{"note": "mine", "versions": [{A}, {B}', ["A", "B"], ['"note": "mine"']),
    "a web page": ("<html><body>502</body></html>", [], ["<html><body>502</body></html>"]),
    "an object without an id": ('{"versions": [{"status": "draft"}', ["None"], []),
    "a settings' object of a cut record": (f"{A[A.index(',') : -30]}", [], ['"network_dim": 16']),
    "a number that is none": (f'{{"versions": [{A.replace("16", "NaN")}', ["A"], ['"network_dim": NaN']),
    "a number beyond all": (f"[{A.replace('16', '-Infinity')}", ["A"], ['"network_dim": -Infinity']),
    "a number of 5,000 digits": (f"[{A.replace('16', '1' * 5000)}, {B}]", ["A", "B"], []),
    "a key twice": (f'{{"versions": [{A[:-2]}, "status": "draft"}}]}}', ["A"], ['"status": "pending"']),
    "braces": ("{" * 3000, [], []),
    "brackets": ('{"a":' + "[" * 3000, [], ['"a"']),
    "deep objects": ('{"a":' * 3000, [], ['"a"']),
    "a record in deep lists": ("[" * 3000 + A, ["A"], []),
    "a record of deep lists": ('{"id": 1, "name": ' + "[" * 3000 + "]" * 3000 + "}" + A, ["A"], ['"id": 1']),
}


@pytest.mark.parametrize(("text", "expected", "said"), DAMAGED.values(), ids=DAMAGED.keys())
def test_whole_records_are_saved_and_the_rest_is_shown(
    text: str, expected: list[str], said: list[str]
) -> None:
    saved = salvage(text.encode())

    assert [str(one.get("name")) for one in saved.records] == expected
    rest = " ".join(saved.not_understood)
    assert bool(rest) == bool(said)
    for piece in said:
        assert piece in rest


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [0, 1, 50, 51])
def test_a_file_of_another_encoding_is_read_in_it(encoding: str, cut: int) -> None:
    data = WHOLE.replace("a } in", "größer 水墨 🔥").encode(encoding)

    saved = salvage(data[: len(data) - cut])

    assert names(saved) == (["A", "B"] if cut < 2 else ["A"])
    assert saved.records[0]["parameters"]["note"] == "größer 水墨 🔥 { text"


def test_utf_16_with_its_mark_in_the_other_order_is_read() -> None:
    assert names(salvage(b"\xfe\xff" + WHOLE.encode("utf-16-be"))) == ["A", "B"]


# A record's own text


def test_a_record_is_proposed_by_its_own_text() -> None:
    own = '{ "id":"A", "name" : "A",\r\n\t"rate": 0.00001, "seed": 123456789012345678901234, "huge": 1e400, "n": 2.0 }'

    saved = salvage(f'{{"versions": [{own}, {B[:-9]}'.encode())

    assert own in saved.data.decode()
    assert saved.not_understood != ()


def test_a_sound_history_is_proposed_as_it_is() -> None:
    whole = json.dumps({"versions": [record("A"), record("B")]}, indent=2).encode()

    saved = salvage(whole)

    assert (saved.data, saved.not_understood, saved.notes) == (whole, (), ())


def test_what_stands_beside_the_versions_of_a_readable_file_stays_there() -> None:
    text = f'{{"note": 1.50, "versions": [17, {A}], "sets": {{"a": [1]}}, "note": 2e3, "kept": [{B}]}}'

    saved = salvage(text.encode())

    assert names(saved) == ["A"]
    assert json.loads(saved.data).keys() == {"sets", "note", "kept", "versions"}
    assert '"note": 2e3' in saved.data.decode()
    assert saved.not_understood == ('{"note": 1.50, "versions": [17',)


def test_a_slip_of_the_hand_changes_nothing_else_in_a_record() -> None:
    own = '{"id": "A", // one\n "name": "A" "a": [1, {"x": 0.10,},], "b": NaN, "a": [-Infinity] , }'

    saved = salvage(f"[{own}]".encode())

    assert json.loads(saved.data)["versions"] == [{"id": "A", "name": "A", "b": "NaN", "a": ["-Infinity"]}]
    assert saved.not_understood == ("// one", '"a": [1, {"x": 0.10,},]', '"b": NaN', "-Infinity")
    assert saved.notes == (
        "A: a comment in it is left out.",
        'A: "a" stands twice in it, and the last one counts.',
        "A: NaN is no number in JSON, so it is kept as a text.",
        "A: -Infinity is no number in JSON, so it is kept as a text.",
    )


def test_what_belongs_to_both_sides_of_a_merge_is_told_once() -> None:
    text = CONFLICT.replace('"id": "C"', '"id": "C", // mine\n "id": "C"')

    saved = salvage(text.encode())

    assert [piece for piece in saved.not_understood if "mine" in piece] == ['"id": "C", // mine']
    assert saved.notes == ('C: "id" stands twice in it, and the last one counts.',)


def test_a_key_that_stands_three_times_keeps_its_last_value() -> None:
    saved = salvage(b'[{"id": "A", "status": 1, "stat\\u0075s": 2, "name": "A", "status": 3}]')

    assert json.loads(saved.data)["versions"] == [{"id": "A", "name": "A", "status": 3}]
    assert saved.not_understood == ('"status": 1', '"stat\\u0075s": 2')


def test_a_byte_that_is_no_character_is_told_and_costs_nothing_else() -> None:
    data = WHOLE.replace("a } in { text", "gr?n").encode().replace(b"?", b"\xfc", 1)

    saved = salvage(data)

    assert names(saved) == ["A", "B"]
    assert saved.records[0]["parameters"] == {"network_dim": 16, "note": "gr\ufffdn"}
    assert saved.not_understood == ('"note": "gr\\xfcn"',)
    assert saved.notes == ("A: what is not in UTF-8 in it is replaced by \ufffd.",)


def test_bytes_that_are_no_text_cost_only_their_own_record() -> None:
    saved = salvage(b'{"versions": [' + A.encode() + b', {"id": "\xff\xfe", "status": ' + b"\xff")

    assert names(saved) == ["A"]
    assert "\\xff\\xfe" in saved.not_understood[0]


@pytest.mark.parametrize("value", ['"\\ud83d"', "1" * 30, "1e999", "NaN", "1" * 5000])
def test_a_proposal_can_always_be_written(value: str) -> None:
    saved = salvage(b'{"versions": [{"id": "a", "status": "draft", "x": ' + value.encode() + b"}")

    checked(saved.data)


# Two of one id


def two(one: dict[str, Any], other: dict[str, Any]) -> Salvage:
    return salvage(f"{json.dumps(one)}\n{json.dumps(other)}".encode())


def test_of_two_states_of_one_version_the_one_that_is_further_on_is_proposed() -> None:
    sent = record("A", submission={"state": "sent"}, modelName="style_1_vA")
    done = record(
        "A", status="completed", submission={"state": "sent"}, modelName="style_1_vA", loraUrl="s3://a"
    )

    for saved in (two(sent, done), two(done, sent)):
        assert saved.records == (done,)
        assert saved.not_understood == (json.dumps(sent),)
        assert saved.notes == ("A: it stands there twice; the state that is further on is proposed.",)


def test_a_draft_is_no_second_version_of_what_was_sent_meanwhile() -> None:
    """Else it could be started again, and paid for twice."""
    draft = record("A", status="draft", key="k", id="1_17", requestId="1_17")
    sent = record("A", status="pending", key="k", id="job-u1", requestId="1_17", submission={"state": "sent"})

    for saved in (two(draft, sent), two(sent, draft)):
        assert saved.records == (sent,)


def test_a_version_that_has_only_gained_a_note_since_is_there_once_and_nothing_is_lost() -> None:
    bare = record("A", isGood=False, description=None)
    noted = record("A", isGood=True, description="the warm one")

    for saved in (two(bare, noted), two(noted, bare)):
        assert saved.records == (noted,)
    assert saved.not_understood == (json.dumps(bare),)
    assert two(record("A"), noted).not_understood == ()


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another"},
        {"parameters": {"network_dim": 32}},
        {"timestamp": "2025-10-13T00:00:00.000Z"},
        {"isGood": True},
        {"mine": 1.0},
    ],
)
def test_two_that_each_have_something_of_their_own_are_both_kept(change: dict[str, Any]) -> None:
    one = record("A", description="mine", isGood=False, mine=1, status="completed")
    other = {**one, **change, "status": "pending"}

    saved = two(one, other)

    kept = {json.dumps({**found, "key": None}, sort_keys=True) for found in saved.records}
    assert kept == {json.dumps({**found, "key": None}, sort_keys=True) for found in (one, other)}
    assert len({record_key(found) for found in saved.records}) == 2
    assert saved.not_understood == ()
    assert saved.notes == ("A: its id is another version's, too, so it gets a key of its own.",)
    assert saved == two(one, other)


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("0.00001", "1e-5", 1),
        ("100", "100.0", 2),
        ("1.50", "15e-1", 1),
        ("123456789012345678901234", "123456789012345678901235", 2),
        ("0.1234567890123456789", "0.12345678901234567890", 1),
        ("0.1234567890123456789", "0.1234567890123456788", 2),
        ("1e400", "1e401", 2),
        ("0.0", "-0.0", 2),
        ("1", "true", 2),
        ('"1"', "1", 2),
        ("1e99999999999999999999", "1e99999999999999999999", 1),
    ],
)
def test_numbers_are_one_when_their_digits_are(one: str, other: str, count: int) -> None:
    own = '{"id": "A", "timestamp": "2025-10-12T07:27:21Z", "rate": %s}'

    saved = salvage(f"{own % one}  {own % other}".encode())

    assert len(saved.records) == count
    assert one in saved.data.decode()


def test_two_of_one_id_whose_jobs_are_not_one_are_both_kept() -> None:
    saved = two(record("A", key="k", id="job-1"), record("A", key="k", id="job-2", status="completed"))

    assert sorted(str(found["id"]) for found in saved.records) == ["job-1", "job-2"]


def test_records_without_an_id_get_a_key_each_that_is_the_same_at_every_look() -> None:
    bare = json.dumps({"name": "V1", "parameters": {"network_dim": 4}})
    text = (
        f'{{"versions": [{bare}, {bare.replace("4", "8")}, {bare}, {{"id": "", "key": null, "status": 1}}]}}'
    )

    saved = salvage(text.encode())

    keys = [str(found["key"]) for found in saved.records]
    assert [found.get("parameters") for found in saved.records] == [
        {"network_dim": 4},
        {"network_dim": 8},
        None,
    ]
    assert len(set(keys)) == 3
    assert [str(found["key"]) for found in salvage(text.encode()).records] == keys
    assert salvage(saved.data).data == saved.data
    assert saved.notes[0] == "V1: it has no id, so it gets a key of its own."
    assert saved.notes[2].startswith("A version without a name: it has no id")


def test_records_of_two_files_stand_newest_first() -> None:
    days = [[3, 1], [4, 2]]
    texts = [
        json.dumps({"versions": [record(f"V{day}", timestamp=f"2025-10-0{day}T00:00:00Z") for day in one]})
        for one in days
    ]

    assert names(salvage("".join(texts).encode())) == ["V4", "V3", "V2", "V1"]


# With the lab's own copy


def test_what_is_not_whole_any_more_is_taken_from_the_labs_own_copy_by_its_text() -> None:
    own = '{ "id":"C", "name": "C", "rate": 0.00001 }'
    copy = HistoryDocument.parse(f'{{"versions": [{A}, {B}, {own}, {{"id": "D", "name": "D"}}, 5]}}'.encode())
    text = f'{{"versions": [{A.replace("pending", "failed")}, {B[:-30]}'

    saved = salvage(text.encode(), copy=copy, elsewhere={"D"})

    assert sorted(names(saved)) == ["A", "B", "C"]
    assert saved.records[0]["status"] == "failed"
    assert own in saved.data.decode()
    assert '"id": "B"' in saved.not_understood[0]
    assert saved.notes == tuple(
        f"{name}: it is not whole in the file, so it is taken from the lab's own copy of what it last wrote."
        for name in "BC"
    )


# Whatever happens to a file

GARBAGE = st.sampled_from(
    [
        *'{}[]",:\\\n\ufeff',
        *("NaN", "null", "grün", "\0\0\0\0", "\\u12", "[[", "}}", "]}", '{"x":', '{"x":"', '{"versions": ['),
        *("<<<<<<< HEAD\n", "\n=======\n", "\n>>>>>>> theirs\n"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[DrawnHistory, str]:
    """A sound history, and what became of its text: cut, pieces lost, pieces twice, garbage in between."""
    drawn = draw(histories(is_sound=True))
    text = drawn.text + draw(st.sampled_from(["", drawn.text, "\0" * 40]))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.integers(0, len(text))) for _ in range(2))
        change = draw(st.sampled_from(["cut off", "cut out", "twice", "garbage", "moved"]))
        if change == "cut off":
            text = text[start:] if draw(st.booleans()) else text[:end]
        elif change == "cut out":
            text = text[:start] + text[end:]
        elif change == "twice":
            text = text[:end] + text[start:end] + text[end:]
        elif change == "garbage":
            text = text[:start] + draw(GARBAGE) + text[start:]
        else:
            text = text[:start] + text[end:] + text[start:end]
    return drawn, text


@given(damaged())
def test_every_record_whose_text_is_whole_is_in_the_proposal(case: tuple[DrawnHistory, str]) -> None:
    drawn, text = case
    saved = salvage(text.encode())

    proposal = saved.data.decode()
    for place in drawn.entries:
        own = drawn.text[place.start : place.end]
        if own in text and own[:-1].rstrip() not in proposal:  # it may have got a key at its end
            # Where damage has made a second one of it, with more in it, that one is proposed.
            fields = json.loads(own)
            assert any(all(one.get(name) == fields[name] for name in fields) for one in saved.records), own


@given(damaged())
def test_every_word_of_a_damaged_file_is_proposed_or_shown(case: tuple[DrawnHistory, str]) -> None:
    _, text = case
    saved = salvage(text.encode())

    said = "\n".join([saved.data.decode(), *saved.not_understood])
    for word in re.findall(r"[^\s\[\]{},:\x00\ufeff]+", text):
        assert word in said


@given(damaged())
def test_a_proposal_is_a_sound_history_and_proposes_itself(case: tuple[DrawnHistory, str]) -> None:
    _, text = case
    saved = salvage(text.encode())

    texts = list(checked(saved.data).texts())
    assert [json_text.loads(own.encode()) for own in texts] == [dict(one) for one in saved.records]
    again = salvage(saved.data)
    assert (again.data, again.not_understood, again.notes) == (saved.data, (), ())


@given(histories())
def test_a_readable_history_loses_no_record_however_odd_it_is(drawn: DrawnHistory) -> None:
    assume(not drawn.duplicated)
    saved = salvage(drawn.data)

    for place in (drawn.entries[number] for number in drawn.entry_of.values()):
        assert drawn.text[place.start : place.end] in saved.data.decode()


@given(histories(), st.data())
def test_any_cut_history_gives_the_records_before_the_cut(drawn: DrawnHistory, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(drawn.text)))
    saved = {str(one["id"]) for one in salvage(drawn.text[:cut].encode()).records}

    for key, number in drawn.entry_of.items():
        if drawn.entries[number].end <= cut:
            assert key in saved


@given(st.binary(max_size=300))
@example(b'\xff\xfe{\x00"\x00')
@example(b"\xff\xfe\x00\xd8{\x00")
@example(b'{"id":' * 400)
def test_any_bytes_give_a_proposal_that_is_a_history(data: bytes) -> None:
    saved = salvage(data)

    assert len(checked(saved.data).entries) == len(saved.records)


@given(
    st.lists(
        st.sampled_from([*'{}[],:"\\/ \n0aé', "//", "NaN", '"id"', '"name"', "\\u00e9", "1e5"]), max_size=40
    )
)
def test_anything_like_json_gives_a_proposal_that_is_a_history(parts: list[str]) -> None:
    checked(salvage("".join(parts).encode()).data)


SLOW = {
    "braces": "{",
    "keys": '{"',
    "objects in one another": '{"a":',
    "objects and lists in one another": '{"a":[',
    "small objects": '{"a":1}',
    "comments that never end": '{"a"://',
    "quotes in quotes": '{"a":"\\"',
    "text in text": '"{\\"',
    "members of one object": '"a":1,',
    "records of one id": '{"id":1,"name":2,"x":[]}',
    "halves of a merge": "<<<<<<< \n=======\n>>>>>>> \n",
    "blanks": "{ \n ",
}


@pytest.mark.parametrize("part", SLOW.values(), ids=SLOW.keys())
def test_the_time_grows_with_the_file_and_not_with_its_square(part: str) -> None:
    """A megabyte takes one second or less; were each part looked at from each other one, it would take hours."""
    data = (('{"x":1,' if part.startswith('"a"') else "") + part * (500_000 // len(part))).encode()

    before = time.process_time()
    salvage(data)

    assert time.process_time() - before < 15
