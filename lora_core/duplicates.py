"""Records of one history that are one training, or that claim one identity: what there is, and what helps.

The system that came before wrote a record per webhook, by job id, and one per synced model, by file name. Of
two records of one training the one that knows more stays and takes what it lacks (`merging`). Two that are
not one training but have one id are told apart: the later one gets a key of its own. Drafts were never sent
and match nothing.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import Any, Final

from lora_core import json_text
from lora_core.document import HistoryDocument, with_changes
from lora_core.json_text import REMOVED, Element
from lora_core.merging import (
    contradiction,
    in_order,
    is_bare,
    left_behind,
    taken_over,
    weight,
)
from lora_core.record_links import ONE_ID, LinkIndex
from lora_core.versions import Version, VersionStatus


@dataclass(frozen=True)
class Merging:
    """`gone` goes into `kept`."""

    kept: Version
    gone: Version
    evidence: str
    changes: Mapping[str, Any]
    """New values by key of `kept`."""
    left_behind: Mapping[str, Any]
    """What the record that goes says otherwise: from then on it stands in the backup only."""

    @property
    def sentence(self) -> str:
        """What is done, for the user."""
        kept, gone = _told(self.kept), _told(self.gone)
        gains = [f"{name} {_shown(value)}" for name, value in self.changes.items() if value is not REMOVED]
        losses = [name for name, value in self.changes.items() if value is REMOVED]
        said = [f"{name} {_shown(value)}" for name, value in self.left_behind.items()]
        return (
            f"{kept} and {gone} are one training: {self.evidence}. The first stays"
            + (f" and gets {', '.join(gains)}" if gains else "")
            + (f", without its {', '.join(losses)}" if losses else "")
            + "; the second goes."
            + (f" Only the backup will still say of it: {', '.join(said)}." if said else "")
        )


@dataclass(frozen=True)
class TellingApart:
    """`version` has its id in common with `keeper` and gets a `key` of its own."""

    keeper: Version
    version: Version
    why: str
    changes: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """What is done, for the user."""
        return (
            f"{_told(self.keeper, with_date=True)} and {_told(self.version, with_date=True)} have one id, but "
            f"{self.why}. Both stay; the second gets a key of its own, so that each can be changed."
        )


@dataclass(frozen=True)
class LeftAlone:
    """Versions that look like one training and stay as they are."""

    versions: tuple[Version, ...]
    why: str

    @property
    def sentence(self) -> str:
        """What was seen, for the user."""
        *others, last = (_told(version, with_date=True) for version in self.versions)
        return (
            f"{', '.join(others)} and {last} look like one training, but {self.why}. They stay as they are."
        )


Repair = Merging | TellingApart


@dataclass(frozen=True)
class Judgement:
    """What becomes of one document."""

    document: HistoryDocument
    """The repaired one; the very one that was judged when there is nothing to do."""
    repairs: tuple[Repair, ...]
    left_alone: tuple[LeftAlone, ...]
    moved: Mapping[str, str]
    """For the key of each record that goes, the key of the one that it goes into."""


def judged(
    style_id: str, document: HistoryDocument, *, is_trash: bool = False, hidden: Iterable[str] = ()
) -> Judgement:
    """Pure: every repair that the document needs, one after the other, until it needs none.

    `hidden` are the keys of records that count as live in another document; they are left out.
    """
    judging = _Judging(style_id, document, is_trash, frozenset(hidden))
    repairs = tuple(judging.repairs())
    return Judgement(judging.document(), repairs, tuple(judging.left_alone()), judging.moved)


def across(live: Sequence[Version], trash: Sequence[Version]) -> tuple[LeftAlone, ...]:
    """Versions in the trash that look like one training with live ones: they are only reported."""
    versions = dict(enumerate([*live, *trash]))
    index = LinkIndex(versions)
    pairs = {tuple(sorted((at, other))) for at in versions for other in index.link(at).others}
    return tuple(
        LeftAlone((versions[one], versions[two]), "one of them is in the trash")
        for one, two in sorted(pairs)
        if one < len(live) <= two and not _is_half_moved(versions[one], versions[two])
    )


def redirected(document: HistoryDocument, moved: Mapping[str, str]) -> HistoryDocument:
    """With `basedOn` following the records that went into others; this very document if none does."""
    changes = {
        at: {"basedOn": moved[based_on]}
        for at, entry in enumerate(document.entries)
        if isinstance(entry, dict)
        and isinstance(based_on := entry.get("basedOn"), str)
        and based_on in moved
        and document.record(based_on) is None
    }
    return _rewritten(document, changes, ())


class _Judging:
    """The records of a document while they are repaired; each is known by its place in the file."""

    def __init__(
        self, style_id: str, document: HistoryDocument, is_trash: bool, hidden: frozenset[str]
    ) -> None:
        self._document = document
        self._hidden = hidden
        self._versions = {
            at: Version(style_id, entry, is_trash)
            for at, entry in enumerate(document.entries)
            if isinstance(entry, dict)
        }
        self._gone: set[int] = set()
        self._changes: dict[int, dict[str, Any]] = {}
        self._apart: list[set[int]] = []
        self._touched: set[int] = set()
        self.moved: dict[str, str] = {}

    def document(self) -> HistoryDocument:
        return _rewritten(self._document, self._changes, self._gone)

    def repairs(self) -> Iterator[Repair]:
        """Ends: each round has fewer records, or fewer that share an identity, than the one before."""
        while True:
            while found := list(self._mergings()):
                yield from found
            # One that was taken for another's may be seen to be a third one's, once it is told apart.
            if not (apart := list(self._told_apart())):
                return
            yield from apart

    def left_alone(self) -> Iterator[LeftAlone]:
        """What looks like one training after the repairs, too; what was just told apart has been told of."""
        versions = self._visible()
        index = LinkIndex(versions)
        pairs = {
            tuple(sorted((at, other)))
            for at in versions
            for other in _peers(versions, at, index.link(at).others)
        }
        for one, other in sorted(pairs):
            if not any({one, other} <= group for group in self._apart):
                yield LeftAlone((versions[one], versions[other]), _why_both(versions[one], versions[other]))

    def _visible(self) -> dict[int, Version]:
        return {
            at: version
            for at, version in self._versions.items()
            if at not in self._gone and version.key not in self._hidden
        }

    def _mergings(self) -> Iterator[Merging]:
        """Those that are clear at once; a record that has just changed is looked at again in the next round."""
        versions = self._visible()
        index = LinkIndex(versions)
        self._touched = set()
        # Whole records first: then a trace has one home, where there were two copies of it.
        for at in sorted(versions, key=lambda place: (is_bare(versions[place]), place)):
            link = index.link(at)
            if not self._touched.isdisjoint({at, *link.others}):
                continue
            home = _home(versions, at, link.others)
            if home is not None:
                yield self._merged(home, at, link.evidence)

    def _merged(self, home: int, at: int, evidence: str) -> Merging:
        kept, gone = self._versions[home], self._versions[at]
        if evidence == ONE_ID and kept.key != gone.key and kept.id != gone.id:
            evidence = "they come from one job"
        merging = Merging(kept, gone, evidence, taken_over(kept, gone), left_behind(kept, gone))
        self._change(home, merging.changes)
        self._gone.add(at)
        self._touched |= {home, at}
        remaining = {version.key for place, version in self._versions.items() if place not in self._gone}
        if gone.key and gone.key not in remaining:
            self._follow(gone.key, kept.key)
        return merging

    def _follow(self, gone: str, kept: str) -> None:
        self.moved = {key: kept if into == gone else into for key, into in self.moved.items()} | {gone: kept}
        for at, version in self._versions.items():
            if version.raw.get("basedOn") == gone and version.key != kept:
                self._change(at, {"basedOn": kept})

    def _told_apart(self) -> Iterator[TellingApart]:
        groups: dict[str, list[int]] = {}
        for at, version in self._visible().items():
            groups.setdefault(version.key, []).append(at)
        for group in groups.values():
            if len(group) > 1:
                self._apart.append(set(group))
                first, *others = sorted(group, key=lambda at: _later(self._versions[at]))
                for at in others:
                    keeper, version = self._versions[first], self._versions[at]
                    changes = self._own_key(version)
                    self._change(at, changes)
                    yield TellingApart(keeper, version, _why_both(keeper, version), changes)

    def _own_key(self, version: Version) -> dict[str, Any]:
        """Made from what the record holds, so that doing it again gives the same."""
        taken = {other.key for other in self._versions.values()} | self._hidden
        content = json_text.dumps(dict(version.raw)).decode()
        keys = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"{version.style_id}/{n}/{content}")) for n in count())
        changes: dict[str, Any] = {"key": next(key for key in keys if key not in taken)}
        if version.status is VersionStatus.DRAFT:
            changes["requestId"] = REMOVED  # it gets its own: RunPod's webhooks name a training by it
        return changes

    def _change(self, at: int, changes: Mapping[str, Any]) -> None:
        if not changes:
            return
        before = self._versions[at]
        raw = {name: value for name, value in {**before.raw, **changes}.items() if value is not REMOVED}
        self._versions[at] = Version(before.style_id, raw, before.is_in_trash)
        self._touched.add(at)
        self._changes[at] = self._changes.get(at, {}) | dict(changes)


def _peers(versions: Mapping[int, Version], at: int, others: Iterable[int]) -> list[int]:
    """Of those with which a record is connected the ones that matter: whole ones, else all for a trace."""
    whole = [other for other in others if not is_bare(versions[other])]
    return whole or (list(others) if is_bare(versions[at]) else [])


def _home(versions: Mapping[int, Version], at: int, others: Iterable[int]) -> int | None:
    """The record into which another one can go: one that outweighs it, if it is clear which."""
    version = versions[at]
    peers = _peers(versions, at, others)
    homes = []
    for peer in peers:
        pair = (versions[min(peer, at)], versions[max(peer, at)])
        kept, other = in_order(*pair)
        why = contradiction(kept, other)
        if why is None and kept is versions[peer]:
            homes.append(peer)
        elif why is not None and is_bare(version) and not is_bare(versions[peer]):
            return None  # it has nothing of its own by which it could be told from the other's
    if any(contradiction(*in_order(versions[one], versions[two])) for one, two in combinations(homes, 2)):
        return None
    return max(homes, key=lambda home: (weight(versions[home]), -home), default=None)


def _why_both(one: Version, other: Version) -> str:
    if VersionStatus.DRAFT in (one.status, other.status):
        return "a draft is no training yet"
    return contradiction(*in_order(one, other)) or "one of them could belong to another record as well"


def _later(version: Version) -> tuple[bool, bool, bool, bool]:
    """Sorts first whose identity is needed most: an answer that is on its way looks for it."""
    is_in_flight = version.is_in_flight()
    return (
        not (is_in_flight and version.job_id is None),
        not is_in_flight,
        version.raw.get("submission") is None,
        version.status is VersionStatus.DRAFT,
    )


def _is_half_moved(live: Version, trashed: Version) -> bool:
    """A move between history and trash that was interrupted leaves a copy, which counts as live."""
    return live.key == trashed.key and live.raw.get("timestamp") == trashed.raw.get("timestamp")


def _rewritten(
    document: HistoryDocument, changes: Mapping[int, Mapping[str, Any]], gone: Collection[int]
) -> HistoryDocument:
    """With new values in the records at some places, and without those at others; all other bytes stay."""
    if not changes and not gone:
        return document
    wanted = (
        Element(with_changes(text, document.entries[at], changes[at])[0] if at in changes else text, at)
        for at, text in enumerate(document.texts())
        if at not in gone
    )
    return document.arranged(list(wanted))


def _told(version: Version, *, with_date: bool = False) -> str:
    more = [version.id] if version.id not in ("", version.name) else []
    if with_date and version.created_at is not None:
        more.append(version.created_at.date().isoformat())
    if version.is_in_trash:
        more.append("in the trash")
    return _printable(version.name) + (f" ({_printable(', '.join(more))})" if more else "")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text)


_SHOWN: Final = 120
