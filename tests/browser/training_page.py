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
        """See below."""
        settled(self.page)
        return self

    def button(self, name: str) -> Locator:
        """A button by its label."""
        return self.page.get_by_role("button", name=name, exact=False).first

    def field(self, label: str) -> Locator:
        """A field by its label; while one form gives way to another, both have it."""
        return self.page.get_by_label(label, exact=True).first

    def new(self) -> Self:
        """Clicks NEW and waits for its form."""
        self.button("NEW").click()
        self.page.wait_for_function("location.search.includes('version=new')", timeout=PATIENCE_MS)
        expect(self.page.get_by_role("heading", name="New version", exact=False)).to_be_visible(
            timeout=PATIENCE_MS
        )
        return self.settled()

    def fill(self, label: str, value: str) -> None:
        """Types into a field and leaves it."""
        self.field(label).fill(value)
        self.field(label).blur()  # Tab would open the help of the next field, over what stands below
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

    def advanced(self) -> Self:
        """Opens the rarely changed parameters, if they are shut."""
        box = self.form.locator("details", has_text="Advanced")
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        expect(self.field("Class tokens")).to_be_visible(timeout=PATIENCE_MS)
        self.settled()
        # It grows for half a second, during which it has a height of its own.
        self.page.wait_for_function("box => !box.style.height", arg=box.element_handle(), timeout=PATIENCE_MS)
        return self

    def edit(self, field: str, value: str, button: str) -> None:
        """Changes the selected version's name or note."""
        if not self.field(field).is_visible():  # the box stays open after a change
            self.details.get_by_role("button", name=re.compile("^(Edit|Rename)$")).first.click()
        self.page.get_by_label(field, exact=True).fill(value)
        self.page.get_by_role("button", name=button, exact=True).last.click()  # the box may be called so, too
        self.settled()

    def shows(self, *texts: str) -> None:
        """The page shows each of these, somewhere."""
        for text in texts:
            expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def comes(self) -> Self:
        """Goes to Training by the navigation."""
        self.page.get_by_role("link", name="Training").click()
        return self.ready()

    @property
    def form(self) -> Locator:
        """The form of the next version."""
        return self.page.locator(".st-key-training_form")

    @property
    def details(self) -> Locator:
        """The selected version's."""
        return self.page.locator(".st-key-version_details")

    @property
    def sidebar(self) -> Locator:
        """What runs in all styles."""
        return self.page.get_by_test_id("stSidebar")

    def start(self) -> None:
        """Clicks Start training and waits until the version is selected."""
        before = self.page.evaluate("location.href")
        self.button("Start training").click()
        self.page.mouse.move(1, 1)  # where no help opens over what comes next
        self.page.wait_for_function("before => location.href != before", arg=before, timeout=PATIENCE_MS)
        self.settled()

    def stored(self, item: str) -> str | None:
        """An item of localStorage."""
        value: str | None = self.page.evaluate("name => localStorage.getItem(name)", item)
        return value


def settled(page: Page) -> None:
    """No script is running any more; what was just clicked is given time to reach the server."""
    page.wait_for_timeout(250)
    expect(page.locator("[data-testid='stApp'][data-test-script-state='notRunning']")).to_be_visible(
        timeout=PATIENCE_MS
    )


def until(page: Page, holds: Callable[[], bool], *, what: str) -> None:
    """Waits for something outside the page, letting the browser go on meanwhile."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not happen: {what}")
