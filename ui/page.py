"""What every page begins with, and the way from one to another."""

from pathlib import Path

import streamlit as st

from lora_core import ConfigurationError
from ui.process import lab

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def page_setup(title: str) -> None:
    """The page's heading, and a sentence where the configuration does not allow to work."""
    try:
        here = lab()
    except ConfigurationError as error:
        st.error(str(error), icon=":material/settings_alert:")
        st.stop()
    st.header(title, anchor=False)
    if here.settings.missing:
        st.warning(here.endpoint_sentence(), icon=":material/settings_alert:")


def open_training() -> None:
    """Leaves for the Training screen; what it is to show has been selected before."""
    # A relative path would be looked for beside the entry script, which is ui/frame.py or app.py.
    st.switch_page(_PAGES / "training.py")


def open_datasets() -> None:
    """Leaves for the Datasets screen."""
    st.switch_page(_PAGES / "datasets.py")
