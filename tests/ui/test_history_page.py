"""The History screen: finding, comparing, loading, deleting and bringing back versions."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from lora_core import StoreUnavailableError, VersionStatus
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import PARAMETERS, STYLE, Screen, Screens, record

LION = {**PARAMETERS, "optimizer_type": "Lion", "learning_rate": 3e-5}
NASTY = "**bold** <script>alert(1)</script> | [x](http://y) :material/star:"


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


def labels(screen: Screen, key: str) -> list[str]:
    """What a row of choices offers, in words."""
    return list(screen.widget(key).options)


# -- the list


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
    assert screen.column("Good") == ["", "", "", "good", ""]
    assert screen.column("Error") == ["", "CUDA ran out of *memory*", "", "", ""]
    assert screen.column("Rate") == [1e-4, 1e-4, 3e-5, 3e-5, 1e-4]
    assert "5 versions. Select a row to see it" in screen.text


def test_a_rate_that_was_reckoned_is_listed_without_its_last_digits(screens: Screens) -> None:
    screens.history(record(1, parameters={**PARAMETERS, "learning_rate": 0.1 * 0.003}))
    assert screens.open_history().column("Rate") == [0.0003]


def test_a_number_beyond_every_column_breaks_no_list(screens: Screens) -> None:
    odd = {**PARAMETERS, "max_train_steps": 10**30, "network_dim": 2**62, "learning_rate": 1e300}
    screens.history(record(2, parameters=odd, imageCount=10**18), record(1))
    screen = screens.open_history().select_rows("V2")
    assert screen.column("Rate")[0] == 1e300
    assert "history:load" in screen.keys


def test_the_loss_curve_of_what_ended_gives_its_final_loss(five: Screens, folder: Path) -> None:
    loss_curve(folder, "job-2-e1", [(step, 0.5) for step in range(0, 4000, 2)])
    screen = five.open_history()
    assert screen.column("Final loss")[3] == pytest.approx(0.5)
    assert screen.column("Final loss")[4] != screen.column("Final loss")[4]  # not recorded


def test_versions_of_all_styles_are_listed_with_their_style(five: Screens) -> None:
    second = five.lab.create_style("Second *Light*")
    five.history(record(7, timestamp="2025-10-03T12:00:00.000Z"), style=second.folder)
    screen = five.open_history().put("history:scope", "All styles")
    assert set(screen.column("Style")) == {"Flat Landscapes", "Second *Light*"}
    assert names(screen) == ["V5", "V4", "V7", "V3", "V2", "V1"]
    screen.put("history:search", "second")
    assert names(screen) == ["V7"]
    screen.select_rows("V7").click("history:load")
    assert screen.title == "Training"
    assert screen.query == {"style": "2", "version": "V7"}


def test_a_style_without_versions_says_what_to_do(screens: Screens) -> None:
    screen = screens.open_history()
    assert names(screen) == []
    assert "This style has no version yet. Start the first one in Training" in screen.text
    assert "history:search" not in screen.keys
    assert screen.click("history:to_training").title == "Training"


def test_an_empty_root_welcomes_on_history_too(empty: Screens) -> None:
    screen = empty.open("new").go_to("history")
    assert "No style yet" in screen.text


# -- search and filters


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("warm", ["V2"]),
        ("WARM one", ["V2"]),
        ('"the warm one" lion', ["V2"]),
        ("lion training", ["V3"]),
        ("3e-5", ["V3", "V2"]),
        ("cuda memory", ["V4"]),
        ("job-1-e1", ["V1"]),
        ("rate=0.00003", ["V3", "V2"]),
        ("optimizer=lion status=completed", ["V2"]),
        ("set=2", ["V1"]),
        ("images<12", ["V1"]),
        ("  ", ["V5", "V4", "V3", "V2", "V1"]),
        ("(.*", []),
    ],
)
def test_the_search_takes_words_and_conditions(five: Screens, search: str, found: list[str]) -> None:
    screen = five.open_history().put("history:search", search)
    assert names(screen) == found
    assert ("Nothing matches" in screen.text) is (not found)


def test_a_condition_that_cannot_be_understood_is_told_and_narrows_nothing(five: Screens) -> None:
    screen = five.open_history().put("history:search", "rate=abc")
    assert "rate=abc is left out: abc is not a number" in screen.text
    assert len(names(screen)) == 5


def test_filters_narrow_the_list_and_clear_widens_it_again(five: Screens) -> None:
    screen = five.open_history().put("history:status", [VersionStatus.COMPLETED.value])
    assert names(screen) == ["V2", "V1"]
    assert "2 of 5 versions." in screen.text
    screen.put("history:status", [VersionStatus.COMPLETED.value, VersionStatus.DRAFT.value])
    assert names(screen) == ["V5", "V2", "V1"]
    screen.put("history:good", True)
    assert names(screen) == ["V2"]
    screen.put("history:search", "nowhere").click("history:clear_all")
    assert len(names(screen)) == 5
    assert "history:clear" not in screen.keys


def test_values_that_occur_are_offered_and_narrow_the_list(five: Screens) -> None:
    screen = five.open_history()
    rates = screen.widget("history:value:learning_rate")
    assert rates.options == ["3e-5", "0.0001"]
    screen.put("history:value:learning_rate", [3e-5])
    assert names(screen) == ["V3", "V2"]
    screen.put("history:value:selection_set_id", [2])
    assert "Nothing matches" in screen.text


def test_the_days_of_creation_are_the_users_own(screens: Screens) -> None:
    screens.history(
        record(3, timestamp="2025-10-03T00:00:00.000Z"),
        record(2, timestamp="2025-10-02T23:59:59.999Z"),
        record(1),
    )
    screen = (
        screens.open_history().put("history:from", date(2025, 10, 2)).put("history:until", date(2025, 10, 2))
    )
    assert names(screen) == ["V2"]


def test_filters_and_the_selection_survive_another_page_and_another_style(five: Screens) -> None:
    second = five.lab.create_style("Second")
    five.history(record(7, parameters=LION), record(6), style=second.folder)
    screen = five.open_history().put("history:search", "lion").put("history:value:learning_rate", [3e-5])
    screen.put("history:scope", "All styles").select_rows("V2")
    screen.go_to("training").go_to("history")
    assert names(screen) == ["V7", "V3", "V2"]
    assert "Check status:job-2-e1" in screen.keys
    screen.put("history:scope", "This style").choose_style(second.folder)
    assert names(screen) == ["V7"]


# -- one, and several


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


def test_a_selection_stays_with_its_version_when_the_list_changes(five: Screens) -> None:
    screen = five.open_history().select_rows("V4")
    assert "Check status:job-4-e1" in screen.keys
    five.lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=1)
    screen.run()
    assert names(screen)[0] == "V6"
    assert [key for key in screen.keys if key.startswith("Check status:")] == ["Check status:job-4-e1"]
    screen.put("history:search", "warm")
    assert [key for key in screen.keys if key.startswith("Check status:")] == []


def test_a_click_on_the_list_of_before_selects_nothing_in_the_new_one(five: Screens) -> None:
    screen = five.open_history()
    before = screen.table.key
    five.lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=1)
    screen.app.session_state[before] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    screen.run()
    assert names(screen)[0] == "V6"
    assert [key for key in screen.keys if key.startswith("Check status:")] == []


def test_a_status_that_changes_leaves_the_selection_alone(five: Screens) -> None:
    screen = five.open_history().select_rows("V3", "V2")
    five.history(*({**one, "status": "failed"} if one["name"] == "V3" else one for one in five.records()))
    screen.run()
    assert "2 versions compared" in screen.text
    assert "❌ failed" in compared_text(screen)


# -- comparison


def test_comparing_shows_only_what_differs(five: Screens) -> None:
    screen = five.open_history().select_rows("V2", "V1")
    assert comparison(screen) == {
        "Learning rate": ["0.0001", "3e-5"],
        "Optimizer": ["adamw8bit", "Lion"],
        "Views per image": ["500", "333"],
        "Epochs": ["50", "33.3"],
        "Selection set": ["2", "1"],
        "Images": ["8", "12"],
        "Note": ["not recorded", "the warm one"],
    }
    screen.put("history:compare_all", True)
    assert comparison(screen)["Steps"] == ["2000", "2000"]


def test_the_oldest_is_the_first_column_and_what_the_others_have_otherwise_is_marked(five: Screens) -> None:
    shown = compared_text(five.open_history().select_rows("V2", "V1"))
    assert shown.splitlines()[0].startswith("| Field | **V1** · ✅ completed")
    assert ":material/star: good" in shown.splitlines()[0]
    assert "| Optimizer | adamw8bit | :orange-background[**Lion**] |" in shown


def test_comparing_equals_says_so(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = screens.open_history().select_rows("V1", "V2")
    assert "They do not differ in settings, dataset or result." in screen.text


def test_what_is_not_recorded_differs_from_every_number(screens: Screens) -> None:
    lacking = {name: value for name, value in PARAMETERS.items() if name != "save_every_n_steps"}
    screens.history(record(2), record(1, parameters=lacking))
    compared = comparison(screens.open_history().select_rows("V2", "V1"))
    assert compared == {"Save every n steps": ["not recorded", "500"]}


def test_versions_of_one_name_can_be_compared(screens: Screens) -> None:
    screens.history(record(3, name="Field"), record(2, name="Field"), record(1, imageCount=3))
    screen = screens.open_history()
    screen.app.session_state[screen.table.key] = {
        "selection": {"rows": [0, 1, 2], "columns": [], "cells": []}
    }
    assert comparison(screen.run())["Images"] == ["3", "12", "12"]
    assert "Field \\(2\\)" in compared_text(screen)


def test_text_in_every_field_is_compared_as_text(screens: Screens) -> None:
    odd = {**PARAMETERS, "class_tokens": NASTY, "optimizer_type": NASTY}
    screens.history(
        record(2, name=NASTY, description=NASTY, error=NASTY, status="failed", parameters=odd), record(1)
    )
    screen = screens.open_history().select_rows(NASTY, "V1")
    rows = compared_text(screen).splitlines()
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}
    assert NASTY in screen.text
    assert "](http" not in compared_text(screen)


def test_at_most_eight_versions_are_compared(screens: Screens) -> None:
    screens.history(*(record(number, imageCount=number) for number in range(10, 0, -1)))
    screen = screens.open_history()
    compared = comparison(screen.select_rows(*names(screen)))
    assert "10 are selected; the first 8 of them are compared." in screen.text
    assert compared["Images"] == [str(number) for number in range(3, 11)]


def test_a_new_version_starts_from_any_column(five: Screens) -> None:
    screen = five.open_history().select_rows("V3", "V2", "V1")
    (start,) = [key for key in screen.keys if key.startswith("history:start:") and "job-2" in key]
    assert screen.widget(start).label == "Start from V2"
    assert screen.click(start).title == "Training"
    assert screen.selected == five.version("V2").key


def test_loss_curves_lie_over_each_other_and_are_thin_enough_to_draw(five: Screens, folder: Path) -> None:
    for number in (1, 2):
        loss_curve(folder, f"job-{number}-e1", [(step, 1 / (step + number)) for step in range(3000)])
    screen = five.open_history().select_rows("V5", "V2", "V1")
    (chart,) = screen.app.main.get("vega_lite_chart")
    assert chart.proto.alt == "Loss by step, smoothed, of V1, V2"
    assert pa.ipc.open_stream(chart.proto.data.data).read_all().num_rows == 2000
    assert "Without a loss curve: V5" in screen.text


# -- many at once, and the trash


def test_all_failed_ones_are_deleted_at_once_and_come_back(five: Screens) -> None:
    five.history(*five.records(), record(0, name="V0", status="failed", timestamp="2025-09-01T00:00:00.000Z"))
    before = five.records()
    screen = five.open_history().click("history:delete_failed")
    assert names(screen) == ["V5", "V3", "V2", "V1"]
    assert "undo_bar:restore" in [one.key for one in screen.app.button]
    assert labels(screen, "history:view") == ["Versions", "Trash (2)"]
    screen.put("history:view", "trash")
    assert names(screen) == ["V4", "V0"]
    screen.click("history:restore_all")
    assert five.records() == before
    assert "The trash is empty." in screen.text


def test_all_failed_ones_of_all_styles_are_deleted_at_once(five: Screens) -> None:
    second = five.lab.create_style("Second")
    five.history(record(8, status="failed"), record(7), style=second.folder)
    screen = five.open_history().put("history:scope", "All styles").click("history:delete_failed")
    assert sorted(names(screen)) == ["V1", "V2", "V3", "V5", "V7"]
    assert [one.value for one in screen.app.toast] == ["2 versions are in the trash."]
    assert labels(screen, "history:view") == ["Versions", "Trash (2)"]


def test_only_what_is_listed_is_deleted(five: Screens) -> None:
    five.history(*five.records(), record(0, name="V0", status="failed"))
    screen = five.open_history().put("history:search", "cuda").click("history:delete_failed")
    screen.click("history:clear_all")
    assert "V0" in names(screen)
    assert "V4" not in names(screen)


def test_selected_versions_are_deleted_together(five: Screens) -> None:
    screen = five.open_history().select_rows("V5", "V2")
    assert (
        "Delete the selected versions? They go to the trash and can be restored; model files stay."
        in screen.text
    )
    screen.click("history:delete")
    assert names(screen) == ["V4", "V3", "V1"]
    assert "compared" not in screen.text


def test_what_still_runs_is_stopped_when_it_is_deleted_and_the_trash_says_so(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screens.open("new").start().new().start()
    jobs = [screens.sent("V1").job_id, screens.sent("V2").job_id]
    screen = screens.open_history().select_rows("V2", "V1")
    assert "2 versions still running: the endpoint is asked to stop first." in screen.text.replace("**", "")
    screen.click("history:delete")
    assert names(screen) == []
    assert runpod.count("cancel") >= len(jobs)


def test_a_deleted_version_is_in_the_trash_and_comes_back(five: Screens) -> None:
    screen = five.open_history().select_rows("V2").click("delete:job-2-e1")
    assert names(screen) == ["V5", "V4", "V3", "V1"]
    screen.put("history:view", "trash")
    assert screen.column("Description") == ["the warm one"]
    screen.select_rows("V2").click("history:restore").put("history:view", "versions")
    assert names(screen) == ["V5", "V4", "V3", "V2", "V1"]
    assert labels(screen, "history:view") == ["Versions", "Trash (0)"]


def test_a_version_whose_name_was_taken_meanwhile_is_not_restored_but_told(five: Screens) -> None:
    five.lab.delete(STYLE, "V2")
    trash = five.styles / STYLE / "training_versions.trash.json"
    five.history(record(9, name="V2"))
    screen = five.open_history().put("history:view", "trash").click("history:restore_all")
    assert "There is a version V2 again; rename it, then restore this one." in screen.text
    assert len(json.loads(trash.read_bytes())["versions"]) == 1
    screen.click("history:hide_problems")
    assert "There is a version V2 again" not in screen.text


def test_a_trash_with_one_record_twice_is_shown(five: Screens) -> None:
    trash = five.styles / STYLE / "training_versions.trash.json"
    trash.write_text(json.dumps({"versions": [record(8), record(8), {"id": 1, "name": None}]}))
    assert names(five.open_history().put("history:view", "trash")) == ["V8", "V8", "1"]


def test_a_disk_that_goes_away_while_many_are_deleted_is_told(
    five: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = five.open_history()

    def refuses(*_: object) -> Iterator[None]:
        raise StoreUnavailableError("The disk is *full*. Nothing was changed.")

    monkeypatch.setattr(five.lab, "delete_many", refuses)
    screen.click("history:delete_failed")
    assert "The disk is *full*. Nothing was changed." in screen.text
    assert len(names(screen)) == 5


def test_a_live_record_that_has_no_more_than_an_id_or_is_there_twice_breaks_no_screen(
    screens: Screens,
) -> None:
    screens.history(record(3), record(3), record(2, id="x", requestId=None), {"key": "bare"}, record(1))
    screen = screens.open_history()
    for name in names(screen):
        screen.select_rows(name)
    screen.select_rows(*names(screen)[2:])
    screen.go_to("training")
    assert screen.choose_version(screens.version("V1")).selected == "job-1-e1"


def compared_text(screen: Screen) -> str:
    """The comparison, as it was handed to Streamlit."""
    (table,) = [text for text in screen.values_of("markdown") if text.startswith("| Field")]
    return table


def comparison(screen: Screen) -> dict[str, list[str]]:
    """Its values by field, marks and escapes taken away."""
    rows = [line.strip("| ").split(" | ") for line in compared_text(screen).splitlines()[2:]]
    plain = [
        [cell.replace("\\", "").replace(":orange-background[**", "").replace("**]", "") for cell in row]
        for row in rows
    ]
    return {row[0]: row[1:] for row in plain if not row[0].startswith(":gray")}


def loss_curve(folder: Path, job_id: str, points: list[tuple[int, float]]) -> None:
    """As the lab keeps the curve of an old record's job that has ended."""
    curves = folder / "state" / "curves"
    curves.mkdir(parents=True, exist_ok=True)
    (curves / f"{job_id}_{job_id}.json").write_text(json.dumps(points))
