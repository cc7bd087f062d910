"""How far a training is, read from whatever its worker reports.

RunPod shows a worker's last update as `output`, in the worker's own words. So every common spelling is
understood and anything else is ignored: a progress bar is no reason to fail.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

LossPoint = tuple[int, float]
"""A step and the loss at it."""

_STEP: Final = ("step", "current_step", "global_step", "steps_done", "current")
_TOTAL: Final = ("total_steps", "max_train_steps", "max_steps", "num_steps", "total")
_SHARE: Final = ("percent", "percentage", "progress_percent", "fraction", "progress")
_LOSS: Final = ("loss", "avr_loss", "avg_loss", "train_loss", "current_loss")
_RATE: Final = ("learning_rate", "lr")
_PACE: Final = ("s_per_step", "seconds_per_step", "sec_per_step", "s_per_it")
_TEXT: Final = ("message", "progress_text", "text", "detail", "progress")

_MAX_NESTING: Final = 5
_MAX_TEXT: Final = 4000
_MAX_POINTS: Final = 100_000
_MOST: Final = 2**53

_OF: Final = re.compile(r"(?<![\d/.])(\d{1,12})\s*/\s*(\d{1,12})(?![\d/]|\.\d)", re.ASCII)
_STEP_OF: Final = re.compile(r"steps?\D{0,3}" + _OF.pattern, re.ASCII | re.IGNORECASE)
_PERCENT: Final = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,9})?)\s*%", re.ASCII)
_NUMERAL: Final = re.compile(r"\s*\+?(\d{1,15})(\.\d{0,30})?([eE][+-]?\d{1,3})?\s*", re.ASCII)


@dataclass(frozen=True)
class Progress:
    """The last that is known of a running job; what the worker does not say is None (`step`: 0)."""

    step: int
    total_steps: int | None = None
    loss: float | None = None
    learning_rate: float | None = None
    s_per_step: float | None = None
    message: str | None = None
    share: float | None = None
    """0..1 as the worker reports it beside, or instead of, its steps."""

    @property
    def fraction(self) -> float | None:
        """How much is done, 0..1; None when it cannot be told."""
        by_steps = min(self.step / self.total_steps, 1.0) if self.total_steps else None
        return max((share for share in (by_steps, self.share) if share is not None), default=None)


def read_progress(output: object) -> Progress | None:
    """What `output` says about a training's progress; None when it says nothing."""
    layers = tuple(_layers(output))
    text = next(_texts(layers, output), None)
    in_text = _steps_in_text(text)
    step, total = _whole(_first(layers, _STEP)), _whole(_first(layers, _TOTAL))
    if step is None and in_text:
        step, total = in_text[0], in_text[1] if total is None else total
    read = Progress(
        step=step or 0,
        total_steps=total or None,
        loss=_first(layers, _LOSS),
        learning_rate=_first(layers, _RATE),
        s_per_step=_first(layers, _PACE) or None,
        message=text[:300] if text else None,
        share=_share(layers, text, output),
    )
    return None if step is None and read == Progress(0) else read


def advanced(before: Progress | None, now: Progress) -> Progress:
    """What to show after `now` arrived: updates come late and out of order, the bar never moves back."""
    if before is None:
        return now
    if not _has_place(now):
        return replace(before, message=now.message or before.message, loss=_either(now.loss, before.loss))
    if _is_behind(now, before):
        return before
    shares = [share for share in (now.fraction, before.fraction) if share is not None]
    return Progress(
        step=max(now.step, before.step),
        total_steps=now.total_steps or before.total_steps,
        loss=_either(now.loss, before.loss),
        learning_rate=_either(now.learning_rate, before.learning_rate),
        s_per_step=now.s_per_step or before.s_per_step,
        message=now.message or before.message,
        # Without it a larger total in a later update would move the bar back.
        share=max(shares, default=None),
    )


