"""What a start finds missing in its dataset, and the ways on from there; a press that cannot get lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from lora_core import CaptionPlan, IncompleteDatasetError, StoreUnavailableError
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import STYLE, Screen, Screens, record
from ui import advanced_fields, pressed, start_buttons, training_form

PICTURES = tuple(f"image_{number:03}.jpg" for number in range(1, 13))


@pytest.fixture
def folder_of_style(screens: Screens) -> Path:
    return screens.styles / STYLE


def without_caption(folder: Path, *numbers: int) -> None:
    for number in numbers:
        (folder / f"image_{number:03}.txt").unlink()


def pressing_start(screen: Screen) -> Screen:
    return screen.click(f"start:{screen.form_id}")


def has_panel(screen: Screen) -> bool:
    return f"leave_out:{screen.form_id}" in screen.keys


def sets_of(folder: Path) -> dict[int, list[str]]:
    stored = json.loads((folder / "selection_sets.json").read_bytes())
    return {one["id"]: one["filenames"] for one in stored["sets"]}


# -- what is missing


def test_a_start_without_a_picture_and_two_captions_makes_nothing_and_names_the_files(
    screens: Screens, folder_of_style: Path
) -> None:
    (folder_of_style / "image_001.jpg").unlink()
    without_caption(folder_of_style, 2, 3)
    screen = screens.open("new")
    assert screen.can_start
    assert not has_panel(screen)
    pressing_start(screen)
    assert screens.records() == []
    assert "Before this can start: 1 picture is missing, 2 have no caption" in screen.text
    assert "- image_001.jpg" in screen.text
    labels = [one.label for one in screen.app.text_input]
    assert {"image_002.jpg", "image_003.jpg"} <= set(labels)
    assert not screen.can_start


def test_all_names_are_named_however_many_and_as_text(screens: Screens, folder_of_style: Path) -> None:
    for path in folder_of_style.glob("*.txt"):
        path.unlink()
    (folder_of_style / "image_012.jpg").rename(folder_of_style / "a *b* (1).jpg")
    (folder_of_style / "selection_sets.json").write_text(
        json.dumps({"sets": [{"id": 1, "filenames": [*PICTURES[:11], "a *b* (1).jpg"]}]})
    )
    screen = pressing_start(screens.open("new"))
    for name in (*PICTURES[:11], "a *b* (1).jpg"):
        assert f"- {name}" in screen.text
    assert "- a \\*b\\* \\(1\\)\\.jpg" in "\n".join(screen.values_of("markdown"))


def test_not_now_closes_it_and_another_set_does_too(screens: Screens, folder_of_style: Path) -> None:
    without_caption(folder_of_style, 12)
    screen = pressing_start(screens.open("new"))
    screen.click(f"not_now:{screen.form_id}")
    assert not has_panel(screen)
    assert screen.can_start
    pressing_start(screen).fill(selection_set_id=2)
    assert not has_panel(screen)


def test_files_that_come_back_close_it_and_start_nothing(screens: Screens, folder_of_style: Path) -> None:
    without_caption(folder_of_style, 3)
    screen = pressing_start(screens.open("new"))
    (folder_of_style / "image_003.txt").write_text("a hill")
    screen.run()
    assert not has_panel(screen)
    assert screen.can_start
    assert screens.records() == []


def test_a_caption_that_goes_after_the_page_was_drawn_is_found_by_the_start_itself(
    screens: Screens, folder_of_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = screens.open("new")
    content, drawn = start_buttons.pressed.button, []

    def unlinking(*args: Any, **kwargs: Any) -> Callable[[], bool]:
        if kwargs["key"].startswith("start:") and not drawn:
            without_caption(folder_of_style, 5)
            drawn.append(True)
        return content(*args, **kwargs)

    monkeypatch.setattr(start_buttons.pressed, "button", unlinking)
    pressing_start(screen)
    assert screens.records() == []
    assert "1 has no caption" in screen.text
    assert has_panel(screen)


@pytest.mark.usefixtures("runpod")
def test_runpod_pictures_that_are_nowhere_are_found_by_the_start(
    screens: Screens, folder_of_style: Path
) -> None:
    (folder_of_style / "image_004.jpg").unlink()
    screen = pressing_start(screens.open("new"))
    assert screens.records() == []
    assert "- image_004.jpg" in screen.text
    screen.click(f"leave_out:{screen.form_id}").start()
    assert screens.sent("V1").image_count == 11


# -- ways on


@pytest.mark.usefixtures("runpod")
def test_captions_are_written_by_a_pattern_and_one_by_one_and_only_a_further_click_starts(
    screens: Screens, folder_of_style: Path
) -> None:
    without_caption(folder_of_style, 2, 3)
    screen = pressing_start(screens.open("new"))
    form_id = screen.form_id
    screen.put(f"fill:{form_id}", "a landscape, {number}")
    screen.put(f"fill:{form_id}:image_003.jpg", "a lake at dawn")
    assert screen.widget(f"fill:{form_id}:image_002.jpg").placeholder == "a landscape, 1"
    screen.click(f"write_captions:{form_id}")
    assert (folder_of_style / "image_002.txt").read_text().strip() == "a landscape, 1"
    assert (folder_of_style / "image_003.txt").read_text().strip() == "a lake at dawn"
    assert "2 captions were written. Nothing was started yet." in screen.text
    assert not has_panel(screen)
    assert screens.records() == []
    screen.start()
    assert screens.sent("V1").image_count == 12


def test_many_captions_are_previewed_before_they_are_written(screens: Screens, folder_of_style: Path) -> None:
    without_caption(folder_of_style, *range(1, 8))
    screen = pressing_start(screens.open("new"))
    screen.put(f"fill:{screen.form_id}", "{trigger}, {name}")
    assert "image_001.jpg: SBai_style_1, image 001" in screen.text
    assert "and 4 more" in screen.text
    screen.click(f"write_captions:{screen.form_id}")
    assert (folder_of_style / "image_007.txt").read_text().strip() == "SBai_style_1, image 007"


def test_nothing_to_write_says_so(screens: Screens, folder_of_style: Path) -> None:
    without_caption(folder_of_style, 2)
    screen = pressing_start(screens.open("new"))
    screen.put(f"fill:{screen.form_id}", " ").click(f"write_captions:{screen.form_id}")
    assert "type what the captions are to say" in screen.text
    assert has_panel(screen)


@pytest.mark.usefixtures("runpod")
def test_leaving_out_makes_a_new_set_and_chooses_it_and_the_users_own_stays(
    screens: Screens, folder_of_style: Path
) -> None:
    before = sets_of(folder_of_style)
    without_caption(folder_of_style, 2)
    screen = pressing_start(screens.open("new").fill(description="kept"))
    screen.click(f"leave_out:{screen.form_id}")
    after = sets_of(folder_of_style)
    made = max(after)
    assert {one: after[one] for one in before} == before
    assert after[made] == [name for name in PICTURES if name != "image_002.jpg"]
    assert screen.field("selection_set_id").value == made
    assert f"Set {made} is set 1 without 1 picture, and is chosen now; set 1 is as it was." in screen.text
    assert screens.records() == []
    screen.start()
    version = screens.sent("V1")
    assert (version.selection_set_id, version.description) == (made, "kept")


def test_when_nothing_would_be_left_leaving_out_is_no_way(screens: Screens, folder_of_style: Path) -> None:
    for path in folder_of_style.glob("*.jpg"):
        path.unlink()
    screen = pressing_start(screens.open("new"))
    assert screen.widget(f"leave_out:{screen.form_id}").disabled


def test_a_disk_that_takes_no_caption_is_told_and_the_panel_stays(
    screens: Screens, folder_of_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_caption(folder_of_style, 2)
    screen = pressing_start(screens.open("new"))
    refusal = IncompleteDatasetError((), (), ())
    refusal.args = ("The disk is full.",)

    def full(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(screens.lab, "apply_captions", full)
    screen.click(f"write_captions:{screen.form_id}")
    assert "The disk is full." in screen.text
    assert has_panel(screen)


# -- a press


def interrupting(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The next runs are stopped in the midst of the form, as another click would."""
    drawn, left = advanced_fields.advanced_fields, [times]

    def stopped(*args: Any) -> None:
        if left[0]:
            left[0] -= 1
            st.rerun()
        drawn(*args)

    monkeypatch.setattr(training_form, "advanced_fields", stopped)
    return left


