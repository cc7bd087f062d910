"""What another program's save has undone: found by comparing with what the lab wrote last.

The system that wrote these files before posts whole lists that its page read some time ago. Such a list lacks
the versions that were made since, and holds others as they were then: without their job's id, with a status of
before. What the lab made, only the lab takes away: those versions are put back, and so is what a version had
become since, if it stands exactly as the lab itself once had it. Whatever else is there is somebody's edit, and
stays.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lora_core.document import HistoryDocument, Record, record_key, with_changes
from lora_core.json_text import REMOVED, Element

_EDITED_ANYWHERE = frozenset({"name", "description", "isGood", "lastSynced", "loraUrl"})
"""Keys that both programs let people change, and so tell nothing of when a record was read."""


def state_of(record: Record) -> str:
    """A fingerprint of what only the lab changes in a record of its own."""
    content = {name: value for name, value in record.items() if name not in (*_EDITED_ANYWHERE, "key")}
    text = json.dumps([record_key(record), _spelled_once(content)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def former_states(before: HistoryDocument, after: HistoryDocument) -> Iterator[str]:
    """The states that a change takes the lab's own records out of, or that it takes away with them."""
    untouched = {id(entry) for entry in after.entries}  # a change leaves the other entries the very objects
    for record in before.records:
        if id(record) in untouched:
            continue
        now = after.record(record_key(record))
        is_adopted = now is not None and "key" in now  # an old draft that the lab starts
        is_made_here = "key" in record or is_adopted
        if is_made_here and (now is None or state_of(now) != state_of(record)):
            yield state_of(record)


def mended(
    saved: HistoryDocument, ours: HistoryDocument, *, former: Collection[str], trashed: Collection[str]
) -> HistoryDocument:
    """`saved` by another program, with what it lacks of `ours`; `saved` itself when it lacks nothing.

    `former`: states that records of the lab once had. `trashed`: keys of the versions in the trash: one that is
    missing may rightly be there, and one that is back as it was before is not. What is live in `ours` counts as
    live, whatever an interrupted move has left in the trash.
    """
    gone = set(trashed) - {record_key(record) for record in _made_here(ours)}
    counted = Counter(map(_key, saved.entries))
    single = {key for key, count in counted.items() if key is not None and count == 1}
    back = {
        record_key(record)
        for record in _made_here(saved)
        if record_key(record) in gone & single and state_of(record) in former
    }
    missing = _missing(ours, present=counted.keys() - back)
    wanted: list[Element] = []
    for at, (entry, text) in enumerate(zip(saved.entries, saved.texts(), strict=True)):
        key = _key(entry)
        if key in back:
            continue
        wanted += map(Element, missing.pop(key, ()) if key is not None else ())
        own = ours.record(key) if key in single else None
        if own is not None and "key" in own and _is_stale(entry, own, former):
            text = with_changes(text, entry, _lacking(entry, own))[0]
        wanted.append(Element(text, at))
    return saved.arranged([*wanted, *map(Element, missing[None])])


def _missing(ours: HistoryDocument, present: Collection[str | None]) -> dict[str | None, list[str]]:
    """The texts of what is missing, by the key of the version that they stand before; None: at the end."""
    missing: dict[str | None, list[str]] = {}
    waiting: list[str] = []
    for entry, text in zip(ours.entries, ours.texts(), strict=True):
        key = _key(entry)
        if key in present:
            missing.setdefault(key, []).extend(waiting)
            waiting = []
        elif key is not None and "key" in entry:
            waiting.append(text)
    missing[None] = waiting
    return missing


def _key(entry: object) -> str | None:
    """Of what is a record."""
    return record_key(entry) if isinstance(entry, dict) else None


def _spelled_once(value: Any) -> Any:
    """8 and 8.0 are one number to the page, which writes 8."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _spelled_once(one) for name, one in value.items()}
        case list():
            return [_spelled_once(one) for one in value]
        case _:
            return value


def _made_here(document: HistoryDocument) -> Iterator[Record]:
    return (record for record in document.records if "key" in record)


def _is_stale(there: Record, ours: Record, former: Collection[str]) -> bool:
    if there == ours or (_has_job(there) and not _has_job(ours)):
        return False  # an id of a job is never taken back: then it is the copy that is of before
    # Whatever else was edited in it: a record that was sent cannot rightly be without its submission or its job.
    has_lost_its_course = "submission" in ours and "submission" not in there
    has_lost_its_job = _has_job(ours) and not _has_job(there)
    return has_lost_its_course or has_lost_its_job or state_of(there) in former


def _has_job(record: Record) -> bool:
    return "submission" in record and record.get("id") != record.get("requestId")


def _lacking(there: Record, ours: Record) -> Mapping[str, Any]:
    names = [name for name in {**there, **ours} if name not in _EDITED_ANYWHERE]
    lacking = {name: ours.get(name, REMOVED) for name in names}
    if "loraUrl" in ours:  # an address is never lost, nor a faster form of it
        lacking["loraUrl"] = ours["loraUrl"]
    return lacking
