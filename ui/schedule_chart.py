"""The learning rate over the steps, as the form would have it."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from lora_core import PRODIGY_LIKE, SCHEDULE_FREE, RatePoint, rate_curve
from ui import words

_HEIGHT_PX: Final = 130


def schedule_chart(parameters: Mapping[str, Any]) -> None:
    """The curve, or a sentence where the fields do not give one yet."""
    curve = rate_curve(parameters)
    if not curve:
        st.caption("The learning rate over the steps is drawn here once the fields give one.")
        return
    st.caption("Learning rate by step")
    st.vega_lite_chart(_spec(curve), width="stretch", alt=_described(curve))
    if remark := _remark(parameters["optimizer_type"]):
        st.caption(words.escaped(remark))


def _spec(curve: tuple[RatePoint, ...]) -> dict[str, Any]:
    values = [{"step": step, "rate": rate} for step, rate in curve]
    return {
        "data": {"values": values},
        "height": _HEIGHT_PX,
        "mark": {"type": "line", "tooltip": True, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "step", "type": "quantitative", "title": None, "axis": {"grid": False}},
            "y": {
                "field": "rate",
                "type": "quantitative",
                "title": None,
                "axis": {"format": "~g", "tickCount": 3},
                "scale": {"domainMin": 0},
            },
        },
    }


def _described(curve: tuple[RatePoint, ...]) -> str:
    first, last = curve[0], curve[-1]
    highest = max(rate for _, rate in curve)
    return (
        f"Learning rate over {last[0] + 1} steps: {first[1]:.3g} in the first, at most {highest:.3g}, "
        f"{last[1]:.3g} in the last."
    )


def _remark(optimizer: str) -> str | None:
    if optimizer in SCHEDULE_FREE:
        return f"{optimizer} needs no schedule: the trainer leaves the rate as it is, and the optimizer averages."
    if optimizer in PRODIGY_LIKE:
        return f"{optimizer} finds the rate itself; the curve is what its own rate is multiplied with."
    return None
