"""Styles: one folder each, read without leaving a trace, made without taking another one's id."""

import json
import threading
from pathlib import Path

import pytest

from lora_core.datasets import looked_at
from lora_core.errors import InvalidNameError, NotFoundError, StoreConflictError
from lora_core.histories import LIVE, Histories
from lora_core.stores import LocalStore
from lora_core.styles import SelectionSet, Style, Styles
from tests.lora_core.storage import copied_styles, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copied_styles(tmp_path / "styles")


@pytest.fixture
def styles(root: Path) -> Styles:
    return styles_in(root)


def styles_in(root: Path) -> Styles:
    store = LocalStore(root)
    return Styles(store, Histories(store, wait=lambda _: None))


def put_sets(root: Path, content: object, folder: str = "7_paper_cut") -> None:
    (root / folder / "selection_sets.json").write_text(json.dumps(content))


def test_the_old_systems_folders_are_styles_by_number(styles: Styles) -> None:
    assert [(one.id, one.folder, one.name, one.problem) for one in styles.all()] == [
        ("7", "7_paper_cut", "Paper Cut", None),
        ("12", "12_night_market", "Night Market", None),
        ("204", "204_soft_clay", "Soft Clay", None),
    ]


def test_the_trigger_is_what_the_newest_version_was_trained_with(styles: Styles) -> None:
    # The newest of style 204 says SBai_style_204, an older one soft_clay_token.
    assert [one.trigger_token for one in styles.all()] == ["SBai_style_7", "SBai_style_12", "SBai_style_204"]
    assert styles.find(7).class_tokens == "style SBai_style_7"


@pytest.mark.parametrize(
    ("records", "trigger"),
    [
        ([], "SBai_style_9"),
        ([{"id": "a"}], "SBai_style_9"),
        (
            [{"id": "a", "parameters": {}}, {"id": "b", "parameters": {"class_tokens": "style wet ink"}}],
            "wet ink",
        ),
        ([{"id": "a", "parameters": {"class_tokens": "ink"}}], "ink"),
        ([None, {"id": "a", "parameters": {"class_tokens": 7}}], "SBai_style_9"),
        ([{"id": "a", "parameters": {"class_tokens": "style "}}], "SBai_style_9"),
    ],
)
def test_a_style_without_a_file_of_its_own_has_its_trigger_from_its_versions(
    root: Path, records: list[object], trigger: str
) -> None:
    (root / "9_ink").mkdir()
    (root / "9_ink" / LIVE).write_text(json.dumps({"versions": records}))

    assert styles_in(root).find(9).trigger_token == trigger


def test_a_style_says_itself_what_it_is_called(root: Path, styles: Styles) -> None:
    (root / "7_paper_cut" / "style.json").write_text('{"name": "Scherenschnitt", "triggerToken": "cut7"}')

    style = styles.find(7)
    assert (style.id, style.name, style.trigger_token) == ("7", "Scherenschnitt", "cut7")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"name": 7, "triggerToken": []}', '{"name": ""}', "\x00"]
)
def test_a_style_file_that_says_nothing_is_passed_over(root: Path, styles: Styles, content: str) -> None:
    (root / "7_paper_cut" / "style.json").write_text(content)

    assert (styles.find(7).name, styles.find(7).trigger_token) == ("Paper Cut", "SBai_style_7")


def test_ids_1_and_0001_are_two_styles_side_by_side(root: Path, styles: Styles) -> None:
    (root / "1_ink").mkdir()
    (root / "0001_wash").mkdir()

    assert styles.find("1").folder == styles.find(1).folder == "1_ink"
    assert styles.find("0001").folder == "0001_wash"
    assert styles.find("0001").trigger_token == "SBai_style_0001"
    assert [one.id for one in styles.all()][:2] == ["0001", "1"]
    assert all(one.problem is None for one in styles.all())


def test_two_folders_of_one_id_are_shown_and_told_apart_by_their_folder(root: Path, styles: Styles) -> None:
    (root / "7_paper_cut_backup").mkdir()

    assert [one.folder for one in styles.all()][:2] == ["7_paper_cut", "7_paper_cut_backup"]
    assert [bool(one.problem) for one in styles.all()] == [True, True, False, False]
    assert "rename one of them" in (styles.find(7).problem or "")
    assert styles.find("7_paper_cut_backup").folder == "7_paper_cut_backup"


