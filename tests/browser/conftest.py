"""A Chromium, a RunPod with a memory, and the lab between them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from lora_core import Settings, TrainingLab
from tests.browser.empty_bucket import empty_bucket
from tests.browser.fake_runpod import FakeRunpod, fake_runpod
from tests.browser.history_page import HistoryPage
from tests.browser.kept_tab import KeptTab
from tests.browser.lab_server import LabServer
from tests.browser.layout import SIZES
from tests.browser.training_page import TrainingPage
from tests.ensure_browser import chromium
from tests.runpod_settings import runpod_settings

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
VIEWPORT = SIZES["laptop"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium()
    assert executable is not None, "No Chromium: run `make test`, or python tests/ensure_browser.py."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(executable), args=_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own, with its own localStorage."""
    opened = browser.new_context(viewport=VIEWPORT)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def kept_tab(browser: Browser) -> KeptTab:
    return KeptTab(browser)


@pytest.fixture
def page(request: pytest.FixtureRequest, kept_tab: KeptTab) -> Iterator[Page]:
    """A tab that knows nothing of other tests; in a profile of its own where the test asks for the profile, too."""
    if "context" in request.fixturenames:
        yield request.getfixturevalue("context").new_page()
    else:
        with kept_tab.as_new() as tab:
            yield tab


@pytest.fixture
def runpod(tmp_path: Path) -> Iterator[FakeRunpod]:
    with fake_runpod(tmp_path / "runpod") as served:
        yield served


@pytest.fixture
def two_styles(tmp_path: Path) -> Path:
    """A folder with the sample style twice, as styles 1 and 2."""
    folder = tmp_path / "lab"
    with TrainingLab(
        Settings(lora_lab_root=str(folder / "styles"), lora_lab_state_dir=folder / "state")
    ) as lab:
        first = lab.create_sample_style()
        second = lab.create_style("Second Light")
        for path in (lab.settings.root / first.folder).iterdir():
            if path.name != "style.json":
                shutil.copy(path, lab.settings.root / second.folder / path.name)
    return folder


@pytest.fixture
def server(two_styles: Path, runpod: FakeRunpod) -> Iterator[LabServer]:
    """The lab with the fake as its RunPod endpoint."""
    with empty_bucket() as bucket_url:
        settings = runpod_settings(runpod.address, bucket_url)
        with LabServer(two_styles, settings) as started:
            yield started


@pytest.fixture
def training(page: Page, server: LabServer) -> TrainingPage:
    return TrainingPage(page, server.url)


@pytest.fixture
def history(page: Page, server: LabServer) -> HistoryPage:
    """History in the same tab."""
    return HistoryPage(page, server.url)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed journey leaves a picture of its last page beside its folder."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if call.when == "call" and call.excinfo is not None and page is not None:
        folder = item.funcargs.get("tmp_path")  # type: ignore[attr-defined]
        page.screenshot(path=f"{folder}/failed.png")
    return report
