"""Learning-rate schedules, with the formulas of Hugging Face's `get_scheduler`."""

from __future__ import annotations

import math
from collections.abc import Callable

RESTARTS = 3
"""Cycles of cosine_with_restarts: the number that the container's graph holds."""

_CURVES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,  # noqa: ARG005
    "constant_with_warmup": lambda done: 1.0,  # noqa: ARG005
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
    "cosine_with_restarts": lambda done: 0.5 * (1.0 + math.cos(math.pi * ((RESTARTS * done) % 1.0))),
    "polynomial": lambda done: 1.0 - done,
}


def rate_factor(scheduler: str, step: int, *, warmup_steps: int, total_steps: int) -> float:
    """What the learning rate is multiplied with in step `step`, counted from 0."""
    if step < warmup_steps:
        return step / warmup_steps
    return _CURVES[scheduler]((step - warmup_steps) / (total_steps - warmup_steps))
