"""The History screen as a person uses it."""

from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.training_page import PATIENCE_MS, settled

_HEAD_PX, _ROW_PX, _MARK_PX = 36, 35, 20
"""Of the grid, which draws on a canvas: its rows can only be clicked at their place."""


class HistoryPage:
    """History in one tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, query: str = "") -> Self:
        """Opens it by its address and waits for its list."""
        self.page.goto(f"{self.url}history{query}")
        return self.ready()

    def come(self) -> Self:
        """Goes there by the navigation."""
        expand = self.page.get_by_role("button", name="Expand sidebar")
        if expand.is_visible():
            expand.click()
        self.page.get_by_role("link", name="History").click()
        return self.ready()

    def ready(self) -> Self:
        """The heading is there and nothing is being redrawn."""
        expect(self.page.get_by_role("heading", name="History", exact=True)).to_be_visible(
            timeout=PATIENCE_MS
        )
        settled(self.page)
        return self

    @property
    def grid(self) -> Locator:
        """The list of versions."""
        return self.page.get_by_test_id("stDataFrame").first

    @property
    def details(self) -> Locator:
        """The selected version's."""
        return self.page.locator(".st-key-version_details")

    def mark(self, *rows: int) -> Self:
        """Clicks the boxes of rows, counted from 0 at the top."""
        expect(self.grid).to_be_visible(timeout=PATIENCE_MS)
        for row in rows:
            place = {"x": _MARK_PX, "y": _HEAD_PX + _ROW_PX * row + _ROW_PX / 2}
            self.grid.click(position=place, force=True)  # type: ignore[arg-type]
            settled(self.page)
        return self

    def compared(self, field: str) -> list[str] | None:
        """The values of a row of the comparison, the oldest version first; None: it has no such row."""
        table = self.page.locator(".st-key-comparison_table table")
        expect(table).to_be_visible(timeout=PATIENCE_MS)
        rows = [
            [cell.strip() for cell in row.get_by_role("cell").all_inner_texts()]
            for row in table.get_by_role("row").all()
        ]
        return next((row[1:] for row in rows if row and row[0] == field), None)

    def trash(self) -> Self:
        """Shows what was deleted."""
        self.page.get_by_text("Trash (", exact=False).first.click()
        settled(self.page)
        return self
