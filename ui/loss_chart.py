"""Loss by step."""

from collections.abc import Sequence

import streamlit as st


def loss_chart(curve: Sequence[tuple[int, float]]) -> None:
    """The curve, where there are at least two points of it."""
    if len(curve) < 2:
        return
    st.caption("Loss by step")
    steps, losses = zip(*curve, strict=True)
    st.line_chart({"step": list(steps), "loss": list(losses)}, x="step", y="loss", height=180)
