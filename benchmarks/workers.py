"""A process per side that obeys over pipes: one JSON object a line, one answer each.

    {"command": "prepare", "versions": 1000}    {"ms": 81.2, "count": 1000}
    {"command": "create"}                       {"ms": 9.1, "count": 1}
    {"command": "nonsense"}                     {"error": "..."}

The clock runs inside the worker, around the operation alone: neither pipes nor imports are measured.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

ROOT = Path(__file__).parents[1]


class Side(Protocol):
    """What both sides can do; each answers how many versions it was about.

    Opens its store at the first use, so the first `list` in a fresh process is one with cold caches.
    """

    def prepare(self, versions: int) -> int:
        """Fills an empty folder with `prepared_versions`."""
        ...

    def create(self) -> int:
        """One new version with its twelve parameters."""
        ...

    def set_status(self) -> int:
        """Ends the next training in flight: status, time, model address."""
        ...

    def list(self) -> int:
        """Reads name, status, parameters and times of all versions."""
        ...


class WorkerError(RuntimeError):
    """A worker failed; the text is what it said."""


class Worker:
    """A side in a process of its own, under the given interpreter."""

    def __init__(self, python: Path, module: str, folder: Path) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [python, "-m", module, folder],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, command: str, **arguments: int) -> float:
        """Milliseconds that the command took. Raises WorkerError."""
        answer = self._answer({"command": command, **arguments})
        if "error" in answer:
            raise WorkerError(f"{self._module}: {answer['error']}")
        return float(answer["ms"])

    def close(self) -> None:
        """Ends the process when it has answered."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _answer(self, request: Mapping[str, object]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerError(f"{self._module} has no pipes")
        with suppress(BrokenPipeError):  # it has ended, which is noticed below
            self._process.stdin.write(f"{json.dumps(request)}\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self._module} ended with code {self._process.wait()}; see above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def serve(side: Side, requests: Iterable[str], answers: IO[str]) -> None:
    """Carries out commands until there are no more."""
    commands: dict[str, Callable[..., int]] = {
        "prepare": side.prepare,
        "create": side.create,
        "set_status": side.set_status,
        "list": side.list,
    }
    for line in requests:
        request = json.loads(line)
        answers.write(f"{json.dumps(_carried_out(commands, request))}\n")
        answers.flush()


def serve_pipes(side: Side) -> None:
    """`serve` on this process's pipes; what a library prints goes to the error stream instead."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with answers:
        serve(side, sys.stdin, answers)


def _carried_out(commands: Mapping[str, Callable[..., int]], request: dict[str, Any]) -> dict[str, object]:
    name = request.pop("command", None)
    command = commands.get(name)
    if command is None:
        return {"error": f"{name!r} is no command"}
    started = time.perf_counter()
    try:
        count = command(**request)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs into the answer
        return {"error": f"{type(error).__name__}: {error}"}
    return {"ms": (time.perf_counter() - started) * 1000, "count": count}
