"""The look of the screens beyond the theme."""

from pathlib import Path
from typing import Final

import streamlit as st

_CSS: Final = Path(__file__).resolve().parent / "look_and_feel.css"


def inject_css() -> None:
    """Once per run."""
    st.html(_CSS)
