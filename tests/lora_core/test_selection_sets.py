"""Selection sets: saved, changed and deleted beside other sessions and the old system, and none is lost."""

import json
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lora_core.errors import (
    InvalidNameError,
    NameTakenError,
    NotAllowedError,
    NotFoundError,
    StoreConflictError,
    UnreadableDocumentError,
)
from lora_core.sets_document import SelectionSet
from tests.lora_core.storage import HookedStore, StyleFolder, copied_styles, opened_lab, tree

FILE = "selection_sets.json"


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    root = copied_styles(tmp_path / "styles")
    return StyleFolder(root, store=HookedStore(root))


def store_of(lab: StyleFolder) -> HookedStore:
    assert isinstance(lab.store, HookedStore)
    return lab.store


def put_sets(lab: StyleFolder, content: object) -> None:
    (lab.folder / FILE).write_text(json.dumps(content))


def in_file(lab: StyleFolder) -> dict[int, list[str]]:
    return {int(one["id"]): one["filenames"] for one in json.loads((lab.folder / FILE).read_bytes())["sets"]}


# Reading


def test_sets_are_read_with_every_name_as_it_is(lab: StyleFolder) -> None:
    market = lab.styles.find(12)
    sets = lab.sets.all(market)

    assert [(one.id, len(one.filenames)) for one in sets] == [(1, 19), (3, 4)]
    assert sets[1].filenames[0] == "night market (stall 1).png"
    assert lab.sets.find(market, 3) == sets[1]


