"""The screens in a real browser, and many of them at once."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.browsing import browser
from benchmarks.crowd import crowd
from benchmarks.datasets import datasets
from benchmarks.first_load import first_load
from benchmarks.idling import idling, tabs
from benchmarks.measures import Figure, Pairs
from benchmarks.selecting import selecting

SCREENS: Final = ("select", "load", "datasets", "idle", "tabs", "sessions")
_IN_BROWSER: Final = frozenset({"select", "load", "datasets", "idle"})


def screens(folder: Path, parts: Sequence[str] = SCREENS) -> Iterator[Pairs | Figure]:
    """The named parts, in order; some ten minutes for all."""
    with ExitStack() as stack:
        if _IN_BROWSER.intersection(parts):
            chromium = stack.enter_context(browser())
            if "select" in parts:
                yield from selecting(chromium, folder / "select")
            if "load" in parts:
                yield from first_load(chromium, folder / "load")
            if "datasets" in parts:
                yield from datasets(chromium, folder / "datasets")
            if "idle" in parts:
                yield from idling(chromium, folder / "idle")
    if "tabs" in parts:
        yield from tabs(folder / "tabs")
    if "sessions" in parts:
        yield from crowd(folder / "sessions")
