"""The Datasets screen: what is listed and selected, sets, captions of many, styles, uploads, an import."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.runtime.state.safe_session_state import SafeSessionState

from lora_core import Incoming, Style, TrainingLab
from tests.ui.screens import STYLE, Screen, Screens, record, until
from ui import picture_events, picture_selection
from ui.caption_changes_table import around

SELECT_ALL, SELECT_NONE, UNCAPTIONED = (f"datasets:select_{one}" for one in ("all", "none", "uncaptioned"))
SELECTION = "datasets:selected"


def picture(colour: Sequence[int] = (10, 20, 30), edge: int = 300) -> bytes:
    """A plain PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (edge, edge), tuple(colour)).save(buffer, "PNG")
    return buffer.getvalue()


def select(screen: Screen, *names: str) -> Screen:
    """As a click in the grid does."""
    screen.app.session_state[SELECTION] = {STYLE: list(names)}
    return screen.run()


def key_of(screen: Screen, start: str) -> str:
    """The key that begins so."""
    (key,) = [key for key in screen.keys if key.startswith(f"{start}:")]
    return key


def set_box(screen: Screen) -> str:
    """The key of the dropdown with the selection sets."""
    return key_of(screen, "datasets:set_box")


def sets(screens: Screens) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        (screens.styles / STYLE / "selection_sets.json").read_bytes()
    )["sets"]
    return found


def test_pictures_are_listed_with_size_caption_and_what_is_wrong_with_it(screens: Screens) -> None:
    home = screens.styles / STYLE
    names = sorted(path.name for path in home.glob("*.png")) or sorted(
        path.name for path in home.glob("*.jpg")
    )
    texts = ["", "SBai_style_1, hills", "hills", "hills, SBai_style_1"]
    for name, text in zip(names[1:5], texts, strict=True):
        (home / name).with_suffix(".txt").write_text(text)
    (home / names[0]).with_suffix(".txt").unlink()
    cards = screens.open_datasets().cards
    assert [cards[name]["problem"] for name in names[:5]] == [
        "No caption",
        "Empty caption",
        "Trigger token doubled",
        "Trigger token missing",
        None,
    ]
    assert cards[names[4]]["caption"] == "hills, SBai_style_1"
    assert all("×" in card["size"] and card["url"] for card in cards.values())
    assert len(cards) == 12


def test_sixty_are_on_a_page_and_the_filter_begins_at_the_first(screens: Screens) -> None:
    home = screens.styles / STYLE
    data = picture()
    for number in range(60):
        (home / f"more_{number}.png").write_bytes(data)
    screen = screens.open_datasets()
    assert len(screen.cards) == 60
    screen.click("datasets:next")
    assert (len(screen.cards), screen.grid["page"], screen.grid["first"]) == (12, 1, 60)
    assert "61 to 72 of 72" in screen.text
    screen.put("datasets:search", "more_1")
    assert list(screen.cards) == ["more_1.png", *(f"more_{number}.png" for number in range(10, 20))]
    assert screen.grid["page"] == 0


def test_all_none_and_those_without_caption_are_selected(screens: Screens) -> None:
    home = screens.styles / STYLE
    captions = sorted(home.glob("*.txt"))
    captions[0].unlink()
    screen = screens.open_datasets().click(SELECT_ALL)
    assert len(screen.grid["chosen"]) == 12
    screen.click(SELECT_NONE)
    assert screen.grid["chosen"] == []
    screen.click(UNCAPTIONED)
    assert [Path(one).stem for one in screen.grid["chosen"]] == [captions[0].stem]
    screen.put("datasets:search", "nothing of the kind")
    assert "No picture matches" in screen.text
    assert screen.stores[f"training_{STYLE}_pictures"] == json.dumps(
        [path.name for path in home.iterdir() if path.stem == captions[0].stem and path.suffix != ".txt"]
    )


def test_what_is_listed_stays_while_its_selection_or_caption_is_changed(screens: Screens) -> None:
    screen = screens.open_datasets()
    names = list(screen.cards)
    select(screen, *names[:3]).put("datasets:only_selected", True)
    assert list(screen.cards) == names[:3]
    select(screen, *names[:2])
    assert list(screen.cards) == names[:3]
    screen.click(SELECT_NONE)
    assert "No picture matches" in screen.text


