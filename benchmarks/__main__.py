"""Runs the benchmarks, shows tables and writes results.json beside this file. A missed goal is no error.

Without arguments all of them; with names of parts only those: mlflow, statuses, heartbeat, screens, or of the
screens select, load, datasets, idle, tabs, sessions.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.beside_mlflow import beside_mlflow
from benchmarks.heartbeat import heartbeats
from benchmarks.measures import Figure, Pairs, say
from benchmarks.mlflow_environment import mlflow_python, mlflow_version
from benchmarks.screens import SCREENS, screens
from benchmarks.statuses import statuses

RESULTS: Final = Path(__file__).parent / "results.json"
PARTS: Final = ("mlflow", "statuses", "heartbeat", *SCREENS)


def main(parts: Sequence[str]) -> None:
    """Takes some minutes. Stores are made below the temporary folder, which should be on a disk."""
    wanted = [name for part in parts or PARTS for name in (SCREENS if part == "screens" else (part,))]
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        raise SystemExit(f"There is no part {unknown[0]}. Parts: screens, {', '.join(PARTS)}.")
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lora-lab-bench-") as name:
        folder = Path(name)
        for part, run in _RUNS.items():
            if part in wanted:
                missed += run(folder)
        missed += _screens(folder, [part for part in SCREENS if part in wanted])
    say(f"\n{'goal missed: ' + ', '.join(missed) if missed else 'All goals met.'}")


def _mlflow(folder: Path) -> list[str]:
    say("MLflow's own environment ...")
    python = mlflow_python()
    pairs = list(beside_mlflow(Path(sys.executable), python, folder))
    version = mlflow_version(python)
    _keep(mlflow=version, pairs=[one.as_json() for one in pairs])
    say(f"\nBeside MLflow {version} on SQLite, median milliseconds; the ratio is the median over the pairs")
    _table(("versions", "operation", "lab", "MLflow", "ratio", "goal"), map(_row, pairs))
    return _missed(pairs)


def _statuses(folder: Path) -> list[str]:
    together = statuses(folder / "endpoint")
    _keep(statuses=together.as_json())
    say("\nStatuses, median milliseconds")
    _table(("", "operation", "together", "one by one", "ratio", ""), [_row(together)])
    return []


def _heartbeat(folder: Path) -> list[str]:
    beats = list(heartbeats(folder / "heartbeat"))
    _keep(heartbeat=[beat.as_json() for beat in beats])
    say("\nHeartbeat, median milliseconds")
    _table(("what", "ms"), ((beat.what, f"{median(beat.ms):.2f}") for beat in beats))
    return []


def _screens(folder: Path, parts: Sequence[str]) -> list[str]:
    measured: list[Pairs | Figure] = []
    for part in parts:
        found = list(screens(folder, [part]))
        _keep(**{f"screens: {part}": [one.as_json() for one in found]})
        measured += found
    pairs = [one for one in measured if isinstance(one, Pairs)]
    figures = [one for one in measured if isinstance(one, Figure)]
    if pairs:
        say("\nScreens beside a bare page, median milliseconds; the ratio is the median over the pairs")
        _table(("versions", "what", "lab", "bare", "ratio", "goal"), map(_row, pairs))
    if figures:
        say("\nScreens")
        _table(
            ("what", "", "", "goal"),
            ((one.what, f"{one.amount:,.4g}", one.unit, one.goal) for one in figures),
        )
    return _missed(measured)


_RUNS: Final[dict[str, Callable[[Path], list[str]]]] = {
    "mlflow": _mlflow,
    "statuses": _statuses,
    "heartbeat": _heartbeat,
}


def _missed(measured: Iterable[Pairs | Figure]) -> list[str]:
    return [one.what for one in measured if one.goal.endswith("missed")]


def _row(pairs: Pairs) -> tuple[str, ...]:
    factor = f"1/{1 / pairs.ratio:.1f}" if pairs.ratio < 1 else f"{pairs.ratio:.2f}"
    medians = (f"{median(pairs.lab_ms):.1f}", f"{median(pairs.other_ms):.1f}")
    return (f"{pairs.versions:,}", pairs.what, *medians, factor, pairs.goal)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _keep(**parts: Any) -> None:
    """Replaces these parts of the results and leaves the others as they are; each is written as soon as it is known."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    machine = {"at": _now(), "python": platform.python_version(), "cores": os.cpu_count()}
    RESULTS.write_text(json.dumps({**kept, **machine, **parts}, indent=2), encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    main(sys.argv[1:])
