"""Everything that is known of the selected version, and what can be done with it."""

from datetime import UTC, datetime

import streamlit as st

from lora_core import SubmissionState, TrainingLab, Version, VersionStatus
from ui import words
from ui.failure_notice import failure_notice
from ui.heartbeat import watch
from ui.job_box import job_box
from ui.loss_chart import loss_chart
from ui.model_box import model_box
from ui.picture_strip import trained_on
from ui.selection import Selection
from ui.training_progress import last_look, training_progress
from ui.version_actions import version_actions
from ui.version_facts import result_line, version_facts


def version_details(lab: TrainingLab, selection: Selection) -> None:
    """The panel; while its training runs, the heartbeat draws the page anew when there is progress."""
    style, version = selection
    if version is None:
        st.caption(
            "Its details appear here once it is started or saved. Choose a version above to see what it did."
        )
        return
    if version.is_in_flight():
        watch(style, version)
    with st.container(border=True, key="version_details"):
        _heading(lab, version)
        _standing(lab, version)
        version_actions(lab, style, version)
        last_look(lab, version)
        model_box(lab, version)
        version_facts(lab, style, version)
        trained_on(lab, style, version)
        job_box(version)


def _heading(lab: TrainingLab, version: Version) -> None:
    shown = words.look(version, lab.sighting(version), datetime.now(UTC))
    good = " :material/star:" if version.is_good else ""
    badge = f":{shown.color}-badge[{shown.icon} {words.escaped(shown.word)}]"
    st.subheader(f"{words.escaped(version.name)}{good} {badge}", anchor=False)


def _standing(lab: TrainingLab, version: Version) -> None:
    """What people look for first: how far it is, or how it went."""
    curve = lab.loss_curve(version)
    if version.is_in_flight():
        training_progress(lab, version)
        is_followed = version.submission_state(datetime.now(UTC)) is not SubmissionState.UNKNOWN
        loss_chart(curve, total_steps=version.parameters.max_train_steps if is_followed else None)
        return
    failure_notice(version)
    if version.status is not VersionStatus.DRAFT:
        result_line(lab, version, curve)
        loss_chart(curve)
