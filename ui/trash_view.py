"""Deleted versions, and bringing them back."""

from datetime import UTC, datetime

import streamlit as st

from lora_core import LoraCoreError, Style, TrainingLab
from ui import words


def trash_view(lab: TrainingLab, style: Style) -> None:
    """One line per deleted version, with Restore."""
    versions = lab.trash(style.folder)
    if not versions:
        st.caption("The trash of this style is empty.")
        return
    now = datetime.now(UTC)
    offered = {""}  # a file written by others may hold a record twice, or one without any id
    for version in versions:
        text, button = st.columns([6, 1], vertical_alignment="center")
        with text:
            st.text(words.line(version, lab.sighting(version), now))
        with button:
            if version.key not in offered and st.button(
                "Restore", key=f"restore:{version.key}", icon=":material/restore_from_trash:"
            ):
                _restore(lab, style, version.key)
        offered.add(version.key)


def _restore(lab: TrainingLab, style: Style, key: str) -> None:
    try:
        version = lab.restore(style.folder, key)
    except LoraCoreError as error:
        st.error(words.escaped(error))
        return
    st.toast(f"{words.escaped(version.name)} is back.", icon=":material/restore:")
    st.rerun()
