"""What can be done with a version: look, stop, mark, name, note, delete."""

import time
from collections.abc import Callable
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Outlook, Style, SubmissionState, TrainingLab, Version, VersionStatus
from lora_core.times import utc_now
from ui import words

SAID_BY_THE_PANEL: Final = (
    Outlook.NOT_ASKED,
    Outlook.ENDED_UNKNOWN,
    Outlook.MODEL_AWAITED,
    Outlook.MODEL_ALREADY_THERE,
)
"""Outlooks of what is in flight whose sentence stands in the details anyway."""

_SAID_FOR_S = 30.0


def version_actions(lab: TrainingLab, style: Style, version: Version) -> None:
    """Buttons; those that cost or lose something ask first."""
    _last_said(lab, version)
    with st.container(horizontal=True):
        if version.status is not VersionStatus.DRAFT and _button(version, "Check status", "refresh"):
            _do(version, lambda: lab.check_status(style.folder, version.key).sentence)
        if version.is_in_flight() and not version.is_stopping:
            _cancel(lab, style, version)
        good = "Good: take mark away" if version.is_good else "Mark as good"
        if version.status is VersionStatus.COMPLETED and _button(version, good, "star"):
            _do(version, lambda: lab.mark_good(style.folder, version.key, not version.is_good) and None)
        _rename(lab, style, version)
        if version.status is not VersionStatus.DRAFT:
            _note(lab, style, version)
        if _may_settle(lab, version):
            _settle(lab, style, version)
        _delete(lab, style, version)


def _last_said(lab: TrainingLab, version: Version) -> None:
    """What the last action answered; it outlives a few refreshes, and does not repeat the panel's own words."""
    sentence, said_at = st.session_state.get(f"said:{version.key}", ("", 0.0))
    sighting = lab.sighting(version)
    is_shown_above = (
        sighting is not None
        and sighting.outlook in SAID_BY_THE_PANEL
        and sighting.sentence == sentence
        # Of an old record, of what stops and of what got no answer the panel says something else.
        and version.is_in_flight()
        and not version.is_stopping
        and version.submission_state(utc_now()) is not SubmissionState.UNKNOWN
    )
    if sentence and time.monotonic() - said_at < _SAID_FOR_S and not is_shown_above:
        st.info(words.escaped(sentence), icon=":material/info:")


def _button(version: Version, label: str, icon: str) -> bool:
    return st.button(label, key=f"{label}:{version.key}", icon=f":material/{icon}:")


def _do(version: Version, act: Callable[[], object]) -> None:
    """Runs an action; what it says, or why it could not, is shown after the redraw."""
    try:
        sentence = act()
    except LoraCoreError as error:
        sentence = str(error)
    said = sentence if isinstance(sentence, str) else ""
    st.session_state[f"said:{version.key}"] = (said, time.monotonic())
    st.rerun()


def _cancel(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Cancel", icon=":material/stop_circle:"):
        st.markdown("Stop this training? What it has cost until now is paid, and it leaves no model.")
        if st.button("Stop it", key=f"cancel:{version.key}", type="primary"):
            _do(version, lambda: lab.cancel(style.folder, version.key).sentence)


def _rename(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename:{version.key}", border=False):
        name = st.text_input(
            "New name", max_chars=80, key=_showing(f"new_name:{version.key}", version.name[:80])
        )
        st.caption("The model file keeps its own name.")
        if st.form_submit_button("Rename"):
            _do(version, lambda: lab.rename(style.folder, version.key, name) and None)


def _note(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Note", icon=":material/edit_note:"), st.form(f"note:{version.key}", border=False):
        text = st.text_area("Note", key=_showing(f"note_text:{version.key}", version.description))
        if st.form_submit_button("Save note"):
            _do(version, lambda: lab.describe(style.folder, version.key, text) and None)


def _showing(key: str, recorded: str) -> str:
    """The key of a field, its state set to the record, again when that was changed elsewhere meanwhile."""
    if key not in st.session_state or st.session_state.get(f"{key}:recorded") != recorded:
        st.session_state[key] = st.session_state[f"{key}:recorded"] = recorded
    return key


def _may_settle(lab: TrainingLab, version: Version) -> bool:
    """Only what nobody can know for now: no answer to the submission, a job forgotten, an old record."""
    if version.is_final or version.status is VersionStatus.DRAFT:
        return False
    if version.submission is None or version.submission_state(utc_now()) is SubmissionState.UNKNOWN:
        return True
    sighting = lab.sighting(version)
    return sighting is not None and sighting.outlook in (Outlook.ENDED_UNKNOWN, Outlook.NOT_ASKED)


def _settle(lab: TrainingLab, style: Style, version: Version) -> None:
    needs_job = version.job_id is None and version.submission is not None
    label = "Attach job or mark as failed" if needs_job else "Mark as failed"
    with st.popover(label, icon=":material/gavel:"):
        if needs_job:
            job_id = st.text_input("Job id from RunPod's console", key=f"attach_id:{version.key}")
            if st.button("Attach this job", key=f"attach:{version.key}", disabled=not job_id.strip()):
                _do(version, lambda: lab.attach_job(style.folder, version.key, job_id).sentence)
        st.markdown("Mark it as failed if you know that nothing of it runs any more. Its settings are kept.")
        if st.button("Mark as failed", key=f"give_up:{version.key}"):
            _do(version, lambda: lab.give_up(style.folder, version.key) and "It is marked as failed.")


def _delete(lab: TrainingLab, style: Style, version: Version) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        if version.is_in_flight():
            st.markdown("It still runs: deleting asks the endpoint to stop it first.")
        st.markdown("It goes to the trash in History and can be restored; its model file stays.")
        if st.button("Delete it", key=f"delete:{version.key}", type="primary"):
            _do(version, lambda: lab.delete(style.folder, version.key) and None)
