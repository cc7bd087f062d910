"""What a first load is compared with: a Streamlit page that shows one line. Started by `benchmarks.served`."""

import streamlit as st

st.text("style SBai_style_1")
