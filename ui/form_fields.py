"""One field of the training form: the widget, what differs from the version it is based on, and its findings."""

from contextlib import nullcontext
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lora_core import (
    GRADIENT_DTYPES,
    OPTIMIZERS,
    SCHEDULERS,
    Finding,
    Review,
    SelectionSet,
    Severity,
    TrainingParameters,
)
from ui import words
from ui.field_labels import LABELS
from ui.form_content import DATASET, Form

_CHOICES: Final = {
    "lr_scheduler": SCHEDULERS,
    "optimizer_type": OPTIMIZERS,
    "gradient_dtype": GRADIENT_DTYPES,
}


def side_by_side(columns: int, first: str) -> DeltaGenerator:
    """A grid for fields, the `first` of which names it.

    The style sheet lays it out: each column of `st.columns` would be one more element to draw in every rerun.
    """
    return st.container(key=f"fields_of_{columns}:{first}", gap="xsmall")


def parameters(form: Form, names: tuple[str, ...], review: Review, *, columns: int = 3) -> None:
    """Parameters side by side; what is to be said of a row stands below it."""
    with side_by_side(columns, names[0]):
        for start in range(0, len(names), columns):
            row = names[start : start + columns]
            for name in row:
                with st.container(gap="xsmall") if form.differs_from_base(name) else nullcontext():
                    _parameter(form, name)
                    former_value(form, name)
            for name in row:
                field_findings(form, review, name)


def _parameter(form: Form, name: str) -> None:
    looks: dict[str, Any] = {
        "help": TrainingParameters.model_fields[name].description,
        "placeholder": words.NOT_RECORDED,
    }
    if name in _CHOICES:
        recorded = form.value(name)
        others = () if recorded is None or recorded in _CHOICES[name] else (recorded,)
        options = [*_CHOICES[name], *others]
        st.selectbox(LABELS[name], options, **form.widget(name), **looks)
    else:
        st.text_input(LABELS[name], **form.widget(name), **looks)


def former_value(form: Form, field: str) -> None:
    """Where a field differs from the version it is based on: what stood there, and the way back to it."""
    if form.base is None or not form.differs_from_base(field):
        return
    former = form.of_base(field)
    was = set_label(form, former) if field == DATASET and former is not None else words.number(former)
    st.button(
        f":orange[was {words.escaped(was or 'empty')}]",
        key=f"back:{form.form_id}:{field}",
        type="tertiary",
        icon=":material/undo:",
        help=f"{LABELS[field]} differs from {words.escaped(form.base.name)}. A click puts back what it had.",
        wrap=True,
        on_click=form.put,
        args=(field, former),
    )


def set_label(form: Form, set_id: int) -> str:
    """A selection set in a few words."""
    found: SelectionSet | None = form.sets.get(set_id)
    return f"Set {set_id} · {len(found.filenames)} images" if found else f"Set {set_id} · no longer there"


def field_findings(form: Form, review: Review, field: str) -> None:
    """What is to be said of a field, each with its remedy where there is one."""
    offered, number = set[object](), 0
    for finding in review.findings:
        if finding.field != field:
            continue
        number += 1
        with st.container(key=f"finding:{form.form_id}:{field}:{number}", horizontal=True, gap="xsmall"):
            _sentence(finding)
            if finding.suggestion is not None and finding.suggestion not in offered:
                offered.add(finding.suggestion)
                _remedy(form, finding)


def is_quiet(finding: Finding) -> bool:
    """Whether it is true of every training on this container: to be read once, not to alarm."""
    return finding.field == "save_every_n_steps" and finding.severity is Severity.WARN


def _sentence(finding: Finding) -> None:
    is_block = finding.severity is Severity.BLOCK
    color, icon = ("red", "block") if is_block else ("orange", "warning")
    if is_quiet(finding):
        st.caption(_named(finding))
    else:
        st.markdown(f":small[:{color}[:material/{icon}: {_named(finding)}]]")


def _remedy(form: Form, finding: Finding) -> None:
    st.button(
        f"Use {words.escaped(words.number(finding.suggestion))}",
        key=f"use:{form.form_id}:{finding.field}:{finding.suggestion}",
        icon=":material/arrow_forward:",
        type="tertiary",
        wrap=True,
        on_click=form.put,
        args=(finding.field, finding.suggestion),
    )


def _named(finding: Finding) -> str:
    """The sentence under the form's own name of the field, where it names the trainer's."""
    label, field = LABELS[finding.field], f"{finding.field} "
    if finding.sentence.startswith(field):
        return words.escaped(f"{label} {finding.sentence.removeprefix(field)}")
    return words.escaped(f"{label}: {finding.sentence}")
