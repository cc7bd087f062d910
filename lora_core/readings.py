"""What is worked out from a history or a trash once for each state of it, however often a page asks.

A document is immutable, and `Histories` answers the very same one while the file is unchanged. So whatever follows
from a document alone may be kept beside it, and is gone as soon as there is another.
"""

from functools import cached_property

from lora_core.document import HistoryDocument
from lora_core.histories import Histories
from lora_core.versions import Version, VersionStatus

_OPEN = (VersionStatus.PENDING.value, VersionStatus.TRAINING.value)


class Reading:
    """One state of one document, as versions."""

    def __init__(self, style_id: str, document: HistoryDocument, *, is_in_trash: bool) -> None:
        self.style_id = style_id
        self.document = document
        self._is_in_trash = is_in_trash

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """Newest first."""
        return tuple(Version(self.style_id, record, self._is_in_trash) for record in self.document.records)

    @cached_property
    def in_flight(self) -> tuple[Version, ...]:
        """What the lab sent and whose end is not known."""
        # Most records are final, which is seen without a view of them.
        is_open = (record.get("status") in _OPEN for record in self.document.records)
        return tuple(
            version
            for version, may_run in zip(self.versions, is_open, strict=True)
            if may_run and version.is_in_flight()
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """What its versions are called."""
        return frozenset(version.name for version in self.versions)

    def version(self, key: str) -> Version | None:
        """The version with this identity."""
        return self._by_key.get(key)

    @cached_property
    def _by_key(self) -> dict[str, Version]:
        return {version.key: version for version in reversed(self.versions)}  # of two the first counts


class Readings:
    """The latest reading of each history and each trash; safe for many threads."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._known: dict[tuple[str, bool], Reading] = {}

    def live(self, style_id: str, folder: str) -> Reading:
        """The history. Raises DamagedDocumentError."""
        return self._of(style_id, folder, self._histories.live(folder), is_in_trash=False)

    def trash(self, style_id: str, folder: str) -> Reading:
        """The trash. Raises DamagedDocumentError."""
        return self._of(style_id, folder, self._histories.trash(folder), is_in_trash=True)

    def _of(self, style_id: str, folder: str, document: HistoryDocument, *, is_in_trash: bool) -> Reading:
        known = self._known.get((folder, is_in_trash))
        if known is None or known.document is not document or known.style_id != style_id:
            known = Reading(style_id, document, is_in_trash=is_in_trash)
            self._known[folder, is_in_trash] = known
        return known
