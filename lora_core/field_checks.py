"""One parameter by itself: is there a value of the right type, in the range that the trainer takes?"""

import math
from collections.abc import Iterator
from typing import Final

from lora_core.finding import Finding, block
from lora_core.parameters import (
    GRADIENT_DTYPES,
    NUMBERS,
    OPTIMIZERS,
    SCHEDULERS,
    WHOLE_NUMBERS,
    TrainingParameters,
    is_text,
)

MAX_STEPS: Final = 100_000
"""Upper bound of max_train_steps in the InitFluxLoRATraining node."""

MAX_ALPHA: Final = 2048
"""Upper bound of network_alpha in the same node."""

_LEAST: Final = dict.fromkeys(WHOLE_NUMBERS, 1) | {"lr_warmup_steps": 0}
_MOST: Final = {"max_train_steps": MAX_STEPS}
_CHOICES: Final = {
    "lr_scheduler": SCHEDULERS,
    "optimizer_type": OPTIMIZERS,
    "gradient_dtype": GRADIENT_DTYPES,
}
_INSTEAD: Final = {
    # The graph's polynomial has power 1, which is the linear decay that is meant.
    "linear": "polynomial",
    "adafactor": "adamw8bit",
}
_EXACT: Final = 2**53
"""Beyond it JSON readers round integers; nothing a trainer takes comes near."""


def unusable(name: str, value: object) -> Iterator[Finding]:
    if name == "class_tokens":
        if value is not None and not is_text(value):
            yield block(
                name, "class_tokens is no readable text: enter the words to put before every caption."
            )
    elif name in _CHOICES:
        yield from _unusable_choice(name, value)
    elif (why := _number_problem(name, value)) is not None:
        yield block(name, f"{name} {why}: enter {_wanted(name)}.", _default(name) if value is None else None)


def _number_problem(name: str, value: object) -> str | None:
    if value is None or value == "":
        return "is not recorded or empty"
    allowed = int | float if name in NUMBERS else int
    if isinstance(value, bool) or not isinstance(value, allowed):
        return "is no number" if name in NUMBERS else "is no whole number"
    if (isinstance(value, int) and abs(value) > _EXACT) or not math.isfinite(value):
        return "is no usable number"
    return None if _in_range(name, value) else f"is {value}"


def _in_range(name: str, value: float) -> bool:
    if name in NUMBERS:
        return 0 < value <= (MAX_ALPHA if name == "network_alpha" else math.inf)
    return _LEAST[name] <= value <= _MOST.get(name, _EXACT)


def _wanted(name: str) -> str:
    if name in NUMBERS:
        return f"a number above 0, at most {MAX_ALPHA}" if name == "network_alpha" else "a number above 0"
    upper = f" to {_MOST[name]}" if name in _MOST else ""
    return f"a whole number from {_LEAST[name]}{upper}"


def _unusable_choice(name: str, value: object) -> Iterator[Finding]:
    choices = _CHOICES[name]
    if isinstance(value, str) and value in choices:
        return
    if not isinstance(value, str) or not value.strip():
        yield block(name, f"{name} is not recorded or empty: choose {_any_of(choices)}.", _default(name))
        return
    other_case = {choice.casefold(): choice for choice in choices}
    typed = value.strip().casefold()
    suggestion = other_case.get(typed) or _INSTEAD.get(typed)
    yield block(
        name, f"The trainer does not know {name} {value[:40]!r}: choose {_any_of(choices)}.", suggestion
    )


def _any_of(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _default(name: str) -> object:
    return TrainingParameters.model_fields[name].default
