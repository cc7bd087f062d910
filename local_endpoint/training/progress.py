"""What a running training tells: where it is, its loss, rate and speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local_endpoint.training.loop import StepResult, Training

_EVERY_S = 0.25


class ProgressReporter:
    """Reports the first step, the last, and some in between."""

    def __init__(
        self,
        training: Training,
        report: Callable[[dict[str, Any]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._training = training
        self._report = report
        self._clock = clock
        self._started = clock()
        self._next_at = self._started

    def after_step(self, result: StepResult) -> None:
        """Report if it is time to."""
        total = self._training.parameters.max_train_steps
        now = self._clock()
        if now < self._next_at and result.step < total:
            return
        self._next_at = now + _EVERY_S
        self._report(
            {
                "step": result.step,
                "total_steps": total,
                "loss": self._training.curve.loss,
                "learning_rate": result.learning_rate,
                "epoch": result.epoch,
                "s_per_step": round((now - self._started) / result.step, 5),
                "loss_history": self._training.curve.points(),
            }
        )
