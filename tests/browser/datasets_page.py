"""The Datasets screen as a person uses it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.training_page import PATIENCE_MS, settled


class DatasetsPage:
    """Datasets in one tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, query: str = "") -> Self:
        """Opens it by its address."""
        self.page.goto(f"{self.url}datasets{query}")
        return self.ready()

    def ready(self) -> Self:
        """The heading is there and nothing is being redrawn."""
        expect(self.page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible(
            timeout=PATIENCE_MS
        )
        expect(self.page.get_by_role("button", name="New style")).to_be_visible(timeout=PATIENCE_MS)
        settled(self.page)
        return self

    def create_style(self, name: str, style_id: str = "") -> Self:
        """Makes a style and waits until it is shown."""
        self.page.get_by_role("button", name="New style").click()
        self.page.get_by_label("Name", exact=True).first.fill(name)
        self.page.get_by_label("Id", exact=True).fill(style_id)
        self.page.get_by_role("button", name="Create style").click()
        expect(self.page.get_by_text("Add the first pictures")).to_be_visible(timeout=PATIENCE_MS)
        return self.ready()

    def upload(self, files: Sequence[Path]) -> Self:
        """Gives files to the place for them, and waits until the lab has taken them."""
        self.page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)
        expect(self.page.get_by_text("Upload done.").last).to_be_visible(timeout=PATIENCE_MS)
        settled(self.page)
        return self

    def tool(self, name: str) -> Self:
        """Opens one of the tools above the pictures."""
        self.page.locator(".st-key-datasets\\:panel, .st-key-datasets-panel").get_by_text(
            name, exact=True
        ).first.click()
        settled(self.page)
        return self

    def pictures(self) -> Locator:
        """All that are on the page, to be selected by a click."""
        return self.page.locator(".card").get_by_role("checkbox")

    def picture(self, name: str) -> Locator:
        """One of them."""
        return self.page.get_by_role("checkbox", name=name)

    def caption(self, name: str) -> Locator:
        """The field with a picture's caption."""
        return self.page.get_by_label(f"Caption of {name}", exact=True)

    def choose(self, *names: str) -> Self:
        """Clicks pictures."""
        for name in names:
            self.picture(name).click()
        return self

    def selected(self, count: int) -> Self:
        """As many are told to be selected."""
        expect(self.page.get_by_text(f"{count} selected", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        settled(self.page)
        return self

    def click(self, name: str) -> Self:
        """A button by its label."""
        self.page.get_by_role("button", name=name, exact=True).first.click()
        settled(self.page)
        return self
