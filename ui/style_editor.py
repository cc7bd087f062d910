"""New styles, and what a style is called."""

from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Style, TrainingLab
from ui import dataset_news, words
from ui.closing_popover import close, field_key, popover
from ui.import_panel import import_panel
from ui.pressed import button
from ui.selection import NEW, select

_NEW: Final = "datasets:new_style"
_SETTINGS: Final = "datasets:style"
_WIDTH_PX: Final = 380


def new_style(lab: TrainingLab, style: Style) -> None:
    """A popover: name, id, trigger token; or the styles of the old system."""
    with popover("New style", icon=":material/add:", name=_NEW), st.container(width=_WIDTH_PX):
        name = _text("Name", "name", "Dynamic Simplicity")
        style_id = _text("Id", "id", "the next free number")
        token = _text("Trigger token", "token", f"SBai_style_{style_id.strip() or '…'}")
        is_made = button("Create style", key="datasets:create_style", type="primary")
        if is_made():
            _create(lab, style, name, style_id.strip(), token.strip())
        with st.expander("Import styles instead", icon=":material/input:"):
            import_panel(lab)


def style_settings(lab: TrainingLab, style: Style) -> None:
    """A popover: its name and its trigger token; its folder stays."""
    with popover("Style settings", icon=":material/tune:", name=_SETTINGS), st.container(width=_WIDTH_PX):
        st.caption(
            f"Style {words.escaped(style.id)} in the folder {words.escaped(style.folder)}, which stays."
        )
        name = st.text_input("Name", style.name, key=field_key(_SETTINGS, f"name:{style.folder}"))
        token = st.text_input(
            "Trigger token", style.trigger_token, key=field_key(_SETTINGS, f"token:{style.folder}")
        )
        st.caption("Another token goes into new versions; captions are changed under Edit captions.")
        is_saved = button("Save", key="datasets:save_style", type="primary")
    if is_saved():
        _save(lab, style, name, token)
        st.rerun()


def _text(label: str, name: str, placeholder: str) -> str:
    key = field_key(_NEW, name)
    return st.text_input(label, key=key, placeholder=placeholder, persist_state="session")


def _create(lab: TrainingLab, style: Style, name: str, style_id: str, token: str) -> None:
    try:
        made = lab.create_style(name, style_id or None, token or None)
    except LoraCoreError as error:
        dataset_news.tell_error(style, error)
    else:
        close(_NEW)
        select(made, NEW)
        dataset_news.tell(made, f"Style {made.id} is created. Add its pictures below.")
    st.rerun()


def _save(lab: TrainingLab, style: Style, name: str, token: str) -> None:
    try:
        if name.strip() != style.name:
            lab.rename_style(style.folder, name)
        if token.strip() != style.trigger_token:
            lab.change_trigger_token(style.folder, token)
    except LoraCoreError as error:
        dataset_news.tell_error(style, error)
        return
    close(_SETTINGS)
    dataset_news.tell(style, "The style is saved.")
