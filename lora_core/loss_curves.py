"""Loss curves as they are looked at: the noise of single batches taken out, few enough points to draw."""

from collections.abc import Sequence
from typing import Final

LossPoint = tuple[int, float]
"""A step and the loss at it."""

MOST_DRAWN: Final = 2000
"""Points; a browser takes seconds for ten times as many."""

_SPAN_SHARE: Final = 0.02
"""Of the whole curve: what a point still weighs this many steps away from it is a third."""


def smoothed(curve: Sequence[LossPoint]) -> tuple[LossPoint, ...]:
    """The curve as a running mean whose weights fade to both sides, over a span that grows with its length.

    To both sides, for a mean of what came before runs behind a curve that falls. The weights are by steps, not by
    points, for points are not even after thinning. `curve` is sorted by step.
    """
    if len(curve) < 3:
        return tuple(curve)
    span = max(1.0, (curve[-1][0] - curve[0][0]) * _SPAN_SHARE)
    before = _faded(curve, span)
    after = reversed(_faded(curve[::-1], span))
    return tuple(
        (step, (left + right - loss) / (left_weight + right_weight - 1.0))  # its own loss is in both
        for (step, loss), (left, left_weight), (right, right_weight) in zip(curve, before, after, strict=True)
    )


def loss_at_end(curve: Sequence[LossPoint], *, first_step: int | None = None) -> float | None:
    """Where the smoothed curve ends, without working out all of it.

    `first_step`: where the curve began, if no more than its end is given.
    """
    if not curve:
        return None
    if len(curve) < 3:
        return curve[-1][1]
    began = curve[0][0] if first_step is None else first_step
    total, weight = _faded(curve, max(1.0, (curve[-1][0] - began) * _SPAN_SHARE))[-1]
    return total / weight


def _faded(curve: Sequence[LossPoint], span: float) -> list[tuple[float, float]]:
    """For each point the losses up to it, faded by their distance and summed, and their weights' sum."""
    total, weight, last = 0.0, 0.0, curve[0][0]
    sums = []
    for step, loss in curve:
        kept = 0.5 ** (1.6 * abs(step - last) / span)
        total, weight, last = total * kept + loss, weight * kept + 1.0, step
        sums.append((total, weight))
    return sums


def thinned(curve: Sequence[LossPoint], *, limit: int = MOST_DRAWN) -> tuple[LossPoint, ...]:
    """At most `limit` (two or more) points, even in number, the first and the last among them."""
    limit = max(limit, 2)
    if len(curve) <= limit:
        return tuple(curve)
    last = len(curve) - 1
    return tuple(curve[round(place * last / (limit - 1))] for place in range(limit))
