"""What a style that is here already lacks of the same style elsewhere: its versions and selection sets.

Nothing that is here is changed. A version is the same by its key, its job or its request id.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from lora_core.document import HistoryDocument, Record, record_key
from lora_core.json_text import Element
from lora_core.merging import is_alike
from lora_core.naming import folded
from lora_core.sets_document import SetsDocument
from lora_core.times import from_iso
from lora_core.versions import Version, job_stem, same_job

_NOISE: Final = frozenset({"lastSynced"})
_D = TypeVar("_D")


@dataclass(frozen=True)
class Merged(Generic[_D]):
    """A document with what it lacked; the very document when it lacked nothing."""

    document: _D
    added: int = 0
    same: int = 0
    conflicts: tuple[str, ...] = ()
    """Sentences: what is another here than there."""


def merged_versions(
    here: HistoryDocument, elsewhere: HistoryDocument, source: HistoryDocument, style_id: str
) -> Merged[HistoryDocument]:
    """The versions of `source` that stand neither in `here` nor in `elsewhere` (the trash of a history, the
    history of a trash), each by its own text, where its date belongs.
    """
    known = {
        one: record for record in (*elsewhere.records, *here.records) for one in _identities(record, style_id)
    }
    names = {folded(str(record.get("name"))) for record in here.records}
    elements = [Element(text, at) for at, text in enumerate(here.texts())]
    records: list[Any] = list(here.entries)
    added, same, conflicts = 0, 0, list[str]()
    for record, text in zip(source.entries, source.texts(), strict=True):
        identities = list(_identities(record, style_id)) if isinstance(record, dict) else []
        there = next((known[one] for one in identities if one in known), None)
        if not identities:
            conflicts.append("An entry of its history has no id; it was not brought in.")
        elif there is None:
            place = _place(records, record)
            records.insert(place, record)
            elements.insert(place, Element(text))
            known |= dict.fromkeys(identities, record)
            added += 1
            conflicts += _told_twice(names, record)
        elif differing := _differing(there, record):
            conflicts.append(
                f"{_named(record)} is another here in {', '.join(differing)}; it was left as it is."
            )
        else:
            same += 1
    return Merged(here.arranged(elements) if added else here, added, same, tuple(conflicts))


def merged_sets(here: SetsDocument, source: SetsDocument) -> Merged[SetsDocument]:
    """The sets of `source` whose numbers are free here, each by its own text."""
    document, added, same, conflicts = here, 0, 0, list[str]()
    for one in source.sets:
        there = document.find(one.id)
        if there is None:
            document = document.added(replace(one, own_text=source.text(one.id)))
            added += 1
        elif there == one:
            same += 1
        else:
            conflicts.append(f"Selection set {one.id} is another one here; it was left as it is.")
    return Merged(document, added, same, tuple(conflicts))


def _identities(record: Record, style_id: str) -> Iterator[str]:
    if key := record_key(record):
        yield f"key {key}"
    version = Version(style_id, record)
    if version.job_id:
        yield f"job {job_stem(version.job_id)}"
    if version.request_id:
        yield f"request {version.request_id}"


def _differing(there: Record, record: Record) -> list[str]:
    """What the record says and the one that is here does not; what only the lab knows is no difference."""
    return [
        name
        for name, value in record.items()
        if name not in _NOISE and value is not None and not _says(there, name, value)
    ]


def _says(there: Mapping[str, Any], name: str, value: object) -> bool:
    known = there.get(name)
    if name == "id":
        return (
            isinstance(known, str) and isinstance(value, str) and (known == value or same_job(known, value))
        )
    return is_alike(known, value)


def _told_twice(names: Iterable[str], record: Record) -> Iterator[str]:
    name = record.get("name")
    if isinstance(name, str) and folded(name) in names:
        yield f"There are two versions {name} now; rename one of them."


def _named(record: Record) -> str:
    return str(record.get("name") or record_key(record))


def _place(records: list[Any], record: Record) -> int:
    """Before the first one that is older; one without a date comes last."""
    moment = from_iso(record.get("timestamp"))
    for at, entry in enumerate(records):
        there = from_iso(entry.get("timestamp")) if isinstance(entry, dict) else None
        if moment is not None and there is not None and there < moment:
            return at
    return len(records)
