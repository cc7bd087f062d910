"""A style's versions as a table's columns, worked out once for each state of its files.

At 10,000 versions that is a second's work; what a rerun does on top is to look at those that are not final.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

from lora_core import (
    Searchable,
    Style,
    Tracked,
    TrainingLab,
    Version,
    VersionFilter,
    VersionStatus,
    searchable,
)
from lora_core.version_filter import Value
from ui import words

_KEPT: Final = 50_000
"""Versions, of however many styles; 10,000 take some 30 MB."""
_EXACT: Final = 2**53
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

_TEXT, _NUMBER, _MOMENT = pa.string(), pa.float64(), pa.timestamp("ms", tz="UTC")
_SCHEMA: Final = pa.schema(
    [
        ("Version", _TEXT),
        ("Style", _TEXT),
        ("Status", _TEXT),
        ("Good", _TEXT),
        ("Created", _MOMENT),
        ("Rate", _NUMBER),
        ("Steps", _NUMBER),
        ("Dim", _NUMBER),
        ("Alpha", _NUMBER),
        ("Final loss", _NUMBER),
        ("Images", _NUMBER),
        ("Set", _NUMBER),
        ("Optimizer", _TEXT),
        ("Description", _TEXT),
        ("Error", _TEXT),
        ("Batch", _NUMBER),
        ("Repeats", _NUMBER),
        ("Scheduler", _TEXT),
        ("Warm-up", _NUMBER),
        ("Ended", _MOMENT),
        ("Duration", pa.duration("s")),
    ]
)
COLUMNS: Final[tuple[str, ...]] = tuple(_SCHEMA.names)
"""As they stand from left to right: what tells versions apart comes first."""


@dataclass(frozen=True)
class Listing:
    """Versions, one per row, with what filters ask of them and what the table shows."""

    rows: tuple[Tracked, ...]
    searchable: tuple[Searchable, ...]
    table: Any
    """A pyarrow.Table with a row for each of `rows`."""
    cells: tuple[tuple[Any, ...], ...] = field(default=(), repr=False)
    """What the table was made of, for the next state of the file, which differs in a record or two."""
    _values: dict[str, frozenset[Value]] = field(default_factory=dict, repr=False)

    def values(self, name: str) -> frozenset[Value]:
        """What occurs of a field."""
        if name not in self._values:
            self._values[name] = frozenset(one.values[name] for one in self.searchable)
        return self._values[name]

    @cached_property
    def fingerprint(self) -> str:
        """Of which versions stand in which rows."""
        listed = "\n".join(f"{one.style.folder}/{one.version.key}" for one in self.rows)
        return sha256(listed.encode(errors="replace")).hexdigest()[:16]

    def chosen(self, wanted: VersionFilter) -> "Listing":
        """Only the rows that are looked for; this very listing when that is all."""
        if wanted == VersionFilter():
            return self
        at = [number for number, one in enumerate(self.searchable) if wanted.matches(one)]
        if len(at) == len(self.rows):
            return self
        return Listing(
            tuple(self.rows[number] for number in at),
            tuple(self.searchable[number] for number in at),
            self.table.take(pa.array(at, pa.int64())),
        )


_lock = Lock()
_listings: dict[tuple[str, ...], tuple[str, Listing]] = {}
_joined: dict[tuple[int, ...], tuple[Sequence[Listing], Listing]] = {}
"""Only the last: that of the list of all styles."""


def listing(lab: TrainingLab, style: Style, *, trash: bool = False) -> Listing:
    """Of one style. Raises StoreError when its files cannot be read."""
    settings = lab.settings
    place = (str(settings.root), str(settings.lora_lab_state_dir), style.folder, style.name, str(trash))
    etag = lab.etag(style)
    with _lock:
        known = _listings.pop(place, None)
    if known is None or known[0] != etag:
        versions = lab.trash(style.folder) if trash else lab.versions(style.folder)
        before = known[1] if known else None
        known = (etag, _listed(lab, [Tracked(style, version) for version in versions], before))
    with _lock:
        _listings[place] = known  # the last used is the last to go
        while len(_listings) > 1 and sum(len(one.rows) for _, one in _listings.values()) > _KEPT:
            _listings.pop(next(iter(_listings)))
    return _with_present_looks(lab, known[1])


def joined(listings: Sequence[Listing]) -> Listing:
    """Several styles' as one, the newest first."""
    if len(listings) == 1:
        return listings[0]
    name = tuple(map(id, listings))
    with _lock:
        known = _joined.get(name)
    if known is None:
        known = (listings, _merged(listings))  # keeps the parts, too, or another could get the id of one
    with _lock:
        _joined.clear()
        _joined[name] = known
    return known[1]


