"""How long, how much, and the numbers that follow from a configuration.

Estimates say what they rest on. A missing or zero input gives None, never an invented number.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from statistics import median
from types import MappingProxyType
from typing import Final, Literal

from lora_core.progress import Progress

Basis = Literal["progress", "finished jobs", "recorded sample"]

PRICE_PER_SECOND_USD: Final[Mapping[str, float]] = MappingProxyType(
    {
        "A4000": 0.00016,
        "L4": 0.00019,
        "A5000": 0.00019,
        "3090": 0.00019,
        "4090": 0.00031,
        "A6000": 0.00034,
        "A40": 0.00034,
        "L40S": 0.00053,
        "A100": 0.00076,
        "H100": 0.00116,
        "H200": 0.00155,
        "B200": 0.00240,
    }
)
"""USD per second of a serverless worker, as RunPod's price list stood in August 2026."""

RECORDED_S_PER_STEP: Final = 0.678
"""Seconds per step of a real training: 2300 steps in 1,558,769 ms of executionTime, start-up included."""

EMBEDDED_S_PER_STEP: Final = 0.012
"""Seconds per step of the endpoint on this machine, roughly; its first finished job replaces the figure."""

_LAST_JOBS: Final = 20


@dataclass(frozen=True)
class FinishedJob:
    """What a completed training took; `execution_s` is RunPod's executionTime in seconds."""

    steps: int
    execution_s: float


@dataclass(frozen=True)
class Estimate:
    """Time on the worker in seconds, what the figure rests on, and its price where one is known."""

    seconds: float
    basis: Basis
    cost_usd: float | None


def price_for(gpu: str | None, usd_per_second: float | None) -> float | None:
    """USD per second: the explicit figure if there is one, else that of the GPU's name in any usual form.

    "4090", "RTX 4090" and "NVIDIA GeForce RTX 4090" are one; None for a GPU that is not in the table.
    """
    if usd_per_second is not None:
        return usd_per_second if math.isfinite(usd_per_second) and usd_per_second >= 0 else None
    words = re.split(r"[^A-Z0-9]+", (gpu or "").upper())
    return next((PRICE_PER_SECOND_USD[word] for word in words if word in PRICE_PER_SECOND_USD), None)


def seconds_per_step(finished: Iterable[FinishedJob]) -> float | None:
    """The median over the last 20 jobs, given oldest first; None without a usable one."""
    usable = (job for job in reversed(list(finished)) if _positive(job.steps, job.execution_s))
    paces = [job.execution_s / job.steps for job in islice(usable, _LAST_JOBS)]
    return median(paces) if paces else None


def expected_training(
    steps: int,
    *,
    finished: Iterable[FinishedJob] = (),
    is_embedded: bool = False,
    usd_per_second: float | None = None,
    progress: Progress | None = None,
) -> Estimate:
    """What a whole training of `steps` steps takes: by its own pace, by finished jobs, or by the sample."""
    pace, basis = _pace(finished, is_embedded, progress)
    seconds = max(steps, 0) * pace
    return Estimate(seconds, basis, 0.0 if is_embedded else cost_usd(seconds, usd_per_second))


def time_left_s(
    progress: Progress | None,
    *,
    observed_s_per_step: float | None = None,
    elapsed_s: float | None = None,
    expected_s: float | None = None,
) -> float | None:
    """Seconds to go: by the pace of the steps, else by the share that is done, else by what was expected.

    `observed_s_per_step` is the pace as we saw it, `elapsed_s` the time since the worker began, and
    `expected_s` the estimate of the whole training.
    """
    if progress is not None and progress.total_steps:
        pace = progress.s_per_step or observed_s_per_step or _ratio(elapsed_s, progress.step)
        if _positive(pace):
            return max(progress.total_steps - progress.step, 0) * (pace or 0.0)
    share = progress.fraction if progress is not None else None
    if share and _positive(elapsed_s):
        return (elapsed_s or 0.0) * (1 - share) / share
    if not _positive(expected_s):
        return None
    return max((expected_s or 0.0) - (elapsed_s or 0.0), 0.0)


def cost_usd(seconds: float | None, usd_per_second: float | None) -> float | None:
    """The price of `seconds` on the worker; a price of zero is a price."""
    if seconds is None or usd_per_second is None:
        return None
    cost = seconds * usd_per_second
    return cost if math.isfinite(cost) and cost >= 0 else None


def effective_scale(alpha: float | None, dim: int | None) -> float | None:
    """The strength with which the LoRA is applied: network_alpha / network_dim."""
    return _ratio(alpha, dim)


def epochs(steps: int | None, images: int | None, repeats: int | None, batch: int | None) -> float | None:
    """How often the trainer goes through the dataset: steps / ceil(images * repeats / batch)."""
    if not _positive(steps, images, repeats, batch):
        return None
    return (steps or 0) / max(1, math.ceil((images or 0) * (repeats or 0) / (batch or 1)))


def views_per_image(steps: int | None, batch: int | None, images: int | None) -> float | None:
    """How often each image is seen in the whole training: steps * batch / images."""
    if not _positive(steps, batch, images):
        return None
    return (steps or 0) * (batch or 0) / (images or 1)


def _pace(
    finished: Iterable[FinishedJob], is_embedded: bool, progress: Progress | None
) -> tuple[float, Basis]:
    if progress is not None and progress.s_per_step and _positive(progress.s_per_step):
        return progress.s_per_step, "progress"
    if (measured := seconds_per_step(finished)) is not None:
        return measured, "finished jobs"
    return EMBEDDED_S_PER_STEP if is_embedded else RECORDED_S_PER_STEP, "recorded sample"


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    if not _positive(numerator, denominator):
        return None
    return (numerator or 0.0) / (denominator or 1.0)


def _positive(*values: float | None) -> bool:
    """Whether all are there, above zero and small enough to reckon with."""
    return all(value is not None and 0 < value < 2**53 for value in values)
