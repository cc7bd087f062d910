"""What all pages share: navigation, what runs now, the heartbeat, the browser's memory."""

from pathlib import Path

import streamlit as st

from lora_core import ConfigurationError
from ui.heartbeat import nothing_watched, running_now
from ui.look_and_feel import inject_css
from ui.process import lab

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def draw() -> None:
    """One run of the app."""
    st.set_page_config(page_title="LoRA Lab", page_icon=":material/science:", layout="wide")
    inject_css()
    can_train = _can_train()
    training = st.Page(
        _PAGES / "training.py", title="Training", icon=":material/model_training:", default=can_train
    )
    history = st.Page(
        _PAGES / "history.py", title="History", icon=":material/history:", default=not can_train
    )
    page = st.navigation({"LoRA Lab": [training, history]})
    nothing_watched()
    page.run()
    with st.sidebar:
        running_now()


def _can_train() -> bool:
    """Half a configuration opens History: nothing can be started, everything can be looked up."""
    try:
        return not lab().settings.missing
    except ConfigurationError:
        return True


if __name__ == "__main__":
    draw()