def _merged(listings: Sequence[Listing]) -> Listing:
    rows = [row for one in listings for row in one.rows]
    asked = [row for one in listings for row in one.searchable]
    table = pa.concat_tables([one.table for one in listings]) if listings else _SCHEMA.empty_table()
    order = sorted(range(len(rows)), key=lambda at: asked[at].created_at or _LONG_AGO, reverse=True)
    return Listing(
        tuple(rows[at] for at in order),
        tuple(asked[at] for at in order),
        table.take(pa.array(order, pa.int64())),
    )


def _listed(lab: TrainingLab, rows: Sequence[Tracked], before: Listing | None) -> Listing:
    """A record that is the very object of before need not be looked at again."""
    now = datetime.now(UTC)
    known = (
        {
            id(one.version.raw): (cells, asked)
            for one, cells, asked in zip(before.rows, before.cells, before.searchable, strict=True)
        }
        if before
        else {}
    )
    made = [
        known.get(id(one.version.raw)) or (_cells(lab, one, now), searchable(one.version, one.style.name))
        for one in rows
    ]
    cells = tuple(one for one, _ in made)
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(COLUMNS)
    arrays = [pa.array(column, one.type) for column, one in zip(columns, _SCHEMA, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=_SCHEMA)
    return Listing(tuple(rows), tuple(asked for _, asked in made), table, cells)


def _cells(lab: TrainingLab, one: Tracked, now: datetime) -> tuple[Any, ...]:
    version, parameters = one.version, one.version.parameters
    return (
        version.name,
        one.style.name,
        _status(lab, version, now),
        "good" if version.is_good else "",
        version.created_at,
        _number(parameters.learning_rate),
        _number(parameters.max_train_steps),
        _number(parameters.network_dim),
        _number(parameters.network_alpha),
        lab.final_loss(version) if version.is_final else None,
        _number(version.image_count),
        _number(version.selection_set_id),
        parameters.optimizer_type,
        " ".join(version.description.split()),
        " ".join((version.error or "").split()),
        _number(parameters.batch_size),
        _number(parameters.num_repeats),
        parameters.lr_scheduler,
        _number(parameters.lr_warmup_steps),
        version.ended_at,
        _whole_seconds(version.took_s),
    )


def _with_present_looks(lab: TrainingLab, kept: Listing) -> Listing:
    """What a version that is not final looks like follows from what was last seen of it, and when."""
    open_rows = [at for at, one in enumerate(kept.rows) if not _is_settled(one.version)]
    if not open_rows:
        return kept
    now, statuses = datetime.now(UTC), kept.table["Status"].to_pylist()
    for at in open_rows:
        statuses[at] = _status(lab, kept.rows[at].version, now)
    place = COLUMNS.index("Status")
    table = kept.table.set_column(place, _SCHEMA.field(place), pa.array(statuses, _TEXT))
    return replace(kept, table=table)


def _is_settled(version: Version) -> bool:
    return version.is_final or version.status is VersionStatus.DRAFT


def _status(lab: TrainingLab, version: Version, now: datetime) -> str:
    seen = words.look(version, lab.sighting(version), now)
    return f"{seen.icon} {seen.word}"


def _number(number: int | float | None) -> float | None:
    """With the digits that `words.number` shows; a file may hold integers beyond what a column takes."""
    try:
        return None if number is None else float(f"{float(number):.10g}")
    except OverflowError:
        return None


def _whole_seconds(seconds: float | None) -> int | None:
    return None if seconds is None or not 0 <= seconds < _EXACT else round(seconds)
