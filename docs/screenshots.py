"""Makes the pictures of the docs from the running lab: `make screenshots`.

Three trainings of the sample style on the local endpoint; one is finished, two run.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.lab_server import LabServer
from tests.browser.training_page import TrainingPage
from tests.ensure_browser import chromium

_IMAGES = Path(__file__).resolve().parent / "images"
_TRAININGS = (
    ("2e-4", "1500", "Higher rate, fewer steps"),
    ("1e-4", "2500", "The default rate, longer"),
    ("4e-4", "2500", "How far can the rate go?"),
)


def main() -> None:
    """Writes `training.png` and `history.png`."""
    executable = chromium()
    if executable is None:
        raise SystemExit("No Chromium: run `make test` once.")
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(executable), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        _train(page, server.url)
        page.screenshot(path=_IMAGES / "training.png")
        page.get_by_role("link", name="History").click()
        page.get_by_text("Select a row to see it").wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=_IMAGES / "history.png")
        browser.close()


def _train(page: Page, url: str) -> None:
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
            training.shows_version("V1 · training")
            page.get_by_text("V1 · completed").or_(page.get_by_text("Download")).first.wait_for(
                timeout=180_000
            )
    page.get_by_text("Loss by step").wait_for(timeout=60_000)
    page.wait_for_timeout(6000)


if __name__ == "__main__":
    main()
