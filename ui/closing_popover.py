"""Popovers that close when what they are for is done, and forget what was typed into them."""

from collections.abc import Callable
from typing import Any, Final
from zlib import crc32

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_STATE: Final = "closing_popover"


def popover(label: str, *, name: str, **looks: Any) -> DeltaGenerator:
    """`st.popover`; widgets in it get their keys from `field_key`."""
    return st.popover(label, key=field_key(name, "ask"), **looks)


def field_key(name: str, field: str) -> str:
    """Another one after each `close`: the browser would go on showing what was typed under the old one."""
    return f"{name}:{field}:{_state().get(name, 0)}"


def record_field(name: str, field: str, recorded: str) -> tuple[str, str]:
    """The key of a field that begins with what is recorded, and what it began with.

    The key is another one when the record was changed elsewhere and nothing was typed here. What was typed stays, and
    only that is a change of this user's.
    """
    own = field_key(name, field)
    began: dict[str, str] = _state().setdefault("began", {})
    start = began.setdefault(own, recorded)
    if start != recorded and st.session_state.get(_keyed(own, start), start) == start:
        start = began[own] = recorded
    return _keyed(own, start), start


def closing(name: str) -> Callable[[], None]:
    """Takes hold of the state; what it answers touches Streamlit nowhere: from the next run on it is shut and empty."""
    state = _state()

    def close() -> None:
        state[name] = int(state.get(name, 0)) + 1

    return close


def _keyed(own: str, text: str) -> str:
    return f"{own}:{crc32(text.encode(errors='replace'))}"


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state
