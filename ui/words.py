"""How the screens say things: statuses, times, amounts, and other people's text."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from lora_core import FailureReason, Outlook, Sighting, SubmissionState, Version, VersionStatus
from lora_core.json_text import well_formed

NOT_RECORDED = "not recorded"


class Look(NamedTuple):
    """How a status is shown: always icon and word, never colour alone."""

    icon: str
    word: str
    color: str


_LOOKS = {
    VersionStatus.COMPLETED: Look("✅", "completed", "green"),
    VersionStatus.TRAINING: Look("🔄", "training", "orange"),
    VersionStatus.PENDING: Look("⏳", "pending", "blue"),
    VersionStatus.FAILED: Look("❌", "failed", "red"),
    VersionStatus.DRAFT: Look("📝", "draft", "gray"),
}
_LONGEST_IN_LINE = 160
"""Characters of a description; hundreds of lines go to the browser at once, and no dropdown is wider."""
_LINE_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Streamlit makes arrows, dashes, icons and links of these after escapes have been read (seen on 1.67).
_REPLACED = re.compile(
    r"(?<=[-<>=~])(?=[-<>=])|(?<=:)(?=material/|streamlit:|//)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE
)
_WORD_JOINER = "\u2060"
"""Takes no room and parts what would be replaced."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def look(version: Version, sighting: Sighting | None, now: datetime) -> Look:
    """The status as it is to be shown, which may say less than the record when less is known."""
    state = version.submission_state(now)
    recorded = _LOOKS.get(version.status) if version.status else None
    if recorded is None:
        return Look("?", version.status_text, "gray")
    if version.failure_reason is FailureReason.CANCELLED and version.status is VersionStatus.FAILED:
        return recorded._replace(word="failed: cancelled")
    if version.is_final or version.status is VersionStatus.DRAFT:
        return recorded
    if version.is_stopping:
        return Look("⏳", "stopping, not confirmed yet", "blue")
    if state is SubmissionState.UNKNOWN:
        return Look("?", "no answer, may be running", "gray")
    if state in (SubmissionState.PREPARING, SubmissionState.SENDING):
        return Look("⏳", "being sent", "blue")
    if sighting and sighting.outlook is Outlook.ENDED_UNKNOWN:
        return Look("?", "ended, result not known", "gray")
    return recorded


def status_label(status: str) -> str:
    """A status as it is offered for a choice: icon and word."""
    return f"{_LOOKS[VersionStatus(status)].icon} {status}"


def waiting(version: Version) -> str | None:
    """What a training waits for that its endpoint has taken and no worker has begun."""
    is_queued = (
        version.status is VersionStatus.PENDING and version.job_id is not None and not version.is_stopping
    )
    return "waiting for a worker" if is_queued else None


def line(
    version: Version,
    sighting: Sighting | None,
    now: datetime,
    *,
    is_edited: bool = False,
    is_timed: bool = False,
) -> str:
    """A version in one line of plain text, for the dropdown; `is_timed`: with the time of day."""
    shown = look(version, sighting, now)
    parts = [f"{shown.icon} {version.name}", shown.word]
    if is_edited:
        parts.append("edited")
    if version.created_at:
        parts.append(
            f"{day(version.created_at)} {clock(version.created_at)}" if is_timed else day(version.created_at)
        )
    if version.image_count is not None:
        parts.append(f"{version.image_count} images")
    if version.parameters.max_train_steps is not None:
        parts.append(f"{version.parameters.max_train_steps} steps")
    if version.is_good:
        parts.append("good")
    if version.description:
        parts.append(_cut(" ".join(version.description.split())))
    elif (
        version.parameters.learning_rate is not None
    ):  # what tells versions without a word of their own apart
        parts.append(f"rate {number(version.parameters.learning_rate)}")
    return " · ".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_IN_LINE else f"{text[:_LONGEST_IN_LINE].rstrip()} …"


def escaped(text: object) -> str:
    """Text from users, files or RunPod, to be shown as it is where Markdown would read it."""
    parted = _REPLACED.sub(_WORD_JOINER, _LINE_BREAK.sub(" ", well_formed(str(text))))
    return _MARKDOWN.sub(r"\\\1", parted)


def shortened(text: str, longest: int) -> str:
    """At most so many characters, the last one an ellipsis where something is left out."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def zone() -> ZoneInfo:
    """The browser's time zone, UTC when it does not tell."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def day(moment: datetime) -> str:
    """`12 Oct 2025`; without the year in the current one."""
    there = moment.astimezone(zone())
    is_this_year = there.year == datetime.now(zone()).year
    return f"{there.day} {there:%b}" if is_this_year else f"{there.day} {there:%b %Y}"


def clock(moment: datetime) -> str:
    """`09:27` in the user's zone."""
    return f"{moment.astimezone(zone()):%H:%M}"


def moment_text(moment: datetime | None, now: datetime) -> str:
    """`12 Oct, 09:27 (3 h ago)` in the user's zone."""
    if moment is None:
        return NOT_RECORDED
    return f"{day(moment)}, {moment.astimezone(zone()):%H:%M} ({ago(now - moment)})"


def when(moment: datetime | None, now: datetime) -> str:
    """`12 Oct, 09:27 CEST (3 h ago)`: the same with the zone, for a moment that is to be told exactly."""
    if moment is None:
        return NOT_RECORDED
    return f"{day(moment)}, {moment.astimezone(zone()):%H:%M %Z} ({ago(now - moment)})"


def ago(passed: timedelta) -> str:
    """`3 h ago`."""
    seconds = passed.total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def duration(seconds: float | None) -> str:
    """`42 s`, `4 min 10 s`, `2 h 5 min`, `3 days`."""
    if seconds is None:
        return NOT_RECORDED
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min" if whole % 3600 >= 60 else f"{whole // 3600} h"
    return f"{whole // 86400} days"


def number(value: object) -> str:
    """As people write it: 0.0001, 2000, 1e-5; `not recorded` for None."""
    if value is None:
        return NOT_RECORDED
    if isinstance(value, float):
        return f"{value:.10g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.10g}".replace("e-0", "e-")
    return str(value)


def rounded(value: float | None) -> str:
    """A derived number: three digits are enough."""
    return NOT_RECORDED if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def loss(value: float | None) -> str:
    """Four digits: a batch more or less changes the fifth."""
    return NOT_RECORDED if value is None else f"{value:.4g}"


def dollars(amount: float | None) -> str | None:
    """`$0.42`; None when it is not known."""
    return None if amount is None else f"${amount:.2f}" if amount >= 0.01 or amount == 0 else "under $0.01"


def size(size_bytes: int) -> str:
    """`146 MB`."""
    amount, unit = float(size_bytes), "bytes"
    for larger in ("kB", "MB", "GB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
