"""What all pages share: navigation, what runs now, the heartbeat, the browser's memory."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from lora_core import ConfigurationError
from ui.ended_notice import ended_notice
from ui.heartbeat import nothing_watched, running_now
from ui.look_and_feel import inject_css
from ui.pressed import forget as forget_presses
from ui.process import lab
from ui.undo_bar import undo_bar

_PAGES = Path(__file__).resolve().parent.parent / "pages"
_LOGO = Path(__file__).resolve().parent / "logo.svg"
_SIDEBAR_PX = 250
_IS_OPENED = "frame:is_opened"


def draw() -> None:
    """One run of the app."""
    st.set_page_config(
        page_title="LoRA Lab",
        page_icon=":material/science:",
        layout="wide",
        initial_sidebar_state=_SIDEBAR_PX,
    )
    inject_css()
    training = st.Page(
        _PAGES / "training.py", title="Training", icon=":material/model_training:", default=True
    )
    history = st.Page(_PAGES / "history.py", title="History", icon=":material/history:")
    datasets = st.Page(_PAGES / "datasets.py", title="Datasets", icon=":material/photo_library:")
    st.logo(_LOGO, size="large")
    page = st.navigation([training, history, datasets])
    if page is training and _opens_history():
        st.switch_page(history, query_params=st.query_params.to_dict())
    nothing_watched()
    ended_notice()
    with suppress(ConfigurationError):  # the page itself says what is wrong
        undo_bar(lab())
    page.run()
    forget_presses()
    with st.sidebar:
        running_now()


def _opens_history() -> bool:
    """Half a configuration opens History, once: nothing can be started, everything can be looked up.

    Training stays the page without a path of its own: an address that names the default page is not found (seen on
    1.67).
    """
    if st.session_state.setdefault(_IS_OPENED, False):
        return False
    st.session_state[_IS_OPENED] = True
    try:
        return bool(lab().settings.missing)
    except ConfigurationError:
        return False


if __name__ == "__main__":
    draw()
