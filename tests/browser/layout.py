"""Whether all text of a page can be read whole, at the sizes that people have."""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from playwright.sync_api import Page, ViewportSize

SIZES: Final = MappingProxyType(
    {
        "laptop": ViewportSize(width=1440, height=900),
        "tablet": ViewportSize(width=1024, height=768),
        "phone": ViewportSize(width=390, height=844),
    }
)
_SKIPPED: Final = (
    "script, style, svg, canvas",
    # Draws on a canvas and scrolls by itself.
    "[data-testid=stDataFrame]",
    # Code scrolls inside its frame.
    "[data-testid=stCode]",
    # A glyph whose text is its name.
    "[data-testid=stIconMaterial]",
    # Streamlit's own way for keyboards, seen only while it has the focus.
    "[data-testid=stSkipToContent]",
    # What it offers is a name, which is the user's and as long as they like.
    "input[aria-label=Name]",
    # A shut sidebar is moved out of sight.
    "[data-testid=stSidebar][data-collapsed=true]",
)
_SCRIPT: Final = (Path(__file__).parent / "layout.js").read_text()


def layout_faults(page: Page) -> list[str]:
    """A line for each text that is cut, and for each part of the page that scrolls sideways."""
    faults: list[str] = page.evaluate(_SCRIPT, list(_SKIPPED))
    return faults