@pytest.mark.parametrize("times", [1, 2])
def test_a_start_whose_run_is_stopped_before_it_is_read_starts_all_the_same_and_once(
    screens: Screens, runpod: FakeRunpod, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    screen = screens.open("new")
    left = interrupting(monkeypatch, times)
    pressing_start(screen).run()
    assert left == [0]
    screens.sent("V1")
    assert [one["name"] for one in screens.records()] == ["V1"]
    assert runpod.count() == 1


def test_a_draft_whose_run_is_stopped_is_saved_once(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = screens.open("new")
    interrupting(monkeypatch, 1)
    screen.save().run()
    assert [one["name"] for one in screens.records()] == ["V1"]


def test_a_press_of_long_ago_does_nothing(screens: Screens, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screens.open("new")
    monkeypatch.setattr(pressed, "_LASTS_S", 0.0)
    screen.save()
    assert screens.records() == []
    monkeypatch.undo()
    screens.open("new").save()
    assert len(screens.records()) == 1


def test_the_second_click_of_a_double_click_does_nothing_however_late_its_button_is_drawn_again(
    screens: Screens,
) -> None:
    screen = screens.open("new")
    form_id = screen.form_id
    press = screen.app.session_state["pressed"][f"save:{form_id}"]
    first = dict(press)
    screen.save()
    pressed._press(press, first["taken"])  # it arrives with the drawing that the first came from
    screen.new()
    assert len(screens.records()) == 1
    screen.save()
    assert len(screens.records()) == 2


def test_a_deletion_whose_run_is_stopped_happens_all_the_same(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens.history(record(2), record(1))
    screen = screens.open("V1")
    interrupting(monkeypatch, 1)
    screen.click(f"delete:{screens.version('V1').key}")
    assert [one["name"] for one in screens.records()] == ["V2"]


def test_a_press_that_meets_a_start_that_is_not_possible_any_more_is_forgotten(screens: Screens) -> None:
    screen = screens.open("new")
    screen.field("learning_rate").set_value("abc")
    pressing_start(screen).fill(learning_rate="1e-4")
    assert screens.records() == []


def test_captions_that_cannot_be_read_are_told_in_place_of_what_would_be_written(
    screens: Screens, folder_of_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_caption(folder_of_style, 2)
    screen = pressing_start(screens.open("new"))

    def away(*_: object) -> CaptionPlan:
        raise StoreUnavailableError("The disk is away.")

    monkeypatch.setattr(screens.lab, "plan_caption_edit", away)
    assert "The disk is away." in screen.run().text
    assert f"write_captions:{screen.form_id}" not in screen.keys
