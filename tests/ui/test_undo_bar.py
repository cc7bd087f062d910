"""The bar that brings back what was just deleted."""

import time

import pytest

from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import STYLE, Screens, record
from ui import undo_bar


def test_a_deleted_version_is_brought_back_and_selected(screens: Screens) -> None:
    screens.history(record(3), record(2, name="a **b**"), record(1))
    screen = screens.open("new").choose_version(screens.lab.versions(STYLE)[1])
    screen.click("delete:job-2-e1")
    assert "a **b** was deleted." in screen.text
    assert screen.selected == "job-3-e1"
    screen.run().click("undo_bar:restore")
    assert [one["name"] for one in screens.records()] == ["V3", "a **b**", "V1"]
    assert screen.selected == "job-2-e1"
    assert "was deleted" not in screen.text


def test_the_bar_is_there_on_the_other_page_and_when_nothing_is_left(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1").click("delete:job-1-e1")
    screen.go_to("history").click("undo_bar:restore")
    assert [one["name"] for one in screens.records()] == ["V1"]


def test_the_bar_is_closed_by_hand_or_goes_when_its_time_is_over(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens.history(record(2), record(1))
    screen = screens.open("V1").click("delete:job-1-e1").click("undo_bar:close")
    assert "undo_bar:restore" not in screen.keys
    screen.click("delete:job-2-e1")
    assert "undo_bar:restore" in screen.keys
    late = time.monotonic() + 16
    monkeypatch.setattr(undo_bar, "monotonic", lambda: late)
    assert "undo_bar:restore" not in screen.run().keys


def test_a_name_taken_meanwhile_is_told_and_the_version_stays_in_the_trash(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1").click("delete:job-1-e1")
    screens.history(record(2, name="V1"))
    screen.click("undo_bar:restore")
    assert "There is a version V1 again; rename it, then restore this one." in screen.text
    assert [one.key for one in screens.lab.trash(STYLE)] == ["job-1-e1"]
    screens.lab.rename(STYLE, "V1", "V2")
    screen.click("undo_bar:restore")
    assert [one["name"] for one in screens.records()] == ["V2", "V1"]


def test_of_many_those_that_can_be_are_brought_back_at_once(screens: Screens) -> None:
    screens.history(record(3), record(2), record(1))
    for name in ("V3", "V2", "V1"):
        screens.lab.delete(STYLE, name)
    screens.history(record(4, name="V2"))
    screen = screens.open("V2")
    undo = {"style": STYLE, "keys": ["job-3-e1", "job-2-e1", "job-1-e1"], "text": "3 versions were deleted."}
    screen.app.session_state["undo_bar:offer"] = {**undo, "until": time.monotonic() + 15}
    screen.run().click("undo_bar:restore")
    assert {one["name"] for one in screens.records()} == {"V1", "V2", "V3"}
    assert "There is a version V2 again; rename it, then restore this one." in screen.text
    assert screen.app.session_state["undo_bar:offer"]["keys"] == ["job-2-e1"]
    assert screen.selected == "job-4-e1"


def test_what_ran_says_that_it_is_being_stopped(screens: Screens, runpod: FakeRunpod) -> None:
    screen = screens.open("new").start()
    version = screens.sent("V1")
    screen.run().click(f"delete:{version.key}")
    assert "V1 was deleted. It is being stopped." in screen.text
    assert runpod.count("cancel") >= 1
