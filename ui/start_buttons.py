"""Start training and Save draft, and why a start is not possible."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Review, TrainingLab, TrainingParameters, Version
from ui import form_state, words
from ui.field_labels import LABELS
from ui.form_content import Form
from ui.selection import selecting

SHORTCUT: Final = "Ctrl+Shift+Enter"
"""Starts what the form holds. Ctrl+Enter is what Streamlit's text areas tell people to press to apply a text, and
must cost nothing. With Shift it applies the text as well, before the button hears of it (seen on 1.67)."""


def start_buttons(lab: TrainingLab, form: Form, review: Review) -> None:
    """The two buttons; what forbids a start stands beside them."""
    reason = _why_not(lab, form, review)
    _bucket_notice(lab, form)
    with st.container(key="start_buttons", horizontal=True, gap="small"):
        # Within a field the shortcut leaves it first, as Enter does: what was typed is in what starts.
        starts = st.button(
            "Start training",
            type="primary",
            key=f"start:{form.form_id}",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=reason is not None,
            shortcut=SHORTCUT,
            help=f"Sends it to the endpoint. {SHORTCUT} does the same, also from within a field.",
        )
        saves = st.button(
            "Save draft",
            key=f"save:{form.form_id}",
            icon=":material/save:",
            help="Keeps it without starting anything, even what cannot be started yet.",
        )
    if reason is not None:
        st.markdown(f":small[:red[:material/block:] {words.escaped(reason)}]")
    if starts:
        _made(form, lambda: _start(lab, form))
    if saves:
        _made(form, lambda: _save(lab, form))
    # A run that was stopped right after a start may have left its key; the next version needs another one.
    if lab.has_version(form.style.folder, form_state.intended_key(form.form_id)):
        form_state.draw_another_key(form.form_id)


def _why_not(lab: TrainingLab, form: Form, review: Review) -> str | None:
    if lab.settings.missing:
        return lab.endpoint_sentence()
    if form.style.problem:
        return form.style.problem
    if form.version is not None and form.version.is_in_flight() and not form.is_edited:
        return (
            f"{form.version.name} is being trained with exactly this; change something to start another one."
        )
    if review.blocks:
        fields = ", ".join(dict.fromkeys(LABELS[block.field] for block in review.blocks))
        return f"It cannot be started yet, see {fields}."
    return None


def _bucket_notice(lab: TrainingLab, form: Form) -> None:
    """RunPod reads pictures from the bucket, and nothing here brings them there yet."""
    chosen = form.selection_set
    if lab.settings.is_embedded or lab.settings.s3_bucket is None or chosen is None:
        return
    notice = st.expander(
        f"Before you start: {2 * len(chosen.filenames)} files must already lie in the bucket",
        icon=":material/cloud:",
        key=f"bucket:{form.form_id}",
        on_change="rerun",
    )
    if not notice.open:
        return
    with notice:
        try:
            urls = lab.bucket_urls(form.style.folder, chosen.id)
        except (LoraCoreError, ValueError):  # the dataset's own finding says what is wrong with it
            return
        st.markdown(
            "The trainer reads pictures and captions under exactly these keys; the lab does not upload them."
        )
        st.code("\n".join(urls), language=None, height=160)


def _made(form: Form, make: Callable[[], Version]) -> None:
    then_select, then_used = selecting(form.style), form_state.using(form.form_id)
    try:
        version = make()
    except LoraCoreError as error:
        st.error(words.escaped(error), icon=":material/error:")
        return
    then_select(version.key)
    then_used()
    st.rerun()


def _start(lab: TrainingLab, form: Form) -> Version:
    content = form.content()
    parameters = TrainingParameters(**content.parameters)
    if form.is_draft and form.version is not None:
        revision = {
            "parameters": parameters,
            "selection_set_id": content.selection_set_id,
            "description": content.description,
        }
        return lab.start_draft(form.style.folder, form.version.key, revision=revision, wait_s=0)
    return lab.start(
        form.style.folder,
        parameters=parameters,
        selection_set_id=content.selection_set_id,
        description=content.description,
        name=content.name,
        based_on=form.version.key if form.version else None,
        key=form_state.intended_key(form.form_id),
        wait_s=0,
    )


def _save(lab: TrainingLab, form: Form) -> Version:
    content = form.content()
    if form.is_draft and form.version is not None:
        return lab.revise_draft(
            form.style.folder,
            form.version.key,
            parameters=content.parameters,
            selection_set_id=content.selection_set_id,
            description=content.description,
        )
    return lab.save_draft(
        form.style.folder,
        parameters=content.parameters,
        selection_set_id=content.selection_set_id,
        description=content.description,
        name=content.name,
        based_on=form.version.key if form.version else None,
        key=form_state.intended_key(form.form_id),
    )
