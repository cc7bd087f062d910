"""Styles: one folder each, read without leaving a trace, made without taking another one's id."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from lora_core import TrainingParameters
from lora_core.datasets import looked_at
from lora_core.errors import InvalidNameError, NotAllowedError, NotFoundError, UnreadableDocumentError
from lora_core.histories import LIVE, Histories
from lora_core.selection_sets import SelectionSets
from lora_core.stores import LocalStore
from lora_core.styles import Style, Styles
from tests.lora_core.storage import copied_styles, opened_lab, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copied_styles(tmp_path / "styles")


@pytest.fixture
def styles(root: Path) -> Styles:
    return styles_in(root)


def styles_in(root: Path) -> Styles:
    store = LocalStore(root)
    return Styles(store, Histories(store, wait=lambda _: None))


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
    sets = SelectionSets(styles.histories, wait=lambda _: None)
    before = tree(root)

    for style in styles.all():
        styles.images(style)
        for one in sets.all(style):
            looked_at(styles, style, one)
            sets.problem(style)
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
        ("x" * 81, None, "at most 80"),
        ("Ink\nblot", None, "line break"),
        ("Ink \u202egpj", None, "control character"),
        ("Ink", 7, "The id 7 is taken"),
        ("Ink", "9" * 19, "at most 18 digits"),
        ("Ink", "9" * 5000, "at most 18 digits"),
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


@pytest.mark.parametrize("name", ["../../etc", "a/b", "水墨", "🔥", "con.", "x" * 80, ".hidden", "-"])
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


def test_a_trigger_that_no_caption_can_hold_is_refused_before_an_id_is_claimed(
    root: Path, styles: Styles
) -> None:
    before = tree(root)

    with pytest.raises(InvalidNameError, match="one word"):
        styles.create("Ink", trigger_token="wet ink")
    assert tree(root) == before


# Changing one


def test_a_style_is_renamed_and_its_folder_stays(root: Path, styles: Styles) -> None:
    styles.create("Ink", style_id=9)
    path = root / "9_ink" / "style.json"
    path.write_text('{\n  "id": 9, "name": "Ink",\n  "triggerToken": "ink9", "colour": 1e-5\n}\n')

    renamed = styles.rename(styles.find(9), " Wet Ink ")
    changed = styles.change_trigger_token(styles.find(9), "wet_ink")

    assert (renamed.name, renamed.folder, renamed.trigger_token) == ("Wet Ink", "9_ink", "ink9")
    assert (changed.name, changed.trigger_token, changed.class_tokens) == (
        "Wet Ink",
        "wet_ink",
        "style wet_ink",
    )
    assert styles.find(9) == changed
    assert path.read_text() == (
        '{\n  "id": 9, "name": "Wet Ink",\n  "triggerToken": "wet_ink", "colour": 1e-5\n}\n'
    )


def test_an_old_folder_that_is_renamed_keeps_what_it_was_otherwise(root: Path, styles: Styles) -> None:
    (root / "0009_ink").mkdir()
    records = [{"id": "a", "parameters": {"class_tokens": "style wet ink"}}]
    (root / "0009_ink" / LIVE).write_text(json.dumps({"versions": records}))

    renamed = styles.rename(styles.find("0009"), "Tusche")

    assert (renamed.id, renamed.folder, renamed.name) == ("0009", "0009_ink", "Tusche")
    assert json.loads((root / "0009_ink" / "style.json").read_text()) == {
        "id": 9,
        "name": "Tusche",
        "triggerToken": "wet ink",
    }
    assert styles.change_trigger_token(styles.find("12"), "market").name == "Night Market"


def test_the_name_that_a_style_has_already_is_not_written_again(root: Path, styles: Styles) -> None:
    styles.rename(styles.find(7), "Cut")
    before = tree(root / "7_paper_cut")

    styles.rename(styles.find(7), "Cut")

    assert tree(root / "7_paper_cut") == before


@pytest.mark.parametrize(
    "token", ["", "  ", "wet ink", "wet,ink", "a\tb", "a\nb", "x" * 61, "a\u200bb", "a\u00a0b"]
)
def test_a_trigger_token_that_is_no_word_is_refused(root: Path, styles: Styles, token: str) -> None:
    before = tree(root)

    with pytest.raises(InvalidNameError, match="trigger token"):
        styles.change_trigger_token(styles.find(7), token)
    assert tree(root) == before


def test_a_style_needs_a_name_to_be_renamed(styles: Styles) -> None:
    with pytest.raises(InvalidNameError, match="needs a name"):
        styles.rename(styles.find(7), " ")


@pytest.mark.parametrize("content", ["", "{", "[]", '"Ink"'])
def test_a_style_file_that_cannot_be_read_is_not_written(root: Path, styles: Styles, content: str) -> None:
    path = root / "7_paper_cut" / "style.json"
    path.write_text(content)

    with pytest.raises(UnreadableDocumentError, match=r"7_paper_cut/style\.json cannot be read"):
        styles.rename(styles.find(7), "Cut")
    assert path.read_text() == content


def test_of_two_who_change_name_and_trigger_at_once_both_are_kept(root: Path) -> None:
    barrier = threading.Barrier(2)

    def rename() -> None:
        styles = styles_in(root)
        for number in range(20):
            barrier.wait(10)
            styles.rename(styles.find(7), f"Cut {number}")

    def retrigger() -> None:
        styles = styles_in(root)
        for number in range(20):
            barrier.wait(10)
            styles.change_trigger_token(styles.find(7), f"cut{number}")

    threads = [threading.Thread(target=act) for act in (rename, retrigger)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    style = styles_in(root).find(7)
    assert (style.name, style.trigger_token) == ("Cut 19", "cut19")


def test_of_two_folders_with_one_id_the_one_that_is_named_is_changed(root: Path, styles: Styles) -> None:
    (root / "7_other").mkdir()

    with pytest.raises(NotAllowedError, match="Name the one that is meant by its folder"):
        styles.named(7)
    styles.rename(styles.named("7_other"), "Other")

    assert [one.name for one in styles.all()][:2] == ["Other", "Paper Cut"]
    assert all(one.problem for one in styles.all()[:2])


def test_of_two_folders_with_one_id_neither_is_started_however_it_is_named(root: Path) -> None:
    (root / "7_other").mkdir()
    with opened_lab(root) as lab:
        for name in (7, "7_paper_cut", "7_other"):
            with pytest.raises(NotAllowedError, match="Two folders have the id 7; rename one of them"):
                lab.start(name, parameters=TrainingParameters())
        assert len(lab.styles()) == 4
    shutil.move(root / "7_other", root / "8_other")
    assert [one.problem for one in styles_in(root).all()] == [None] * 4
