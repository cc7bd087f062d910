"""Whatever people type is shown as they typed it: nothing of it runs, and nothing of it becomes markup."""

import json
import shutil

import pytest
from playwright.sync_api import Page, expect

from local_endpoint import Fault
from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until

pytestmark = [pytest.mark.browser]

_SCRIPT = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
_MARKDOWN = "**bold** [go](https://evil.example) :red[red] `code` $x^2$"
NASTY = f"{_SCRIPT} {_MARKDOWN} ![i](https://evil.example/i.png)"
NAME = "<img src=x onerror=alert(2)> **b** [l](https://evil.example) :red[r] $a$"


@pytest.fixture
def watched(page: Page) -> list[str]:
    """Dialogs that opened, and addresses that the page asked for though nobody may."""
    seen: list[str] = []

    def dismissed(dialog: object) -> None:
        seen.append(str(dialog))

    page.on("dialog", dismissed)
    page.on(
        "request",
        lambda request: seen.append(request.url) if request.url.startswith("https://evil") else None,
    )
    return seen


def is_harmless(page: Page) -> None:
    """Nothing of what was typed has become an element, and the title is the lab's."""
    made: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
                "a[href*='evil'], img[src='x'], img[src*='evil'], body script:not([src]), .katex, [onerror]")]
            .map((element) => element.outerHTML.slice(0, 200))
            .filter((html) => html.includes("evil") || html.includes("taken") || html.includes("alert")
                || html.includes("katex") || html.includes("onerror"))"""
    )
    assert made == []
    emphasized = page.locator("strong, em, b, code:not([class*=language])").filter(has_text="bold")
    assert emphasized.count() == 0, emphasized.first.evaluate("element => element.outerHTML")
    assert "taken" not in page.title()


def test_names_descriptions_notes_and_tokens_are_shown_as_they_were_typed(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, watched: list[str]
) -> None:
    page = training.open("?style=1").page
    training.fill("Name", NAME)
    training.fill("Description", NASTY)
    training.advanced().fill("Class tokens", NASTY)
    is_harmless(page)
    training.button("Save draft").click()
    training.ready().shows_version(NAME)
    is_harmless(page)  # dropdown, heading and details

    training.button("Start training").click()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    training.shows_version("training")
    expect(training.sidebar.get_by_text("<img").first).to_be_visible(timeout=PATIENCE_MS)
    expect(training.details.get_by_text(NASTY).first).to_be_visible(timeout=PATIENCE_MS)
    is_harmless(page)  # the sidebar's list, the note
    runpod.trainer.fail(runpod.trainer.running[0], NASTY)
    training.shows_version("failed")
    training.shows("evil.example")
    is_harmless(page)  # the toast or notice of its end, the error

    training.edit("Note", f"{NASTY} two", "Save note")
    expect(training.details.get_by_text(f"{NASTY} two").first).to_be_visible(timeout=PATIENCE_MS)
    training.edit("New name", f"{NAME}2", "Rename")
    training.shows_version(f"{NAME}2")
    is_harmless(page)

    training.new().button("Save draft").click()
    training.shows_version("V1")
    history.come().mark(0, 1)
    assert history.compared("Note") is not None
    expect(page.get_by_role("button", name="Start from <img")).to_be_visible(timeout=PATIENCE_MS)
    is_harmless(page)  # the comparison
    page.get_by_label("Search").first.fill(NASTY)
    page.get_by_label("Search").first.press("Enter")
    history.ready()
    is_harmless(page)
    page.reload()
    history.ready().mark(1)
    expect(history.details).to_be_visible(timeout=PATIENCE_MS)
    is_harmless(page)
    history.details.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    history.ready()
    page.wait_for_timeout(500)
    is_harmless(page)  # what offers to restore it
    history.trash()
    is_harmless(page)
    assert watched == []


def test_an_attached_id_and_a_styles_name_are_shown_as_they_were_typed(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, server: LabServer, watched: list[str]
) -> None:
    sample, nasty = (server.folder / "styles" / name for name in ("1_flat_landscapes", "3_nasty"))
    shutil.copytree(sample, nasty)
    (nasty / "style.json").write_text(json.dumps({"id": "3", "name": NAME, "triggerToken": NASTY}))
    runpod.faults["run"] = Fault.lost_reply()
    page = training.open("?style=3").page
    is_harmless(page)
    training.start()
    training.shows_version("no answer, may be running")
    training.button("Attach job or mark as failed").click()
    training.fill("Job id from RunPod's console", NASTY)
    training.button("Attach this job").click()
    training.settled()
    is_harmless(page)
    history.come()
    is_harmless(page)
    page.goto(f"{server.url}?style={NAME}&version={NAME}")
    training.ready()
    is_harmless(page)
    assert watched == []
