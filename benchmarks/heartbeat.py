"""What the page's heartbeat costs: what is running in all styles, and an etag of each."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.lab_side import HISTORY, settings, write_history
from benchmarks.measures import Timing, say, timed_ms
from benchmarks.sample import PreparedVersion
from lora_core import TrainingLab

_BEATS: Final = 20
_RUNNING: Final = 2
_SETTLED_S: Final = 2.5
"""The lab reads a file again while it is younger than two seconds."""


class _Shape(NamedTuple):
    styles: int
    versions: int
    """In each style."""

    def __str__(self) -> str:
        return f"{self.styles} styles of {self.versions:,} versions"


SHAPES: Final = (_Shape(3, 8), _Shape(100, 8), _Shape(3, 1_000), _Shape(3, 10_000))


def heartbeats(folder: Path) -> Iterator[Timing]:
    """A beat on files at rest, one just after every file was touched, and the bare stats of these files."""
    for shape in SHAPES:
        say(f"heartbeat with {shape} ...")
        with TrainingLab(settings(folder / f"{shape.styles}x{shape.versions}")) as lab:
            histories = _prepared(lab, shape)
            time.sleep(_SETTLED_S)
            _beat(lab)
            yield Timing(f"{shape}: bare stats", [timed_ms(_stat_all, histories) for _ in range(_BEATS)])
            yield Timing(f"{shape}: at rest", [timed_ms(_beat, lab) for _ in range(_BEATS)])
            yield Timing(
                f"{shape}: all just written", [_touched_beat_ms(lab, histories) for _ in range(_BEATS)]
            )


def _prepared(lab: TrainingLab, shape: _Shape) -> list[Path]:
    versions = [
        PreparedVersion(number, is_in_flight=number > shape.versions - _RUNNING)
        for number in range(1, shape.versions + 1)
    ]
    histories = []
    for number in range(1, shape.styles + 1):
        home = lab.settings.root / lab.create_style(f"Style {number}").folder
        write_history(home, versions)
        histories.append(home / HISTORY)
    return histories


def _beat(lab: TrainingLab) -> None:
    running = lab.running()
    etags = [lab.etag(style) for style in lab.styles()]
    if len(running) != _RUNNING * len(etags):
        raise RuntimeError(f"{len(running)} trainings seem to run")


def _stat_all(paths: list[Path]) -> None:
    for path in paths:
        path.stat()


def _touched_beat_ms(lab: TrainingLab, histories: list[Path]) -> float:
    for path in histories:
        os.utime(path)
    return timed_ms(_beat, lab)