def test_a_set_that_is_not_there_is_said_so(lab: StyleFolder) -> None:
    with pytest.raises(NotFoundError, match=r"has no selection set 9\. Choose one"):
        lab.sets.find(lab.style, 9)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"sets": [{"id": "2", "filenames": ["a"]}, {"id": 1, "filenames": []}]}, {1: (), 2: ("a",)}),
        ({"sets": [None, 7, {"id": 1}, {"id": 1, "filenames": "a"}, {"id": None, "filenames": []}]}, {}),
        ({"sets": [{"id": wrong, "filenames": []} for wrong in (True, -1, "x", 1.5)]}, {}),
        ({"sets": [{"id": "9" * 5000, "filenames": []}]}, {int("9" * 18): ()}),
        ({"sets": [{"id": 1, "filenames": ["a", None, 7, ["b"], "c"]}]}, {1: ("a", "c")}),
        ({"sets": [{"id": 1, "filenames": ["a"], "name": 7, "note": None}]}, {1: ("a",)}),
        ({"sets": {}}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_what_is_no_selection_set_is_passed_over(
    lab: StyleFolder, content: object, expected: dict[int, tuple[str, ...]]
) -> None:
    put_sets(lab, content)

    assert {one.id: one.filenames for one in lab.sets.all(lab.style)} == expected


def test_a_style_without_sets_has_none(lab: StyleFolder) -> None:
    (lab.folder / FILE).unlink()

    assert lab.sets.all(lab.style) == []
    assert lab.sets.problem(lab.style) is None


def test_first_sets_never_replace_others(lab: StyleFolder) -> None:
    style = lab.styles.create("Ink")
    sets = [SelectionSet(1, ("a (1).jpg",)), SelectionSet(2, ())]

    lab.sets.save_first(style, sets)

    assert lab.sets.all(style) == sets
    with pytest.raises(StoreConflictError):
        lab.sets.save_first(style, [])
    assert lab.sets.all(style) == sets


# Saving and changing


def test_a_new_set_gets_the_next_number_and_keeps_its_name_and_note(lab: StyleFolder) -> None:
    before = (lab.folder / FILE).read_bytes()

    made = lab.sets.save(lab.style, ["b (2).jpg", "a.png", "b (2).jpg"], name=" Faces ", note="close ups\n")

    assert made == SelectionSet(3, ("b (2).jpg", "a.png"), "Faces", "close ups")
    assert lab.sets.find(lab.style, 3) == made
    lab.sets.delete(lab.style, 3)
    assert (lab.folder / FILE).read_bytes() == before


def test_the_first_set_of_a_style_makes_the_file(lab: StyleFolder) -> None:
    style = lab.styles.create("Ink")

    assert lab.sets.save(style, ["a.png"]).id == 1
    written = json.loads((lab.root / style.folder / FILE).read_bytes())
    assert written == {"sets": [{"id": 1, "filenames": ["a.png"]}]}


@pytest.mark.parametrize("where", ["training_versions.json", "training_versions.trash.json"])
@pytest.mark.parametrize("number", [9, "9"])
def test_a_number_that_a_version_was_trained_with_is_not_given_again(
    lab: StyleFolder, where: str, number: object
) -> None:
    lab.put({"id": "a", "selectionSetId": number}, {"id": "b", "selectionSetId": None}, document=where)

    assert lab.sets.save(lab.style, ["a.png"]).id == 10


def test_the_number_of_a_deleted_set_is_free_when_nothing_was_trained_with_it(lab: StyleFolder) -> None:
    made = lab.sets.save(lab.style, ["a.png"])
    lab.sets.delete(lab.style, made.id)

    assert lab.sets.save(lab.style, ["b.png"]).id == made.id


def test_sets_are_saved_beside_a_history_that_cannot_be_read(lab: StyleFolder) -> None:
    lab.live_path.write_text("{")

    assert lab.sets.save(lab.style, ["a.png"]).id == 3


@pytest.mark.parametrize(
    ("names", "name", "words"),
    [
        ([], "", "needs at least one picture"),
        (["../a.png"], "", "no name of a picture"),
        (["sub/a.png"], "", "no name of a picture"),
        ([""], "", "no name of a picture"),
        ([".."], "", "no name of a picture"),
        (["a.png"], "line\nbreak", "line break"),
        (["a.png"], "x" * 81, "at most 80"),
    ],
)
def test_what_can_be_no_set_is_refused_and_nothing_is_written(
    lab: StyleFolder, names: list[str], name: str, words: str
) -> None:
    before = tree(lab.root)

    with pytest.raises(InvalidNameError, match=words):
        lab.sets.save(lab.style, names, name=name)
    with pytest.raises(InvalidNameError, match=words):
        lab.sets.update(lab.style, 1, filenames=names, name=name)
    assert tree(lab.root) == before


def test_a_set_gets_other_pictures_a_name_and_a_note_one_by_one(lab: StyleFolder) -> None:
    style = lab.styles.find(12)  # the number of this set is written as a text

    assert lab.sets.update(style, 3, filenames=["a.png"]) == SelectionSet(3, ("a.png",))
    assert lab.sets.update(style, 3, name="Stalls") == SelectionSet(3, ("a.png",), "Stalls")
    assert lab.sets.update(style, 3, note="at night").note == "at night"
    assert lab.sets.update(style, 3, name="", note="") == SelectionSet(3, ("a.png",))
    written = json.loads((lab.root / style.folder / FILE).read_bytes())["sets"][1]
    assert written == {"id": "3", "filenames": ["a.png"]}


def test_a_change_that_changes_nothing_writes_nothing(lab: StyleFolder) -> None:
    there = lab.sets.find(lab.style, 1)
    before = tree(lab.folder)

    lab.sets.update(lab.style, 1, filenames=there.filenames, name="", note="")

    assert tree(lab.folder) == before


def test_a_deleted_set_comes_back_with_every_byte(lab: StyleFolder) -> None:
    put_sets(lab, {"sets": [{"id": "1", "filenames": ["a"], "by": 1e-5}, {"id": 2, "filenames": []}], "x": 1})
    before = (lab.folder / FILE).read_bytes()

    deleted = lab.sets.delete(lab.style, 1)

    assert [one.id for one in lab.sets.all(lab.style)] == [2]
    assert lab.sets.restore(lab.style, deleted) == deleted
    assert (lab.folder / FILE).read_bytes() == before
    lab.sets.restore(lab.style, deleted)  # a second click
    assert (lab.folder / FILE).read_bytes() == before


def test_a_set_whose_number_was_given_anew_does_not_come_back_over_the_other(lab: StyleFolder) -> None:
    lab.live_path.unlink()
    deleted = lab.sets.delete(lab.style, 2)
    other = lab.sets.save(lab.style, ["z.png"])

    with pytest.raises(
        NameTakenError, match="another selection set 2 by now; save these pictures as a new set"
    ):
        lab.sets.restore(lab.style, deleted)
    assert lab.sets.find(lab.style, 2) == other


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_set_that_is_gone_is_said_so(lab: StyleFolder, act: str) -> None:
    lab.sets.delete(lab.style, 2)

    with pytest.raises(NotFoundError, match="no selection set 2 any more"):
        lab.sets.delete(lab.style, 2) if act == "delete" else lab.sets.update(lab.style, 2, name="x")


@pytest.mark.parametrize("act", ["update", "delete"])
def test_of_two_sets_with_one_number_none_is_changed(lab: StyleFolder, act: str) -> None:
    put_sets(lab, {"sets": [{"id": 1, "filenames": ["a"]}, {"id": "1", "filenames": ["b"]}]})
    before = tree(lab.folder)

    with pytest.raises(NotAllowedError, match="Two selection sets have the number 1"):
        lab.sets.delete(lab.style, 1) if act == "delete" else lab.sets.update(lab.style, 1, name="x")
    assert tree(lab.folder) == before


# Damaged files, and the old system


@pytest.mark.parametrize("content", ["", "{", '{"sets": [{"id": 1, "file', "[]", '{"sets": {}}', "\x00" * 40])
def test_a_damaged_file_is_copied_aside_and_never_written(lab: StyleFolder, content: str) -> None:
    path = lab.folder / FILE
    path.write_text(content)

    assert "cannot be read" in (lab.sets.problem(lab.style) or "")
    assert lab.sets.all(lab.style) == []
    for act in (lambda: lab.sets.save(lab.style, ["a.png"]), lambda: lab.sets.delete(lab.style, 1)):
        with pytest.raises(UnreadableDocumentError, match=r"left as it is\. Correct it, or move it away"):
            act()
    assert path.read_text() == content
    copies = list((lab.root / ".lora_lab" / "damaged").iterdir())
    assert [copy.read_text() for copy in copies] == [content]


def test_half_a_file_is_read_again_until_it_is_whole(lab: StyleFolder) -> None:
    path = lab.folder / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:100])

    def wait(_: float) -> None:
        path.write_bytes(whole[: path.stat().st_size + 200])

    lab.sets._wait = wait

    assert [one.id for one in lab.sets.all(lab.style)] == [1, 2]


