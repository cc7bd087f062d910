"""The form of the next version: dataset, name, description and the twelve parameters.

Numbers are text fields: `1e-4` and `0.0001` are both understood, nothing that was typed is rounded to what a
spinner allows, and what an old record lacks is an empty field instead of a default.
"""

from typing import Any, Final

import streamlit as st

from lora_core import (
    GRADIENT_DTYPES,
    OPTIMIZERS,
    SCHEDULERS,
    Finding,
    NotFoundError,
    Review,
    Severity,
    TrainingLab,
    TrainingParameters,
)
from ui import words
from ui.field_labels import LABELS
from ui.form_content import Form, FormContent, form_of
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
_ADVANCED: Final = (
    "lr_scheduler",
    "optimizer_type",
    "lr_warmup_steps",
    "gradient_dtype",
    "save_every_n_steps",
    "class_tokens",
)
_CHOICES: Final = {
    "lr_scheduler": SCHEDULERS,
    "optimizer_type": OPTIMIZERS,
    "gradient_dtype": GRADIENT_DTYPES,
}


def training_form(lab: TrainingLab, selection: Selection) -> None:
    """Draws the form, what is to be said of it, and its buttons."""
    form = form_of(lab, selection)
    content = form.content()
    review = _review(lab, form, content)
    _heading(form)
    _dataset_and_name(lab, form, review)
    _fields(form, _COMMON, review, columns=3)
    notable = any(finding.field in _ADVANCED and not _is_quiet(finding) for finding in review.findings)
    differs = any(form.differs_from_default(name) for name in _ADVANCED)
    with st.expander("Advanced", expanded=notable or differs, icon=":material/tune:"):
        _fields(form, _ADVANCED, review, columns=2)
    _derived(review)
    start_buttons(lab, form, review)


def _review(lab: TrainingLab, form: Form, content: FormContent) -> Review:
    try:
        return lab.review(form.style.folder, content.parameters, content.selection_set_id)
    except NotFoundError:  # the version's set is gone: a finding asks for another, the rest is shown
        return lab.review(form.style.folder, content.parameters, None)


def _heading(form: Form) -> None:
    left, right = st.columns([5, 2], vertical_alignment="center")
    with left:
        st.markdown(f"**{form.heading}**")
    with right:
        if form.is_edited and st.button(
            "Discard edits", key=f"discard:{form.form_id}", type="tertiary", icon=":material/undo:"
        ):
            form.discard()
            st.rerun()


def _dataset_and_name(lab: TrainingLab, form: Form, review: Review) -> None:
    left, right = st.columns(2)
    with left:
        _selection_set_box(lab, form)
    with right:
        st.text_input(
            "Name",
            key=form.widget("name"),
            on_change=form.changed,
            args=("name",),
            placeholder=form.next_name,
            disabled=form.is_draft,
            help="Left empty, the version gets the name shown."
            if not form.is_draft
            else "Rename it in its details.",
        )
    _said(form, review, "selection_set_id")
    st.text_area(
        "Description",
        key=form.widget("description"),
        on_change=form.changed,
        args=("description",),
        placeholder="What is tried, and why. It belongs to the version that you start.",
        height=68,
    )


def _selection_set_box(lab: TrainingLab, form: Form) -> None:
    sets = {
        one.id: f"Set {one.id} · {len(one.filenames)} images" for one in lab.selection_sets(form.style.folder)
    }
    chosen = form.value("selection_set_id")
    if chosen is not None and chosen not in sets:
        sets[chosen] = f"Set {chosen} · no longer there"
    st.selectbox(
        "Dataset",
        list(sets),
        key=form.widget("selection_set_id"),
        format_func=lambda one: sets.get(one, str(one)),
        on_change=form.changed,
        args=("selection_set_id",),
        placeholder="Choose a selection set" if sets else "This style has no selection set",
    )


def _fields(form: Form, names: tuple[str, ...], review: Review, *, columns: int) -> None:
    for start in range(0, len(names), columns):
        row = names[start : start + columns]
        for column, name in zip(st.columns(columns), row, strict=False):
            with column:
                _field(form, name)
        for name in row:
            _said(form, review, name)


def _field(form: Form, name: str) -> None:
    description = TrainingParameters.model_fields[name].description
    common: dict[str, Any] = {
        "key": form.widget(name),
        "on_change": form.changed,
        "args": (name,),
        "help": description,
    }
    if name in _CHOICES:
        recorded = form.value(name)
        others = () if recorded is None or recorded in _CHOICES[name] else (recorded,)
        st.selectbox(LABELS[name], [*_CHOICES[name], *others], placeholder=words.NOT_RECORDED, **common)
    else:
        st.text_input(LABELS[name], placeholder=words.NOT_RECORDED, **common)


def _said(form: Form, review: Review, field: str) -> None:
    """The findings of a field, right below its row, each with its remedy where there is one."""
    offered: set[object] = set()
    for finding in review.findings:
        if finding.field != field:
            continue
        is_block = finding.severity is Severity.BLOCK
        color, icon = ("red", "block") if is_block else ("orange", "warning")
        if _is_quiet(finding):
            st.caption(_named(finding))
        else:
            st.markdown(f":small[:{color}[:material/{icon}: {_named(finding)}]]")
        if finding.suggestion is None or finding.suggestion in offered:
            continue
        offered.add(finding.suggestion)
        if st.button(
            f"Use {words.escaped(words.number(finding.suggestion))}",
            key=f"use:{form.form_id}:{field}:{finding.suggestion}",
            type="tertiary",
            icon=":material/arrow_forward:",
        ):
            form.put(field, finding.suggestion)
            st.rerun()


def _named(finding: Finding) -> str:
    """The sentence under the form's own name of the field, where it names the trainer's."""
    label, field = LABELS[finding.field], f"{finding.field} "
    if finding.sentence.startswith(field):
        return words.escaped(f"{label} {finding.sentence.removeprefix(field)}")
    return words.escaped(f"{label}: {finding.sentence}")


def _is_quiet(finding: Finding) -> bool:
    # It is true of every training on this container: to be read once, not to alarm.
    return finding.field == "save_every_n_steps" and finding.severity is Severity.WARN


def _derived(review: Review) -> None:
    expected = review.expected
    parts = [
        f"Scale {words.rounded(review.effective_scale)}" if review.effective_scale is not None else None,
        f"{words.rounded(review.epochs)} epochs" if review.epochs is not None else None,
        f"{words.rounded(review.views_per_image)} views per image"
        if review.views_per_image is not None
        else None,
        f"about {words.duration(expected.seconds)} (by {expected.basis})" if expected else None,
        _cost(expected.cost_usd) if expected else None,
    ]
    st.caption(" · ".join(words.escaped(part) for part in parts if part))


def _cost(cost_usd: float | None) -> str | None:
    amount = words.dollars(cost_usd)
    return f"about {amount}, cold start not included" if amount and cost_usd else None
