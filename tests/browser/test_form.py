"""The form in a real browser: edits over a reload, and a start by keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from local_endpoint import Fault
from tests.browser.conftest import FakeRunpod
from tests.browser.recorded import records
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]
EDITS = "training_edits_1_flat_landscapes/new"


def test_the_shortcut_starts_with_what_was_just_typed_and_two_presses_make_one_training(
    training: TrainingPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    runpod.faults["run"] = Fault.delay(1)
    training.open("?style=1&version=new")
    training.field("Description").press_sequentially("by hand")
    training.page.keyboard.press("Control+Enter")  # applies a text, as the text area says; it starts nothing
    expect(training.button("Discard edits")).to_be_visible(timeout=PATIENCE_MS)
    assert records(two_styles) == []
    training.field("Learning rate").fill("")
    training.field("Learning rate").press_sequentially("3e-4")
    training.page.keyboard.press("Control+Shift+Enter")
    training.page.keyboard.press("Control+Shift+Enter")
    training.shows_version("V1 ·")
    training.settled()
    expect(training.button("Start training")).to_be_disabled()
    training.fill("Description", "steps as well")
    expect(training.button("Start training")).to_be_enabled(timeout=PATIENCE_MS)
    training.field("Steps").fill("777")
    training.page.keyboard.press("Control+Shift+Enter")  # from here on it is another version
    training.shows_version("V2 ·")
    until(training.page, lambda: runpod.posts() == 2, what="both were sent")
    training.page.wait_for_timeout(1500)
    assert [
        (one["name"], one["parameters"]["learning_rate"], one["parameters"]["max_train_steps"])
        for one in records(two_styles)
    ] == [("V2", 3e-4, 777), ("V1", 3e-4, 2000)]
    assert [one["description"] for one in records(two_styles)] == ["steps as well", "by hand"]
    assert runpod.posts() == 2


def test_what_is_being_typed_is_kept_when_the_shortcut_for_new_leaves_the_form(
    training: TrainingPage,
) -> None:
    training.open("?style=1&version=new")
    training.button("Save draft").click()
    training.shows_version("V1 ·")
    training.settled()
    training.field("Description").press_sequentially("half a thought")
    training.page.keyboard.press("Alt+n")
    training.shows_version("not saved yet")
    training.settled().choose_version("V1")
    expect(training.field("Description")).to_have_value("half a thought", timeout=PATIENCE_MS)
