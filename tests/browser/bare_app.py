"""A Streamlit page with the kinds of widgets that the lab's screens have, and nothing of the lab's own.

What axe-core finds here is Streamlit's; `streamlit run tests/browser/bare_app.py`.
"""

import pandas as pd
import streamlit as st

st.set_page_config(page_title="Bare", layout="wide")


def page() -> None:
    st.header("Heading", anchor=False)
    st.subheader("Subheading", anchor=False)
    with st.sidebar:
        st.markdown("**Sidebar**")
        st.button("Entry", type="tertiary", help="Help")
        st.progress(0.4, text="40%")
        st.caption("Caption")
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.selectbox("Select", ["one", "two"], help="Help")
        st.text_input("Text", placeholder="Placeholder", help="Help")
        st.text_area("Area", placeholder="Placeholder")
        st.multiselect("Several", ["one", "two"])
        st.file_uploader("Files", accept_multiple_files=True)
        st.date_input("Dates", value=())
        st.number_input("Number", value=1)
        st.slider("Range", 0.0, 1.0, (0.2, 0.8))
        st.toggle("Toggle")
        st.checkbox("Checkbox")
        st.radio("Radio", ["one", "two"], horizontal=True)
        st.pills("Pills", ["one", "two"], selection_mode="multi")
        st.segmented_control("Segments", ["one", "two"])
        st.button("Primary", type="primary", icon=":material/play_arrow:")
        st.button("Disabled", disabled=True)
        with st.expander("Expander", expanded=True, icon=":material/tune:"):
            st.text_input("Inside", help="Help")
    with right:
        st.badge("Badge", color="green")
        st.progress(0.4, text="Progress")
        with st.popover("Popover", icon=":material/edit:"):
            st.markdown("Inside")
        st.code("code", language=None, wrap_lines=True)
        st.link_button("Link", "https://example.com", icon=":material/open_in_new:")
        st.download_button("Download", data=b"0", file_name="zero")
        st.text("Text")
        for kind in (st.info, st.warning, st.error, st.success):
            kind("Said", icon=":material/info:")
        st.line_chart(pd.DataFrame({"step": [1, 2, 3], "loss": [3, 2, 1]}), x="step", y="loss")
    one, _ = st.tabs(["Tab one", "Tab two"])
    with one:
        st.dataframe(
            {"Column": ["a", "b"]}, hide_index=True, selection_mode="multi-row", on_select="rerun", key="rows"
        )
    st.toast("Toast", icon=":material/check_circle:", duration="infinite")


def other() -> None:
    st.header("Other", anchor=False)


st.navigation([st.Page(page, title="Page", icon=":material/history:"), st.Page(other, title="Other")]).run()
