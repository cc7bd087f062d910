"""What was just deleted, and Restore: a bar at the bottom of the window, for a quarter of a minute."""

from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

import streamlit as st

from lora_core import LoraCoreError, TrainingLab
from ui import words
from ui.selection import select

_OFFER: Final = "undo_bar:offer"
_LASTS_S: Final = 15.0


def offer(style_folder: str, keys: Sequence[str], text: str) -> None:
    """From the next run on the bar says `text` and can restore these versions; the offer before it is over."""
    st.session_state[_OFFER] = {
        "style": style_folder,
        "keys": list(keys),
        "text": text,
        "until": monotonic() + _LASTS_S,
    }


def undo_bar(lab: TrainingLab) -> None:
    """Belongs once on every page; the place in which it is called does not matter to where it is seen."""
    with st.container(key="undo_bar"):
        if (offered := _current()) is not None:
            _bar(lab, offered)


def is_over() -> bool:
    """Whether a bar is drawn whose time has passed: the page is to be drawn without it."""
    offered = st.session_state.get(_OFFER)
    return offered is not None and monotonic() >= offered["until"]


def _current() -> dict[str, Any] | None:
    if is_over():
        del st.session_state[_OFFER]
    offered: dict[str, Any] | None = st.session_state.get(_OFFER)
    return offered


def _bar(lab: TrainingLab, offered: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="undo_bar_row"):
        st.markdown(words.escaped(offered["text"]))
        if st.button("Restore", key="undo_bar:restore", icon=":material/undo:", type="primary"):
            _restore(lab, offered)
        if st.button("Close", key="undo_bar:close", type="tertiary"):
            del st.session_state[_OFFER]
            st.rerun()


def _restore(lab: TrainingLab, offered: dict[str, Any]) -> None:
    """As many as can be; what cannot stays in the trash, and the bar says why and offers it once more."""
    del st.session_state[_OFFER]
    style_folder, keys = offered["style"], offered["keys"]
    try:
        done = lab.restore_many(style_folder, keys)
        left, problems = [key for key in keys if key not in done.moved], done.problems
        if len(keys) == 1 and not problems:
            select(lab.style(style_folder), keys[0])
    except LoraCoreError as error:
        left, problems = keys, (str(error),)
    if problems:
        offer(style_folder, left, " ".join(problems))
    st.rerun()
