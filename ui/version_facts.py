"""What is known of a version: how it went at a glance, and the rest as a list of labels and values."""

from datetime import UTC, datetime

import streamlit as st

from lora_core import Style, TrainingLab, Version, VersionStatus
from lora_core.loss_curves import LossPoint, loss_at_end
from ui import words


def result_line(lab: TrainingLab, version: Version, curve: tuple[LossPoint, ...]) -> None:
    """How a training went whose end is known: time, cost, loss, speed."""
    took, spent = took_s(version), lab.spent_usd(version)
    steps, loss = version.parameters.max_train_steps, loss_at_end(curve)
    is_whole = version.status is VersionStatus.COMPLETED and took is not None and steps
    figures = [
        ("Took", words.duration(took) if took is not None else None),
        ("Worker cost", words.dollars(spent)),
        ("Final loss", words.loss(loss) if loss is not None else None),
        ("Speed", f"{took / steps:.3g} s/step" if is_whole and took and steps else None),
    ]
    known = [(name, value) for name, value in figures if value is not None]
    if known:
        with st.container(key="result_line"):
            st.markdown(_table(*zip(*known, strict=True)))


def version_facts(lab: TrainingLab, style: Style, version: Version) -> None:
    """Labels and values, those that are not known left out."""
    now = datetime.now(UTC)
    rows = [(name, value) for name, value in _facts(lab, style, version, now) if value]
    with st.container(key="version_facts"):
        st.markdown(_table(("Fact", "Value"), *rows))
    if version.description and version.status is not VersionStatus.DRAFT:
        with st.container(key="version_note", gap=None):
            st.caption("Note")
            st.text(version.description)


def took_s(version: Version) -> float | None:
    """Seconds on its worker, as RunPod measured them; else between the start and the end that were seen."""
    if version.submission is not None and version.submission.execution_ms is not None:
        return version.submission.execution_ms / 1000
    if version.started_at is None or version.ended_at is None:
        return None
    return (version.ended_at - version.started_at).total_seconds()


def _facts(lab: TrainingLab, style: Style, version: Version, now: datetime) -> list[tuple[str, str | None]]:
    ended = {VersionStatus.COMPLETED: "Completed", VersionStatus.FAILED: "Failed"}
    return [
        ("Created", words.when(version.created_at, now)),
        ("Started", words.when(version.started_at, now) if version.started_at else None),
        (
            ended.get(version.status, "Ended") if version.status else "Ended",
            words.when(version.ended_at, now) if version.ended_at else None,
        ),
        ("In the queue", _waited(version)),
        ("Dataset", _dataset(version)),
        ("Settings", _settings(version)),
        ("Based on", _base_name(lab, style, version)),
        ("How known", version.note),
    ]


def _waited(version: Version) -> str | None:
    waited_ms = version.submission.delay_ms if version.submission else None
    return words.duration(waited_ms / 1000) if waited_ms else None


def _base_name(lab: TrainingLab, style: Style, version: Version) -> str | None:
    if version.based_on is None:
        return None
    return next((one.name for one in lab.versions(style.folder) if one.key == version.based_on), None)


def _settings(version: Version) -> str:
    parameters = version.parameters
    told = [
        f"rate {words.number(parameters.learning_rate)}",
        f"{words.number(parameters.max_train_steps)} steps",
        f"dim {words.number(parameters.network_dim)}, alpha {words.number(parameters.network_alpha)}",
        f"batch {words.number(parameters.batch_size)}, repeats {words.number(parameters.num_repeats)}",
        words.number(parameters.optimizer_type),
        words.number(parameters.lr_scheduler),
    ]
    return " · ".join(told)


def _dataset(version: Version) -> str:
    images = f"{version.image_count} images" if version.image_count is not None else None
    chosen = f"set {version.selection_set_id}" if version.selection_set_id is not None else None
    return ", ".join(part for part in (chosen, images) if part) or words.NOT_RECORDED


def _table(head: tuple[str, ...], *rows: tuple[str, ...]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = [line if at == 1 else tuple(map(words.escaped, line)) for at, line in enumerate(lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
