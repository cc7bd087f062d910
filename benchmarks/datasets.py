"""Opening Datasets of 500 photos beside 20, both with their small pictures made before; and what memory it takes.

A fresh browser profile for each, and one server for both: from the beginning of the navigation until all cards of the
page are there and every picture that is in view is drawn.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Page

from benchmarks.browsing import PATIENCE_MS, VIEWPORT, at_rest, first_shown_ms
from benchmarks.measures import Figure, Pairs, say
from benchmarks.photos import prepare_photos
from benchmarks.served import LAB, Served

PHOTOS, FEW = 500, 20
PAGE: Final = 60
_MOST: Final = 1.5
_MOST_MB: Final = 300

# The grid is in a shadow root, which a selector does not look into.
_ALL_SHOWN: Final = """
(() => {
  let grid = null;
  const look = () => {
    const hosts = grid ? [] : [...document.querySelectorAll("[data-testid='stMain'] *")];
    grid ??= hosts.find((one) => one.shadowRoot?.querySelector(".cards"));
    const cards = grid ? [...grid.shadowRoot.querySelectorAll(".card")] : [];
    const images = cards.map((card) => card.querySelector("img")).filter((one) => {
      const place = one.getBoundingClientRect();
      return place.top < innerHeight && place.bottom > 0;
    });
    if (cards.length === %d && images.length && images.every((one) => one.complete && one.naturalWidth > 1))
      window.benchmarkMs = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})();
"""


def datasets(
    browser: Browser, folder: Path, *, pairs: int = 20, photos: int = PHOTOS, few: int = FEW
) -> Iterator[Pairs | Figure]:
    """The pairs, their ratio, and the growth of the server from its first page on."""
    say(f"datasets of {photos} and of {few} photos ({pairs} pairs) ...")
    many_id, few_id = prepare_photos(folder, photos, few)
    with Served(LAB, folder) as lab:
        _first_page(browser, lab.url, many_id)
        before = lab.resident_bytes()
        _all_pages(browser, lab.url, many_id, photos)
        _opened_ms(browser, lab.url, few_id, few)
        in_turns = [
            (
                _opened_ms(browser, lab.url, many_id, min(photos, PAGE)),
                _opened_ms(browser, lab.url, few_id, min(few, PAGE)),
            )
            for _ in range(pairs + 1)
        ]
        grown = (lab.resident_bytes() - before) / 1_000_000
    ours, theirs = zip(*in_turns[1:], strict=True)  # the first of each warms up
    yield Pairs(f"open Datasets, beside {few} photos", photos, ours, theirs)
    yield Figure(
        f"open {photos} photos: medians, beside {few}", median(ours) / median(theirs), "times", _MOST
    )
    yield Figure(f"growth while all {photos} are looked through and opened again", grown, "MB", _MOST_MB)


def _first_page(browser: Browser, url: str, style_id: str) -> None:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    first_shown_ms(context.new_page(), f"{url}?style={style_id}&version=new", "style")
    context.close()


def _all_pages(browser: Browser, url: str, style_id: str, photos: int) -> None:
    """Has every small picture made."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(_address(url, style_id))
    for number in range(-(-photos // PAGE)):
        if number:
            page.get_by_role("button", name="Next page").click()
        at_rest(page)
        page.wait_for_function(_NONE_IS_AWAITED, timeout=PATIENCE_MS)
    context.close()


_NONE_IS_AWAITED: Final = """
() => {
  const hosts = [...document.querySelectorAll("[data-testid='stMain'] *")];
  const grid = hosts.find((one) => one.shadowRoot?.querySelector(".card"));
  return grid && [...grid.shadowRoot.querySelectorAll(".card img")].every((one) => one.hasAttribute("src"));
}
"""


def _opened_ms(browser: Browser, url: str, style_id: str, cards: int) -> float:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    try:
        page: Page = context.new_page()
        page.add_init_script(_ALL_SHOWN % cards)
        page.goto(_address(url, style_id), wait_until="commit")
        page.wait_for_function("() => window.benchmarkMs", timeout=PATIENCE_MS)
        ms = float(page.evaluate("window.benchmarkMs"))
        at_rest(page)
        return ms
    finally:
        context.close()


def _address(url: str, style_id: str) -> str:
    return f"{url}datasets?style={style_id}&version=new"