def test_a_damaged_file_is_waited_for_once(lab: StyleFolder) -> None:
    (lab.folder / FILE).write_text("{")
    for _ in range(3):
        lab.sets.all(lab.style)

    assert 2 <= sum(lab.waited) <= 2.1


def test_what_the_old_system_saves_between_our_reading_and_our_rename_is_kept(lab: StyleFolder) -> None:
    theirs = {"sets": [{"id": 1, "filenames": ["theirs.jpg"]}, {"id": 3, "filenames": ["x.jpg"]}]}
    store_of(lab).before_rename = lambda _: put_sets(lab, theirs)

    made = lab.sets.save(lab.style, ["ours.jpg"])

    assert made.id == 4
    assert in_file(lab) == {1: ["theirs.jpg"], 3: ["x.jpg"], 4: ["ours.jpg"]}


def test_what_the_old_system_leaves_half_written_at_that_moment_is_put_aside(lab: StyleFolder) -> None:
    store_of(lab).before_rename = lambda _: (lab.folder / FILE).write_text('{"sets": [')

    made = lab.sets.save(lab.style, ["ours.jpg"])

    assert lab.sets.find(lab.style, made.id).filenames == ("ours.jpg",)
    assert [one.read_text() for one in (lab.root / ".lora_lab" / "damaged").iterdir()] == ['{"sets": [']