@pytest.mark.parametrize("folder", ["notes", "7", "_7_x", "x7_y", ".7_hidden", "7-x"])
def test_a_folder_of_another_form_is_no_style(root: Path, styles: Styles, folder: str) -> None:
    (root / folder).mkdir()

    assert folder not in [one.folder for one in styles.all()]


@pytest.mark.parametrize("wanted", ["8", "paper_cut", "", "../7_paper_cut", "7_", "07"])
def test_a_style_that_is_not_there_is_said_so(styles: Styles, wanted: str) -> None:
    with pytest.raises(NotFoundError, match="Create it, or check LORA_LAB_ROOT"):
        styles.find(wanted)


def test_looking_at_everything_writes_nothing(root: Path, styles: Styles) -> None:
    (root / "9_damaged").mkdir()
    (root / "9_damaged" / LIVE).write_text("{")
    (root / "10_empty").mkdir()
    before = tree(root)

    for style in styles.all():
        styles.images(style)
        for one in styles.selection_sets(style):
            looked_at(styles, style, one)
        styles.histories.etag(style.folder)
        if styles.histories.damage(style.folder) is None:
            styles.histories.live(style.folder)
            styles.histories.trash(style.folder)

    assert tree(root) == before


def test_one_unreadable_style_does_not_hide_the_others(root: Path, styles: Styles) -> None:
    for name in ("style.json", LIVE):
        (root / "12_night_market" / name).unlink(missing_ok=True)
        (root / "12_night_market" / name).mkdir()

    assert [one.name for one in styles.all()] == ["Paper Cut", "Night Market", "Soft Clay"]


def test_a_root_that_is_not_there_yet_has_no_styles(tmp_path: Path) -> None:
    assert styles_in(tmp_path / "not there").all() == []
    assert not (tmp_path / "not there").exists()


def test_pictures_are_listed_by_name_whatever_the_case_of_their_ending(root: Path, styles: Styles) -> None:
    for name in ("b (2).JPG", "a.webp", "a.txt", ".hidden.png", "c.gif", "d.jpeg", "e.png"):
        (root / "7_paper_cut" / name).write_bytes(b"")

    assert styles.images(styles.find(7)) == ["a.webp", "b (2).JPG", "d.jpeg", "e.png"]


# Selection sets


def test_selection_sets_are_read_with_every_name_as_it_is(styles: Styles) -> None:
    sets = styles.selection_sets(styles.find(12))

    assert [(one.id, len(one.filenames)) for one in sets] == [(1, 19), (3, 4)]
    assert sets[1].filenames[0] == "night market (stall 1).png"
    assert styles.selection_set(styles.find(12), 3) == sets[1]


