"""What a page shows instead of a traceback when the lab cannot give it what it needs."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from lora_core import Damage, DamagedDocumentError, LoraCoreError, TrainingLab
from ui import words


@contextmanager
def readable(lab: TrainingLab) -> Iterator[None]:
    """Draws a sentence, and for a damaged history the proposed repair, in place of the rest of the page."""
    try:
        yield
    except DamagedDocumentError as error:
        st.error(words.escaped(error), icon=":material/broken_image:")
        damage = lab.damage(error.document.partition("/")[0])
        if damage is not None:
            _proposal(lab, damage)
    except LoraCoreError as error:
        st.error(words.escaped(error), icon=":material/error:")


def _proposal(lab: TrainingLab, damage: Damage) -> None:
    found = damage.proposal.records
    st.markdown(f"**{len(found)} whole records were found in it:**")
    st.dataframe(
        [
            {"Name": str(one.get("name")), "Status": str(one.get("status")), "Id": str(one.get("id"))}
            for one in found
        ]
    )
    if damage.proposal.not_understood:
        st.markdown("**Not understood, kept only in the copy:**")
        st.code("\n---\n".join(damage.proposal.not_understood)[:5000], language=None)
    if st.button(
        "Keep a copy of the damaged file and go on with these records", type="primary", key="accept_salvage"
    ):
        try:
            lab.accept_salvage(damage)
        except LoraCoreError as error:
            st.error(words.escaped(error))
            return
        st.rerun()
