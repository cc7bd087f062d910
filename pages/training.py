"""Training: choose or change a configuration, start it, and see what becomes of it."""

import streamlit as st

from ui.browser_storage import exchange
from ui.damage_notice import readable
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
        left, right = st.columns([11, 9], gap="large")
        with left:
            training_form(lab(), selection)
        with right:
            version_details(lab(), selection)
        exchange(mirror(selection))
