"""What a start finds missing, while a training runs and the page is drawn anew under it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]


def test_captions_are_typed_below_the_start_while_the_page_is_redrawn_and_a_further_click_starts(
    training: TrainingPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    page, folder = training.page, two_styles / "styles" / "1_flat_landscapes"
    training.open("?style=1")
    training.start()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    for number in (2, 3):
        (folder / f"image_{number:03}.txt").unlink()
    training.fill("Learning rate", "3e-4")

    training.button("Start training").click()
    heading = page.get_by_role("heading", name="Before this can start: 2 have no caption")
    expect(heading).to_be_focused(timeout=PATIENCE_MS)
    field = training.field("image_002.jpg")
    field.press_sequentially("a quiet")
    runpod.trainer.step(runpod.trainer.running[0], 5)
    expect(training.sidebar.get_by_text("50%")).to_be_visible(timeout=PATIENCE_MS)
    expect(field).to_be_focused()
    field.press_sequentially(" hill")
    page.get_by_role("button", name="Write 2 captions").click()
    training.shows("2 captions were written. Nothing was started yet.")
    assert (folder / "image_002.txt").read_text().strip() == "a quiet hill"
    assert (folder / "image_003.txt").read_text().strip() == "image 003"
    expect(heading).to_have_count(0)
    assert runpod.posts() == 1

    training.start()
    until(page, lambda: runpod.posts() == 2, what="the second start is sent")
