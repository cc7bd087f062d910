"""What another program's save has undone: found by comparing with what the lab wrote last.

The system that wrote these files before posts whole lists that its page read some time ago. Such a list lacks
the versions that were made since, and holds others as they were then: without their job's id, with a status of
before. What the lab made, only the lab takes away: those versions are put back, and so is what a version had
become since, if it stands exactly as the lab itself once had it. Whatever else is there is somebody's edit, and
stays.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lora_core.document import HistoryDocument, Record, record_key
from lora_core.json_text import REMOVED

_EDITED_ANYWHERE = frozenset({"name", "description", "isGood", "lastSynced", "loraUrl"})
"""Keys that both programs let people change, and so tell nothing of when a record was read."""


def state_of(record: Record) -> str:
    """A fingerprint of what only the lab changes in a record of its own."""
    content = {name: value for name, value in record.items() if name not in _EDITED_ANYWHERE}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(f"{record_key(record)} {text}".encode()).hexdigest()[:24]


def left_behind(before: HistoryDocument, after: HistoryDocument) -> Iterator[str]:
    """The states that a change takes the lab's own records out of, or that it takes away with them."""
    untouched = {id(entry) for entry in after.entries}  # a change leaves the other entries the very objects
    for record in _made_here(before):
        if id(record) not in untouched:
            now = after.record(record_key(record))
            if now is None or state_of(now) != state_of(record):
                yield state_of(record)


def mended(
    saved: HistoryDocument, ours: HistoryDocument, *, former: Collection[str], trashed: Collection[str]
) -> HistoryDocument:
    """`saved` by another program, with what it lacks of `ours`; `saved` itself when it lacks nothing.

    `former`: states that records of the lab once had. `trashed`: keys of the versions in the trash: one that is
    missing may rightly be there, and one that is back as it was before is not.
    """
    for record in list(_made_here(saved)):
        key = record_key(record)
        if key in trashed and state_of(record) in former:
            saved = saved.removed(key)
    for record in reversed(list(_made_here(ours))):
        key = record_key(record)
        there = saved.record(key)
        if there is None and key not in trashed:
            saved = saved.inserted_text(ours.text(key) or "", _place(saved, ours, key))
        elif there is not None and _is_stale(there, record, former):
            saved = saved.patched(key, _lacking(there, record))
    return saved


def _made_here(document: HistoryDocument) -> Iterator[Record]:
    return (record for record in document.records if "key" in record)


def _is_stale(there: Record, ours: Record, former: Collection[str]) -> bool:
    has_job_alone = there.get("id") != there.get("requestId") and ours.get("id") == ours.get("requestId")
    # An id of a job is never taken back: if only `there` has one, it is the copy that is of before.
    return there != ours and not has_job_alone and state_of(there) in former


def _lacking(there: Record, ours: Record) -> Mapping[str, Any]:
    names = [name for name in {**there, **ours} if name not in _EDITED_ANYWHERE]
    lacking = {name: ours.get(name, REMOVED) for name in names}
    if "loraUrl" in ours:  # an address is never lost, nor a faster form of it
        lacking["loraUrl"] = ours["loraUrl"]
    return lacking


def _place(saved: HistoryDocument, ours: HistoryDocument, key: str) -> int:
    """Before the version that follows it in the lab's own list; at the end when none of those is there."""
    places = {record_key(entry): at for at, entry in enumerate(saved.entries) if isinstance(entry, dict)}
    keys = [record_key(record) for record in ours.records]
    following = keys[keys.index(key) + 1 :]
    return next((places[other] for other in following if other in places), len(saved.entries))
