"""Saving the selected pictures as a new selection set."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, TrainingLab
from ui import dataset_news
from ui.closing_popover import closing, field_key, popover
from ui.dataset_news import counted
from ui.picture_listing import Gallery
from ui.pressed import button

_NEW: Final = "datasets:new_set"
_CHOSEN: Final = "datasets:set"


def chosen_sets() -> dict[str, int]:
    """The session's state: the number of the set which the panel shows, by the style's folder."""
    chosen: dict[str, int] = st.session_state.setdefault(_CHOSEN, {})
    return chosen


def save_as_new(lab: TrainingLab, gallery: Gallery) -> None:
    """A popover with a name and a note, both optional."""
    count = len(gallery.selected)
    with popover("Save as set", icon=":material/bookmark_add:", name=_NEW, disabled=not count):
        st.markdown(
            f"{counted(count, 'picture')} as a new selection set, which a training can be started with."
        )
        name = st.text_input("Name (optional)", key=field_key(_NEW, "name"), persist_state="session")
        note = st.text_area(
            "Note (optional)", key=field_key(_NEW, "note"), height=80, persist_state="session"
        )
        is_saved = button(
            f"Save {counted(count, 'picture')}", key="datasets:save_set", type="primary", disabled=not count
        )
    _save(lab, gallery, name, note, is_saved)


def _save(lab: TrainingLab, gallery: Gallery, name: str, note: str, is_pressed: Callable[[], bool]) -> None:
    tell, close, chosen = dataset_news.telling(), closing(_NEW), chosen_sets()
    if not is_pressed():
        return
    style = gallery.style
    names = [one for one in gallery.names if one in gallery.selected]
    try:
        made = lab.save_selection_set(style.folder, names, name=name, note=note)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        chosen[style.folder] = made.id
        close()
        tell.done(style, f"Saved as selection set {made.label}: {counted(len(names), 'picture')}.")
    st.rerun()
