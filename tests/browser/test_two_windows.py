"""Two windows on one style show the same records, each with its own selection."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.profiles import profile
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]

_DRAWING_S = 3.0
"""For the rerun itself and its way through a machine that has other work, too."""
_BUSY_S, _QUIET_S = 2.0, 15.0


def renamed(training: TrainingPage, name: str) -> float:
    """Renames the selected version; answers when that was done."""
    training.edit("New name", name, "Rename")
    training.shows_version(name)
    return time.monotonic()


def test_while_something_runs_a_window_shows_another_ones_changes_within_two_seconds(
    browser: Browser, server: LabServer, runpod: FakeRunpod
) -> None:
    with profile(browser) as page, profile(browser) as other_page:
        one = TrainingPage(page, server.url).open("?style=1")
        one.start()
        until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
        other = TrainingPage(other_page, server.url).open("?style=1&version=V1")
        one.new().button("Save draft").click()
        one.shows_version("V2")
        saved_at = time.monotonic()
        expect(other_page.get_by_text("Version (2)")).to_be_visible(timeout=PATIENCE_MS)
        assert time.monotonic() - saved_at < _BUSY_S + _DRAWING_S
        other.shows_version("V1 · training")

        other.choose_version("V2")
        renamed_at = renamed(one, "Low rate")
        other.shows_version("Low rate")
        assert time.monotonic() - renamed_at < _BUSY_S + _DRAWING_S

        other.choose_version("V1")
        runpod.trainer.complete(runpod.trainer.running[0])
        other.shows_version("V1 · completed")
        other.button("Mark as good").click()
        expect(other.button("No longer good")).to_be_visible(timeout=PATIENCE_MS)
        one.shows_version("Low rate · draft")


def test_while_nothing_runs_a_window_shows_another_ones_changes_within_fifteen_seconds(
    browser: Browser, server: LabServer
) -> None:
    with profile(browser) as page, profile(browser) as other_page:
        one = TrainingPage(page, server.url).open("?style=1")
        one.button("Save draft").click()
        one.shows_version("V1")
        HistoryPage(other_page, server.url).open("?style=1").mark(0)
        details = other_page.locator(".st-key-version_details")
        expect(details.get_by_role("heading", name="V1")).to_be_visible(timeout=PATIENCE_MS)
        renamed_at = renamed(one, "Low rate")
        expect(details.get_by_role("heading", name="Low rate")).to_be_visible(timeout=PATIENCE_MS)
        assert time.monotonic() - renamed_at < _QUIET_S + _DRAWING_S
