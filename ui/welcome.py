"""The first opening: no style yet."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Style, TrainingLab
from ui import words
from ui.page import open_datasets
from ui.pressed import button
from ui.selection import NEW, select

_PROBLEM: Final = "welcome:problem"


def welcome(lab: TrainingLab) -> None:
    """What the lab is, and three ways to begin."""
    st.subheader("No style yet", anchor=False)
    st.markdown(
        "A style is what a LoRA is to learn: pictures with captions. Every training of it is kept here as a "
        "version, with its parameters, dataset, notes, status and model."
    )
    st.caption(f"Styles are read from {words.escaped(lab.settings.root.resolve())} (LORA_LAB_ROOT).")
    sample, own = st.columns(2, gap="large")
    with sample, st.container(border=True):
        st.markdown("**Try it with a sample**")
        st.markdown(
            "Twelve small landscapes with captions, drawn here. A training of it takes under a minute."
        )
        creates_sample = button(
            "Create sample style", type="primary", icon=":material/landscape:", key="create_sample"
        )
        if creates_sample():
            _create_sample(lab)
    with own, st.container(border=True):
        st.markdown("**Begin with your own pictures**")
        name = st.text_input("Name of the style", key="new_style_name", placeholder="Dynamic Simplicity")
        if button("Create style", key="create_style", icon=":material/add:")():
            _create(lab, name)
        imports = button(
            "Import a folder that exists",
            key="welcome_import",
            type="tertiary",
            icon=":material/drive_folder_upload:",
        )
        if imports():
            open_datasets()
    if problem := st.session_state.get(_PROBLEM):
        st.error(words.escaped(problem), icon=":material/error:")


def _create_sample(lab: TrainingLab) -> None:
    _made(lab.create_sample_style)
    st.rerun()


def _create(lab: TrainingLab, name: str) -> None:
    """A style without a picture begins where pictures are added."""
    if _made(lambda: lab.create_style(name)):
        open_datasets()
    st.rerun()


def _made(make: Callable[[], Style]) -> bool:
    """Whether there is a style now; it is selected. Why not is said in the runs to come, until there is one."""
    try:
        style = make()
    except LoraCoreError as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    st.session_state.pop(_PROBLEM, None)
    select(style, NEW)
    return True
