"""What was typed into the training form and is not started yet, kept per version (and per style for NEW).

Streamlit forgets a widget that is not drawn; edits are therefore copied here when a field is left, and
survive a change of version, of page, and every refresh. Plain values only: they outlive a code reload.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

_EDITS = "form:edits"
_KEYS = "form:keys"


def edits(form_id: str) -> Mapping[str, Any]:
    """Fields that were changed, as typed."""
    kept: Mapping[str, Any] = st.session_state.get(_EDITS, {}).get(form_id, {})
    return kept


def discard(form_id: str) -> None:
    """Forgets the edits."""
    st.session_state.get(_EDITS, {}).pop(form_id, None)


def put(form_id: str, field: str, value: object, recorded: object) -> None:
    """Keeps an edit; a field that is back at what is recorded is none."""
    kept = st.session_state.setdefault(_EDITS, {}).setdefault(form_id, {})
    if value == recorded:
        kept.pop(field, None)
    else:
        kept[field] = value


def intended_key(form_id: str) -> str:
    """The identity that the version made from this form will have: two clicks on Start make one."""
    key: str = st.session_state.setdefault(_KEYS, {}).setdefault(form_id, str(uuid.uuid4()))
    return key


def draw_another_key(form_id: str) -> None:
    """The next version from this form will be another one."""
    st.session_state.get(_KEYS, {}).pop(form_id, None)


def using(form_id: str) -> Callable[[], None]:
    """To be called when the form has become a version: its edits are recorded, and the next will be another.

    Takes hold of the state now, so that the call touches Streamlit nowhere; see `selection.selecting`.
    """
    all_edits = st.session_state.setdefault(_EDITS, {})
    keys = st.session_state.setdefault(_KEYS, {})

    def then() -> None:
        all_edits.pop(form_id, None)
        keys.pop(form_id, None)

    return then


def widget_key(form_id: str, field: str, value: object, recorded: object) -> str:
    """The widget's key, its state set to what is to be shown.

    It is set only where it differs: setting it in every run would throw away what is just being typed.
    """
    key = f"form:{form_id}:{field}"
    if st.session_state.get(key, _UNSET) != value:
        st.session_state[key] = value
    st.session_state.setdefault("form:recorded", {})[key] = recorded
    return key


def changed(form_id: str, field: str) -> None:
    """A widget's `on_change`."""
    key = f"form:{form_id}:{field}"
    put(form_id, field, st.session_state[key], st.session_state.get("form:recorded", {}).get(key))


_UNSET = object()
