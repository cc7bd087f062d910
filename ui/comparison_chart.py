"""Loss curves of several versions over each other."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from lora_core.loss_curves import MOST_DRAWN, smoothed, thinned
from lora_core.sightings import LossCurve
from ui import words

_DASHES: Final = ([1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [12, 4], [4, 2, 1, 2], [1, 3], [8, 2, 2, 2, 2, 2])
"""One per version, so that nobody has to tell them apart by colour."""
_HEIGHT_PX: Final = 300


def comparison_chart(curves: Mapping[str, LossCurve]) -> None:
    """A smoothed line per version that has a curve, named by its column."""
    drawn = {name: curve for name, curve in curves.items() if len(curve) > 1}
    if not drawn:
        st.caption("None of them has a loss curve.")
        return
    lacking = [name for name in curves if name not in drawn]
    limit = MOST_DRAWN // len(drawn)
    points = [
        {"Version": name, "Step": step, "Loss": loss}
        for name, curve in drawn.items()
        for step, loss in thinned(smoothed(curve), limit=limit)
    ]
    st.vega_lite_chart(
        points,
        _spec(list(drawn)),
        height=_HEIGHT_PX,
        alt=f"Loss by step, smoothed, of {', '.join(drawn)}",
        key="comparison:chart",
    )
    if lacking:
        st.caption(f"Without a loss curve: {words.escaped(', '.join(lacking))}")


def _spec(names: list[str]) -> dict[str, Any]:
    version = {"field": "Version", "type": "nominal", "sort": names, "title": None}
    legend = {"orient": "top", "labelLimit": 160, "symbolStrokeWidth": 2.5, "symbolSize": 400, "columns": 4}
    dashes = {"domain": names, "range": list(_DASHES[: len(names)])}
    return {
        "mark": {"type": "line", "strokeWidth": 2, "interpolate": "linear"},
        "encoding": {
            "x": {"field": "Step", "type": "quantitative", "title": "Step"},
            "y": {
                "field": "Loss",
                "type": "quantitative",
                "title": "Loss, smoothed",
                "scale": {"zero": False},
            },
            "color": {**version, "legend": legend},
            "strokeDash": {**version, "legend": legend, "scale": dashes},
            "tooltip": [
                {"field": "Version", "type": "nominal"},
                {"field": "Step", "type": "quantitative"},
                {"field": "Loss", "type": "quantitative", "format": ".4f"},
            ],
        },
    }
