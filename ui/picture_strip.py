"""The first pictures of the chosen dataset, to recognise it by."""

from typing import Final

import streamlit as st

from lora_core import TrainingLab
from ui.form_content import Form

_SHOWN: Final = 8


def picture_strip(lab: TrainingLab, form: Form) -> None:
    """Small pictures in a row, and how many more there are."""
    names = form.selection_set.filenames if form.selection_set else ()
    pictures = lab.thumbnails(form.style, names, limit=_SHOWN)
    if not pictures:
        st.caption("None of its pictures is at hand here." if names else "No picture to show.")
        return
    st.image(  # their size is in the CSS: told here, each would be scaled anew in every run
        [picture.data for picture in pictures],
        output_format="JPEG",
        alt=[picture.description for picture in pictures],
    )
