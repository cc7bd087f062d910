"""Moments in time: always UTC, always with a zone, written as the users' existing files write them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Nothing of ours is dated outside; so adding a duration to a date that was read never overflows."""
CLOCK_MARGIN = timedelta(minutes=5)
"""How far two clocks may differ without one of them being called wrong."""

Clock = Callable[[], datetime]
"""Answers the present moment; an argument wherever time matters, so that tests can set it."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """`2025-10-12T07:27:21.532Z`: milliseconds and Z, as JavaScript's toISOString writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: object) -> datetime | None:
    """The moment that a record's text names; None for anything that is no date. No zone reads as UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as a request id holds them."""
    return int(moment.timestamp() * 1000)


def is_set_back(past: datetime | None, now: datetime) -> bool:
    """Whether the clock says less than it did before: what was written then is dated in the future."""
    return past is not None and now < past - CLOCK_MARGIN
