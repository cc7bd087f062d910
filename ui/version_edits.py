"""Name and note of a version, changed in a popover."""

import streamlit as st

from lora_core import Style, TrainingLab, Version, VersionStatus
from ui.said import act_on


def version_edits(lab: TrainingLab, style: Style, version: Version) -> None:
    """Forms keep what is half typed in the browser, whatever is redrawn around them."""
    is_draft = version.status is VersionStatus.DRAFT  # whose note is the form's description
    label = "Rename" if is_draft else "Edit"
    box = st.popover(label, icon=":material/edit:", key=f"edit_box:{version.key}", on_change="rerun")
    if not box.open:  # most looks at a version change nothing of it
        return
    with box:
        _rename(lab, style, version)
        if not is_draft:
            _note(lab, style, version)


def _rename(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.form(f"rename:{version.key}", border=False):
        name = st.text_input(
            "New name",
            max_chars=80,
            key=_showing(f"new_name:{version.key}", version.name[:80]),
            help="The model file keeps its own name.",
        )
        if st.form_submit_button("Rename"):
            act_on(version, lambda: lab.rename(style.folder, version.key, name) and None)


def _note(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.form(f"note:{version.key}", border=False):
        text = st.text_area("Note", key=_showing(f"note_text:{version.key}", version.description))
        if st.form_submit_button("Save note"):
            act_on(version, lambda: lab.describe(style.folder, version.key, text) and None)


def _showing(key: str, recorded: str) -> str:
    """The key of a field, its state set to the record, again when that was changed elsewhere meanwhile."""
    if key not in st.session_state or st.session_state.get(f"{key}:recorded") != recorded:
        st.session_state[key] = st.session_state[f"{key}:recorded"] = recorded
    return key
