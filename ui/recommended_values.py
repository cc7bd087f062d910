"""What usually works for as many pictures: shown before it changes anything."""

from typing import Any

import streamlit as st

from lora_core import PARAMETER_NAMES, Review, TrainingParameters, recommended
from ui import words
from ui.field_labels import LABELS
from ui.form_content import Form


def recommended_values(form: Form, review: Review) -> None:
    """A button that opens the list of what it would change."""
    count, key = review.image_count, "recommended"
    popover = st.popover(
        f"Recommended for {count} images" if count else "Recommended",
        type="tertiary",
        icon=":material/auto_fix_high:",
        disabled=not count,
        key=key,
        on_change="rerun",
    )
    if not popover.open or not count:
        return
    changes = _changes(form, count)
    with popover:
        if not changes:
            st.markdown(f"The form already matches what usually works for {count} images.")
            return
        st.markdown(f"What usually works for a style of {count} images. It would change:")
        st.markdown(_table(form, changes))
        st.button(
            "Use these",
            key=f"use_recommended:{form.form_id}",
            type="primary",
            icon=":material/check:",
            on_click=_use,
            args=(form, changes, key),
        )


def _changes(form: Form, count: int) -> dict[str, Any]:
    tokens = form.parameter("class_tokens")
    wanted = recommended(count, TrainingParameters(class_tokens=tokens)).model_dump()
    return {name: wanted[name] for name in PARAMETER_NAMES if wanted[name] != form.parameter(name)}


def _table(form: Form, changes: dict[str, Any]) -> str:
    rows = [
        f"| {LABELS[name]} | {_told(form.parameter(name))} | **{_told(value)}** |"
        for name, value in changes.items()
    ]
    return "\n".join(("| | now | then |", "|:--|:--|:--|", *rows))


def _told(value: object) -> str:
    return words.escaped(words.number(value))


def _use(form: Form, changes: dict[str, Any], key: str) -> None:
    form.put_all(changes)
    st.session_state[key] = False
