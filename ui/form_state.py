"""What was typed into the training form and is not started yet, kept per version (and per style for NEW).

Streamlit forgets a widget that is not drawn; edits are therefore copied here when a field is left, and survive
a change of version, of page, and every refresh. This browser's localStorage keeps them over a reload. Plain
values only: they outlive a reload of the code.

A field's `on_change` is not enough to learn of an edit: Streamlit 1.67 drops a callback in whose midst the next
click arrives, and a start would then go out with the number from before. So each run also compares what the
widgets hold with what they were last told to show.
"""

import uuid
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import streamlit as st

from ui import browser_storage, stored_edits

_STATE: Final = "form"
_LATE_S: Final = 1.0
"""So long a browser may take to draw a value that we put into a field."""

_EMPTIED_AT_ONCE: Final = 3
"""More fields than anybody empties between two refreshes."""


def edits(form_id: str) -> Mapping[str, Any]:
    """Fields that were changed, as typed."""
    kept: Mapping[str, Any] = _state()["edits"].get(form_id, {})
    return kept


def edited() -> frozenset[str]:
    """The forms into which something was typed that is recorded nowhere."""
    return frozenset(form_id for form_id, kept in _state()["edits"].items() if kept)


def is_kept(form_id: str) -> bool:
    """Whether something was typed into this form that is recorded nowhere."""
    return bool(edits(form_id))


def put(form_id: str, field: str, value: object, recorded: object) -> None:
    """Keeps an edit; a field that is back at what is recorded is none."""
    _put(_state(), form_id, field, value, recorded)


def putting(form_id: str, field: str, recorded: object) -> Callable[[object], None]:
    """`put` in two steps, the second of which touches Streamlit nowhere; see `selection.selecting`."""
    state = _state()

    def then(value: object) -> None:
        _keep(state, form_id, field, value, recorded)
        state["touched"][form_id] = True

    return then


def discard(form_id: str) -> None:
    """Forgets the edits, in this session and in its browser."""
    state = _state()
    state["edits"].pop(form_id, None)
    _remember(state, form_id)


def settle(form_id: str, is_edit: Callable[[str, Any], bool]) -> None:
    """Takes in what the widgets hold, and lets go of what is no edit, or not any more."""
    state = _state()
    _take_in(state, form_id)
    kept = state["edits"].get(form_id, {})
    for field in [field for field, value in kept.items() if not is_edit(field, value)]:
        del kept[field]


def changed(form_id: str, field: str) -> None:
    """A widget's `on_change`."""
    _take_in(_state(), form_id, field)


def widget_key(form_id: str, field: str, value: object, recorded: object) -> str:
    """The widget's key, its state set to what is to be shown.

    It is set only where it differs: setting it in every run would throw away what is just being typed.
    """
    drawn, key = _state()["drawn"], _key(form_id, field)
    if drawn["form"] != form_id:
        drawn |= {"form": form_id, "shown": {}, "recorded": {}, "before": {}}
    current = st.session_state.get(key, _UNSET)
    if current != value and current is not _UNSET:
        drawn["before"][field] = [current, monotonic()]
    # Of a form that is new on the page the browser may have forgotten what the server still knows.
    if current != value or field not in drawn["shown"]:
        st.session_state[key] = value
    drawn["shown"][field], drawn["recorded"][field] = value, recorded
    return key


def intended_key(form_id: str) -> str:
    """The identity that the version made from this form will have: two clicks on Start make one."""
    key: str = _state()["keys"].setdefault(form_id, str(uuid.uuid4()))
    return key


def draw_another_key(form_id: str) -> None:
    """The next version from this form will be another one."""
    _state()["keys"].pop(form_id, None)


def using(form_id: str) -> Callable[[], None]:
    """To be called when the form has become a version: its edits are recorded, and the next will be another.

    Takes hold of the state now, so that the call touches Streamlit nowhere; see `selection.selecting`.
    """
    state = _state()

    def then() -> None:
        state["edits"].pop(form_id, None)
        state["keys"].pop(form_id, None)
        state["touched"][form_id] = True

    return then


def remember_edits() -> None:
    """Has the browser keep the edits of every form that this session has changed, as they are now."""
    state = _state()
    for form_id in state["touched"]:
        _remember(state, form_id)


def _state() -> dict[str, Any]:
    fresh: dict[str, Any] = {
        "edits": {},
        "keys": {},
        "touched": {},
        "drawn": {"form": None, "shown": {}, "recorded": {}, "before": {}},
        "is_opened": False,
    }
    state: dict[str, Any] = st.session_state.setdefault(_STATE, fresh)
    if not state["is_opened"] and (stored := browser_storage.stored()) is not None:
        _take_over(state, stored)
    return state


def _take_over(state: dict[str, Any], stored: Mapping[str, str]) -> None:
    """What this browser had kept, below what was typed in the session by now; once."""
    for form_id, fields in stored_edits.read_all(stored).items():
        own = state["edits"].get(form_id)
        if own is not None or form_id not in state["touched"]:  # not what was discarded meanwhile
            state["edits"][form_id] = {**fields, **(own or {})}
    state["is_opened"] = True


def _take_in(state: dict[str, Any], form_id: str, only: str | None = None) -> None:
    """Keeps what was typed into the widgets, of all fields or of one."""
    drawn = state["drawn"]
    for field, value in _typed(drawn, form_id).items():
        if only in (None, field):
            _put(state, form_id, field, value, drawn["recorded"][field])


def _typed(drawn: dict[str, Any], form_id: str) -> dict[str, Any]:
    """What the widgets hold and were not told to show.

    Not all of it was typed. A browser that has not drawn the next form yet posts the one before; it posts what a
    field was showing before we changed it; and fields that it has forgotten it posts as empty, all at once.
    """
    if drawn["form"] != form_id:
        return {}
    held = {
        field: st.session_state.get(_key(form_id, field), shown) for field, shown in drawn["shown"].items()
    }
    differing = {field: value for field, value in held.items() if value != drawn["shown"][field]}
    if sum(value == "" for value in differing.values()) > _EMPTIED_AT_ONCE:
        return {}
    return {field: value for field, value in differing.items() if not _is_late(drawn, field, value)}


def _is_late(drawn: dict[str, Any], field: str, value: object) -> bool:
    before, at = drawn["before"].get(field, (_UNSET, 0.0))
    return bool(value == before) and monotonic() - float(at) < _LATE_S


def _put(state: dict[str, Any], form_id: str, field: str, value: object, recorded: object) -> None:
    _keep(state, form_id, field, value, recorded)
    _remember(state, form_id)


def _keep(state: dict[str, Any], form_id: str, field: str, value: object, recorded: object) -> None:
    kept = state["edits"].setdefault(form_id, {})
    if value == recorded:
        kept.pop(field, None)
    else:
        kept[field] = value


def _remember(state: dict[str, Any], form_id: str) -> None:
    state["touched"][form_id] = True
    item, text = stored_edits.item(form_id), stored_edits.text(state["edits"].get(form_id, {}))
    browser_storage.remember(item, text)


def _key(form_id: str, field: str) -> str:
    return f"form:{form_id}:{field}"


_UNSET: Final = object()
