"""What the last press below the form came to, where that is no new version: it stands until the next one."""

from collections.abc import Callable
from typing import Any, Final, Protocol

import streamlit as st

from ui import words
from ui.form_content import Form

_STATE: Final = "start_message"


class Say(Protocol):
    """Notes a sentence for the runs to come; an error, unless it is good."""

    def __call__(self, text: str, *, is_good: bool = False) -> None: ...


def saying(form: Form) -> Say:
    """Takes hold of the state; what it answers touches Streamlit nowhere."""
    state = _state()

    def say(text: str, *, is_good: bool = False) -> None:
        state.clear()
        # An error speaks of what the form held; once that is changed it is history.
        state.update(form=form.form_id, text=text, good=is_good, of="" if is_good else _of(form))

    return say


def start_message(form: Form) -> None:
    """Draws it, if it was said of this form."""
    state = _state()
    if state.get("form") != form.form_id or state["of"] not in ("", _of(form)):
        state.clear()
    elif state["good"]:
        st.success(words.escaped(state["text"]), icon=":material/check:")
    else:
        st.error(words.escaped(state["text"]), icon=":material/error:")


def silencing() -> Callable[[], None]:
    """Takes hold of the state; what it answers forgets what was said."""
    return _state().clear


def _of(form: Form) -> str:
    return repr(form.content())


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state
