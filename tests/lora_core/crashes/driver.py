"""The victims' process as a test sees it: orders go in, deaths come out."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Order:
    """What a child is to do, and where it is to die."""

    folder: str
    """With the folders `styles`, `state`, `models` and `bucket`."""
    now: str
    endpoint: Mapping[str, str]
    """Its `base_url`, `endpoint_id` and `api_key`."""
    deed: str
    key: str
    """The version that the deed touches."""
    point: str | None = None
    """One of `POINTS`; None: any operation on the disk, and the middle of any write."""
    occurrence: int = 1
    """At which meeting with the point; 0: it lives."""
    breakage: str | None = None
    is_counted: bool = False
    """It lives, and tells its operations."""


@dataclass(frozen=True)
class Death:
    """What was seen of a child."""

    signal: int | None = None
    at: str = ""
    """The operation at which it was killed."""
    has_returned: bool = False
    """Whether what was asked for had been confirmed to the caller."""
    has_sent: bool = False
    """Whether a whole request had left."""
    has_reply: bool = False
    has_gone_on: bool = False
    """Whether the records were touched after the reply was read."""
    error: str = ""
    operations: tuple[str, ...] = ()
    meetings: Mapping[str, int] | None = None
    states: tuple[Any, ...] = ()
    """The version's record in the history and in the trash, as it was before and after each write."""

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        assert told.keys() <= known, told.keys() - known
        return cls(**told)


class Driver:
    """Runs one order at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.kills = 0

    def obey(self, order: Order) -> Death:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order.__dict__) + "\n")
        self._process.stdin.flush()
        death = Death.from_told(json.loads(self._process.stdout.readline()))
        assert not death.error, death.error
        self.kills += death.signal is not None
        return death


@contextmanager
def driving() -> Iterator[Driver]:
    """A process of victims, until the block ends."""
    command = [sys.executable, "-m", "tests.lora_core.crashes.victim"]
    # numpy would start threads of its own, and a process with threads is not to be forked.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Driver(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0
