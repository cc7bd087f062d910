"""Runs all benchmarks, shows a table and writes results.json beside this file. A missed goal is no error."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.beside_mlflow import beside_mlflow
from benchmarks.heartbeat import heartbeats
from benchmarks.measures import Pairs, Timing, say
from benchmarks.mlflow_environment import mlflow_python, mlflow_version
from benchmarks.statuses import statuses

RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Takes some minutes. Stores are made below the temporary folder, which should be on a disk."""
    say("MLflow's own environment ...")
    python = mlflow_python()
    with tempfile.TemporaryDirectory(prefix="lora-lab-bench-") as name:
        folder = Path(name)
        pairs = list(beside_mlflow(Path(sys.executable), python, folder))
        together = statuses(folder / "endpoint")
        beats = list(heartbeats(folder / "heartbeat"))
    version = mlflow_version(python)
    _keep(version, [*pairs, together], beats)
    say(f"\nBeside MLflow {version} on SQLite, median milliseconds; the ratio is the median over the pairs")
    _table(("versions", "operation", "lab", "MLflow", "ratio", "goal"), map(_row, pairs))
    say("\nStatuses, median milliseconds")
    _table(("", "operation", "together", "one by one", "ratio", ""), [_row(together)])
    say("\nHeartbeat, median milliseconds")
    _table(("what", "ms"), ((beat.what, f"{median(beat.ms):.2f}") for beat in beats))
    missed = [one.what for one in pairs if one.goal.endswith("missed")]
    say(f"\n{'goal missed: ' + ', '.join(missed) if missed else 'All goals met.'}")


def _row(pairs: Pairs) -> tuple[str, ...]:
    factor = f"1/{1 / pairs.ratio:.1f}" if pairs.ratio < 1 else f"{pairs.ratio:.2f}"
    medians = (f"{median(pairs.lab_ms):.1f}", f"{median(pairs.other_ms):.1f}")
    return (f"{pairs.versions:,}", pairs.what, *medians, factor, pairs.goal)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _keep(version: str, pairs: Sequence[Pairs], beats: Sequence[Timing]) -> None:
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "mlflow": version,
        "pairs": [one.as_json() for one in pairs],
        "heartbeat": [beat.as_json() for beat in beats],
    }
    RESULTS.write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
