"""Beside the form of a version that is not there yet: what its settings will do."""

import streamlit as st

from ui.form_content import Form
from ui.schedule_chart import schedule_chart


def new_version_outlook(form: Form) -> None:
    """Stands where the details of a selected version would."""
    with st.container(border=True, key="new_version_outlook", gap="small"):
        st.subheader("What it will do", anchor=False)
        schedule_chart(form.content().parameters)
        st.caption(
            "Progress, loss and model appear here once it is started. Choose a version above to see what it did."
        )
