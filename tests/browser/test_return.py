"""Coming back: what ended meanwhile is told until it is dismissed, and what was deleted is brought back."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.lab_server import LabServer
from tests.browser.recorded import records
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]


def statuses(folder: Path) -> dict[str, str]:
    """Of the first style's versions, by name, as they stand in its file."""
    return {one["name"]: one["status"] for one in records(folder)}


def above(page: Page) -> Locator:
    """The notice at the top of the page."""
    return page.locator(".st-key-ended_notice")


def aside(page: Page) -> Locator:
    """What ended while the page was open, in the sidebar."""
    return page.locator(".st-key-just_ended")


def test_what_ended_is_told_beside_the_page_then_above_the_next_one_until_it_is_dismissed(
    training: TrainingPage, runpod: FakeRunpod
) -> None:
    page = training.page
    training.open("?style=1").start()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    training.new().field("Description").fill("half typed")
    form = training.form.bounding_box()
    runpod.trainer.complete(runpod.trainer.running[0])
    expect(aside(page).get_by_role("button", name="V1 of Flat Landscapes completed")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert training.form.bounding_box() == form
    expect(training.field("Description")).to_have_value("half typed")
    expect(above(page).get_by_role("button")).to_have_count(0)

    page.get_by_role("link", name="History").click()
    told = above(page).get_by_role("button", name="V1 of Flat Landscapes completed")
    expect(told).to_be_visible(timeout=PATIENCE_MS)
    expect(aside(page).get_by_role("button")).to_have_count(0)
    told.click()
    training.ready().shows_version("V1 · completed")
    expect(told).to_have_count(0)
    training.settled()
    page.reload()
    training.ready()
    expect(told).to_have_count(0)


def test_a_page_left_open_shows_all_that_is_known_after_the_server_was_away_without_a_click(
    training: TrainingPage, runpod: FakeRunpod, server: LabServer, two_styles: Path
) -> None:
    page = training.page
    training.open("?style=1").start()
    training.new().fill("Learning rate", "2e-4")
    training.start()
    until(page, lambda: len(runpod.trainer.running) == 2, what="both jobs run")
    done, going_on = runpod.trainer.running
    server.kill()
    runpod.trainer.complete(done)
    runpod.trainer.step(going_on, 6)
    server.start()

    expect(training.sidebar.get_by_text("60%")).to_be_visible(timeout=3 * PATIENCE_MS)
    expect(training.sidebar.get_by_text("Running now · 1")).to_be_visible(timeout=PATIENCE_MS)
    told = page.locator(".st-key-ended_notice, .st-key-just_ended")
    expect(told.get_by_role("button", name="V1 of Flat Landscapes completed")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert statuses(two_styles)["V1"] == "completed"


def test_a_deleted_version_is_brought_back_by_the_bar_which_the_refresh_leaves_alone(
    training: TrainingPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    page = training.page
    training.open("?style=1").start()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    training.new().fill("Learning rate", "2e-4")
    training.button("Save draft").click()
    training.shows_version("V2 · draft")
    training.settled()
    training.button("Delete").click()
    page.get_by_role("button", name="Delete it").click()
    training.shows_version("V1 · training")
    assert set(statuses(two_styles)) == {"V1"}
    bar = page.locator(".st-key-undo_bar")
    expect(bar.get_by_text("V2 was deleted.")).to_be_visible(timeout=PATIENCE_MS)
    runpod.trainer.step(runpod.trainer.running[0], 5)
    expect(training.details.get_by_text("5 / 10 steps")).to_be_visible(timeout=PATIENCE_MS)
    page.set_viewport_size({"width": 390, "height": 844})
    box = bar.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    bar.get_by_role("button", name="Restore").press("Enter")
    training.shows_version("V2 · draft")
    expect(bar.get_by_role("button")).to_have_count(0)
    assert set(statuses(two_styles)) == {"V1", "V2"}


def test_a_note_that_is_half_typed_survives_the_refreshes_of_a_running_training(
    training: TrainingPage, runpod: FakeRunpod
) -> None:
    page = training.page
    training.open("?style=1").start()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    training.details.get_by_role("button", name="Edit").click()
    page.get_by_label("Note", exact=True).fill("half a thou")
    for step in (2, 4):
        runpod.trainer.step(runpod.trainer.running[0], 2)
        expect(training.details.get_by_text(f"{step} / 10 steps")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("Note", exact=True)).to_have_value("half a thou")
    page.get_by_label("Note", exact=True).press_sequentially("ght")
    page.get_by_role("button", name="Save note").click()
    expect(training.details.locator(".st-key-version_note").get_by_text("half a thought")).to_be_visible(
        timeout=PATIENCE_MS
    )
