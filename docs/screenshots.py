"""Makes the pictures of the docs from the running lab: `make screenshots`.

Trainings of the sample style on the local endpoint: one is finished, two run, a night passes, one is refined.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.training_page import TrainingPage
from tests.ensure_browser import chromium

_IMAGES = Path(__file__).resolve().parent / "images"
_LAPTOP, _PHONE = (1440, 900), (390, 844)
_TRAININGS = (
    ("2e-4", "1500", "Higher rate, fewer steps"),
    ("1e-4", "2500", "The default rate, longer"),
    ("4e-4", "2500", "How far can the rate go?"),
)
_PATIENCE_MS = 180_000


def main() -> None:
    """Writes all pictures into `docs/images`."""
    executable = chromium()
    if executable is None:
        raise SystemExit("No Chromium: run `make test` once.")
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(executable), args=["--no-sandbox"])
        kept = _three_trainings(browser, server.url)
        _the_next_morning(browser, server.url, kept)
        _refined(browser, server.url)
        _history(browser, server.url)
        browser.close()


def _three_trainings(browser: Browser, url: str) -> StorageState:
    page = _window(browser)
    page.goto(url)
    page.get_by_role("button", name="Create sample style").click()
    training = TrainingPage(page, url).ready()
    for number, (rate, steps, description) in enumerate(_TRAININGS, 1):
        if number > 1:
            training.new()
        training.fill("Learning rate", rate)
        training.fill("Steps", steps)
        training.fill("Description", description)
        training.start()
        if number == 1:
            _completed(page)
    page.get_by_text("s/step").first.wait_for(timeout=60_000)
    page.wait_for_timeout(8000)
    _keep(page, "training")
    state: StorageState = page.context.storage_state()
    page.context.close()
    return state


def _the_next_morning(browser: Browser, url: str, kept: StorageState) -> None:
    watching = _window(browser)
    for version in ("V2", "V3"):
        watching.goto(f"{url}?style=1&version={version}")
        _completed(watching)
    watching.context.close()
    page = _window(browser, kept=kept)
    page.goto(url)
    TrainingPage(page, url).ready()
    page.get_by_role("button", name="Dismiss").first.wait_for()
    _keep(page, "return")
    page.context.close()
    page = _window(browser, size=_PHONE)
    page.goto(f"{url}?style=1&version=V3")
    TrainingPage(page, url).ready()
    _keep(page, "phone")
    page.context.close()


def _refined(browser: Browser, url: str) -> None:
    page = _window(browser, scheme="dark")
    training = TrainingPage(page, url).open("?style=1&version=V2")
    training.fill("Learning rate", "3e-4")
    training.fill("Network alpha", "32")
    page.evaluate("document.activeElement.blur()")  # or the next field's help covers what is to be seen
    training.settled()
    _keep(page, "edits")
    page.context.close()


def _history(browser: Browser, url: str) -> None:
    page = _window(browser)
    history = HistoryPage(page, url).open("?style=1")
    history.mark(0)
    _keep(page, "history")
    history.mark(1)
    page.locator(".st-key-comparison_table table").wait_for()
    _keep(page, "compare")
    page.context.close()


def _completed(page: Page) -> None:
    heading = page.locator(".st-key-version_details h3", has_text="completed")
    heading.wait_for(timeout=_PATIENCE_MS)


def _window(
    browser: Browser,
    *,
    size: tuple[int, int] = _LAPTOP,
    scheme: str = "light",
    kept: StorageState | None = None,
) -> Page:
    viewport = {"width": size[0], "height": size[1]}
    return browser.new_context(viewport=viewport, color_scheme=scheme, storage_state=kept).new_page()  # type: ignore[arg-type]


def _keep(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)
    page.screenshot(path=_IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
