"""The main job in a real browser: start, follow, stop and reload trainings."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from local_endpoint import Fault
from tests.browser.conftest import VIEWPORT
from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.recorded import records
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]


def start_with_rate(training: TrainingPage, rate: str) -> None:
    training.new().fill("Learning rate", rate)
    training.start()


def test_the_selection_survives_a_reload_and_a_new_browser_on_the_same_profile(
    browser: Browser, training: TrainingPage, context: BrowserContext
) -> None:
    training.open("?style=1")
    training.button("Save draft").click()
    training.shows_version("V1")
    training.new().fill("Learning rate", "2e-4")
    training.button("Save draft").click()
    training.shows_version("V2")
    training.choose_version("V1")
    training.choose("Style", "2 · Second Light")
    training.button("Save draft").click()
    training.shows_version("V1")
    training.choose("Style", "1 · Flat Landscapes")
    training.page.reload()
    training.ready().shows_version("V1")

    until(
        training.page, lambda: training.stored("training_selectedStyleId") == "1", what="the style is stored"
    )
    profile = context.storage_state()
    again = browser.new_context(storage_state=profile, viewport=VIEWPORT)
    reopened = TrainingPage(again.new_page(), training.url).open()
    reopened.shows_version("V1")
    expect(reopened.field("Learning rate")).to_have_value("0.0001")
    again.close()


def test_two_tabs_on_two_styles_keep_both_selections(
    training: TrainingPage, context: BrowserContext, server: LabServer
) -> None:
    training.open("?style=1")
    training.button("Save draft").click()
    training.ready()
    other = TrainingPage(context.new_page(), server.url).open("?style=2")
    other.button("Save draft").click()
    other.ready().new()
    training.new().choose_version("V1")

    until(
        training.page,
        lambda: training.stored("training_2_selectedVersionId") == "new",
        what="tab two is stored",
    )
    chosen = training.stored("training_1_selectedVersionId")
    assert chosen is not None and len(chosen) == 36
    third = TrainingPage(context.new_page(), server.url).open("?style=1")
    third.shows_version("V1")
    fourth = TrainingPage(context.new_page(), server.url).open("?style=2")
    fourth.shows_version("New version, not saved yet")


@pytest.mark.parametrize("pause_ms", [100, 1000])
def test_two_clicks_on_start_make_one_job(
    training: TrainingPage, runpod: FakeRunpod, two_styles: Path, pause_ms: int
) -> None:
    runpod.faults["run"] = Fault.delay(2)
    training.open("?style=1")
    box = training.button("Start training").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    training.page.mouse.click(x, y)
    training.page.wait_for_timeout(pause_ms)
    training.page.mouse.click(x, y)
    until(training.page, lambda: len(runpod.trainer.running) > 0, what="the job runs")
    training.page.wait_for_timeout(2500)  # long enough for a second one to arrive
    assert runpod.posts() == 1
    assert len(records(two_styles)) == 1


def test_cancelling_asks_and_says_stopping_until_runpod_confirms(
    training: TrainingPage, runpod: FakeRunpod
) -> None:
    runpod.faults["cancel"] = Fault.refuse()
    training.open("?style=1")
    training.start()
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    training.button("Cancel").click()
    training.button("Stop it").click()
    training.shows_version("stopping, not confirmed yet")
    del runpod.faults["cancel"]
    training.shows_version("failed")
    expect(training.page.get_by_text("It was cancelled.")).to_be_visible(timeout=PATIENCE_MS)


def test_a_lost_reply_is_told_and_never_sent_again(
    training: TrainingPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    runpod.faults["run"] = Fault.lost_reply()
    training.open("?style=1")
    training.start()
    training.shows_version("no answer, may be running")
    expect(training.page.get_by_text("a job may be running and costing money")).to_be_visible(
        timeout=PATIENCE_MS
    )
    job_id = runpod.trainer.running[0]
    training.button("Attach job or mark as failed").click()
    training.fill("Job id from RunPod's console", job_id)
    training.button("Attach this job").click()
    training.shows_version("V1 · training")
    assert runpod.posts() == 1
    assert records(two_styles)[0]["id"] == job_id


def test_deleting_asks_and_history_restores(training: TrainingPage, history: HistoryPage) -> None:
    training.open("?style=1")
    training.button("Save draft").click()
    training.ready().shows_version("V1")
    training.button("Delete").click()
    training.button("Delete it").click()
    training.shows_version("No version yet")
    history.come().trash()
    expect(history.page.get_by_text("Trash (1)")).to_be_visible(timeout=PATIENCE_MS)
    training.button("Restore all").click()
    expect(history.page.get_by_text("Trash (0)")).to_be_visible(timeout=PATIENCE_MS)


def test_a_killed_server_finds_its_training_again(
    training: TrainingPage, runpod: FakeRunpod, server: LabServer
) -> None:
    training.open("?style=1")
    training.start()
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    server.kill()
    runpod.trainer.step(runpod.trainer.running[0], 4)
    server.start()
    training.open("?style=1&version=V1")
    expect(training.page.get_by_test_id("stSidebar").get_by_text("40%")).to_be_visible(timeout=PATIENCE_MS)
    runpod.trainer.release_all()
    training.shows_version("V1 · completed")


def test_the_first_opening_trains_the_sample_on_the_local_endpoint(tmp_path: Path, page: Page) -> None:
    with LabServer(tmp_path / "fresh") as started:
        page.goto(started.url)
        page.get_by_role("button", name="Create sample style").click(timeout=PATIENCE_MS)
        training = TrainingPage(page, started.url).ready()
        training.fill("Steps", "40")
        training.start()
        training.shows_version("V1 · completed")
        expect(page.get_by_text("file://")).to_be_visible(timeout=PATIENCE_MS)
        assert "Traceback" not in started.log


def test_half_a_configuration_opens_history_and_says_what_is_missing(tmp_path: Path, page: Page) -> None:
    with LabServer(tmp_path / "half", {"RUNPOD_API_KEY": "half-a-key"}) as started:
        page.goto(started.url)
        expect(page.get_by_role("heading", name="History")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_text("RUNPOD_ENDPOINT_ID").first).to_be_visible()
        assert "half-a-key" not in page.content()
        assert "half-a-key" not in started.log


def test_a_start_while_another_training_ends_shows_the_new_version_in_page_and_address(
    training: TrainingPage, runpod: FakeRunpod
) -> None:
    training.open("?style=1")
    training.start()
    for number in range(2, 4):
        until(training.page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
        training.shows_version(f"V{number - 1} · training")
        training.fill("Learning rate", f"{number}e-4")
        runpod.trainer.complete(runpod.trainer.running[0])
        training.page.wait_for_timeout(700 * number)  # the refresh comes at another moment each time
        training.button("Start training").click()
        training.shows_version(f"V{number} ·")
        training.page.wait_for_function(f"location.search.includes('version=V{number}')", timeout=PATIENCE_MS)
        training.page.wait_for_timeout(2500)  # two refreshes later it still is
        training.shows_version(f"V{number} ·")
    assert runpod.posts() == 3
