"""What every page begins with."""

import streamlit as st

from lora_core import ConfigurationError
from ui.process import lab


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
