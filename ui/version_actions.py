"""What can be done with a version: look, stop, mark, settle, delete; name and note are in `version_edits`."""

from datetime import timedelta

import streamlit as st

from lora_core import Outlook, Style, SubmissionState, TrainingLab, Version, VersionStatus
from lora_core.times import utc_now
from ui import pressed, undo_bar
from ui.said import act_on, last_said
from ui.version_edits import version_edits

_SHORT_SILENCE = timedelta(minutes=10)
"""An endpoint that does not answer for so long is waited for, and nothing else is offered."""


def version_actions(lab: TrainingLab, style: Style, version: Version) -> None:
    """One row of buttons; those that cost or lose something ask first."""
    with st.container(horizontal=True, gap="xsmall", key="version_actions"):
        if version.status is not VersionStatus.DRAFT and _button(version, "Check status", "refresh"):
            act_on(version, lambda: lab.check_status(style.folder, version.key).sentence)
        if version.is_in_flight() and not version.is_stopping:
            _cancel(lab, style, version)
        if version.status is VersionStatus.COMPLETED:
            _mark(lab, style, version)
        version_edits(lab, style, version)
        _delete(lab, style, version)
        if _may_settle(lab, version):
            _settle(lab, style, version)
    last_said(lab, version)


def _button(version: Version, label: str, icon: str) -> bool:
    return pressed.button(label, key=f"{label}:{version.key}", icon=f":material/{icon}:")()


def _mark(lab: TrainingLab, style: Style, version: Version) -> None:
    label, icon = ("No longer good", "unpublished") if version.is_good else ("Mark as good", "star")
    if _button(version, label, icon):
        act_on(version, lambda: lab.mark_good(style.folder, version.key, not version.is_good) and None)


def _cancel(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Cancel", icon=":material/stop_circle:", key=f"cancel_box:{version.key}"):
        st.markdown("Stop this training? What it has cost until now is paid, and it leaves no model.")
        if pressed.button("Stop it", key=f"cancel:{version.key}", type="primary")():
            act_on(version, lambda: lab.cancel(style.folder, version.key).sentence)


def _delete(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"delete_box:{version.key}"):
        if version.is_in_flight():
            st.markdown("It still runs: deleting asks the endpoint to stop it first.")
        st.markdown("It goes to the trash in History and can be restored; its model file stays.")
        if pressed.button("Delete it", key=f"delete:{version.key}", type="primary")():
            act_on(version, lambda: _deleted(lab, style, version))


def _deleted(lab: TrainingLab, style: Style, version: Version) -> None:
    lab.delete(style.folder, version.key)
    stops = " It is being stopped." if version.is_in_flight() else ""
    undo_bar.offer(style.folder, [version.key], f"{version.name} was deleted.{stops}")


def _may_settle(lab: TrainingLab, version: Version) -> bool:
    """Only what nobody can know for now: no answer to the submission, a job forgotten, an old record."""
    if version.is_final or version.status is VersionStatus.DRAFT:
        return False
    if version.submission is None or version.submission_state(utc_now()) is SubmissionState.UNKNOWN:
        return True
    sighting = lab.sighting(version)
    if sighting is None or sighting.outlook is not Outlook.NOT_ASKED:
        return sighting is not None and sighting.outlook is Outlook.ENDED_UNKNOWN
    return sighting.answered_at is None or utc_now() - sighting.answered_at > _SHORT_SILENCE


def _settle(lab: TrainingLab, style: Style, version: Version) -> None:
    needs_job = version.job_id is None and version.submission is not None
    label = "Attach job or mark as failed" if needs_job else "Mark as failed"
    with st.popover(label, icon=":material/gavel:", key=f"settle_box:{version.key}"):
        if needs_job:
            job_id = st.text_input("Job id from RunPod's console", key=f"attach_id:{version.key}")
            attaches = pressed.button(
                "Attach this job", key=f"attach:{version.key}", disabled=not job_id.strip()
            )
            if attaches() and job_id.strip():
                act_on(version, lambda: lab.attach_job(style.folder, version.key, job_id).sentence)
        st.markdown("Mark it as failed if you know that nothing of it runs any more. Its settings are kept.")
        if pressed.button("Mark as failed", key=f"give_up:{version.key}")():
            act_on(version, lambda: lab.give_up(style.folder, version.key) and "It is marked as failed.")
