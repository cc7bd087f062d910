"""A version in one line of plain text, as the dropdown lists it."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from lora_core import TrainingLab, Version, VersionStatus
from ui import words

_SETTLED: Final = frozenset({VersionStatus.COMPLETED, VersionStatus.FAILED, VersionStatus.DRAFT})


def version_lines(lab: TrainingLab, versions: Sequence[Version], edited: Collection[str]) -> dict[str, str]:
    """A line for each version by its key, no two alike; `edited`: the keys of those whose form was edited.

    Of versions made on one day the time is told, too.
    """
    now, zone = datetime.now(UTC), words.zone()
    days = [one.created_at.astimezone(zone).date() if one.created_at else None for one in versions]
    shared = {day for day, count in Counter(days).items() if count > 1}
    lines: dict[str, str] = {}
    for version, day in zip(versions, days, strict=True):
        is_edited, is_timed = version.key in edited, day in shared
        if version.status in _SETTLED:
            line = _settled(version, str(zone), now.astimezone(zone).year, is_edited, is_timed)
        else:
            line = words.line(version, lab.sighting(version), now, is_edited=is_edited, is_timed=is_timed)
        lines[version.key] = line
    return _told_apart(lines)


@lru_cache(4096)
def _settled(version: Version, zone: str, this_year: int, is_edited: bool, is_timed: bool) -> str:
    """Of a version whose line only a change of its record changes: a page draws hundreds in each of its runs."""
    del zone, this_year  # of the moment and of the browser; they tell one line from another
    return words.line(version, None, datetime.now(UTC), is_edited=is_edited, is_timed=is_timed)


def _told_apart(lines: dict[str, str]) -> dict[str, str]:
    """The browser names a choice by its line; old files can hold two versions that read the same."""
    counted = Counter(lines.values())
    return {key: line if counted[line] == 1 else f"{line} · {key}" for key, line in lines.items()}
