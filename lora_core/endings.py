"""What ended since a moment, in all styles; worked out again only when a history has changed."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from lora_core.document import HistoryDocument
from lora_core.errors import StoreError
from lora_core.histories import Histories
from lora_core.reconciliation import Tracked
from lora_core.styles import Style
from lora_core.times import from_iso
from lora_core.versions import Version, VersionStatus

_END_KEYS = {VersionStatus.COMPLETED.value: "completedAt", VersionStatus.FAILED.value: "failedAt"}
_MOMENTS_KEPT = 64
_Ended = tuple[datetime, Tracked]


class Endings:
    """Final versions by the moment of their end; what records no end, as old ones do, is none of them."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._known: dict[str, tuple[HistoryDocument, dict[datetime, list[_Ended]]]] = {}

    def since(self, styles: Sequence[Style], moment: datetime) -> list[Tracked]:
        """The latest end first; what lies in the trash is not among them."""
        found: list[_Ended] = []
        for style in styles:
            with suppress(StoreError):  # its own page tells; the other styles go on
                found += self._of_style(style, moment)
        return [tracked for _, tracked in sorted(found, key=_moment, reverse=True)]

    def _of_style(self, style: Style, moment: datetime) -> list[_Ended]:
        document = self._histories.live(style.folder)
        known = self._known.get(style.folder)
        if known is None or known[0] is not document or len(known[1]) >= _MOMENTS_KEPT:
            known = self._known[style.folder] = (document, {})  # the very same while the file is unchanged
        if moment not in known[1]:
            known[1][moment] = list(_ended(style, document, moment))
        return known[1][moment]


def _ended(style: Style, document: HistoryDocument, moment: datetime) -> Iterator[_Ended]:
    # Most ended long before, which their date's text tells: no zone is a whole day ahead or behind.
    day = (moment.date() - timedelta(days=1)).isoformat()
    for record in document.records:
        status = record.get("status")
        text = record.get(_END_KEYS.get(status, "")) if isinstance(status, str) else None
        if not isinstance(text, str) or (text[4:5] == text[7:8] == "-" and text[:10] < day):
            continue
        at = from_iso(text)
        if at is not None and at > moment:
            yield at, Tracked(style, Version(style.id, record))


def _moment(ended: _Ended) -> datetime:
    return ended[0]