def test_a_selection_set_that_is_not_there_is_said_so(styles: Styles) -> None:
    with pytest.raises(NotFoundError, match=r"has no selection set 9\. Choose one"):
        styles.selection_set(styles.find(12), 9)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"sets": [{"id": "2", "filenames": ["a"]}, {"id": 1, "filenames": []}]}, {1: (), 2: ("a",)}),
        ({"sets": [None, 7, {"id": 1}, {"id": 1, "filenames": "a"}, {"id": None, "filenames": []}]}, {}),
        (
            {
                "sets": [
                    {"id": True, "filenames": []},
                    {"id": -1, "filenames": []},
                    {"id": "x", "filenames": []},
                ]
            },
            {},
        ),
        ({"sets": [{"id": "9" * 5000, "filenames": []}]}, {int("9" * 18): ()}),
        ({"sets": [{"id": 1, "filenames": ["a", None, 7, ["b"], "c"]}]}, {1: ("a", "c")}),
        ({"sets": {}}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_what_is_no_selection_set_is_passed_over(
    root: Path, styles: Styles, content: object, expected: dict[int, tuple[str, ...]]
) -> None:
    put_sets(root, content)

    assert {one.id: one.filenames for one in styles.selection_sets(styles.find(7))} == expected


def test_a_style_without_sets_has_none(root: Path, styles: Styles) -> None:
    (root / "7_paper_cut" / "selection_sets.json").unlink()

    assert styles.selection_sets(styles.find(7)) == []


def test_first_sets_never_replace_others(root: Path, styles: Styles) -> None:
    style = styles.create("Ink")
    sets = [SelectionSet(1, ("a (1).jpg",)), SelectionSet(2, ())]

    styles.save_selection_sets(style, sets)

    assert styles.selection_sets(style) == sets
    with pytest.raises(StoreConflictError):
        styles.save_selection_sets(style, [])
    assert styles.selection_sets(style) == sets
    assert json.loads((root / style.folder / "selection_sets.json").read_text())["sets"][0]["id"] == 1


# Making one


def test_a_new_style_takes_the_next_number(root: Path, styles: Styles) -> None:
    style = styles.create("  Wet Ink & Größe ")

    assert (style.id, style.folder, style.name) == ("205", "205_wet_ink_gro_e", "Wet Ink & Größe")
    assert styles.find(205) == style
    assert json.loads((root / style.folder / "style.json").read_text()) == {
        "id": 205,
        "name": "Wet Ink & Größe",
        "triggerToken": "SBai_style_205",
    }


def test_the_first_style_of_an_empty_root_is_number_1(tmp_path: Path) -> None:
    styles = styles_in(tmp_path / "data" / "styles")

    assert [styles.create("Ink").id, styles.create("Ink").id] == ["1", "2"]
    assert [one.folder for one in styles.all()] == ["1_ink", "2_ink"]


def test_a_style_may_be_given_its_id_and_trigger(styles: Styles) -> None:
    style = styles.create("Ink", style_id="0007", trigger_token="ink7")

    assert (style.id, style.trigger_token) == ("0007", "ink7")
    assert styles.find("0007").trigger_token == "ink7"
    assert styles.find(7).folder == "7_paper_cut"


@pytest.mark.parametrize(
    ("name", "style_id", "words"),
    [
        ("", None, "needs a name"),
        (" \n", None, "needs a name"),
        ("Ink", 7, "The id 7 is taken"),
        ("Ink", "seven", "whole number"),
        ("Ink", -1, "whole number"),
        ("Ink", "", "whole number"),
        ("Ink", "../1", "whole number"),
        ("Ink", "٣", "whole number"),
    ],
)
def test_a_style_that_cannot_be_is_refused_and_nothing_is_written(
    root: Path, styles: Styles, name: str, style_id: int | str | None, words: str
) -> None:
    before = tree(root)

    with pytest.raises(InvalidNameError, match=words):
        styles.create(name, style_id=style_id)
    assert tree(root) == before


@pytest.mark.parametrize("name", ["../../etc", "a/b", "水墨", "🔥", "con.", "x" * 300, ".hidden", "-"])
def test_any_name_makes_a_folder_in_the_root(root: Path, styles: Styles, name: str) -> None:
    style = styles.create(name)

    assert (root / style.folder).parent == root
    assert (root / style.folder / "style.json").is_file()
    assert styles.find(style.id).name == name
    assert style.folder in [one.folder for one in styles.all()]


def test_eight_threads_make_eight_styles_with_ids_of_their_own(root: Path) -> None:
    barrier = threading.Barrier(8)
    made: list[Style] = []

    def make(styles: Styles) -> None:
        barrier.wait(10)
        made.extend(styles.create("Ink") for _ in range(4))

    threads = [threading.Thread(target=make, args=(styles_in(root),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(int(one.id) for one in made) == list(range(205, 237))
    assert all(one.problem is None for one in styles_in(root).all())


def test_of_eight_who_want_one_id_one_gets_it(root: Path) -> None:
    barrier, made, refused = threading.Barrier(8), [], []

    def make(number: int) -> None:
        barrier.wait(10)
        try:
            made.append(styles_in(root).create(f"Ink {number}", style_id=9))
        except InvalidNameError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 1
    assert refused == ["The id 9 is taken; choose another one."] * 7
