"""History's list in a real browser: its grid sorts and marks by itself, and must mean the same versions as the page."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.recorded import draft, record
from tests.browser.training_page import PATIENCE_MS, TrainingPage, settled, until

pytestmark = [pytest.mark.browser]

_STATUS_HEAD = {"x": 180, "y": 18}
"""Where the head of the column Status is clicked, to sort by it."""


def write(folder: Path, *records: dict[str, object]) -> None:
    path = folder / "styles" / "1_flat_landscapes" / "training_versions.json"
    path.write_text(json.dumps({"versions": records}))


def sorted_by_status(history: HistoryPage) -> HistoryPage:
    expect(history.grid).to_be_visible(timeout=PATIENCE_MS)
    history.grid.click(position=_STATUS_HEAD, force=True)  # type: ignore[arg-type]
    settled(history.page)
    return history


def test_two_are_compared_within_three_clicks(
    training: TrainingPage, history: HistoryPage, two_styles: Path
) -> None:
    write(two_styles, record(2), record(1))
    training.open("?style=1")
    history.come().mark(0, 1)
    assert history.compared("Learning rate") == ["0.0002", "0.0003"]


def test_a_row_of_a_sorted_list_is_the_version_that_stands_there(
    training: TrainingPage, history: HistoryPage, two_styles: Path
) -> None:
    write(two_styles, draft(4), record(3, isGood=None), draft(2), record(1))
    training.open("?style=1")
    sorted_by_status(history.come()).mark(1)  # the completed ones come first: V3, V1, V4, V2
    expect(history.details).to_contain_text("V1")
    sorted_by_status(history)  # the other way round: V4, V2, V3, V1
    expect(history.details).to_contain_text("V1")
    history.mark(0)
    expect(history.page.locator(".st-key-comparison_table thead")).to_contain_text("V1 · ✅ completed")
    expect(history.page.locator(".st-key-comparison_table thead")).to_contain_text("V4 · 📝 draft")


def test_the_selection_stays_with_its_version_while_another_one_ends(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    write(two_styles, draft(2), record(1))
    training.open("?style=1").new().start()
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="V3 runs")
    (job_id,) = runpod.trainer.running
    runpod.trainer.step(job_id, 3)
    expect(training.page.get_by_test_id("stSidebar").get_by_text("30%")).to_be_visible(timeout=PATIENCE_MS)
    sorted_by_status(history.come()).mark(1)  # V1 completed, V2 draft, V3 training
    expect(history.details).to_contain_text("V2")

    runpod.trainer.release_all()  # V3 is completed: now V3, V1, V2
    expect(history.page.get_by_text("Nothing is training.")).to_be_visible(timeout=PATIENCE_MS)
    settled(history.page)

    expect(history.details).to_contain_text("V2")
    history.mark(0)
    heads = history.page.locator(".st-key-comparison_table thead")
    expect(heads).to_contain_text("V2 · 📝 draft")
    expect(heads).to_contain_text("V3 · ✅ completed")
    expect(heads).not_to_contain_text("V1")


def test_a_row_is_marked_by_the_keyboard(history: HistoryPage, two_styles: Path) -> None:
    write(two_styles, record(2), record(1))
    history.open("?style=1")
    history.grid.locator("canvas").first.focus()
    for keys in ("ArrowDown", "Shift+Space"):
        history.page.keyboard.press(keys)
    expect(history.details).to_be_visible(timeout=PATIENCE_MS)
