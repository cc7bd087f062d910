"""What was typed and not started yet is there again, whatever happens in between."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.profiles import profile
from tests.browser.recorded import records
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]
EDITS = "training_edits_1_flat_landscapes/new"


def edited_mark(training: TrainingPage) -> Locator:
    """Beside the form's heading."""
    return training.form.get_by_role("heading", name=re.compile("edited"))


def has_edits(training: TrainingPage) -> None:
    """The form shows what was typed, and says that it is typed."""
    expect(training.field("Learning rate")).to_have_value("3e-4")
    expect(training.field("Description")).to_have_value("why I try this")
    expect(edited_mark(training)).to_be_visible(timeout=PATIENCE_MS)


def test_edits_survive_a_refresh_another_page_another_version_and_a_reload(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod
) -> None:
    training.open("?style=1")
    training.start()
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    expect(edited_mark(training)).to_have_count(0)
    training.fill("Learning rate", "3e-4")
    training.field("Description").fill("why I try this")
    runpod.trainer.step(runpod.trainer.running[0], 5)
    expect(training.sidebar.get_by_text("50%")).to_be_visible(timeout=PATIENCE_MS)
    expect(training.field("Description")).to_have_value("why I try this")  # its field was not left yet
    expect(training.field("Description")).to_be_focused()
    training.field("Description").press("Tab")
    training.settled()
    has_edits(training)

    history.come()
    training.comes()
    has_edits(training)

    training.new()
    expect(training.field("Learning rate")).to_have_value("0.0001")
    training.fill("Learning rate", "7e-4")
    training.choose_version("V1")
    has_edits(training)
    training.new()
    expect(training.field("Learning rate")).to_have_value("7e-4")
    training.choose_version("V1")

    training.page.reload()
    training.ready()
    has_edits(training)

    training.button("Discard edits").click()
    expect(training.field("Learning rate")).to_have_value("0.0001")
    expect(training.field("Description")).to_have_value("")
    expect(edited_mark(training)).to_have_count(0)
    training.settled().page.reload()
    training.ready()
    expect(training.field("Learning rate")).to_have_value("0.0001")


def test_edits_survive_a_restart_of_the_browser_and_of_the_server(
    browser: Browser, server: LabServer
) -> None:
    with profile(browser) as page:
        training = TrainingPage(page, server.url).open("?style=1")
        training.button("Save draft").click()
        training.shows_version("V1")
        training.new()
        training.fill("Learning rate", "3e-4")
        training.fill("Description", "why I try this")
        training.choose("Dataset", re.compile("Set 2"))
        until(page, lambda: "set" in (training.stored(EDITS) or ""), what="all edits are stored")
        kept = page.context.storage_state()
    server.kill()
    server.start()
    with profile(browser, kept=kept) as page:
        training = TrainingPage(page, server.url).open()
        training.shows_version("not saved yet")
        has_edits(training)
        expect(training.box("Dataset")).to_have_value("Set 2 · 8 images")
        training.choose("Style", "2 · Second Light")
        expect(training.field("Learning rate")).to_have_value("0.0001")
        training.choose("Style", "1 · Flat Landscapes")
        training.button("Discard edits").click()
        expect(training.field("Learning rate")).to_have_value("0.0001")
        until(page, lambda: training.stored(EDITS) is None, what="the browser has forgotten them")


def test_a_click_that_leaves_a_field_comes_after_what_was_typed_into_it(
    training: TrainingPage, two_styles: Path
) -> None:
    page = training.open("?style=1").page
    training.field("Description").fill("typed, and not left")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible(timeout=PATIENCE_MS)
    training.comes()
    expect(training.field("Description")).to_have_value("typed, and not left")
    training.field("Learning rate").fill("3e-4")
    training.button("Start training").click()
    until(page, lambda: len(records(two_styles)) == 1, what="it is started")
    assert records(two_styles)[0]["parameters"]["learning_rate"] == 3e-4
