"""The History screen: finding, comparing, loading and bringing back versions."""

import json

import pytest

from lora_core import VersionStatus
from tests.ui.screens import PARAMETERS, STYLE, Screen, Screens, record

LION = {**PARAMETERS, "optimizer_type": "Lion", "learning_rate": 3e-5}


@pytest.fixture
def five(screens: Screens) -> Screens:
    """One version of each status."""
    screens.history(
        record(5, status="draft", description="an idea"),
        record(4, status="failed", error="CUDA ran out of *memory*"),
        record(3, status="training", parameters=LION),
        record(2, isGood=True, description="the warm one", parameters=LION),
        record(1, selectionSetId=2, imageCount=8),
    )
    return screens


def names(screen: Screen) -> list[str]:
    return screen.column("Version")


def test_all_versions_of_a_style_are_listed_newest_first(five: Screens) -> None:
    screen = five.open_history()
    assert screen.title == "History"
    assert names(screen) == ["V5", "V4", "V3", "V2", "V1"]
    assert [status.split(" ", 1)[1] for status in screen.column("Status")] == [
        "draft",
        "failed",
        "training",
        "completed",
        "completed",
    ]
    assert screen.column("Good") == [False, False, False, True, False]
    assert screen.column("Error") == ["", "CUDA ran out of *memory*", "", "", ""]
    assert "Select a row to see it" in screen.text


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("warm", ["V2"]),
        ("WARM one", ["V2"]),
        ("lion", ["V3", "V2"]),
        ("lion training", ["V3"]),
        ("3e-5", ["V3", "V2"]),
        ("cuda memory", ["V4"]),
        ("job-1-e1", ["V1"]),
        ("V4", ["V4"]),
        ("  ", ["V5", "V4", "V3", "V2", "V1"]),
        ("(.*", []),
    ],
)
def test_the_search_looks_into_everything_that_is_recorded(
    five: Screens, search: str, found: list[str]
) -> None:
    screen = five.open_history().put("history:search", search)
    assert names(screen) == found
    assert ("No version matches" in screen.text) is (not found)


def test_filters_narrow_the_list_and_widen_it_again(five: Screens) -> None:
    screen = five.open_history().put("history:status", [VersionStatus.COMPLETED.value])
    assert names(screen) == ["V2", "V1"]
    screen.put("history:status", [VersionStatus.COMPLETED.value, VersionStatus.DRAFT.value])
    assert names(screen) == ["V5", "V2", "V1"]
    screen.put("history:good", True)
    assert names(screen) == ["V2"]
    screen.put("history:status", []).put("history:good", False)
    assert len(names(screen)) == 5


def test_versions_of_all_styles_are_listed_with_their_style(five: Screens) -> None:
    second = five.lab.create_style("Second *Light*")
    five.history(record(7), style=second.folder)
    screen = five.open_history().put("history:scope", "All styles")
    assert set(screen.column("Style")) == {"Flat Landscapes", "Second *Light*"}
    assert len(names(screen)) == 6
    screen.put("history:search", "second")
    assert names(screen) == ["V7"]
    screen.select_rows("V7").click("history:load")
    assert screen.title == "Training"
    assert screen.query == {"style": "2", "version": "V7"}


def test_one_row_shows_the_versions_details(five: Screens) -> None:
    screen = five.open_history().select_rows("V4")
    assert "CUDA ran out of *memory*" in [one.value for one in screen.app.code]
    assert "Check status:job-4-e1" in screen.keys
    assert "history:load" in screen.keys


def test_a_selected_version_is_loaded_into_training(five: Screens) -> None:
    screen = five.open_history().select_rows("V2").click("history:load")
    assert screen.title == "Training"
    assert screen.selected == five.version("V2").key
    assert screen.values("optimizer_type", "learning_rate") == {
        "optimizer_type": "Lion",
        "learning_rate": "3e-5",
    }


def test_comparing_shows_only_what_differs(five: Screens) -> None:
    screen = five.open_history().select_rows("V2", "V1")
    compared = comparison(screen)
    assert compared["Field"] == [
        "learning_rate",
        "optimizer_type",
        "dataset",
        "images",
        "good",
        "description",
    ]
    assert compared["V2"] == ["3e-5", "Lion", "1", "12", "yes", "the warm one"]
    assert compared["V1"] == ["0.0001", "adamw8bit", "2", "8", "no", "not recorded"]


