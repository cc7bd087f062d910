"""Fifty sessions on one server: what a rerun takes then, and what memory the server needs."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measures import Figure, say
from benchmarks.screen_data import STYLE, newest, prepare
from benchmarks.served import LAB, Served
from benchmarks.session import Session

VERSIONS: Final = 1_000
SESSIONS: Final = 50
_SLOWER_AT_MOST: Final = 3.0
_MB_AT_MOST: Final = 1_000.0
_AT_WORK_EVERY_S: Final = 0.2
"""Between two choices of anybody while all are at work: each of fifty chooses another version every ten seconds."""


def crowd(
    folder: Path, *, sessions: int = SESSIONS, versions: int = VERSIONS, reruns: int = 30
) -> Iterator[Figure]:
    """One session alone; then with the others open and beating; then with all of them at work."""
    say(f"{sessions} sessions over {versions:,} versions ...")
    prepare(folder, versions)
    with Served(LAB, folder) as lab, ExitStack() as others:
        query = f"style={STYLE}&version={newest(versions)}"
        first = others.enter_context(Session(lab.url, query))
        alone = _select_ms(first, reruns)
        yield Figure("a rerun with one session", alone, "ms")
        idle = [others.enter_context(Session(lab.url, query)) for _ in range(sessions - 1)]
        among = _select_ms(first, reruns)
        yield Figure(f"a rerun with {sessions} sessions open", among, "ms")
        yield Figure("as a multiple of one alone", among / alone, "times", _SLOWER_AT_MOST)
        at_work = median(_all_at_work_ms([first, *idle], reruns))
        yield Figure(f"a rerun with {sessions} sessions at work", at_work, "ms")
        yield Figure("as a multiple of one alone", at_work / alone, "times", _SLOWER_AT_MOST)
        yield Figure(
            f"memory of the server with {sessions} sessions", lab.resident_bytes() / 1e6, "MB", _MB_AT_MOST
        )


def _select_ms(session: Session, reruns: int) -> float:
    lines = cycle(session.options[:5])
    return median([session.select_ms(next(lines)) for _ in range(reruns + 2)][2:])


def _all_at_work_ms(sessions: list[Session], reruns: int) -> Iterator[float]:
    for turn in range(max(reruns, len(sessions))):
        session = sessions[turn % len(sessions)]
        yield session.select_ms(session.options[1 + turn // len(sessions) % 4])
        time.sleep(_AT_WORK_EVERY_S)
