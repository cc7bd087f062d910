"""The loss as people read it: smoothed, thinned to a curve, and watched for divergence."""

from __future__ import annotations

import math

_MAX_POINTS = 200
_SHOWN_MEMORY = 0.98
_WATCHED_MEMORY = 0.8
_DIVERGED_FACTOR = 3.0


class LossCurve:
    """Takes the loss of every step."""

    def __init__(self) -> None:
        self._shown = _RunningMean(_SHOWN_MEMORY)
        self._watched = _RunningMean(_WATCHED_MEMORY)
        self._first: float | None = None
        self._every = 1
        self._points: list[tuple[int, float]] = []
        self._step = 0

    def add(self, step: int, loss: float) -> None:
        """Note the loss of a step, counted from 1."""
        self._step = step
        self._first = loss if self._first is None else self._first
        self._shown.add(loss)
        self._watched.add(loss)
        if step % self._every == 0:
            self._points.append((step, self.loss))
        if len(self._points) >= _MAX_POINTS:
            self._every *= 2
            self._points = [point for point in self._points if point[0] % self._every == 0]

    @property
    def loss(self) -> float:
        """The smoothed loss."""
        return round(self._shown.value, 6)

    @property
    def is_diverging(self) -> bool:
        """Not a number, or far above where it began: no later step brings that back."""
        watched = self._watched.value
        return not math.isfinite(watched) or watched > _DIVERGED_FACTOR * (self._first or 0.0)

    def points(self) -> list[list[float]]:
        """At most 200 pairs of step and smoothed loss; the last is the latest step."""
        latest = [(self._step, self.loss)] if self._step else []
        kept = [point for point in self._points if point[0] != self._step]
        return [list(point) for point in [*kept, *latest] if math.isfinite(point[1])]


class _RunningMean:
    """An exponential mean that is right from the first value on."""

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._sum = 0.0
        self._weight = 0.0

    def add(self, value: float) -> None:
        self._sum = self._memory * self._sum + value
        self._weight = self._memory * self._weight + 1.0

    @property
    def value(self) -> float:
        return self._sum / self._weight
