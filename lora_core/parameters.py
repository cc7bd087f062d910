"""The twelve training parameters: as a new version sends them, and as an old record may hold them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from pydantic import BaseModel, ConfigDict

SCHEDULERS: Final = ("constant", "cosine", "cosine_with_restarts", "polynomial", "constant_with_warmup")
"""What the trainer's optimizer node accepts, in its spelling. `linear` is not among them."""

OPTIMIZERS: Final = (
    "adamw8bit",
    "adamw",
    "prodigy",
    "CAME",
    "Lion8bit",
    "Lion",
    "adamwschedulefree",
    "sgdschedulefree",
    "AdEMAMix8bit",
    "PagedAdEMAMix8bit",
    "ProdigyPlusScheduleFree",
)
"""What the trainer's optimizer node accepts, in its spelling. `adafactor` is not among them."""

GRADIENT_DTYPES: Final = ("fp32", "fp16", "bf16")

PRODIGY_LIKE: Final = ("prodigy", "ProdigyPlusScheduleFree")
"""Optimizers that find the rate themselves: their learning_rate is a factor and belongs near 1."""

SCHEDULE_FREE: Final = ("adamwschedulefree", "sgdschedulefree", "ProdigyPlusScheduleFree")
"""Optimizers that replace the schedule by averaging: a scheduler on top works against them."""

WHOLE_NUMBERS: Final = (
    "network_dim",
    "max_train_steps",
    "lr_warmup_steps",
    "batch_size",
    "num_repeats",
    "save_every_n_steps",
)
NUMBERS: Final = ("network_alpha", "learning_rate")


class TrainingParameters(BaseModel):
    """What is sent to the trainer. Frozen: a change makes a new version.

    Types are strict, ranges are not checked: a value that the trainer would refuse is a finding
    (`lora_core.findings`), so that it can still be kept as a draft.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    network_dim: int = 16
    """Rank of the LoRA matrices, usually 4 to 128. More rank learns more detail, makes a larger file, and
    memorises small datasets sooner."""

    # The union keeps a number as it was typed: 16 is stored as 16, as in the files that exist already.
    network_alpha: int | float = 16
    """Scale of the LoRA: the effective strength is network_alpha / network_dim. With
    network_alpha = network_dim it is 1."""

    learning_rate: int | float = 1e-4
    """Size of an update. 1e-4 suits most optimizers; prodigy-like ones find the rate themselves
    and want 1."""

    max_train_steps: int = 2000
    """Number of updates, and so the length and the price of the training. num_repeats does not change it."""

    lr_scheduler: str = "cosine_with_restarts"
    """How the learning rate changes from the first step to the last."""

    lr_warmup_steps: int = 0
    """Steps over which the learning rate rises from zero. `constant` has no warm-up;
    `constant_with_warmup` has."""

    optimizer_type: str = "adamw8bit"
    """The rule that turns gradients into updates. The spelling is the trainer's and is case-sensitive."""

    batch_size: int = 2
    """Images per step. A larger batch gives calmer updates and takes more GPU memory."""

    num_repeats: int = 10
    """How often each image counts within one epoch. With max_train_steps fixed it shapes epochs, not
    the total."""

    gradient_dtype: str = "bf16"
    """Number format of the gradients and of the saved file."""

    save_every_n_steps: int = 500
    """Steps between two checkpoints, for trainers that write them; more than max_train_steps leaves only the
    final file."""

    class_tokens: str | None = None
    """Text put before every caption. None is the style's own: `style` and its trigger token."""

    def with_class_tokens(self, trigger_token: str) -> "TrainingParameters":
        """With class_tokens settled: unchanged where there is a text, even an empty one; else the style's."""
        if self.class_tokens is not None:
            return self
        return self.model_copy(update={"class_tokens": f"style {trigger_token}"})


PARAMETER_NAMES: Final = tuple(TrainingParameters.model_fields)


@dataclass(frozen=True)
class RecordedParameters:
    """The parameters that a stored record really holds; None is "not recorded", never a default."""

    network_dim: int | None = None
    network_alpha: int | float | None = None
    learning_rate: int | float | None = None
    max_train_steps: int | None = None
    lr_scheduler: str | None = None
    lr_warmup_steps: int | None = None
    optimizer_type: str | None = None
    batch_size: int | None = None
    num_repeats: int | None = None
    gradient_dtype: str | None = None
    save_every_n_steps: int | None = None
    class_tokens: str | None = None

    @classmethod
    def from_raw(cls, raw: object) -> "RecordedParameters":
        """Reads a record's `parameters` leniently: what cannot be read counts as not recorded."""
        known = raw if isinstance(raw, Mapping) else {}
        values: dict[str, Any] = {name: _recorded(name, known.get(name)) for name in PARAMETER_NAMES}
        return cls(**values)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of what is not recorded, in the form's order."""
        return tuple(name for name, value in self.as_dict().items() if value is None)

    def as_dict(self) -> dict[str, int | float | str | None]:
        """All twelve by name."""
        return {name: getattr(self, name) for name in PARAMETER_NAMES}

    def complete(self) -> TrainingParameters | None:
        """As parameters that can be sent again; None when one is not recorded."""
        return None if self.missing else TrainingParameters.model_validate(self.as_dict())


def recommended(image_count: int, current: TrainingParameters) -> TrainingParameters:
    """What usually works for a style of `image_count` images; class_tokens stay. To be offered, not applied.

    About 40 steps per image, and at least 500 so that a handful of images still learns something.
    """
    steps = min(max(40 * image_count, 500), 3500)
    save_every = next(every for least, every in ((2000, 500), (1000, 250), (0, 100)) if steps >= least)
    return TrainingParameters(
        max_train_steps=steps, save_every_n_steps=save_every, num_repeats=1, class_tokens=current.class_tokens
    )


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is text that can be written as UTF-8: JSON's escapes can smuggle in half a character."""
    return isinstance(value, str) and not _HALF_CHARACTER.search(value)


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NUMERAL = re.compile(r"\s*[+-]?(\d{1,15}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?\s*", re.ASCII)


def _recorded(name: str, value: object) -> int | float | str | None:
    if name in WHOLE_NUMBERS:
        number = _number(value)
        # JSON does not tell 2000.0 from 2000, so neither does a record.
        return int(number) if number is not None and number == int(number) else None
    if name in NUMBERS:
        return _number(value)
    return value if is_text(value) else None


def _number(value: object) -> int | float | None:
    """The finite number that a JSON value stands for, also as text. int() alone would take "1_0" and "٣"."""
    if isinstance(value, str) and _NUMERAL.fullmatch(value):
        value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an integer beyond every float
        return None
