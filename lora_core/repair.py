"""Repairing histories that hold two records of one training: planned first, applied on request.

Planning only reads. Applying judges the documents as they are then, keeps each one as it was, byte for byte,
and changes it in one update; what was changed by others since the plan is seen. The history and the trash are
each repaired; a pair of which one lies in the trash is reported and left.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lora_core.document import HistoryDocument, record_key
from lora_core.duplicates import Judgement, LeftAlone, Repair, across, judged, redirected
from lora_core.histories import LIVE, TRASH, Change, Histories
from lora_core.styles import Style
from lora_core.versions import Version

_ASIDE = ".lora_lab/before_repair"


@dataclass(frozen=True)
class RepairPlan:
    """What repairing a style would do; nothing is done by planning."""

    style: Style
    repairs: tuple[Repair, ...]
    """In the order in which they are done; each says in a `sentence` what it does."""
    left_alone: tuple[LeftAlone, ...]
    """What looks like one training and stays as it is, also after the repairs."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.repairs


@dataclass(frozen=True)
class Repaired:
    """What was done."""

    repairs: tuple[Repair, ...]
    backups: tuple[str, ...]
    """Where the documents lie as they were before: files, or names in the store."""


class Repairs:
    """Plans and applies; see TrainingLab."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def plan(self, style: Style) -> RepairPlan:
        """What applying would do. Raises StoreError when a document cannot be read."""
        live = judged(style.id, self._histories.live(style.folder))
        trash = self._judged_trash(style, self._histories.trash(style.folder), live.document)
        pairs = across(_versions(style, live.document), _versions(style, trash.document, is_in_trash=True))
        return RepairPlan(
            style, (*live.repairs, *trash.repairs), (*live.left_alone, *trash.left_alone, *pairs)
        )

    def apply(self, plan: RepairPlan) -> Repaired:
        """Repairs the style as it is now; doing it again does nothing. Raises StoreError."""
        style, folder = plan.style, plan.style.folder
        if self.plan(style).is_empty:
            return Repaired((), ())
        # As a move between the two does it: nothing goes to the trash or comes back meanwhile.
        with self._histories.store.exclusive(f"{folder}/{TRASH}"):
            work = _Work(self._histories, folder)
            live = work.judge(LIVE, lambda document: judged(style.id, document))
            trash = work.judge(
                TRASH, lambda document: self._judged_trash(style, document, self._histories.live(folder))
            )
            work.change(TRASH, partial(redirected, moved=live.moved))
            work.change(LIVE, partial(redirected, moved=trash.moved))
        return Repaired((*live.repairs, *trash.repairs), tuple(work.backups))

    @staticmethod
    def _judged_trash(style: Style, trash: HistoryDocument, live: HistoryDocument) -> Judgement:
        hidden = (record_key(record) for record in live.records)
        return judged(style.id, trash, is_trash=True, hidden=hidden)


class _Work:
    """Changes to the documents of one style, each kept as it was before it is written."""

    def __init__(self, histories: Histories, folder: str) -> None:
        self._histories = histories
        self._folder = folder
        self._changed: set[str] = set()
        self.backups: dict[str, None] = {}

    def judge(self, name: str, judge: Callable[[HistoryDocument], Judgement]) -> Judgement:
        judgement: Judgement | None = None

        def repaired(document: HistoryDocument) -> HistoryDocument:
            nonlocal judgement
            judgement = judge(document)
            return judgement.document

        self.change(name, repaired)
        assert judgement is not None
        return judgement

    def change(self, name: str, change: Change) -> None:
        """One update. The copy is made inside it: of the very bytes on which the change is based."""
        lying = self._histories.store.read(f"{self._folder}/{name}")
        is_ours = name in self._changed

        def kept(document: HistoryDocument) -> HistoryDocument:
            after = change(document)
            if after is not document and not is_ours:
                if lying is not None:  # what the lab reads in it can be more, see `foreign_saves`
                    self._keep(name, lying.data)
                self._keep(name, document.data)
                self._changed.add(name)
            return after

        self._histories.update(self._folder, kept, document=name)

    def _keep(self, name: str, data: bytes) -> None:
        store = self._histories.store
        digest = hashlib.sha256(data).hexdigest()[:12]
        backup = f"{_ASIDE}/{self._folder}__{name}.{digest}"
        there = store.read(backup)
        if there is None or there.data != data:
            store.write(backup, data, if_match=there and there.etag)
        self.backups[str(store.path(backup) or backup)] = None


def _versions(style: Style, document: HistoryDocument, *, is_in_trash: bool = False) -> list[Version]:
    return [Version(style.id, record, is_in_trash) for record in document.records]