def test_comparing_equals_says_so(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = screens.open_history().select_rows("V1", "V2")
    assert "They do not differ in anything that is recorded." in screen.text


def test_what_is_not_recorded_differs_from_every_number(screens: Screens) -> None:
    lacking = {name: value for name, value in PARAMETERS.items() if name != "save_every_n_steps"}
    screens.history(record(2), record(1, parameters=lacking))
    compared = comparison(screens.open_history().select_rows("V2", "V1"))
    assert compared["Field"] == ["save_every_n_steps"]
    assert compared["V1"] == ["not recorded"]


def test_versions_of_one_name_and_of_any_name_can_be_compared(screens: Screens) -> None:
    screens.history(record(3, name="Field"), record(2, name="Field", isGood=True), record(1, imageCount=3))
    screen = screens.open_history()
    screen.app.session_state[screen.table.key] = {
        "selection": {"rows": [0, 1, 2], "columns": [], "cells": []}
    }
    compared = comparison(screen.run())
    assert compared["Field"] == ["images", "good"]
    assert len(compared) == 4


def test_a_version_may_be_called_like_a_column_of_the_comparison(screens: Screens) -> None:
    screens.history(record(2, name="Field", imageCount=8), record(1))
    compared = comparison(screens.open_history().select_rows("Field", "V1"))
    assert compared["Field"] == ["images"]
    assert sorted(values[0] for values in compared.values()) == ["12", "8", "images"]


def test_at_most_eight_versions_are_compared(screens: Screens) -> None:
    screens.history(*(record(number, imageCount=number) for number in range(10, 0, -1)))
    screen = screens.open_history()
    compared = comparison(screen.select_rows(*names(screen)))
    assert "The first 8 of 10 are compared." in screen.text
    assert len(compared) == 9


def test_a_selection_never_slips_to_another_version_when_the_list_changes(five: Screens) -> None:
    screen = five.open_history().select_rows("V4")
    assert "Check status:job-4-e1" in screen.keys
    five.lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=1)
    screen.run()
    assert names(screen)[0] == "V6"
    shown = [key for key in screen.keys if key.startswith("delete:")]
    assert shown in ([], ["delete:job-4-e1"])
    screen.put("history:search", "warm")
    assert [key for key in screen.keys if key.startswith("delete:")] == []


def test_a_deleted_version_is_in_the_trash_and_comes_back(five: Screens) -> None:
    screen = five.open_history().select_rows("V2").click("delete:job-2-e1")
    assert names(screen) == ["V5", "V4", "V3", "V1"]
    assert "Trash (1)" in [tab.label for tab in screen.app.tabs]
    assert "the warm one" in screen.text
    screen.click("restore:job-2-e1")
    assert names(screen) == ["V5", "V4", "V3", "V2", "V1"]
    assert "Trash (0)" in [tab.label for tab in screen.app.tabs]
    assert "The trash of this style is empty." in screen.text


def test_a_version_whose_name_was_taken_meanwhile_is_not_restored_but_told(five: Screens) -> None:
    five.lab.delete(STYLE, "V2")
    trash = five.styles / STYLE / "training_versions.trash.json"
    five.history(record(9, name="V2"))
    screen = five.open_history().click("restore:job-2-e1")
    assert screen.app.error
    assert names(screen) == ["V2"]
    assert len(json.loads(trash.read_bytes())["versions"]) == 1


def test_a_trash_with_one_record_twice_is_shown(five: Screens) -> None:
    trash = five.styles / STYLE / "training_versions.trash.json"
    trash.write_text(json.dumps({"versions": [record(8), record(8), {"id": 1, "name": None}]}))
    assert "Versions" in [tab.label for tab in five.open_history().app.tabs]


def test_a_live_record_that_has_no_more_than_an_id_or_is_there_twice_breaks_no_screen(
    screens: Screens,
) -> None:
    screens.history(record(3), record(3), record(2, id="x", requestId=None), {"key": "bare"}, record(1))
    screen = screens.open_history()
    for name in names(screen):
        screen.select_rows(name)
    screen.go_to("training")
    assert screen.choose_version(screens.version("V1")).selected == "job-1-e1"


def test_a_style_without_versions_says_so(screens: Screens) -> None:
    screen = screens.open_history()
    assert names(screen) == []
    assert "No version matches. Change the filter, or start one in Training." in screen.text


def test_an_empty_root_welcomes_on_history_too(empty: Screens) -> None:
    screen = empty.open("new").go_to("history")
    assert "No style yet" in screen.text


def comparison(screen: Screen) -> dict[str, list[str]]:
    (table,) = [one for one in screen.app.dataframe if not (one.key or "").startswith("history:table")]
    return {str(name): list(table.value[name]) for name in table.value}
