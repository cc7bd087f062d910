"""The first opening: no style yet."""

import streamlit as st

from lora_core import LoraCoreError, TrainingLab
from ui import words
from ui.selection import NEW, select


def welcome(lab: TrainingLab) -> None:
    """What the lab is, and two ways to begin."""
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
        if st.button("Create sample style", type="primary", icon=":material/landscape:", key="create_sample"):
            _create_sample(lab)
    with own, st.container(border=True):
        st.markdown("**Begin with your own pictures**")
        name = st.text_input("Name of the style", key="new_style_name", placeholder="Dynamic Simplicity")
        if st.button("Create style", key="create_style", icon=":material/add:"):
            _create(lab, name)


def _create_sample(lab: TrainingLab) -> None:
    try:
        style = lab.create_sample_style()
    except LoraCoreError as error:
        st.error(words.escaped(error))
        return
    select(style, NEW)
    st.rerun()


def _create(lab: TrainingLab, name: str) -> None:
    try:
        style = lab.create_style(name)
    except LoraCoreError as error:
        st.error(words.escaped(error))
        return
    select(style, NEW)
    st.toast(f"Put pictures and captions into {words.escaped(style.folder)}.", icon=":material/folder:")
    st.rerun()
