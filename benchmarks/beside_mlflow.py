"""Create, set status and list, beside MLflow on SQLite: two workers asked in turns."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measures import Pairs, say
from benchmarks.workers import Worker

SIZES: Final = (100, 1_000, 10_000)
_GOALS_AT: Final = 1_000
_CREATE_AT_MOST: Final = 1.0
_LIST_AT_MOST: Final = 1 / 30
_PAIRS: Final = 30
_LISTS: Final = {100: 9, 1_000: 9, 10_000: 3}
_SETTLED_S: Final = 2.5
"""The lab reads a file again while it is younger than two seconds; listing is measured after that."""


class Contest:
    """Both sides over one size. `folder` is empty and takes both stores."""

    def __init__(self, lab_python: Path, mlflow_python: Path, folder: Path, versions: int) -> None:
        self._pythons = lab_python, mlflow_python
        self._folder = folder
        self._versions = versions

    def results(self) -> Iterator[Pairs]:
        """Measures one thing after the other; lists first, while both hold the same number."""
        with self._lab() as lab, self._mlflow() as mlflow:
            lab.ask("prepare", versions=self._versions)
            mlflow.ask("prepare", versions=self._versions)
            time.sleep(_SETTLED_S)
            yield from self._lists()
            yield self._in_turns("create", lab, mlflow, most=_CREATE_AT_MOST)
            yield self._in_turns("set_status", lab, mlflow)

    def _in_turns(self, command: str, lab: Worker, mlflow: Worker, most: float | None = None) -> Pairs:
        pairs = [(lab.ask(command), mlflow.ask(command)) for _ in range(_PAIRS + 1)]
        ours, theirs = zip(*pairs[1:], strict=True)  # the first of each opened its store
        return Pairs(command.replace("_", " "), self._versions, ours, theirs, self._goal(most))

    def _lists(self) -> Iterator[Pairs]:
        """Cold: a process that has read nothing yet opens the store and lists. Warm: it lists once more."""
        cold: tuple[list[float], list[float]] = ([], [])
        warm: tuple[list[float], list[float]] = ([], [])
        for _ in range(_LISTS[self._versions]):
            for side, open_worker in enumerate((self._lab, self._mlflow)):
                with open_worker() as worker:
                    cold[side].append(worker.ask("list"))
                    warm[side].append(worker.ask("list"))
        most = self._goal(_LIST_AT_MOST)
        yield Pairs("list, both warm", self._versions, *warm, most)
        yield Pairs("list, both cold", self._versions, *cold, most)
        yield Pairs("list, lab cold, MLflow warm", self._versions, cold[0], warm[1])  # the hardest comparison

    def _goal(self, most: float | None) -> float | None:
        return most if self._versions == _GOALS_AT else None

    def _lab(self) -> Worker:
        return Worker(self._pythons[0], "benchmarks.lab_side", self._folder / "lab")

    def _mlflow(self) -> Worker:
        return Worker(self._pythons[1], "benchmarks.mlflow_side", self._folder / "mlflow")


def beside_mlflow(lab_python: Path, mlflow_python: Path, folder: Path) -> Iterator[Pairs]:
    """All sizes."""
    for versions in SIZES:
        say(f"{versions:,} versions: filling both stores ...")
        for pairs in Contest(lab_python, mlflow_python, folder / str(versions), versions).results():
            say(f"  {pairs.what} ({len(pairs.lab_ms)} pairs)")
            yield pairs
