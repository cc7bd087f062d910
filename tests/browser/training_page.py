"""The screens as a person uses them: by labels and roles, never by position in the page's source."""

import re
from collections.abc import Callable
from typing import Self

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000


class TrainingPage:
    """The Training screen in one tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, query: str = "") -> Self:
        """Opens it and waits for the form."""
        self.page.goto(self.url + query)
        return self.ready()

    def ready(self) -> Self:
        """The form is there and nothing is being redrawn."""
        expect(self.button("Save draft")).to_be_visible(timeout=PATIENCE_MS)
        return self.settled()

    def settled(self) -> Self:
        """No script is running any more; what was just clicked is given time to reach the server."""
        self.page.wait_for_timeout(250)
        expect(self.page.locator("[data-testid='stApp'][data-test-script-state='notRunning']")).to_be_visible(
            timeout=PATIENCE_MS
        )
        return self

    def button(self, name: str) -> Locator:
        """A button by its label."""
        return self.page.get_by_role("button", name=name, exact=False).first

    def field(self, label: str) -> Locator:
        """A field by its label."""
        return self.page.get_by_label(label, exact=True)

    def new(self) -> Self:
        """Clicks NEW and waits for its form."""
        self.button("NEW").click()
        self.shows_version("not saved yet")
        return self.settled()

    def fill(self, label: str, value: str) -> None:
        """Types into a field and leaves it."""
        self.field(label).fill(value)
        self.field(label).press("Tab")
        self.settled()

    def choose(self, box: str, option: str | re.Pattern[str]) -> None:
        """Picks an option of a dropdown."""
        self.box(box).click()
        self.page.get_by_role("option", name=option).first.click()
        self.settled()

    def choose_version(self, name: str) -> None:
        """Picks a version by its name."""
        self.choose("Version", re.compile(rf" {name} · "))

    def box(self, label: str) -> Locator:
        """A dropdown by the beginning of its label."""
        return self.page.get_by_role("combobox", name=re.compile(f"^{label}")).first

    def shows_version(self, text: str) -> None:
        """The version dropdown shows this text, or this placeholder where no version is chosen."""
        self.page.wait_for_function(
            """text => [...document.querySelectorAll("input[role=combobox]")].some(box =>
                 (box.getAttribute("aria-label") || "").includes("Version (") &&
                 (box.value || box.placeholder).includes(text))""",
            arg=text,
            timeout=PATIENCE_MS,
        )

    def start(self) -> None:
        """Clicks Start training and waits until the version is selected."""
        before = self.page.evaluate("location.href")
        self.button("Start training").click()
        self.page.wait_for_function("before => location.href != before", arg=before, timeout=PATIENCE_MS)
        self.settled()

    def stored(self, item: str) -> str | None:
        """An item of localStorage."""
        value: str | None = self.page.evaluate("name => localStorage.getItem(name)", item)
        return value


def until(page: Page, holds: Callable[[], bool], *, what: str) -> None:
    """Waits for something outside the page, letting the browser go on meanwhile."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not happen: {what}")
