"""Which pictures of a style this session has selected; its browser keeps them over a reload.

Plain values only: they outlive a reload of the code.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

import streamlit as st

from lora_core import Style
from ui import browser_storage

_STATE: Final = "datasets:selected"


def selected(style: Style) -> frozenset[str]:
    """File names, of pictures that are gone by now, too."""
    return frozenset(_names(style))


def select(style: Style, names: Iterable[str]) -> None:
    """These and no others from now on."""
    _keep(style, names)


def toggle(style: Style, names: Collection[str], *, is_on: bool) -> None:
    """Adds pictures to the selection or takes them out."""
    before = _names(style)
    _keep(style, {**before, **dict.fromkeys(names)} if is_on else [one for one in before if one not in names])


def _names(style: Style) -> dict[str, None]:
    """In the order in which they were selected."""
    state = _state()
    if style.folder not in state:
        stored = browser_storage.recalled(_item(style))
        if stored is None and browser_storage.is_awaited():
            return {}
        state[style.folder] = _read(stored)
    return dict.fromkeys(state[style.folder])


def _keep(style: Style, names: Iterable[str]) -> None:
    kept = list(dict.fromkeys(names))
    _state()[style.folder] = kept
    browser_storage.remember(_item(style), json.dumps(kept) if kept else None)


def _read(stored: str | None) -> list[str]:
    try:
        names = json.loads(stored or "[]")
    except ValueError:
        return []
    return [one for one in names if isinstance(one, str)] if isinstance(names, list) else []


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state


def _item(style: Style) -> str:
    return f"training_{style.folder}_pictures"
