"""What this browser has not been told of yet: kept in the browser, shared by its tabs.

One item of localStorage: since when it looks, which ends it has seen since, and which trainings it has seen
running. The last are remembered because a job's end may become known long after it: RunPod is away, the
user looks and dismisses, and then an end of an hour ago arrives.

Each tab has read the item when it was opened and writes it as it knows it. So the tabs of one browser, told by
an id that is part of the item, share its newest state in this process; after a restart the first one brings it.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import streamlit as st

from lora_core import LoraCoreError, Tracked, TrainingLab
from lora_core.times import from_iso, to_iso
from ui import browser_storage

_ITEM: Final = "training_ended"
_MOST_KEYS: Final = 500
_MOST_BROWSERS: Final = 1000
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


def name_of(one: Tracked) -> str:
    """Names a version across styles: a copy of a folder holds the same keys once more."""
    return f"{one.style.folder}/{one.version.key}"


@dataclass(frozen=True)
class EndedMemory:
    """The item as values."""

    since: datetime
    seen: frozenset[str] = frozenset()
    """Ended after `since`, and told of."""
    awaited: frozenset[str] = frozenset()
    """Were seen running; their end has not been told of."""
    browser: str = field(default_factory=lambda: str(uuid.uuid4()))

    def untold(self, lab: TrainingLab) -> list[Tracked]:
        """What has ended and this browser was not told of, the latest first."""
        found = {name_of(one): one for one in lab.ended_since(self.since)}
        late = [one for name in self.awaited - set(found) if (one := _ended(lab, name)) is not None]
        shown = [one for name, one in found.items() if name not in self.seen]
        return sorted([*shown, *late], key=lambda one: one.version.ended_at or self.since, reverse=True)

    def awaiting(self, running: frozenset[str], untold: list[Tracked]) -> "EndedMemory":
        """As it is to be kept now that these run and these are still to be told."""
        ended = {name_of(one) for one in untold}
        return replace(self, awaited=running | (self.awaited & ended))

    def having_seen(self, names: frozenset[str], untold: list[Tracked]) -> "EndedMemory":
        """These were told; once nothing is left to tell, the moment moves on and the list is short again."""
        left = [one for one in untold if name_of(one) not in names]
        after = replace(self, seen=self.seen | names, awaited=self.awaited - names)
        ends = [one.version.ended_at for one in untold if one.version.ended_at]
        return after if left else replace(after, since=max([self.since, *ends]), seen=frozenset())


def recalled(now: datetime, running: frozenset[str]) -> EndedMemory | None:
    """What this browser remembers; a new one begins here. None while it has yet to answer."""
    text = browser_storage.recalled(_ITEM)
    if text is None and browser_storage.stored() is None:
        return None
    known = _read(text, now)
    newest = _read(_newest().get(known.browser), now) if known else None
    return newest or known or EndedMemory(since=now, awaited=running)


def remember(memory: EndedMemory) -> None:
    """From the end of this run on it is the browser's."""
    kept = {
        "browser": memory.browser,
        "since": to_iso(memory.since),
        "seen": sorted(memory.seen)[:_MOST_KEYS],
        "awaited": sorted(memory.awaited)[:_MOST_KEYS],
    }
    text = json.dumps(kept)
    newest = _newest()
    newest[memory.browser] = text
    while len(newest) > _MOST_BROWSERS:
        newest.pop(next(iter(newest)), None)
    browser_storage.remember(_ITEM, text)


@st.cache_resource
def _newest() -> dict[str, str]:
    """The item of each browser as one of its tabs wrote it last."""
    return {}


def _read(text: str | None, now: datetime) -> EndedMemory | None:
    """None for what is none of ours, or dated in the future: the clock was set back since."""
    try:
        raw = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, Mapping):
        return None
    since, browser = from_iso(raw.get("since")), raw.get("browser")
    if since is None or since > now + _CLOCKS_DIFFER or not isinstance(browser, str) or not browser:
        return None
    return EndedMemory(since, _names(raw.get("seen")), _names(raw.get("awaited")), browser)


def _names(raw: Any) -> frozenset[str]:
    return frozenset(name for name in raw if isinstance(name, str)) if isinstance(raw, list) else frozenset()


def _ended(lab: TrainingLab, name: str) -> Tracked | None:
    folder, _, key = name.partition("/")
    try:
        style, version = lab.style(folder), lab.version(folder, key)
    except LoraCoreError:
        return None
    return Tracked(style, version) if version.is_final and not version.is_in_trash else None
