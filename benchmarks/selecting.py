"""From the choice of a version until the fifteenth field shows its value, beside a bare page's rerun."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from benchmarks.browsing import VIEWPORT, opened, selected_ms
from benchmarks.measures import Pairs, say
from benchmarks.screen_data import STYLE, newest, prepare
from benchmarks.served import BARE_PAGE, LAB, Served

SIZES: Final = (10, 1_000, 10_000)
_GOALS: Final = {1_000: 1.5, 10_000: 2.0}
_LISTED: Final = 300  # as many as the lab's dropdown lists
_PLACES: Final = 6
"""Options that are chosen in turns, after the first: those that a dropdown shows without scrolling."""


def selecting(
    browser: Browser, folder: Path, *, pairs: int = 30, sizes: tuple[int, ...] = SIZES
) -> Iterator[Pairs]:
    """All sizes: two tabs of one window, used in turns."""
    for versions in sizes:
        say(f"selecting among {versions:,} versions ({pairs} pairs) ...")
        yield _among(browser, folder / str(versions), versions, pairs)


def _among(browser: Browser, folder: Path, versions: int, pairs: int) -> Pairs:
    prepare(folder, versions)
    options = {"BENCHMARK_OPTIONS": str(min(versions, _LISTED))}
    with Served(LAB, folder) as lab, Served(BARE_PAGE, folder / "bare", options) as bare:
        context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
        ours, theirs = context.new_page(), context.new_page()
        opened(ours, f"{lab.url}?style={STYLE}&version={newest(versions)}")
        opened(theirs, bare.url)
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(pairs + 1):
            for page, figures in zip((ours, theirs), taken, strict=True):
                figures.append(selected_ms(page, 1 + turn % min(_PLACES, versions - 1)))
        context.close()
    return Pairs(
        "select, until the 15th field shows", versions, taken[0][1:], taken[1][1:], _GOALS.get(versions)
    )  # the first of each warms up
