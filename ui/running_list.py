"""What runs now in all styles, as the sidebar lists it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from lora_core import CouldNotAsk, Sighting, Tracked, TrainingLab, Version
from ui import words
from ui.page import open_training
from ui.selection import select

_LONGEST_NAME: Final = 18
_LONGEST_LINE: Final = 26
_LEAST_OF_STYLE: Final = 9
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def running_list(lab: TrainingLab, running: Sequence[Tracked]) -> None:
    """In the order in which they were sent, so that what is new stands last and the others keep their place."""
    st.markdown(f"**Running now** · {len(running)}" if running else "**Running now**")
    if not running:
        st.caption("Nothing is training.")
    now = datetime.now(UTC)
    for one in sorted(running, key=_sent_at):
        _entry(lab, one, running, now)
    _silence(lab, running, now)  # last, for it comes and goes by itself


def waiting_text(version: Version, running: Sequence[Tracked]) -> str | None:
    """What it waits for, and how many of the lab's own wait before it; None when it waits for no worker.

    RunPod tells no place in its queue; of others' jobs on the endpoint the lab knows nothing.
    """
    waits = words.waiting(version)
    if waits is None:
        return None
    before = sum(
        words.waiting(other.version) is not None and _is_before(other.version, version) for other in running
    )
    return f"{waits}, after {before} of yours" if before else waits


def _is_before(one: Version, other: Version) -> bool:
    first, second = one.submission, other.submission
    return (
        first is not None
        and second is not None
        and (first.base_url, first.endpoint_id) == (second.base_url, second.endpoint_id)
        and (first.submitted_at or _LONG_AGO) < (second.submitted_at or _LONG_AGO)
    )


def _sent_at(one: Tracked) -> tuple[datetime, str]:
    submission = one.version.submission
    sent_at = submission.submitted_at or submission.at if submission else None
    return sent_at or one.version.created_at or _LONG_AGO, one.version.key


def _silence(lab: TrainingLab, running: Sequence[Tracked], now: datetime) -> None:
    """Says that an endpoint does not answer, and from when the figures below are."""
    silent = [
        sighting
        for one in running
        if (sighting := lab.sighting(one.version)) and isinstance(sighting.evidence, CouldNotAsk)
    ]
    if silent:
        answered_at = max((one.answered_at for one in silent if one.answered_at), default=None)
        age = f" The last answer came {words.ago(now - answered_at)}." if answered_at else ""
        st.warning(words.escaped(f"{silent[0].sentence}{age}"), icon=":material/cloud_off:")


def _entry(lab: TrainingLab, one: Tracked, running: Sequence[Tracked], now: datetime) -> None:
    style, version = one.style, one.version
    sighting = lab.sighting(version)
    shown = words.look(version, sighting, now)
    name = f"{shown.icon} {_in_a_line(version.name, style.name)}"
    if version.is_in_trash:  # it was deleted while it ran, and costs money until it has stopped
        st.markdown(f"{words.escaped(name)} (deleted)")
    elif st.button(
        words.escaped(name),
        key=f"running:{style.folder}/{version.key}",
        type="tertiary",
        help=words.escaped(f"{version.name} of {style.name}: {shown.word}. Click to see it."),
    ):
        select(style, version.key)
        open_training()
    progress = sighting.progress if sighting else None
    fraction = progress.fraction if progress else None
    text = " · ".join(_figures(lab, version, sighting)) if fraction is not None else ""
    text = text or waiting_text(version, running) or shown.word
    st.progress(min(1.0, fraction or 0.0), text=words.escaped(text))


def _figures(lab: TrainingLab, version: Version, sighting: Sighting | None) -> list[str]:
    progress = sighting.progress if sighting else None
    if progress is None or progress.fraction is None:
        return []
    parts = [f"{progress.fraction:.0%}"]
    if progress.total_steps:
        parts.append(f"{progress.step:,} / {progress.total_steps:,}")
    if (left := lab.seconds_left(version)) is not None:
        parts.append(f"{words.duration(left)} left")
    pace = progress.s_per_step or (sighting.observed_s_per_step() if sighting else None)
    if pace:
        parts.append(f"{pace:.2g} s/step")
    return [part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts]


def _in_a_line(name: str, style_name: str) -> str:
    """Both, cut where they would need a second line; the button's tooltip says them whole."""
    name = words.shortened(name, _LONGEST_NAME)
    return f"{name} · {words.shortened(style_name, max(_LEAST_OF_STYLE, _LONGEST_LINE - len(name)))}"
