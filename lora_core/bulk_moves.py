"""Many versions of a style to its trash, or back from it, each file written once for all of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from lora_core import json_text
from lora_core.document import HistoryDocument, Record, record_key
from lora_core.histories import LIVE, TRASH, Histories
from lora_core.json_text import Element
from lora_core.naming import folded
from lora_core.times import from_iso

Texts = Mapping[str, str]
"""Records by key, each as its own text."""


@dataclass(frozen=True)
class BulkMove:
    """What became of many: the keys that were moved, and a sentence for each that stayed."""

    moved: tuple[str, ...]
    problems: tuple[str, ...] = ()


class BulkMoves:
    """The same moves as `Records.delete` and `Records.restore`, of many at once and as safe from a crash.

    A record is written to where it goes before it is taken from where it was.
    """

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def delete(self, folder: str, keys: Collection[str]) -> BulkMove:
        """To the trash; of two records with one key neither is touched."""
        moved = set[str]()
        with self._histories.store.exclusive(f"{folder}/{TRASH}"):  # as in Records: trash, then live
            doubled = _doubled(self._histories.live(folder), keys)
            while own := _own_texts(self._histories.live(folder), {*keys} - doubled - moved):
                self._histories.update(folder, partial(_put_all, own=own), document=TRASH)
                moved |= self._taken_out(folder, own, LIVE)
        problems = tuple(
            f"Two versions have the id {key}; neither was deleted. python -m lora_core repair tells them apart."
            for key in sorted(doubled)
        )
        return BulkMove(tuple(key for key in keys if key in moved), problems)

    def restore(self, folder: str, keys: Collection[str]) -> BulkMove:
        """Back to the history, except those whose name another version has by now."""
        moved, copied, refused = set[str](), dict[str, str](), dict[str, str]()
        with self._histories.store.exclusive(f"{folder}/{TRASH}"):
            while own := _own_texts(self._histories.trash(folder), {*keys} - refused.keys() - moved):
                told: dict[str, str] = {}
                self._histories.update(folder, partial(_restored, own=own, copied=copied, refused=told))
                accepted = {key: text for key, text in own.items() if key not in told}
                moved |= self._taken_out(folder, accepted, TRASH)
                copied.update(accepted)
                refused.update(told)
        problems = tuple(
            f"There is a version {name} again; rename it, then restore this one." for name in refused.values()
        )
        return BulkMove(tuple(key for key in keys if key in moved), problems)

    def _taken_out(self, folder: str, own: Texts, where: str) -> set[str]:
        """Takes out those that still are what was copied; what was changed meanwhile is for the next round."""
        settled: set[str] = set()

        def change(document: HistoryDocument) -> HistoryDocument:
            there = _own_texts(document, own)
            settled.clear()
            settled.update(key for key, text in own.items() if there.get(key) in (None, text))
            return _without(document, {key for key in there if key in settled})

        self._histories.update(folder, change, document=where)
        return settled


def _put_all(document: HistoryDocument, *, own: Texts) -> HistoryDocument:
    """With these records, each in the place of an older copy of it, else where its date belongs."""
    wanted = [Element(text, at) for at, text in enumerate(document.texts())]
    moments = [_moment(entry) for entry in document.entries]
    copies = {_identity(record): at for at, record in enumerate(document.entries) if isinstance(record, dict)}
    new: list[tuple[datetime | None, str]] = []
    for text in own.values():
        record = _read(text)
        # The old system could leave two versions under one id: another moment is another version.
        if (at := copies.get(_identity(record))) is not None:
            wanted[at] = Element(text, at)
        else:
            new.append((_moment(record), text))
    for moment, text in new:
        at = _place(moments, moment)
        wanted.insert(at, Element(text))
        moments.insert(at, moment)
    return document.arranged(wanted)


def _restored(
    document: HistoryDocument, *, own: Texts, copied: Texts, refused: dict[str, str]
) -> HistoryDocument:
    """As `Records.restore`: a record that is live as well counts, except for our own copy of it."""
    refused.clear()
    names = Counter(folded(str(record.get("name"))) for record in document.records)
    putting: dict[str, str] = {}
    for key, text in own.items():
        there, name = document.record(key), _read(text).get("name")
        if there is not None:
            if key in copied and there == _read(copied[key]):
                putting[key] = text
            continue
        if isinstance(name, str) and names[folded(name)]:
            refused[key] = name
            continue
        names[folded(str(name))] += 1
        putting[key] = text
    return _put_all(document, own=putting)


def _without(document: HistoryDocument, keys: Collection[str]) -> HistoryDocument:
    """Without the first record of each key."""
    left, kept = set(keys), list[Element]()
    for at, (entry, text) in enumerate(zip(document.entries, document.texts(), strict=True)):
        if isinstance(entry, dict) and record_key(entry) in left:
            left.remove(record_key(entry))
        else:
            kept.append(Element(text, at))
    return document.arranged(kept)


def _own_texts(document: HistoryDocument, keys: Collection[str]) -> dict[str, str]:
    """The first record of each key, oldest first, so that the newest ends up before the others."""
    found: dict[str, str] = {}
    for entry, text in zip(document.entries, document.texts(), strict=True):
        if isinstance(entry, dict) and (key := record_key(entry)) in keys:
            found.setdefault(key, text)
    return dict(reversed(found.items()))


def _doubled(document: HistoryDocument, keys: Iterable[str]) -> set[str]:
    counted = Counter(map(record_key, document.records))
    return {key for key in keys if counted[key] > 1}


def _identity(record: Record) -> tuple[str, object]:
    return record_key(record), str(record.get("timestamp"))


def _moment(entry: object) -> datetime | None:
    return from_iso(entry.get("timestamp")) if isinstance(entry, dict) else None


def _place(moments: Sequence[datetime | None], moment: datetime | None) -> int:
    """Before the first that is older; see Records."""
    if moment is None:
        return 0
    return next(
        (at for at, there in enumerate(moments) if there is not None and there < moment), len(moments)
    )


def _read(own: str) -> Record:
    record: Record = json_text.loads(own.encode())
    return record
