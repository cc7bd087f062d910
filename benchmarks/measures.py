"""Figures: medians, and ratios of interleaved pairs."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Pairs:
    """One operation on both sides, in turns, and what was hoped for."""

    what: str
    versions: int
    lab_ms: Sequence[float]
    other_ms: Sequence[float]
    most: float | None = None
    """The goal: the lab's time is at most this part of the other's."""

    @property
    def ratio(self) -> float:
        """The lab's time as a part of the other's: the median over the pairs, which noise hits alike."""
        return median(ours / theirs for ours, theirs in zip(self.lab_ms, self.other_ms, strict=True))

    @property
    def goal(self) -> str:
        """In words, and whether it was reached; empty without one."""
        if self.most is None:
            return ""
        if self.most < 1:
            wanted = f"at most 1/{1 / self.most:.0f}"
        else:
            wanted = "no slower" if self.most == 1 else f"at most {self.most:g} times"
        return f"{wanted}: {'met' if self.ratio <= self.most else 'goal missed'}"

    def as_json(self) -> dict[str, object]:
        """With every single figure."""
        medians = {"lab_median_ms": median(self.lab_ms), "other_median_ms": median(self.other_ms)}
        return {**asdict(self), **medians, "ratio": self.ratio, "goal": self.goal}


@dataclass(frozen=True)
class Timing:
    """What one operation takes, without anything to compare it with."""

    what: str
    ms: Sequence[float]

    def as_json(self) -> dict[str, object]:
        """With every single figure."""
        return {"what": self.what, "median_ms": median(self.ms), "ms": self.ms}


@dataclass(frozen=True)
class Figure:
    """One amount, and what it should not be above."""

    what: str
    amount: float
    unit: str
    most: float | None = None

    @property
    def goal(self) -> str:
        """In words, and whether it was reached; empty without one."""
        if self.most is None:
            return ""
        wanted = f"at most {self.most:,g} {self.unit}".strip()
        return f"{wanted}: {'met' if self.amount <= self.most else 'goal missed'}"

    def as_json(self) -> dict[str, object]:
        """With its goal."""
        return {**asdict(self), "goal": self.goal}


def timed_ms(operation: Callable[..., object], *arguments: object) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    operation(*arguments)
    return (time.perf_counter() - started) * 1000


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
