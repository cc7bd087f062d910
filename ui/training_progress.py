"""How far a training is that is in flight: the monitor's memory of it; nobody is asked."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from lora_core import Outlook, Progress, Sighting, SubmissionState, TrainingLab, Version, VersionStatus
from ui import words
from ui.running_list import waiting_text

_NOT_SEEN = (
    Outlook.NOT_ASKED,
    Outlook.ENDED_UNKNOWN,
    Outlook.MODEL_AWAITED,
    Outlook.MODEL_ALREADY_THERE,
)
"""Outlooks that leave something open."""
_LONG_SILENT = timedelta(minutes=2)
"""Twice as long as the monitor ever leaves a job alone."""


def training_progress(lab: TrainingLab, version: Version) -> None:
    """The bar, what the trainer tells beside it, and what is not sure or not going on."""
    now = datetime.now(UTC)
    sighting = lab.sighting(version)
    progress = sighting.progress if sighting else None
    fraction = progress.fraction if progress else None
    st.progress(min(1.0, fraction or 0.0), text=words.escaped(_headline(lab, version, sighting, now)))
    with st.container(key="training_told"):
        st.caption(words.escaped(" · ".join(_told(progress, sighting, now))))
    _circumstances(version, now)


def last_look(lab: TrainingLab, version: Version) -> None:
    """What the last look could not see. It comes and goes by itself, so it belongs below what is used."""
    if sentence := last_look_sentence(lab, version):
        st.info(words.escaped(sentence), icon=":material/info:")


def last_look_sentence(lab: TrainingLab, version: Version) -> str:
    """What `last_look` says; empty where it says nothing."""
    sighting, now = lab.sighting(version), datetime.now(UTC)
    # Of what stops and of what got no answer the panel says something else.
    is_told_otherwise = version.is_stopping or version.submission_state(now) is SubmissionState.UNKNOWN
    if sighting is None or not version.is_in_flight() or is_told_otherwise:
        return ""
    return sighting.sentence if sighting.outlook in _NOT_SEEN else ""


def _headline(lab: TrainingLab, version: Version, sighting: Sighting | None, now: datetime) -> str:
    progress, left = sighting.progress if sighting else None, lab.seconds_left(version)
    text = waiting_text(version, lab.running()) or words.look(version, sighting, now).word
    if progress is not None and progress.total_steps:
        text = f"{progress.step:,} / {progress.total_steps:,} steps"
    if left is not None and version.status is VersionStatus.TRAINING:
        text += f" · {words.duration(left)} left"
    return text


def _told(progress: Progress | None, sighting: Sighting | None, now: datetime) -> list[str]:
    parts: list[str] = []
    if progress is not None and progress.loss is not None:
        parts.append(f"loss {progress.loss:.4g}")
    if progress is not None and progress.learning_rate is not None:
        parts.append(f"rate {words.number(float(f'{progress.learning_rate:.3g}'))}")
    if progress is not None and progress.s_per_step is not None:
        parts.append(f"{progress.s_per_step:.3g} s/step")
    answered_at = sighting.answered_at if sighting else None
    if answered_at is None:
        parts.append("the endpoint has not answered yet")
    elif now - answered_at >= _LONG_SILENT:
        parts.append(f"answered {words.ago(now - answered_at)}")
    return parts


def _circumstances(version: Version, now: datetime) -> None:
    """What the user must know beyond the bar: that it is being stopped, or that nobody knows of its job."""
    if version.is_stopping:
        st.info("Stopping: asked for, not confirmed by the endpoint yet.", icon=":material/stop_circle:")
    elif version.submission_state(now) is SubmissionState.UNKNOWN:
        why = version.submission.why if version.submission else None
        st.warning(
            f"{words.escaped(why or 'No answer to the submission arrived.')} So a job may be running and costing "
            "money. Look at RunPod's console, then attach the job's id or mark the version as failed. It is never "
            "sent again by itself.",
            icon=":material/help:",
        )