def test_the_browser_keeps_the_selection(screens: Screens) -> None:
    names = screens.lab.images(STYLE)
    stored = {f"training_{STYLE}_pictures": json.dumps([names[1].filename, "gone.jpg"])}
    screen = screens.address(stored=stored, style="1").go_to("datasets")
    assert screen.grid["chosen"] == [names[1].filename]
    broken = screens.address(stored={f"training_{STYLE}_pictures": '{"a'}, style="1").go_to("datasets")
    assert broken.grid["chosen"] == []


# -- selection sets


def test_a_selection_becomes_a_set_with_the_next_number(screens: Screens) -> None:
    screen = screens.open_datasets()
    names = list(screen.cards)[:3]
    select(screen, *reversed(names)).put("datasets:new_set:name:0", "Best **of**")
    screen.put("datasets:new_set:note:0", "no hills").click("datasets:save_set")
    assert sets(screens)[-1] == {"id": 3, "filenames": names, "name": "Best **of**", "note": "no hills"}
    assert screen.widget(set_box(screen)).value == 3
    assert "Saved as selection set 3 (Best **of**): 3 pictures." in screen.text
    assert screen.widget("datasets:new_set:name:1").value == ""


def test_a_set_is_loaded_changed_and_named(screens: Screens) -> None:
    screen = screens.open_datasets().click("datasets:load_set")
    before = sets(screens)[0]
    assert screen.grid["chosen"] == sorted(str(one) for one in before["filenames"])  # type: ignore[attr-defined]
    names = list(screen.cards)[:2]
    select(screen, *names).click("datasets:update_set")
    assert sets(screens)[0]["filenames"] == names
    screen.put(key_of(screen, f"datasets:change_set:name:{STYLE}:1"), "Two").click("datasets:name_set")
    assert sets(screens)[0]["name"] == "Two"
    assert "1 · Two · 2 pictures" in "\n".join(screen.app.selectbox(key=set_box(screen)).options)


def test_a_deleted_set_is_told_who_used_it_and_comes_back(screens: Screens) -> None:
    screens.history(
        record(4, status="draft"), record(3, dataset="a" * 64), record(2, name="a **b**"), record(1)
    )
    screens.lab.delete(STYLE, "V1")
    before = (screens.styles / STYLE / "selection_sets.json").read_bytes()
    screen = screens.open_datasets()
    assert "Trained with it: V3. Each keeps the list of pictures it was started with." in screen.text
    assert "a **b**, V1 (in the trash) kept no list: what was trained on is known by this set" in screen.text
    assert "Not started yet: V4. Without this set there is nothing to start on." in screen.text
    screen.click("datasets:delete_set")
    assert [one["id"] for one in sets(screens)] == [2]
    assert "Selection set 1 is deleted." in screen.text
    screen.click("datasets:undo")
    assert json.loads((screens.styles / STYLE / "selection_sets.json").read_bytes()) == json.loads(before)
    assert "datasets:undo" not in screen.keys


def test_other_pictures_of_a_set_are_undone_unless_they_were_changed_again(screens: Screens) -> None:
    screens.history(record(1))
    before = sets(screens)[0]["filenames"]
    screen = screens.open_datasets()
    names = list(screen.cards)
    select(screen, names[0])
    assert "V1 kept no list" in screen.text
    screen.click("datasets:update_set").click("datasets:undo")
    assert sets(screens)[0]["filenames"] == before
    screen.click("datasets:update_set")
    screens.lab.update_selection_set(STYLE, 1, filenames=names[:2])
    screen.click("datasets:undo")
    assert "Selection set 1 was changed meanwhile and stays as it is." in screen.text
    assert sets(screens)[0]["filenames"] == names[:2]


def test_what_is_changed_elsewhere_is_shown_and_what_is_typed_here_stays(screens: Screens) -> None:
    screen, name, note = screens.open_datasets(), "datasets:change_set:name", "datasets:change_set:note"
    screens.lab.update_selection_set(STYLE, 1, name="theirs")
    screen.run()
    assert screen.widget(key_of(screen, name)).value == "theirs"
    screen.put(key_of(screen, note), "mine")
    screens.lab.update_selection_set(STYLE, 1, name="theirs again", note="their note")
    screen.run()
    assert screen.widget(key_of(screen, note)).value == "mine"
    screens.lab.update_selection_set(STYLE, 1, name="the last name")
    screen.click("datasets:name_set")
    assert (sets(screens)[0]["name"], sets(screens)[0]["note"]) == ("the last name", "mine")


