"""A first load: from the address until the fifteenth field shows its value, beside an empty Streamlit page.

A fresh browser profile for each, so the browser's cache is cold on both sides; the servers are warm. With an
address that names style and version nothing has to be asked of the browser; without one, localStorage names them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from benchmarks.browsing import VIEWPORT, first_shown_ms
from benchmarks.measures import Pairs, say
from benchmarks.screen_data import LAST_FIELD_START, STYLE, newest, prepare
from benchmarks.served import EMPTY_PAGE, LAB, Served

VERSIONS: Final = 1_000
_WITH_URL_AT_MOST: Final = 1.5
_WITHOUT_AT_MOST: Final = 2.0


def first_load(
    browser: Browser, folder: Path, *, pairs: int = 30, versions: int = VERSIONS
) -> Iterator[Pairs]:
    """With an address and without."""
    say(f"first load with {versions:,} versions ({pairs} pairs each) ...")
    prepare(folder, versions)
    with Served(LAB, folder) as lab, Served(EMPTY_PAGE, folder / "empty") as empty:
        named = f"{lab.url}?style={STYLE}&version={newest(versions)}"
        for what, url, most in (
            ("first load with style and version in the URL", named, _WITH_URL_AT_MOST),
            ("first load without, by localStorage", lab.url, _WITHOUT_AT_MOST),
        ):
            in_turns = [
                (
                    _loaded_ms(browser, url, lab.url, versions),
                    _loaded_ms(browser, empty.url, empty.url, versions),
                )
                for _ in range(pairs + 1)
            ]
            ours, theirs = zip(*in_turns[1:], strict=True)  # the first of each warms the server up
            yield Pairs(what, versions, ours, theirs, most)


def _loaded_ms(browser: Browser, url: str, origin: str, versions: int) -> float:
    stored = [
        {"name": "training_selectedStyleId", "value": STYLE},
        {"name": f"training_{STYLE}_selectedVersionId", "value": newest(versions)},
    ]
    state = {"cookies": [], "origins": [{"origin": origin.rstrip("/"), "localStorage": stored}]}
    context = browser.new_context(viewport=VIEWPORT, storage_state=state)  # type: ignore[arg-type]
    try:
        return first_shown_ms(context.new_page(), url, LAST_FIELD_START)
    finally:
        context.close()
