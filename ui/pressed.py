"""Buttons whose press is neither lost nor acted on twice.

`st.button` answers True in one run only: when another click, or the heartbeat, has the page drawn anew before that run
comes to the place where the answer is read, the press is gone. So a press is written down before anything is drawn,
and whichever run comes to that place first takes it. Taking touches Streamlit nowhere: no run can be stopped between a
press that was taken and what it starts.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import streamlit as st

_STATE: Final = "pressed"
_LASTS_S: Final = 10.0
"""A press older than this is dropped: nobody expects any more that it does something."""


def button(label: str, *, key: str, **looks: Any) -> Callable[[], bool]:
    """`st.button`; what it answers takes the press, and tells whether there was one.

    Each drawing of the button is good for one press, so whoever takes one has the page drawn anew. The second click
    of a double click does nothing, even if the button is drawn again only later.
    """
    press: dict[str, Any] = st.session_state.setdefault(_STATE, {}).setdefault(key, {"taken": 0})
    st.button(label, key=key, on_click=_press, args=(press, press["taken"]), **looks)
    return lambda: _take(press)


def forget() -> None:
    """A page has been drawn to its end: what nobody took was meant for something that is not there any more."""
    for press in st.session_state.get(_STATE, {}).values():
        press.pop("drawing", None)


def _press(press: dict[str, Any], drawing: int) -> None:
    # The dictionary comes as an argument: asking Streamlit for it here could stop this very callback.
    press["drawing"], press["at"] = drawing, monotonic()


def _take(press: dict[str, Any]) -> bool:
    if press.pop("drawing", None) != press["taken"] or monotonic() - float(press["at"]) >= _LASTS_S:
        return False
    press["taken"] += 1
    return True
