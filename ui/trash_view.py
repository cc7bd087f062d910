"""Deleted versions, and bringing them back."""

from typing import Final

import streamlit as st

from lora_core import TrainingLab
from ui import words
from ui.history_bulk import restore_button
from ui.history_listing import Listing
from ui.history_table import listed, version_grid

_TALLEST: Final = 14


def trash_view(lab: TrainingLab, shown: Listing, *, of: int, with_style: bool) -> None:
    """The same grid as of the others; what is selected is restored, or all that is listed."""
    picked = version_grid(
        shown,
        name="history:table:trash",
        tallest=_TALLEST,
        tallest_compared=_TALLEST,
        with_style=with_style,
        alt="Deleted versions, newest first",
    )
    with st.container(key="history_trash_actions", horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{listed(len(shown.rows), of)}{'' if picked else ' Select what is to come back.'}",
            width="content",
        )
        if picked:
            restore_button(lab, picked, label="Restore selected", key="history:restore")
        restore_button(lab, shown.rows, label="Restore all", key="history:restore_all")
    still = [one.version.name for one in shown.rows if one.version.is_in_flight()]
    if still:
        st.info(
            f"Deleted and not ended yet: {words.escaped(', '.join(still))}. The endpoint is asked to stop, "
            "again and again until it confirms.",
            icon=":material/hourglass_bottom:",
        )
