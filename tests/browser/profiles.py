"""Browser profiles: each has its own localStorage, and its window is drawn whatever the others do."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, StorageState

from tests.browser.layout import SIZES


@contextmanager
def profile(browser: Browser, size: str = "laptop", *, kept: StorageState | None = None) -> Iterator[Page]:
    """A window of a new profile, or of one that another had `kept`."""
    context = browser.new_context(viewport=SIZES[size], color_scheme="light", storage_state=kept)
    try:
        yield context.new_page()
    finally:
        context.close()