def test_sets_that_cannot_be_read_are_no_missing_sets(screens: Screens) -> None:
    (screens.styles / STYLE / "selection_sets.json").write_text('{"sets": 3}')
    screen = screens.open_datasets()
    assert "selection_sets.json" in screen.text
    assert "No selection set yet" not in screen.text
    assert any("cannot be read" in one for one in screens.open().values_of("error"))


def test_a_set_is_used_in_training(screens: Screens) -> None:
    screen = screens.open_datasets()
    screen.put(set_box(screen), 2).click("datasets:use_set")
    assert screen.title == "Training"
    assert screen.field("selection_set_id").value == 2


# -- captions


def test_captions_of_many_are_shown_before_they_change_and_put_back_as_one(screens: Screens) -> None:
    home = screens.styles / STYLE
    before = {path.name: path.read_bytes() for path in home.glob("*.txt")}
    screen = screens.open_datasets().put("datasets:panel", "Edit captions")
    screen.put("datasets:edit", "Trigger token at the front")
    preview = screen.app.dataframe[0].value
    assert len(preview) == 12
    assert all(then.startswith("SBai_style_1, ") for then in preview["Then"])
    assert {path.name: path.read_bytes() for path in home.glob("*.txt")} == before
    screen.click(key_of(screen, "datasets:apply_captions"))
    assert all(path.read_text().startswith("SBai_style_1, ") for path in home.glob("*.txt"))
    assert "12 captions changed." in screen.text
    screen.click("datasets:undo")
    assert {path.name: path.read_bytes() for path in home.glob("*.txt")} == before
    assert "12 captions put back." in screen.text


def test_an_edit_is_for_the_selected_pictures_and_waits_for_what_it_needs(screens: Screens) -> None:
    screen = screens.open_datasets()
    names = list(screen.cards)
    select(screen, names[0]).put("datasets:panel", "Edit captions").put("datasets:edit", "Find and replace")
    assert not [key for key in screen.keys if key.startswith("datasets:apply_captions")]
    screen.put("datasets:edit:find", str(screen.cards[names[0]]["caption"]).split()[1]).put(
        "datasets:edit:by", "<b>view</b>"
    )
    screen.click(key_of(screen, "datasets:apply_captions"))
    home = screens.styles / STYLE
    assert "<b>view</b>" in (home / names[0]).with_suffix(".txt").read_text()
    assert "<b>view</b>" not in (home / names[1]).with_suffix(".txt").read_text()


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "hills", ("", "hills")),
        ("same", "same", ("same", "same")),
        ("a" * 40, "a" * 40 + "b", ("…" + "a" * 20, "…" + "a" * 20 + "b")),
        ("x" + "a" * 40, "y" + "a" * 40, ("x" + "a" * 20 + "…", "y" + "a" * 20 + "…")),
        ("aa", "aaa", ("aa", "aaa")),
    ],
)
def test_captions_are_shown_where_they_differ(before: str, after: str, shown: tuple[str, str]) -> None:
    assert around(before, after) == shown


def test_a_press_is_for_the_changes_that_were_shown(screens: Screens) -> None:
    home = screens.styles / STYLE
    screen = screens.open_datasets().put("datasets:panel", "Edit captions")
    screen.put("datasets:edit", "Trigger token at the front")
    changed = sorted(home.glob("*.txt"))[0]
    changed.write_text("written meanwhile")
    before = {path.name: path.read_bytes() for path in home.glob("*.txt")}
    screen.click(key_of(screen, "datasets:apply_captions"))
    assert {path.name: path.read_bytes() for path in home.glob("*.txt")} == before
    assert "SBai_style_1, written meanwhile" in list(screen.app.dataframe[0].value["Then"])


# -- the grid's events


@pytest.fixture
def grid_style(screens: Screens) -> Iterator[Style]:
    """The sample style; without a script Streamlit keeps one session's state per process."""
    _empty_session()
    yield screens.lab.style(STYLE)
    _empty_session()


def _empty_session() -> None:
    for key in list(st.session_state):
        del st.session_state[key]


def told(lab: TrainingLab, *events: list[object], style: str = STYLE) -> None:
    picture_events.take(lab, {"style": style, "events": list(events)})


