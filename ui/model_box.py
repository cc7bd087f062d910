"""The model of a version: where it is, and the file where it is at hand."""

import streamlit as st

from lora_core import ModelFile, StoreUnavailableError, TrainingLab, Version, VersionStatus
from ui import words

_DOWNLOADABLE = 200_000_000
"""Bytes; Streamlit holds a download in memory."""


def model_box(lab: TrainingLab, version: Version) -> None:
    """Drawn for completed versions only."""
    if version.status is not VersionStatus.COMPLETED:
        return
    file, fault = _at_hand(lab, version)
    st.caption(f"Model · {words.size(file.size_bytes)}" if file else "Model")
    if fault:
        st.caption(words.escaped(fault))
    if version.lora_url is None:
        st.text("The trainer gave no address.")
    else:
        st.code(version.lora_url, language=None, wrap_lines=True)
    if misplaced := lab.misplaced_model(version):
        st.warning(words.escaped(misplaced), icon=":material/wrong_location:")
    if version.lora_url and version.lora_url.startswith("https://"):
        st.link_button("Open", version.lora_url, icon=":material/download:")
    if file is not None and file.path is not None and file.size_bytes <= _DOWNLOADABLE:
        st.download_button(
            "Download",
            data=file.path.read_bytes,
            file_name=file.path.name,
            mime="application/octet-stream",
            icon=":material/download:",
            key=f"download:{version.key}",
            on_click="ignore",
        )


def _at_hand(lab: TrainingLab, version: Version) -> tuple[ModelFile | None, str]:
    """The file, or why the folder of models cannot be read: the version's own page is shown all the same."""
    try:
        return lab.model_file(version), ""
    except StoreUnavailableError as error:
        return None, str(error)
