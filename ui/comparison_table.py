"""Versions side by side: only what differs."""

from contextlib import suppress
from typing import Any

import streamlit as st

from lora_core import StoreUnavailableError, Tracked, TrainingLab, Version, compare
from ui import words

_MOST = 8


def comparison_table(lab: TrainingLab, picked: list[Tracked]) -> None:
    """A column per version, a row per field whose value is not the same in all."""
    if len(picked) > _MOST:
        st.info(f"The first {_MOST} of {len(picked)} are compared.", icon=":material/info:")
    shown = picked[:_MOST]
    names = _column_names(shown)
    differences = compare([_fields(lab, one) for one in shown])
    if not differences:
        st.info("They do not differ in anything that is recorded.", icon=":material/info:")
        return
    st.markdown(f"**What differs between {len(shown)} versions**")
    st.dataframe(
        [
            {"Field": one.field, **dict(zip(names, map(words.number, one.values), strict=True))}
            for one in differences
        ],
        hide_index=True,
    )


def _fields(lab: TrainingLab, one: Tracked) -> dict[str, Any]:
    version = one.version
    return {
        **version.parameters.as_dict(),
        "dataset": version.selection_set_id,
        "images": version.image_count,
        "status": version.status_text,
        "good": "yes" if version.is_good else "no",
        "description": version.description or None,
        "final loss": _final_loss(lab, one),
        "model size": _model_size(lab, version),
    }


def _model_size(lab: TrainingLab, version: Version) -> str | None:
    with suppress(StoreUnavailableError):  # the version's own page tells
        model = lab.model_file(version)
        return words.size(model.size_bytes) if model else None
    return None


def _final_loss(lab: TrainingLab, one: Tracked) -> str | None:
    curve = lab.loss_curve(one.version)
    return f"{curve[-1][1]:.4g}" if curve else None


def _column_names(shown: list[Tracked]) -> list[str]:
    styles = {one.style.folder for one in shown}
    names = [
        one.version.name if len(styles) == 1 else f"{one.style.name} {one.version.name}" for one in shown
    ]
    taken = ["Field", *names]
    return [name if taken.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]