def test_events_are_taken_once_and_in_order(screens: Screens, grid_style: Style) -> None:
    one, other = (picture.filename for picture in screens.lab.images(STYLE)[:2])
    events: list[list[object]] = [
        [5, "choose", [one, other], True],
        [6, "choose", [one], False],
        [7, "caption", [one], " a <b>hill</b>\n"],
        [8, "open", [other], None],
        [9, "no such thing", [], None],
    ]
    told(screens.lab, *events[:2])
    told(screens.lab, [4, "choose", [one], True], *events)
    assert picture_selection.selected(grid_style) == {other}
    assert screens.lab.images(STYLE)[0].caption == "a <b>hill</b>"
    assert picture_events.opened(grid_style) == other
    assert (picture_events.confirmed(), picture_events.failed(grid_style)) == (9, {})


def test_a_caption_that_cannot_be_written_is_told_and_goes_on_being_typed(
    screens: Screens, grid_style: Style
) -> None:
    told(screens.lab, [1, "caption", ["gone.png"], "text"])
    assert "gone.png" in picture_events.failed(grid_style)
    told(screens.lab, [2, "caption", ["../1/a.png"], "text"], style="no style")
    assert picture_events.confirmed() == 2
    for nonsense in (None, [], {"events": 3}, {"style": STYLE, "events": [[1], "x", [True, 1, 2, 3]]}):
        picture_events.take(screens.lab, nonsense)
    assert picture_events.confirmed() == 2


def test_a_caption_changed_elsewhere_is_not_written_over(screens: Screens, grid_style: Style) -> None:
    (one, other), lab = screens.lab.images(STYLE)[:2], screens.lab
    path = screens.styles / STYLE / Path(one.filename).with_suffix(".txt")
    path.write_text("theirs")
    told(lab, [1, "caption", [one.filename], {"text": "mine", "over": [one.caption]}])
    sentence = "It was changed elsewhere meanwhile: “theirs”. Type on to replace that."
    assert picture_events.failed(grid_style) == {one.filename: sentence}
    assert path.read_text() == "theirs"
    told(lab, [2, "caption", [one.filename], {"text": "mine too", "over": ["theirs"]}])
    told(lab, [3, "caption", [one.filename], {"text": "mine as well", "over": ["theirs", " mine  too"]}])
    told(lab, [4, "caption", [other.filename], {"text": "a hill", "over": [other.caption]}])
    assert picture_events.failed(grid_style) == {}
    assert [picture.caption for picture in lab.images(STYLE)[:2]] == ["mine as well", "a hill"]


# -- a run that is stopped


