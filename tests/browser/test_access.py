"""Axe-core finds nothing on the screens that a bare Streamlit page with the same widgets has not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import Violation, told, violations
from tests.browser.datasets_page import DatasetsPage
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import await_health, free_port
from tests.browser.profiles import profile
from tests.browser.states import Opened, at_work
from tests.browser.training_page import PATIENCE_MS, TrainingPage, settled

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("access")]

_THEMES: Final = ("light", "dark")
_JUDGED_IN_ANY_CASE: Final = "color-contrast"
"""The colours are the lab's own, whatever Streamlit's are like."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with at_work(tmp_path_factory.mktemp("access"), 0.5) as state:
        yield state


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the bare page; it is started elsewhere, so that it has Streamlit's own theme."""
    folder, port = tmp_path_factory.mktemp("bare"), free_port()
    script = Path(__file__).parent / "bare_app.py"
    options = {"server.port": port, "server.address": "127.0.0.1", "server.headless": "true"}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=dict(os.environ), stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            await_health(url, lambda: (folder / "log").read_text(errors="replace"))
            yield url
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_axe_finds_nothing_that_a_bare_page_has_not(
    browser: Browser, lab: Opened, bare: str, size: str
) -> None:
    with profile(browser, size) as page:
        page.goto(bare)
        expect(page.get_by_text("Tab one")).to_be_visible(timeout=PATIENCE_MS)
        settled(page)
        known = {one.kind for one in _in_both_themes(page)}
    allowed = {kind for kind in known if kind[0] != _JUDGED_IN_ANY_CASE}
    found: dict[str, list[Violation]] = {}
    with profile(browser, size) as page:
        training = TrainingPage(page, lab.server.url).open(lab.query)
        found["Training, running"] = _in_both_themes(page)
        training.fill("Learning rate", "2e-4")
        found["Training, edited"] = _in_both_themes(page)
        training.fill("Steps", "many")
        found["Training, blocked"] = _in_both_themes(page)
        history = HistoryPage(page, lab.server.url).open(lab.query).mark(1)
        found["History, one selected"] = _in_both_themes(page)
        history.mark(0)
        found["History, two compared"] = _in_both_themes(page)
        history.trash()
        found["History, trash"] = _in_both_themes(page)
        datasets = DatasetsPage(page, lab.server.url).open(lab.query)
        found["Datasets, adding"] = _in_both_themes(page)
        datasets.picture("image_002.jpg").dblclick()
        expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
        found["Datasets, one picture"] = _in_both_themes(page)
    faults = {
        screen: told([one for one in of_screen if one.kind not in allowed])
        for screen, of_screen in found.items()
    }
    assert not any(faults.values()), "\n\n".join(
        f"== {size}, {one}\n{text}" for one, text in faults.items() if text
    )


def _in_both_themes(page: Page) -> list[Violation]:
    """Once each, where both have it."""
    found: dict[str, Violation] = {}
    for theme in _THEMES:
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(400)
        found |= {f"{one.rule} {one.selector} {one.summary}": one for one in violations(page)}
    page.emulate_media(color_scheme="light")
    return list(found.values())
