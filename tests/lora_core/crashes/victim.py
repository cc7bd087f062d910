"""A process whose children are labs that are killed: `python -m tests.lora_core.crashes.victim`.

It imports everything once, starts no thread, and forks a child for each order, so that a death costs
milliseconds. Orders come as lines of JSON and are answered by one line each; see `driver` for both.
"""

import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from pydantic import SecretStr

from lora_core import TrainingLab
from lora_core.runpod import RunpodClient
from tests.lora_core.bench import Bucket, FolderPlaces
from tests.lora_core.crashes.breakages import BREAKAGES
from tests.lora_core.crashes.deeds import DEEDS
from tests.lora_core.crashes.operations import Operation, Phase, watched
from tests.lora_core.crashes.points import LIVE, POINTS, TRASH, Sight
from tests.lora_core.crashes.settings_over import settings_over

Order = Mapping[str, Any]
_LONGEST_LIFE_S = 60  # should one wait for a lock for ever, its test fails by another signal


class Fate:
    """Follows a lab's operations, and kills its process at the one that the order names; or only counts them."""

    def __init__(self, order: Order, reports: int) -> None:
        self._order = order
        self._reports = reports
        self._lock = threading.Lock()
        self._sight = Sight(Path(order["folder"]), order["key"])
        self._met = 0
        self._operations: list[str] = []
        self._meetings = dict.fromkeys(POINTS, 0)
        self._states = [self._records()]

    def seen(self, operation: Operation, phase: Phase) -> None:
        """Called before and after each operation, by whatever thread does it."""
        with self._lock:
            self._sight.take(operation, phase)
            if self._order["is_counted"]:
                self._count()
            elif self._is_met():
                self._met += 1
                if self._met == self._order["occurrence"]:
                    self._die()

    def tell(self, **told: object) -> None:
        """To the driver, through the pipe: it is read after the death, too."""
        os.write(self._reports, json.dumps(told).encode() + b"\n")

    def tell_counts(self) -> None:
        self.tell(operations=self._operations, meetings=self._meetings, states=self._states)

    def _is_met(self) -> bool:
        if (point := self._order["point"]) is not None:
            return POINTS[point](self._sight)
        # No point named: every operation counts, and so does every half of a write.
        return not self._sight.operation.kind.is_of_the_network and self._sight.phase is not Phase.BEFORE

    def _count(self) -> None:
        sight = self._sight
        if not sight.operation.kind.is_of_the_network and sight.phase is not Phase.BEFORE:
            self._operations.append(f"{sight.phase.name} {sight.operation.kind.name} {sight.place}")
        for name, is_reached in POINTS.items():
            self._meetings[name] += is_reached(sight)
        if sight.phase is Phase.AFTER and sight.place.name in (LIVE, TRASH):
            records = self._records()
            if records != self._states[-1]:
                self._states.append(records)

    def _records(self) -> list[Mapping[str, Any] | None]:
        return [self._sight.record(document) for document in (LIVE, TRASH)]

    def _die(self) -> NoReturn:
        sight = self._sight
        self.tell(
            at=f"{sight.phase.name} {sight.operation.kind.name} {sight.place}",
            has_sent=sight.has_sent,
            has_reply=sight.has_reply,
            has_gone_on=sight.has_gone_on,
        )
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody outlives this")


def main() -> None:
    """Until there are no more orders."""
    # The certificates, and what is imported late, are read once for all children.
    "localhost".encode("idna")
    RunpodClient("http://127.0.0.1:1/v2", "none", SecretStr("none")).close()
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection would copy the memory that the children share
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_obeyed(json.loads(line))) + "\n")
        sys.stdout.flush()


def _obeyed(order: Order) -> dict[str, Any]:
    """What the child told before it died, and by which signal that was."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(order, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as reports:
        told = [json.loads(line) for line in reports]
    _, status = os.waitpid(child, 0)
    answer: dict[str, Any] = {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None}
    for one in told:
        answer |= one
    return answer


def _live(order: Order, reports: int) -> NoReturn:
    signal.alarm(_LONGEST_LIFE_S)
    code = 1
    try:
        fate = Fate(order, reports)
        _do(order, fate)
        if order["is_counted"]:
            fate.tell_counts()
        code = 0
    except BaseException:  # noqa: BLE001 - told to the test; a child must never return into the driver's loop
        os.write(reports, json.dumps({"error": traceback.format_exc()}).encode() + b"\n")
    os._exit(code)


def _do(order: Order, fate: Fate) -> None:
    folder, now = Path(order["folder"]), datetime.fromisoformat(order["now"])
    settings = settings_over(folder, **order["endpoint"])
    with ExitStack() as stack:
        if order["breakage"] is not None:
            stack.enter_context(BREAKAGES[order["breakage"]]())
        stack.enter_context(watched(folder, fate.seen, is_synced=False))
        places = FolderPlaces(settings, Bucket(folder / "bucket"))
        with TrainingLab(settings, clock=lambda: now, places=places, wait=lambda _: None) as lab:
            DEEDS[order["deed"]].do(lab)
            fate.tell(has_returned=True)


if __name__ == "__main__":
    main()
