"""Popovers that close when what they are for is done, and forget what was typed into them."""

from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_STATE: Final = "closing_popover"


def popover(label: str, *, name: str, **looks: Any) -> DeltaGenerator:
    """`st.popover`; widgets in it get their keys from `field_key`."""
    return st.popover(label, key=field_key(name, "ask"), **looks)


def field_key(name: str, field: str) -> str:
    """Another one after each `close`: the browser would go on showing what was typed under the old one."""
    return f"{name}:{field}:{_state().get(name, 0)}"


def close(name: str) -> None:
    """From the next run on it is shut and empty."""
    state = _state()
    state[name] = int(state.get(name, 0)) + 1


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state
