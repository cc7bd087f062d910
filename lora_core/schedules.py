"""The learning rate from the first step to the last, as the trainer will set it.

The formulas are those of transformers' `get_scheduler`, which the trainer (kohya's sd-scripts) calls, with the
numbers that the request's graph holds. Steps are counted from 0, as the scheduler counts them.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

from lora_core.field_checks import unusable
from lora_core.parameters import SCHEDULE_FREE, TrainingParameters

RatePoint = tuple[int, float]
"""A step and the rate in it."""

CYCLES: Final = 3
"""lr_scheduler_num_cycles of the graph: cosine_with_restarts falls this often."""

LAST_RATE: Final = 1e-7
"""Where `polynomial` ends, by its default; a rate that is not above it cannot be scheduled so."""

MOST_POINTS: Final = 200
"""Of a curve: enough for every bend, few enough to draw at once."""

_NEEDED: Final = ("learning_rate", "max_train_steps", "lr_scheduler", "lr_warmup_steps", "optimizer_type")


def rate_curve(parameters: TrainingParameters | Mapping[str, object]) -> tuple[RatePoint, ...]:
    """At most 200 points of the rate, turning points among them; nothing when a field it needs is unusable.

    A schedule-free optimizer gets no schedule from the trainer: its rate stays.
    """
    given = parameters.model_dump() if isinstance(parameters, TrainingParameters) else parameters
    if any(True for name in _NEEDED for _ in unusable(name, given.get(name))):
        return ()
    wanted = TrainingParameters.model_construct(**{name: given[name] for name in _NEEDED})  # type: ignore[arg-type]
    if not _is_possible(wanted):
        return ()
    return tuple((step, rate_at(wanted, step)) for step in _steps_to_draw(wanted))


def rate_at(parameters: TrainingParameters, step: int) -> float:
    """The rate in a step, counted from 0; the parameters must be usable."""
    rate, warmup = float(parameters.learning_rate), parameters.lr_warmup_steps
    if parameters.optimizer_type in SCHEDULE_FREE:
        return rate
    if step < warmup:
        return rate * step / warmup
    done = (step - warmup) / max(1, parameters.max_train_steps - warmup)
    return _CURVES[parameters.lr_scheduler](rate, min(done, 1.0))


def _is_possible(parameters: TrainingParameters) -> bool:
    """Whether the trainer would not refuse the combination."""
    if parameters.optimizer_type in SCHEDULE_FREE:
        return True
    match parameters.lr_scheduler:
        case "constant":
            return parameters.lr_warmup_steps == 0
        case "polynomial" if parameters.learning_rate <= LAST_RATE:
            return False
    return parameters.lr_warmup_steps < parameters.max_train_steps


def _steps_to_draw(parameters: TrainingParameters) -> list[int]:
    """Evenly over the training, and both sides of each turn, so that no peak is cut off."""
    last, warmup = parameters.max_train_steps - 1, parameters.lr_warmup_steps
    restarts = (warmup + math.ceil(cycle * (last + 1 - warmup) / CYCLES) for cycle in range(1, CYCLES))
    turns = {step for turn in (warmup, *restarts) for step in (turn - 1, turn) if 0 <= step <= last}
    spread = MOST_POINTS - 2 * CYCLES - 1
    return sorted(turns | {round(place * last / spread) for place in range(spread + 1)})


def _constant(rate: float, _: float) -> float:
    return rate


def _cosine(rate: float, done: float) -> float:
    return rate * 0.5 * (1 + math.cos(math.pi * done))


def _cosine_with_restarts(rate: float, done: float) -> float:
    return 0.0 if done >= 1 else _cosine(rate, CYCLES * done % 1)


def _polynomial(rate: float, done: float) -> float:
    # Its power is 1 in the graph, which makes it a line.
    return (rate - LAST_RATE) * (1 - done) + LAST_RATE


_CURVES: Final[Mapping[str, Callable[[float, float], float]]] = {
    "constant": _constant,
    "constant_with_warmup": _constant,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
}
