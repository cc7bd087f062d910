"""New styles, and what a style is called."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Style, TrainingLab
from ui import dataset_news, words
from ui.closing_popover import closing, field_key, popover, record_field
from ui.import_panel import import_panel
from ui.pressed import button
from ui.selection import NEW, selecting_any

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
        _create(lab, style, (name, style_id.strip(), token.strip()), is_made)
        with st.expander("Import styles instead", icon=":material/input:"):
            import_panel(lab)


def style_settings(lab: TrainingLab, style: Style) -> None:
    """A popover: its name and its trigger token; its folder stays."""
    with popover("Style settings", icon=":material/tune:", name=_SETTINGS), st.container(width=_WIDTH_PX):
        st.caption(
            f"Style {words.escaped(style.id)} in the folder {words.escaped(style.folder)}, which stays."
        )
        name = _changed("Name", f"name:{style.folder}", style.name)
        token = _changed("Trigger token", f"token:{style.folder}", style.trigger_token)
        st.caption("Another token goes into new versions; captions are changed under Edit captions.")
        is_saved = button("Save", key="datasets:save_style", type="primary")
    _save(lab, style, name, token, is_saved)


def _text(label: str, name: str, placeholder: str) -> str:
    key = field_key(_NEW, name)
    return st.text_input(label, key=key, placeholder=placeholder, persist_state="session")


def _changed(label: str, field: str, recorded: str) -> str | None:
    """None while nothing else than what is recorded was typed."""
    key, began = record_field(_SETTINGS, field, recorded)
    typed = st.text_input(label, began, key=key)
    return None if typed.strip() == began else typed


def _create(
    lab: TrainingLab, style: Style, typed: tuple[str, str, str], is_pressed: Callable[[], bool]
) -> None:
    tell, close, select = dataset_news.telling(), closing(_NEW), selecting_any()
    if not is_pressed():
        return
    name, style_id, token = typed
    try:
        made = lab.create_style(name, style_id or None, token or None)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        close()
        select(made, NEW)
        tell.done(made, f"Style {made.id} is created. Add its pictures below.")
    st.rerun()


def _save(
    lab: TrainingLab, style: Style, name: str | None, token: str | None, is_pressed: Callable[[], bool]
) -> None:
    tell, close = dataset_news.telling(), closing(_SETTINGS)
    if not is_pressed():
        return
    try:
        if name is not None:
            lab.rename_style(style.folder, name)
        if token is not None:
            lab.change_trigger_token(style.folder, token)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        close()
        tell.done(style, "The style is saved.")
    st.rerun()