def read_loss_points(output: object) -> tuple[LossPoint, ...]:
    """The points of a loss curve in `output`: its `loss_history` (pairs or objects), its step and loss."""
    layers = tuple(_layers(output))
    histories = (layer.get("loss_history") for layer in layers)
    listed = (entry for history in histories if isinstance(history, list) for entry in history)
    entries = islice(listed, _MAX_POINTS)
    points = [point for entry in entries if (point := _point(entry)) is not None]
    if (latest := _pair(_first(layers, _STEP), _first(layers, _LOSS))) is not None:
        points.append(latest)
    return tuple(points)


def merged_curve(
    curve: Iterable[LossPoint], points: Iterable[LossPoint], *, limit: int = 2000
) -> tuple[LossPoint, ...]:
    """Both together by step, the later word winning, thinned to at most `limit` (two or more) points.

    Thinning is even in steps, however often it is repeated, and keeps the first and the last point.
    """
    merged = sorted({**dict(curve), **dict(points)}.items())
    if len(merged) <= max(limit, 2):
        return tuple(merged)
    first, slots = merged[0][0], max(limit, 2) - 1
    span = merged[-1][0] - first
    # Only the last step falls into the last slot; of every other slot the first point stays.
    kept = {(step - first) * slots // span: (step, loss) for step, loss in reversed(merged)}
    return tuple(sorted(kept.values()))


def _layers(output: object) -> Iterator[Mapping[str, object]]:
    """The object itself, then what it nests under "progress", outermost first."""
    layer = output
    for _ in range(_MAX_NESTING):
        if not isinstance(layer, Mapping):
            return
        yield layer
        layer = layer.get("progress")


def _texts(layers: tuple[Mapping[str, object], ...], output: object) -> Iterator[str]:
    spoken = (layer.get(key) for layer in reversed(layers) for key in _TEXT)
    for said in (output, *spoken):
        if isinstance(said, str) and said.strip():
            # A log grows at its end, so the end is what counts.
            yield said.strip()[-_MAX_TEXT:]


def _first(layers: tuple[Mapping[str, object], ...], keys: tuple[str, ...]) -> float | None:
    """The first usable number under one of the keys; the innermost object speaks first."""
    values = (_number(layer.get(key)) for layer in reversed(layers) for key in keys)
    return next((value for value in values if value is not None), None)


def _number(value: object) -> float | None:
    """A finite number from 0 on, also as text; None for anything else."""
    if isinstance(value, str) and (numeral := _NUMERAL.fullmatch(value)):
        value = float(value) if numeral[2] or numeral[3] else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _MOST and math.isfinite(value) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _share(layers: tuple[Mapping[str, object], ...], text: str | None, output: object) -> float | None:
    """0..1. A whole number counts in percent; a fraction up to 1 counts as a share."""
    value = _first(layers, _SHARE)
    if value is None:
        value = _number(output)
    if value is not None and value <= 100:
        return value / 100 if isinstance(value, int) or value > 1 else value
    percents = _PERCENT.findall(text or "")
    return min(float(percents[-1]) / 100, 1.0) if percents else None


def _steps_in_text(text: str | None) -> tuple[int, int] | None:
    """The last "step 120/2000"; without the word, the "120/2000" with the largest total (not the epochs)."""
    found = [(int(step), int(total)) for step, total in _STEP_OF.findall(text or "")]
    plain = [(int(step), int(total)) for step, total in _OF.findall(text or "")]
    sensible = [pair for pair in found[-1:] or plain if pair[0] <= pair[1] and pair[1]]
    return max(sensible, key=lambda pair: (pair[1], pair[0]), default=None)


def _point(entry: object) -> LossPoint | None:
    if isinstance(entry, Mapping):
        return _pair(_first((entry,), _STEP), _first((entry,), _LOSS))
    if isinstance(entry, list | tuple) and len(entry) == 2:
        return _pair(_number(entry[0]), _number(entry[1]))
    return None


def _pair(step: float | None, loss: float | None) -> LossPoint | None:
    return None if step is None or loss is None else (int(step), float(loss))


def _either(now: float | None, before: float | None) -> float | None:
    return before if now is None else now


def _has_place(progress: Progress) -> bool:
    return progress.step > 0 or progress.fraction is not None


def _is_behind(now: Progress, before: Progress) -> bool:
    if now.fraction is not None and before.fraction is not None:
        return now.fraction < before.fraction
    return now.step < before.step