class Watch:
    """Notes what asks for the session's state between the lab's work and the redraw: Streamlit may stop a run there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch, self.asked, self.began, self._is_on = monkeypatch, list[str](), 0, False
        self._around(st, "rerun", is_on_after=False)
        for name in ("__getitem__", "__setitem__", "__delitem__", "__contains__"):
            self._noting(name)

    def after(self, lab: TrainingLab, name: str) -> None:
        """Begins when this method of the lab has answered."""
        self._around(lab, name, is_on_after=True)

    def _around(self, owner: object, name: str, *, is_on_after: bool) -> None:
        real = getattr(owner, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            if not is_on_after:
                self._is_on = False
            answer = real(*args, **options)
            self._is_on = is_on_after
            self.began += is_on_after
            return answer

        self.patch.setattr(owner, name, wrapped)

    def _noting(self, name: str) -> None:
        real = getattr(SafeSessionState, name)

        def wrapped(state: SafeSessionState, key: str, *args: Any) -> Any:
            if self._is_on:
                self.asked.append(f"{name} {key}")
            return real(state, key, *args)

        self.patch.setattr(SafeSessionState, name, wrapped)


_PRESSES = {
    "datasets:apply_captions:": "apply_captions",
    "datasets:undo": "restore_selection_set",
    "datasets:save_set": "save_selection_set",
    "datasets:update_set": "update_selection_set",
    "datasets:name_set": "update_selection_set",
    "datasets:delete_set": "delete_selection_set",
    "datasets:create_style": "create_style",
    "datasets:save_style": "change_trigger_token",
    "datasets:import_dry": "import_folder",
}


@pytest.mark.parametrize("press", _PRESSES)
def test_nothing_can_stop_a_run_between_the_labs_work_and_what_is_told_of_it(
    screens: Screens, monkeypatch: pytest.MonkeyPatch, press: str
) -> None:
    screen = screens.open_datasets()
    select(screen, next(iter(screen.cards)))
    if "captions" in press:
        screen.put("datasets:panel", "Edit captions").put("datasets:edit", "Trigger token at the front")
    if "undo" in press:
        screen.click("datasets:delete_set")
    screen.put("datasets:new_style:name:0", "Ink").put("datasets:import_path", str(screens.folder))
    screen.put(key_of(screen, f"datasets:style:token:{STYLE}"), "Ink")
    watch = Watch(monkeypatch)
    watch.after(screens.lab, _PRESSES[press])
    screen.click(next(key for key in screen.keys if key.startswith(press) and ":ask:" not in key))
    assert (watch.began, watch.asked) == (1, [])


# -- styles, uploads, an import


def test_a_style_is_made_renamed_and_gets_another_token(screens: Screens) -> None:
    screen = screens.open_datasets().put("datasets:new_style:name:0", "Ink & **water**")
    screen.put("datasets:new_style:id:0", "16").click("datasets:create_style")
    style = screens.lab.style(16)
    assert (style.name, style.trigger_token) == ("Ink & **water**", "SBai_style_16")
    assert "Add the first pictures" in screen.text
    screen.put(key_of(screen, f"datasets:style:name:{style.folder}"), "Ink")
    screen.put(key_of(screen, f"datasets:style:token:{style.folder}"), "InkToken")
    screen.click("datasets:save_style")
    changed = screens.lab.style(16)
    assert (changed.name, changed.trigger_token, changed.folder) == ("Ink", "InkToken", style.folder)
    screen.put("datasets:new_style:name:1", "Again").put("datasets:new_style:id:1", "16")
    screen.click("datasets:create_style")
    assert "16 is taken" in screen.text
    assert screen.widget("datasets:new_style:name:1").value == "Again"


def test_an_upload_is_told_and_its_conflicts_are_settled(screens: Screens) -> None:
    lab, name = screens.lab, screens.lab.images(STYLE)[0].filename
    stem = Path(name).stem
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"{stem}{Path(name).suffix}", picture((1, 2, 3)))
        made.writestr("new (1).png", picture((3, 2, 1)))
        made.writestr("new (1).txt", "a plain wall")
        made.writestr("small.png", picture((5, 5, 5), edge=64))
    upload = lab.begin_upload(
        STYLE, [Incoming("some.zip", archive.getvalue()), Incoming("<b>evil</b>.png", b"no picture")]
    )
    until(lambda: not upload.is_running, what="the upload ends")
    screen = screens.open_datasets()
    assert "Upload done." in screen.text
    assert "<b>evil</b>.png" in screen.text
    assert "256" in screen.text
    assert screen.cards["new (1).png"]["caption"] == "a plain wall"
    assert "1 file to be decided" in screen.text
    screen.click(f"datasets:settle:{upload.id}:keep both")
    until(lambda: not upload.is_running and not upload.conflicts, what="the conflict is settled")
    screen.run()
    assert f"{stem} (2){Path(name).suffix}" in screen.cards
    screen.click(f"datasets:dismiss:{upload.id}")
    assert "Upload done." not in screen.text


def test_styles_are_imported_after_it_was_listed_what_would_happen(screens: Screens, tmp_path: Path) -> None:
    old = tmp_path / "old" / "7_old_ink"
    old.mkdir(parents=True)
    (old / "a.png").write_bytes(picture())
    (old / "a.txt").write_text("ink")
    (old / "training_versions.json").write_text('{"versions": []}')
    screen = screens.open_datasets().put("datasets:import_path", str(old.parent))
    assert screen.widget("datasets:import").disabled
    screen.click("datasets:import_dry")
    assert "would come in" in screen.text
    assert not (screens.styles / "7_old_ink").exists()
    screen.click("datasets:import")
    assert (screens.styles / "7_old_ink" / "a.txt").read_text() == "ink"
    assert "came in" in screen.text
    screen.click("datasets:import_dry")
    assert "nothing is missing here" in screen.text


def test_two_folders_of_one_id_are_told(screens: Screens) -> None:
    shutil.copytree(screens.styles / STYLE, screens.styles / "1_other")
    screen = screens.open_datasets(style="1_other")
    assert "Two folders have the id 1" in screen.text
    assert len(screen.cards) == 12


def test_a_name_of_no_known_encoding_is_shown_and_its_caption_changed(screens: Screens) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (screens.styles / STYLE / name).write_bytes(picture())
    screen = screens.open_datasets().put("datasets:panel", "Edit captions")
    select(screen, name).put("datasets:edit", "Fill empty captions")
    assert list(screen.app.dataframe[0].value["Picture"]) == ["caf?.png"]
    screen.click(key_of(screen, "datasets:apply_captions"))
    screen.click(SELECT_ALL)
    assert (screens.styles / STYLE / name).with_suffix(".txt").exists()
