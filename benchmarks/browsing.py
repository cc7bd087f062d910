"""A real Chromium, and clocks that run inside the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.ensure_browser import chromium

VIEWPORT: Final = {"width": 1440, "height": 900}
PATIENCE_MS: Final = 60_000
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
)
_LAST_FIELD: Final = '[class*="class_tokens"] input'
_VERSION_BOX: Final = '[class*="version_box"] input'
_AT_REST: Final = "[data-testid='stApp'][data-test-script-state='notRunning']"
_PAUSE_MS: Final = 300

# From the release of the button over an option until a frame is about to be drawn whose last field has a new value.
_WATCH: Final = """
([field, before]) => {
  window.benchmarkMs = null;
  const start = () => {
    const started = performance.now();
    const look = () => {
      const value = document.querySelector(field)?.value;
      if (value && value !== before) window.benchmarkMs = performance.now() - started;
      else requestAnimationFrame(look);
    };
    look();
  };
  document.addEventListener("pointerup", start, { capture: true, once: true });
}
"""

# From the beginning of the navigation until a frame is about to be drawn that shows the text.
_FIRST_SHOWN: Final = """
(() => {
  const look = () => {
    const field = document.querySelector('[class*="class_tokens"] input');
    const shown = field ? field.value : document.querySelector("[data-testid='stText']")?.textContent;
    if (shown && shown.startsWith("%s")) window.benchmarkMs = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})();
"""


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium; raises SystemExit where there is none."""
    executable = chromium()
    if executable is None:
        raise SystemExit("No Chromium: run `python tests/ensure_browser.py` once.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(executable), args=list(_ARGUMENTS))
        try:
            yield launched
        finally:
            launched.close()


def at_rest(page: Page) -> None:
    """No script is running, and what was just posted has had time to arrive."""
    page.wait_for_timeout(_PAUSE_MS)
    page.locator(_AT_REST).wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(_PAUSE_MS)


def opened(page: Page, url: str) -> None:
    """A page with a form, at rest."""
    page.goto(url)
    page.locator(_LAST_FIELD).wait_for(timeout=PATIENCE_MS)
    at_rest(page)


def selected_ms(page: Page, place: int) -> float:
    """Chooses the option at this place of the version dropdown; milliseconds until the last field shows its value."""
    page.bring_to_front()
    page.locator(_VERSION_BOX).click()
    option = page.get_by_role("option").nth(place)
    option.wait_for(timeout=PATIENCE_MS)
    page.evaluate(_WATCH, [_LAST_FIELD, page.locator(_LAST_FIELD).input_value()])
    option.click()
    ms = _told(page)
    at_rest(page)
    return ms


def first_shown_ms(page: Page, url: str, beginning: str) -> float:
    """Opens the address; milliseconds until the last field, or the only text, shows what begins so."""
    page.add_init_script(_FIRST_SHOWN % beginning)
    page.goto(url, wait_until="commit")
    ms = _told(page)
    at_rest(page)
    return ms


def _told(page: Page) -> float:
    page.wait_for_function("() => window.benchmarkMs", timeout=PATIENCE_MS)
    return float(page.evaluate("window.benchmarkMs"))
