"""The six parameters that few people change, folded away until one of them matters."""

from typing import Any, Final

import streamlit as st

from lora_core import Review
from ui.form_content import Form
from ui.form_fields import is_quiet, parameters

_ADVANCED: Final = (
    "lr_scheduler",
    "optimizer_type",
    "lr_warmup_steps",
    "save_every_n_steps",
    "gradient_dtype",
    "class_tokens",
)
_STATE: Final = "form:advanced"


def advanced_fields(form: Form, review: Review) -> None:
    """Opens by itself when a field in it gets something to say; else it is as the user left it."""
    key = _opened(form, review)
    with st.expander("Advanced", key=key, icon=":material/tune:", on_change="rerun"):
        parameters(form, _ADVANCED, review, columns=2)


def _opened(form: Form, review: Review) -> str:
    """The expander's key, its state set.

    All forms share one, for another would be drawn anew with all its fields. It gets another key when it has to open or
    close by itself: the browser may just be posting how the old one stands.
    """
    fresh: dict[str, Any] = {"turn": 0, "drawn": None, "forms": {}}
    state: dict[str, Any] = st.session_state.setdefault(_STATE, fresh)
    forms = state["forms"]
    kept = forms.setdefault(form.form_id, {"is_open": False, "reasons": []})
    stands = st.session_state.get(f"advanced:{state['turn']}")
    if stands is not None and state["drawn"] in forms:
        forms[state["drawn"]]["is_open"] = bool(stands)
    reasons = _reasons(form, review)
    if not reasons.issubset(kept["reasons"]):
        kept["is_open"] = True
    kept["reasons"], state["drawn"] = sorted(reasons), form.form_id
    if stands is None or bool(stands) != kept["is_open"]:
        state["turn"] += 1
        st.session_state[f"advanced:{state['turn']}"] = kept["is_open"]
    return f"advanced:{state['turn']}"


def _reasons(form: Form, review: Review) -> set[str]:
    differing = {
        name for name in _ADVANCED if form.differs_from_default(name) or form.differs_from_base(name)
    }
    told = [finding for finding in review.findings if finding.field in _ADVANCED and not is_quiet(finding)]
    return differing | {f"{finding.field}: {finding.severity}" for finding in told}