def test_a_save_in_the_very_moment_of_a_change_is_read_again(lab: StyleFolder) -> None:
    other = StyleFolder(lab.root)
    path = lab.folder / FILE

    def interfere(_: str) -> None:
        # As another machine on the same disk would, where our lock is not known.
        whole = json.loads(path.read_bytes())
        whole["sets"].append({"id": 3, "filenames": ["other.jpg"]})
        path.write_text(json.dumps(whole))

    store_of(lab).before_write = interfere

    assert lab.sets.save(lab.style, ["mine.jpg"]).id == 4
    assert [one.id for one in other.sets.all(other.style)] == [1, 2, 3, 4]


def test_a_file_that_never_rests_is_given_up_and_nothing_is_lost(lab: StyleFolder) -> None:
    store, number = store_of(lab), iter(range(100))

    def interfere(_: str) -> None:
        put_sets(lab, {"sets": [], "count": next(number)})
        store.before_write = interfere

    store.before_write = interfere

    with pytest.raises(StoreConflictError, match="changed by others all the time; nothing was saved"):
        lab.sets.save(lab.style, ["mine.jpg"])
    assert in_file(lab) == {}


# Two sessions at once


def saved_by(root: Path, start: Any, who: str) -> None:
    with opened_lab(root) as lab:
        start.wait(30)
        for number in range(15):
            lab.save_selection_set(7, [f"{who}_{number}.jpg"])


def assert_none_is_lost(lab: StyleFolder, who: str) -> None:
    new = {number: names for number, names in in_file(lab).items() if number > 2}
    assert sorted(new) == list(range(3, 33))
    assert sorted(new.values()) == sorted([f"{one}_{number}.jpg"] for one in who for number in range(15))
    assert in_file(lab).keys() >= {1, 2}


def test_two_processes_saving_sets_at_once_lose_none(lab: StyleFolder) -> None:
    context = multiprocessing.get_context("forkserver")
    start = context.Event()
    sessions = [context.Process(target=saved_by, args=(lab.root, start, who)) for who in "ab"]
    for session in sessions:
        session.start()
    start.set()
    for session in sessions:
        session.join(30)

    assert [session.exitcode for session in sessions] == [0, 0]
    assert_none_is_lost(lab, "ab")


def test_two_sessions_of_one_lab_saving_sets_at_once_lose_none(lab: StyleFolder) -> None:
    with opened_lab(lab.root) as shared:

        def save(who: str) -> None:
            for number in range(15):
                shared.save_selection_set(7, [f"{who}_{number}.jpg"])

        sessions = [threading.Thread(target=save, args=(who,)) for who in "ab"]
        for session in sessions:
            session.start()
        for session in sessions:
            session.join(30)
    assert_none_is_lost(lab, "ab")


@pytest.mark.parametrize(
    "act",
    [
        lambda lab: lab.save_selection_set(7, ["a.png"]),
        lambda lab: lab.update_selection_set(7, 1, name="x"),
        lambda lab: lab.delete_selection_set(7, 1),
        lambda lab: lab.rename_style(7, "x"),
        lambda lab: lab.change_trigger_token(7, "x"),
        lambda lab: lab.caption(7, "a.png", "x"),
    ],
)
def test_of_two_folders_with_one_id_none_is_changed_by_the_id(
    lab: StyleFolder, act: Callable[[Any], object]
) -> None:
    (lab.root / "7_other").mkdir()
    before = tree(lab.root)

    with (
        opened_lab(lab.root) as one,
        pytest.raises(NotAllowedError, match=r"Two folders have the id 7;.*by its folder"),
    ):
        act(one)
    assert tree(lab.root) == before


def test_a_session_that_kept_a_deleted_set_can_name_it(lab: StyleFolder) -> None:
    deleted = replace(lab.sets.delete(lab.style, 1), name="Faces")

    assert deleted.label == "1 (Faces)"
    assert "own_text" not in repr(deleted)
