"""What the Training screen is compared with: a bare Streamlit page of one dropdown and fifteen fields.

The dropdown lists as many versions as ours; the fields are of the kinds of our form, and their values change with the
choice. Nothing is read, checked, drawn beside it or kept. Started by `benchmarks.served`.
"""

import os

import streamlit as st

CHOICES = ("selection_set_id", "lr_scheduler", "optimizer_type", "gradient_dtype")
NUMBERS = ("learning_rate", "max_train_steps", "network_dim", "network_alpha", "batch_size", "num_repeats")
OTHERS = ("lr_warmup_steps", "save_every_n_steps")

st.set_page_config(layout="wide")
number = st.selectbox(
    "Version",
    range(int(os.environ["BENCHMARK_OPTIONS"]), 0, -1),
    format_func=lambda one: f"✅ V{one} · completed · 9 Oct · 100 images · 1500 steps · Test with low LR",
    key="version_box",
)
for name in CHOICES:
    st.selectbox(name, ["a", "b", "c"], index=number % 3, key=f"{number}:{name}")
st.text_area("description", f"Test {number}", key=f"{number}:description")
for name in ("name", *NUMBERS, *OTHERS):
    st.text_input(name, f"{name} {number}", key=f"{number}:{name}")
st.text_input("class_tokens", f"style SBai_style_1 V{number}", key=f"{number}:class_tokens")
