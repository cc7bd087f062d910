"""The little CSS that themes cannot say. No text of anybody is in it."""

import streamlit as st

_CSS = """
<style>
.block-container, [data-testid="stMainBlockContainer"] { padding-top: 2.6rem; padding-bottom: 1rem; }
[data-testid="stHeader"] { height: 2.4rem; min-height: 2.4rem; background: transparent; }
h2 { padding-top: 0 !important; padding-bottom: .25rem !important; }
.st-key-new_version button { background: #f2a33a; border-color: #d98a1c; color: #1c1300; font-weight: 600; }
.st-key-new_version button:hover { background: #ffb750; border-color: #b86f0d; color: #1c1300; }
.st-key-new_version button:active, .st-key-new_version button:focus { color: #1c1300; }
.st-key-browser_storage { min-height: 1px; overflow: hidden; opacity: 0; }
[data-testid="stSidebar"] [data-testid="stProgress"] p { font-size: .8rem; }
</style>
"""


def inject_css() -> None:
    """Once per run."""
    st.html(_CSS)
