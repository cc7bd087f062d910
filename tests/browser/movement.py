"""Whether anything moves while the page refreshes itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

_SCRIPT: Final = (Path(__file__).parent / "movement.js").read_text()
_ENOUGH_FRAMES: Final = 60


@contextmanager
def nothing_moves(page: Page) -> Iterator[None]:
    """Fails when a control or heading moves by more than 4 px within the block, or is gone for a frame."""
    page.evaluate(_SCRIPT)
    yield
    seen: dict[str, Any] = page.evaluate("window.stopWatching()")
    assert seen["frames"] >= _ENOUGH_FRAMES and seen["watched"] > 5, f"Too little was seen: {seen}"
    assert not seen["faults"], "\n".join(seen["faults"])
