"""What axe-core has against a page."""

from collections.abc import Collection
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


@dataclass(frozen=True)
class Violation:
    """One rule that does not hold, at one element."""

    rule: str
    impact: str
    selector: str
    html: str
    summary: str

    @property
    def kind(self) -> tuple[str, str]:
        """What two pages can be compared by."""
        return self.rule, self.impact

    def __str__(self) -> str:
        lines = self.summary.replace("\n", "\n    ")
        return f"{self.rule} ({self.impact}) at {self.selector}\n    {self.html[:200]}\n    {lines}"


def violations(page: Page) -> list[Violation]:
    """All of them, as the page is now."""
    found = Axe().run(page).response["violations"]
    return [
        Violation(
            one["id"],
            one["impact"],
            " ".join(str(part) for part in node["target"]),
            node["html"],
            node.get("failureSummary", ""),
        )
        for one in found
        for node in one["nodes"]
    ]


def told(found: Collection[Violation]) -> str:
    """For a failed test."""
    return "\n\n".join(map(str, found))
