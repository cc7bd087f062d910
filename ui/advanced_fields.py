"""The six parameters that few people change, folded away until one of them matters, and the rate over the steps."""

from typing import Any, Final

import streamlit as st

from lora_core import Review
from ui.form_content import Form
from ui.form_fields import is_quiet, parameter_rows
from ui.schedule_chart import schedule_chart

_CHOSEN: Final = ("lr_scheduler", "optimizer_type")
_NUMBERS: Final = ("lr_warmup_steps", "save_every_n_steps", "gradient_dtype")
_TEXT: Final = ("class_tokens",)
_STATE: Final = "form:advanced"


def advanced_fields(form: Form, review: Review) -> None:
    """Opens by itself when a field in it gets something to say; else it is as the user left it."""
    key = _opened(form, review)
    expander = st.expander("Advanced", key=key, icon=":material/tune:", on_change="rerun")
    with expander:
        parameter_rows(form, _CHOSEN, review, columns=2)
        parameter_rows(form, _NUMBERS, review)
        parameter_rows(form, _TEXT, review, columns=1)
        if expander.open and form.version is not None:  # a new version's stands beside the form
            schedule_chart(form.content().parameters)


def _opened(form: Form, review: Review) -> str:
    """The expander's key, its state set.

    When it opens by itself it gets another key: the browser may just be posting that the old one is closed.
    """
    all_kept: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    kept: dict[str, Any] = all_kept.setdefault(form.form_id, {"is_open": False, "reasons": [], "turn": 0})
    key = f"advanced:{form.form_id}:{kept['turn']}"
    kept["is_open"] = bool(st.session_state.get(key, kept["is_open"]))
    reasons = _reasons(form, review)
    if not kept["is_open"] and not reasons.issubset(kept["reasons"]):
        kept |= {"is_open": True, "turn": kept["turn"] + 1}
        key = f"advanced:{form.form_id}:{kept['turn']}"
    kept["reasons"] = sorted(reasons)
    if key not in st.session_state:
        st.session_state[key] = kept["is_open"]
    return key


def _reasons(form: Form, review: Review) -> set[str]:
    names = (*_CHOSEN, *_NUMBERS, *_TEXT)
    differing = {name for name in names if form.differs_from_default(name) or form.differs_from_base(name)}
    told = [finding for finding in review.findings if finding.field in names and not is_quiet(finding)]
    return differing | {f"{finding.field}: {finding.severity}" for finding in told}
