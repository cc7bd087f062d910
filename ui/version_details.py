"""Everything that is known of the selected version, and what can be done with it."""

from datetime import UTC, datetime

import streamlit as st

from lora_core import (
    FailureReason,
    Outlook,
    Progress,
    Style,
    SubmissionState,
    TrainingLab,
    Version,
    VersionStatus,
)
from ui import words
from ui.heartbeat import watch
from ui.loss_chart import loss_chart
from ui.model_box import model_box
from ui.selection import Selection
from ui.version_actions import SAID_BY_THE_PANEL, version_actions

_CONSOLE = "https://console.runpod.io/serverless/user/endpoint/"


def version_details(lab: TrainingLab, selection: Selection) -> None:
    """The panel; while its training runs, the heartbeat draws the page anew when there is progress."""
    style, version = selection
    if version is None:
        st.caption(
            "Its details appear here once it is started or saved. Choose a version above to see what it did."
        )
        return
    with st.container(border=True):
        _badge_line(lab, version)
        if version.is_in_flight():
            watch(style, version)
            _live(lab, version)
        elif version.error:
            _error(version)
        version_actions(lab, style, version)
        model_box(lab, version)
        _facts(lab, style, version)
        loss_chart(lab.loss_curve(version))


def _badge_line(lab: TrainingLab, version: Version) -> None:
    shown = words.look(version, lab.sighting(version), datetime.now(UTC))
    name, badge = st.columns([3, 2], vertical_alignment="center")
    with name:
        good = " :material/star:" if version.is_good else ""
        st.markdown(f"#### {words.escaped(version.name)}{good}")
    with badge:
        st.badge(f"{shown.icon} {words.escaped(shown.word)}", color=shown.color)  # type: ignore[arg-type]


def _live(lab: TrainingLab, version: Version) -> None:
    """The monitor's memory of a running training; asks nobody."""
    now = datetime.now(UTC)
    sighting = lab.sighting(version)
    progress = sighting.progress if sighting else None
    left = lab.seconds_left(version)
    text = words.waiting(version) or words.look(version, sighting, now).word
    if progress is not None and progress.total_steps:
        text = f"{progress.step} / {progress.total_steps} steps"
    if left is not None and version.status is VersionStatus.TRAINING:
        text += f" · {words.duration(left)} left"
    fraction = progress.fraction if progress else None
    st.progress(min(1.0, fraction or 0.0), text=words.escaped(text))
    told = _told(progress) if progress else []
    if sighting is not None:
        answered_at = sighting.answered_at
        told.append(
            f"endpoint answered {words.ago(now - answered_at)}"
            if answered_at
            else "endpoint has not answered yet"
        )
    if told:
        st.caption(words.escaped(" · ".join(told)))
    _circumstances(
        version, sighting.outlook if sighting else None, sighting.sentence if sighting else "", now
    )


def _told(progress: Progress) -> list[str]:
    loss, rate, pace = progress.loss, progress.learning_rate, progress.s_per_step
    parts = [
        f"loss {loss:.4g}" if loss is not None else None,
        f"rate now {rate:.3g}" if rate is not None else None,
        f"{pace:.3g} s/step" if pace is not None else None,
    ]
    return [part for part in parts if part is not None]


def _circumstances(version: Version, outlook: Outlook | None, sentence: str, now: datetime) -> None:
    """What the user must know beyond the bar: that it is not sure, or not going on."""
    if version.is_stopping:
        st.info("Stopping: asked for, not confirmed by the endpoint yet.", icon=":material/stop_circle:")
    elif version.submission_state(now) is SubmissionState.UNKNOWN:
        st.warning(
            "No answer to the submission arrived: a job may be running and costing money. Look at RunPod's console, "
            "then attach the job's id or mark the version as failed. It is never sent again by itself.",
            icon=":material/help:",
        )
    elif outlook in SAID_BY_THE_PANEL:
        st.info(words.escaped(sentence), icon=":material/info:")


def _error(version: Version) -> None:
    reason = version.failure_reason
    if version.status is VersionStatus.DRAFT:
        st.error(
            "It was not started. Nothing runs; change what is needed and start it again.",
            icon=":material/error:",
        )
    elif version.status is VersionStatus.FAILED:
        st.error(_PLAIN.get(reason.value if reason else "", "The training failed."), icon=":material/error:")
    if version.failure_reason is not FailureReason.CANCELLED:  # the sentence says it all
        st.code(version.error, language=None, wrap_lines=True)


_PLAIN = {
    "trainer": "The trainer ended with an error; no model was made.",
    "cancelled": "It was cancelled.",
    "timed_out": "It ran or waited longer than allowed. Raise RUNPOD_EXECUTION_TIMEOUT_HOURS, or train fewer steps.",
    "worker_lost": "The worker was lost in the middle of it. Start it again.",
    "lost": "It ended without a trace: RunPod forgot it, and there is no model.",
    "given_up": "It was marked as failed by hand.",
}


def _facts(lab: TrainingLab, style: Style, version: Version) -> None:
    now = datetime.now(UTC)
    base = next((one.name for one in lab.versions(style.folder) if one.key == version.based_on), None)
    took = _took_s(version)
    spent = words.dollars(lab.spent_usd(version))
    rows = [
        ("Created", words.moment_text(version.created_at, now)),
        ("Started", words.moment_text(version.started_at, now) if version.started_at else None),
        ("Ended", words.moment_text(version.ended_at, now) if version.ended_at else None),
        ("Duration", words.duration(took) if took is not None else None),
        ("Cost", f"{spent}, cold start not included" if spent else None),
        ("Dataset", _dataset(version)),
        ("Settings", _settings(version)),
        ("Based on", base),
        ("How known", version.note),
    ]
    st.markdown("  \n".join(f":gray[{name}] {words.escaped(value)}" for name, value in rows if value))
    if version.description:
        st.markdown("**Note**")
        st.text(version.description)
    if version.job_id is not None:
        submission = version.submission
        is_remote = submission is None or (submission.base_url or "").startswith("http")
        st.caption("RunPod job" if is_remote else "Job of the local endpoint")
        st.code(version.job_id, language=None, wrap_lines=True)
        if submission and submission.endpoint_id and is_remote:
            st.link_button("RunPod console", _CONSOLE + submission.endpoint_id, icon=":material/open_in_new:")


def _took_s(version: Version) -> float | None:
    """Seconds on its worker, as RunPod measured them; else between the start and the end that were seen."""
    if version.submission is not None and version.submission.execution_ms is not None:
        return version.submission.execution_ms / 1000
    if version.started_at is None or version.ended_at is None:
        return None
    return (version.ended_at - version.started_at).total_seconds()


def _settings(version: Version) -> str:
    parameters = version.parameters
    told = [
        f"rate {words.number(parameters.learning_rate)}",
        f"{words.number(parameters.max_train_steps)} steps",
    ]
    told.append(f"dim {words.number(parameters.network_dim)}, alpha {words.number(parameters.network_alpha)}")
    told.append(
        f"batch {words.number(parameters.batch_size)}, repeats {words.number(parameters.num_repeats)}"
    )
    told += [words.number(parameters.optimizer_type), words.number(parameters.lr_scheduler)]
    return " · ".join(told)


def _dataset(version: Version) -> str:
    images = f"{version.image_count} images" if version.image_count is not None else None
    chosen = f"set {version.selection_set_id}" if version.selection_set_id is not None else None
    return ", ".join(part for part in (chosen, images) if part) or words.NOT_RECORDED
