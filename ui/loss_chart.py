"""Loss by step, at a height of its own that does not change when points arrive."""

from functools import lru_cache
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]  # comes with Streamlit
import streamlit as st

from lora_core.loss_curves import LossPoint, smoothed, thinned

_HEIGHT_PX: Final = 170
_MOST_DRAWN: Final = 1000
"""Points; the panel is about half as wide in pixels."""

_STEP: Final = {"field": "step", "type": "quantitative", "title": None}
_HOVERED: Final = {"param": "hovered", "empty": False}
_TOLD: Final = (
    {"field": "step", "type": "quantitative", "title": "step", "format": ",d"},
    {"field": "smooth", "type": "quantitative", "title": "loss, smoothed", "format": ".4g"},
    {"field": "loss", "type": "quantitative", "title": "loss at this step", "format": ".4g"},
)
_NEAREST: Final = {
    "name": "hovered",
    "select": {
        "type": "point",
        "on": "pointermove",
        "clear": "pointerout",
        "nearest": True,
        "fields": ["step"],
    },
}


def loss_chart(curve: tuple[LossPoint, ...], *, total_steps: int | None = None) -> None:
    """The curve as told, pale, and smoothed over it.

    With `total_steps` of a training that still runs, its room is kept before the first point has come, and the
    axis is the whole way that it has to go.
    """
    if len(curve) < 2 and total_steps is None:
        return
    with st.container(key="loss_chart", gap="xsmall"):
        st.caption(_caption(curve))
        table, spec = _table(curve), _spec(curve, total_steps)
        st.vega_lite_chart(table, spec, height=_HEIGHT_PX, theme="streamlit", alt=_in_words(curve))


def _caption(curve: tuple[LossPoint, ...]) -> str:
    if len(curve) < 2:
        return "Loss by step: it appears here as soon as the trainer tells it."
    return "Loss by step: as told, and smoothed"


def _in_words(curve: tuple[LossPoint, ...]) -> str:
    if len(curve) < 2:
        return "Loss by step: nothing told yet."
    (first, high), (last, low) = _smooth(curve)[0], _smooth(curve)[-1]
    return f"Loss by step, smoothed: {high:.3g} at step {first:,}, {low:.3g} at step {last:,}."


@lru_cache(maxsize=64)
def _smooth(curve: tuple[LossPoint, ...]) -> tuple[LossPoint, ...]:
    return smoothed(curve)


@lru_cache(maxsize=64)
def _table(curve: tuple[LossPoint, ...]) -> pa.Table:
    """What is drawn; worked out once for each curve, however often the page is. Arrow, which is what is sent."""
    drawn, smooth = thinned(curve, limit=_MOST_DRAWN), dict(_smooth(curve))
    steps, losses = [step for step, _ in drawn], [loss for _, loss in drawn]
    return pa.table({"step": steps, "loss": losses, "smooth": [smooth[step] for step in steps]})


def _spec(curve: tuple[LossPoint, ...], total_steps: int | None) -> dict[str, Any]:
    has_points = len(curve) > 1
    whole_way = {"domain": [0, max(total_steps, curve[-1][0] if curve else 0)]} if total_steps else {}
    x = {**_STEP, "scale": {"nice": False, **whole_way}, "axis": {"tickCount": 5, "format": ",d"}}
    scale = {"zero": False} if has_points else {"domain": [0, 1]}
    axis = {"tickCount": 4}

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "title": None, "scale": scale, "axis": axis}

    layers: list[dict[str, Any]] = [
        {"mark": {"type": "line", "strokeWidth": 1, "opacity": 0.35}, "encoding": {"x": x, "y": y("loss")}},
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y("smooth")}},
    ]
    if has_points:
        dot = {"condition": {**_HOVERED, "value": 1}, "value": 0}
        layers.append(
            {
                "params": [_NEAREST],
                "mark": {"type": "point", "filled": True, "size": 45},
                "encoding": {"x": x, "y": y("smooth"), "opacity": dot, "tooltip": list(_TOLD)},
            }
        )
    return {"layer": layers, "padding": {"left": 0, "right": 8, "top": 6, "bottom": 0}}
