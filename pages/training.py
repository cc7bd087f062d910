"""Training: choose or change a configuration, start it, and see what becomes of it."""

import streamlit as st

from ui.browser_storage import exchange
from ui.damage_notice import readable
from ui.new_version_outlook import new_version_outlook
from ui.page import page_setup
from ui.pickers import selection_picker
from ui.process import lab
from ui.selection import mirror
from ui.training_form import training_form
from ui.version_details import version_details

page_setup("Training")
with readable(lab()):
    selection = selection_picker(lab())
    if selection is not None:
        with st.container(key="training_columns"):
            left, right = st.columns([11, 9], gap="medium")
        with left:
            form = training_form(lab(), selection)
        with right:
            if selection.version is None:
                new_version_outlook(form)
            else:
                version_details(lab(), selection)
        exchange(mirror(selection))
