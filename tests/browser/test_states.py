"""Every state of the screens, at three sizes: all text can be read, and nothing scrolls sideways."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.history_page import HistoryPage
from tests.browser.layout import SIZES, layout_faults
from tests.browser.movement import nothing_moves
from tests.browser.profiles import profile
from tests.browser.states import STATES, STILL, Opened, at_work, opened, report, still
from tests.browser.training_page import PATIENCE_MS, TrainingPage, settled

pytestmark = [pytest.mark.browser]

_AT_WORK = [name for name in STATES if name not in STILL]


@pytest.fixture(scope="module")
def still_states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Opened]]:
    """One server for all states that differ in nothing but their files."""
    with still(tmp_path_factory.mktemp("still"), *STILL) as states:
        yield states


@pytest.mark.xdist_group("still")
@pytest.mark.parametrize("state", list(STILL))
def test_all_text_can_be_read_where_nothing_runs(
    page: Page, still_states: Mapping[str, Opened], state: str
) -> None:
    faults = faults_of(page, still_states[state])
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("state", _AT_WORK)
def test_all_text_can_be_read_in_the_other_states(page: Page, tmp_path: Path, state: str) -> None:
    with opened(state, tmp_path) as state_opened:
        faults = faults_of(page, state_opened)
        assert not faults, "\n".join(faults)
        assert "Traceback" not in state_opened.server.log


def test_nothing_moves_while_a_training_goes_on(browser: Browser, tmp_path: Path) -> None:
    with (
        at_work(tmp_path, 0.3, 0.1) as state,
        # A profile each: of several tabs of one, a browser draws only the last.
        profile(browser) as training,
        profile(browser, "phone") as phone,
        profile(browser) as history,
    ):
        _followed(training, phone, history, state)


def _followed(training: Page, phone: Page, history: Page, state: Opened) -> None:
    assert state.runpod is not None
    for page in (training, phone):
        page.goto(state.url)
        _drawn(page, "Training")
        expect(page.get_by_text("600 / 2,000").last).to_be_visible(timeout=PATIENCE_MS)
    HistoryPage(history, state.server.url).open(state.query).mark(1)
    expect(history.get_by_text("600 / 2,000").last).to_be_visible(timeout=PATIENCE_MS)
    for page in (training, phone, history):  # the last of the details
        expect(page.get_by_role("link", name="RunPod console")).to_be_visible(timeout=PATIENCE_MS)
        settled(page)
    with nothing_moves(training), nothing_moves(phone), nothing_moves(history):
        for share in (0.4, 0.5):  # each is seen within five seconds; the heart beats every two
            report(state.runpod, state.runpod.trainer.running[0], share)
            told = training.get_by_text(f"{share * 2000:,.0f} / 2,000").last
            expect(told).to_be_visible(timeout=PATIENCE_MS)
            training.wait_for_timeout(2500)


def faults_of(page: Page, state: Opened) -> list[str]:
    """What is wrong with the layout of a state's screens; at the phone's size they are opened anew, as by a phone."""
    faults: list[str] = []
    for screen, url in (("Training", state.url), ("History", state.history_url)):
        page.goto(url)
        _drawn(page, screen)
        faults += _faults_at(page, screen, "laptop")
        page.set_viewport_size(SIZES["tablet"])
        page.wait_for_timeout(300)
        faults += _faults_at(page, screen, "tablet")
        page.set_viewport_size(SIZES["phone"])
        page.reload()
        _drawn(page, screen)
        faults += _faults_at(page, screen, "phone")
        page.set_viewport_size(SIZES["laptop"])
    page.set_viewport_size(SIZES["phone"])
    page.reload()
    _drawn(page, "History")
    page.get_by_role("button", name="Expand sidebar").click()
    page.wait_for_timeout(500)
    return [*faults, *_faults_at(page, "sidebar", "phone")]


def _faults_at(page: Page, screen: str, size: str) -> list[str]:
    return [f"{screen}, {size}: {fault}" for fault in layout_faults(page)]


def _drawn(page: Page, screen: str) -> None:
    """Everything is there: History with its first version selected, the form with all of its fields."""
    expect(page.get_by_role("heading", level=2).first).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    assert page.get_by_role("dialog").count() == 0, page.get_by_role("dialog").inner_text()
    assert page.get_by_test_id("stException").count() == 0, page.get_by_test_id("stException").inner_text()
    if screen == "History" and page.get_by_test_id("stDataFrame").count():
        HistoryPage(page, "").mark(0)
        expect(page.locator(".st-key-version_details")).to_be_visible(timeout=PATIENCE_MS)
    if screen == "Training" and page.locator(".st-key-training_form").count():
        TrainingPage(page, "").advanced()
