"""The form of the next version: dataset, name, description and the twelve parameters.

Numbers are text fields: `1e-4` and `0.0001` are both understood, nothing that was typed is rounded to what a
spinner allows, and what an old record lacks is an empty field instead of a default.
"""

from contextlib import nullcontext
from typing import Final

import streamlit as st

from lora_core import NotFoundError, Review, TrainingLab
from ui import form_state, words
from ui.advanced_fields import advanced_fields
from ui.form_content import DATASET, Form, FormContent, form_of
from ui.form_fields import field_findings, former_value, parameters, set_label, side_by_side
from ui.picture_strip import picture_strip
from ui.recommended_values import recommended_values
from ui.schedule_chart import schedule_chart
from ui.selection import Selection
from ui.start_buttons import start_buttons

_COMMON: Final = (
    "learning_rate",
    "max_train_steps",
    "network_dim",
    "network_alpha",
    "batch_size",
    "num_repeats",
)


def training_form(lab: TrainingLab, selection: Selection) -> Form:
    """Draws the form, what is to be said of it, and its buttons; answers what it holds."""
    form = form_of(lab, selection)
    review = _review(lab, form, form.content())
    with st.container(border=True, key="training_form", gap="xsmall"):
        _heading(form)
        _dataset_and_name(lab, form)
        pictures = st.container(key="dataset_pictures")
        field_findings(form, review, DATASET)
        _description(form)
        parameters(form, _COMMON, review)
        _derived(form, review)
        advanced_fields(form, review)
        start_buttons(lab, form, review)
        with pictures:  # last, for pictures that are seen for the first time take a moment
            picture_strip(lab, form)
    form_state.remember_edits()
    return form


def _review(lab: TrainingLab, form: Form, content: FormContent) -> Review:
    try:
        return lab.review(form.style.folder, content.parameters, content.selection_set_id)
    except NotFoundError:  # the version's set is gone: a finding asks for another, the rest is shown
        return lab.review(form.style.folder, content.parameters, None)


def _heading(form: Form) -> None:
    """Whose form it is. Its row is as high as its button, which comes and goes."""
    with st.container(key="form_heading", horizontal=True, vertical_alignment="center", gap="small"):
        edited = " :orange-badge[:material/edit: edited]" if form.is_edited else ""
        st.subheader(f"{form.heading}{edited}", anchor=False)
        if form.is_edited:
            st.button(
                "Discard edits",
                key=f"discard:{form.form_id}",
                type="tertiary",
                icon=":material/undo:",
                on_click=form.discard,
            )


def _dataset_and_name(lab: TrainingLab, form: Form) -> None:
    with side_by_side(2, DATASET):
        with st.container(gap="xsmall") if form.differs_from_base(DATASET) else nullcontext():
            _selection_set_box(form)
            if problem := lab.sets_problem(form.style.folder):
                st.error(words.escaped(problem), icon=":material/error:")
            former_value(form, DATASET)
        st.text_input(
            "Name",
            **form.widget("name"),
            placeholder=form.next_name,
            disabled=form.is_draft,
            help="Left empty, the version gets the name shown."
            if not form.is_draft
            else "Rename it in its details.",
        )


def _selection_set_box(form: Form) -> None:
    chosen = form.value(DATASET)
    known = [*form.sets] if chosen is None or chosen in form.sets else [*form.sets, chosen]
    st.selectbox(
        "Dataset",
        known,
        **form.widget(DATASET),
        format_func=lambda one: set_label(form, one),
        placeholder="Choose a set" if known else "No selection set",
    )


def _description(form: Form) -> None:
    st.text_area(
        "Description",
        **form.widget("description"),
        placeholder="What is tried, and why. It belongs to the version that you start.",
        height=68,
    )


def _derived(form: Form, review: Review) -> None:
    """What follows from the fields above, and what would usually stand there."""
    expected = review.expected
    facts = [
        ("scale", words.rounded(review.effective_scale) if review.effective_scale is not None else None),
        ("epochs", words.rounded(review.epochs) if review.epochs is not None else None),
        ("views per image", words.rounded(review.views_per_image) if review.views_per_image else None),
    ]
    parts = [f"{name} **{words.escaped(value)}**" for name, value in facts if value is not None]
    if expected is not None:
        parts.append(f"about **{words.escaped(words.duration(expected.seconds))}** by {expected.basis}")
        parts += _cost(expected.cost_usd)
    with st.container(key="derived_numbers", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":small[{' · '.join(parts)}]" if parts else ":small[:gray[No numbers to reckon with yet.]]"
        )
        recommended_values(form, review)
        if form.version is not None:  # a new version's stands beside the form
            _schedule(form)


def _schedule(form: Form) -> None:
    popover = st.popover(
        "Rate by step",
        type="tertiary",
        icon=":material/show_chart:",
        key="schedule",
        on_change="rerun",
    )
    if popover.open:
        with popover:
            schedule_chart(form.content().parameters)


def _cost(cost_usd: float | None) -> list[str]:
    amount = words.dollars(cost_usd)
    return [f"about **{words.escaped(amount)}**, cold start not included"] if amount and cost_usd else []
