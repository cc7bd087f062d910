"""Start training and Save draft, and why a start is not possible."""

from collections.abc import Callable
from typing import Final, NamedTuple

import streamlit as st

from lora_core import IncompleteDatasetError, LoraCoreError, Review, TrainingLab, TrainingParameters, Version
from ui import form_state, pressed, words
from ui.field_labels import LABELS
from ui.form_content import Form
from ui.selection import selecting
from ui.start_check import is_open, opening, start_check
from ui.start_message import saying, silencing, start_message

SHORTCUT: Final = "Ctrl+Shift+Enter"
"""Starts what the form holds. Ctrl+Enter is what Streamlit's text areas tell people to press to apply a text, and
must cost nothing. With Shift it applies the text as well, before the button hears of it (seen on 1.67)."""


def start_buttons(lab: TrainingLab, form: Form, review: Review) -> None:
    """The two buttons; what forbids a start stands beside them, and what a start found missing below."""
    reason = _why_not(lab, form, review)
    lacks_files = any(block.filenames for block in review.blocks)
    _bucket_notice(lab, form)
    with st.container(key="start_buttons", horizontal=True, gap="small"):
        # Within a field the shortcut leaves it first, as Enter does: what was typed is in what starts.
        starts = pressed.button(
            "Start training",
            type="primary",
            key=f"start:{form.form_id}",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=reason is not None or is_open(form),
            shortcut=SHORTCUT,
            help=f"Sends it to the endpoint. {SHORTCUT} does the same, also from within a field.",
        )
        saves = pressed.button(
            "Save draft",
            key=f"save:{form.form_id}",
            icon=":material/save:",
            help="Keeps it without starting anything, even what cannot be started yet.",
        )
    if reason is not None:
        st.markdown(f":small[:red[:material/block:] {words.escaped(reason)}]")
    elif lacks_files and not is_open(form):
        st.markdown(
            ":small[:orange[:material/rule:] Files are missing: Start shows which, and what can be done.]"
        )
    _act(lab, form, starts, saves, may_start=reason is None, lacks_files=lacks_files)
    start_message(form)
    start_check(lab, form, review)
    # A run that was stopped right after a start may have left its key; the next version needs another one.
    if lab.has_version(form.style.folder, form_state.intended_key(form.form_id)):
        form_state.draw_another_key(form.form_id)


def _act(
    lab: TrainingLab,
    form: Form,
    starts: Callable[[], bool],
    saves: Callable[[], bool],
    *,
    may_start: bool,
    lacks_files: bool,
) -> None:
    """Does what was pressed. Streamlit is asked for everything before, for a press that was taken is gone."""
    key = form_state.intended_key(form.form_id)
    then = _Afterwards(
        selecting(form.style), form_state.using(form.form_id), saying(form), silencing(), opening(form)
    )
    is_started, is_saved = starts() and may_start, saves()
    if is_started and lacks_files:
        then.check(None)
        st.rerun()
    if is_started:
        _made(lambda: _start(lab, form, key), then)
    elif is_saved:
        _made(lambda: _save(lab, form, key), then)


def _why_not(lab: TrainingLab, form: Form, review: Review) -> str | None:
    if lab.settings.missing:
        return lab.endpoint_sentence()
    if form.style.problem:
        return form.style.problem
    if form.version is not None and form.version.is_in_flight() and not form.is_edited:
        return (
            f"{form.version.name} is being trained with exactly this; change something to start another one."
        )
    if blocks := [block for block in review.blocks if not block.filenames]:
        fields = ", ".join(dict.fromkeys(LABELS[block.field] for block in blocks))
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


class _Afterwards(NamedTuple):
    """What may follow a press, none of which touches Streamlit."""

    select: Callable[[str], None]
    used: Callable[[], None]
    say: Callable[[str], None]
    silence: Callable[[], None]
    check: Callable[[IncompleteDatasetError | None], None]


def _made(make: Callable[[], Version], then: _Afterwards) -> None:
    then.silence()
    try:
        version = make()
    except IncompleteDatasetError as error:
        then.check(error)
    except LoraCoreError as error:
        then.say(str(error))
    else:
        then.select(version.key)
        then.used()
    st.rerun()


def _start(lab: TrainingLab, form: Form, key: str) -> Version:
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
        key=key,
        wait_s=0,
    )


def _save(lab: TrainingLab, form: Form, key: str) -> Version:
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
        key=key,
    )
