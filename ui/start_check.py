"""What a start found missing in its dataset, below the buttons: which files, and what can be done about each.

A dialog of Streamlit's is a fragment, and a second fragment beside the heartbeat loses parts of the page
(docs/decisions/006); this is a part of the page like any other.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import streamlit as st

from lora_core import IncompleteDatasetError, LoraCoreError, Review, TrainingLab
from ui import pressed, start_message, words
from ui.caption_fill import caption_fill
from ui.form_content import DATASET, Form
from ui.form_state import putting
from ui.page import open_datasets

_STATE: Final = "start_check"

_HTML: Final = '<h3 tabindex="-1"></h3>'
_CSS: Final = """
h3 { margin: 0; font: inherit; font-size: 1.1rem; font-weight: 650; color: var(--st-text-color);
  overflow-wrap: anywhere; }
h3:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 3px; border-radius: .2rem; }
"""
# Whoever clicked on Start, or uses a screen reader, is led to what is asked of them: once, not with each refresh.
_JS: Final = """
export default function ({ data, parentElement }) {
  const heading = parentElement.querySelector("h3");
  heading.textContent = data.text;
  if (window.loraLabChecked === data.opened) return;
  window.loraLabChecked = data.opened;
  heading.focus({ preventScroll: true });
  const panel = (parentElement.getRootNode().host ?? parentElement).closest(".st-key-start_check") ?? heading;
  setTimeout(() => panel.scrollIntoView({ block: "nearest" }), 300);  // what stands below the heading is drawn by then
}
"""


@dataclass(frozen=True)
class Gaps:
    """Pictures of the chosen set with which no training can start."""

    missing: tuple[str, ...]
    uncaptioned: tuple[str, ...]
    unusable_names: tuple[str, ...]

    @property
    def filenames(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.missing, *self.uncaptioned, *self.unusable_names))

    @property
    def heading(self) -> str:
        """How many of what, in a sentence."""
        parts = [
            _counted(self.missing, "picture is missing", "pictures are missing"),
            _counted(self.uncaptioned, "has no caption", "have no caption"),
            _counted(
                self.unusable_names, "has a name that cannot be fetched", "have names that cannot be fetched"
            ),
        ]
        return f"Before this can start: {', '.join(filter(None, parts))}"


def opening(form: Form) -> Callable[[IncompleteDatasetError | None], None]:
    """Takes hold of the state; what it answers opens the check for this form, with what the start has told."""
    state = _state()

    def then(error: IncompleteDatasetError | None) -> None:
        told = (*error.missing, *error.uncaptioned) if error else ()
        state.clear()
        state.update(form=form.form_id, set=form.value(DATASET), told=list(told), opened=monotonic())

    return then


def is_open(form: Form) -> bool:
    """Whether it is drawn for what the form holds now."""
    state = _state()
    return state.get("form") == form.form_id and state.get("set") == form.value(DATASET)


def start_check(lab: TrainingLab, form: Form, review: Review) -> None:
    """The panel, if a start has opened it; it is over as soon as nothing is missing any more."""
    if not is_open(form):
        return
    state = _state()
    gaps = _gaps(lab, form, {*_blocked(review), *state["told"]})
    if gaps is None or not gaps.filenames:
        state.clear()
        st.rerun()
    with st.container(border=True, key="start_check", gap="small"):
        heading = st.components.v2.component("lora_lab_start_check", html=_HTML, css=_CSS, js=_JS)
        heading(key="start_check_heading", data={"text": gaps.heading, "opened": state["opened"]})
        _missing(gaps)
        if gaps.uncaptioned:
            _uncaptioned(lab, form, gaps)
        _ways_out(lab, form, gaps, state)


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state


def _blocked(review: Review) -> Iterable[str]:
    return (name for block in review.blocks for name in block.filenames)


def _gaps(lab: TrainingLab, form: Form, lacking: Collection[str]) -> Gaps | None:
    try:
        found = lab.dataset(form.style.folder, form.value(DATASET))
    except LoraCoreError:  # the set is gone: its finding says so
        return None
    if found is None:
        return None
    kinds = (found.missing, found.uncaptioned, found.unusable_names)
    return Gaps(*(tuple(name for name in names if name in lacking) for names in kinds))


def _counted(names: Collection[str], one: str, many: str) -> str:
    return f"{len(names)} {one if len(names) == 1 else many}" if names else ""


def _missing(gaps: Gaps) -> None:
    for key, title, names in (
        ("missing", "Missing", gaps.missing),
        ("unusable", "A name with # or ?, which the trainer cannot fetch", gaps.unusable_names),
    ):
        if names:
            with st.container(key=f"start_check_{key}", gap=None):
                st.markdown(f"**{title}**")
                st.markdown("\n".join(f"- {words.escaped(name)}" for name in names))


def _uncaptioned(lab: TrainingLab, form: Form, gaps: Gaps) -> None:
    with st.container(key="start_check_uncaptioned", gap="xsmall"):
        st.markdown("**Without a caption**")
        caption_fill(lab, form, gaps.uncaptioned)


def _ways_out(lab: TrainingLab, form: Form, gaps: Gaps, state: dict[str, Any]) -> None:
    names = form.selection_set.filenames if form.selection_set else ()
    left, count = [name for name in names if name not in gaps.filenames], len(gaps.filenames)
    stays = f"Set {form.value(DATASET)} stays as it is."
    with st.container(horizontal=True, gap="small", key="start_check_ways"):
        leaves_out = pressed.button(
            f"Leave these {count} pictures out" if count > 1 else "Leave this picture out",
            key=f"leave_out:{form.form_id}",
            icon=":material/filter_list:",
            disabled=not left,
            help=f"Makes a new set of the other {len(left)} and chooses it here. {stays}"
            if left
            else "Nothing would be left.",
        )
        opens = pressed.button(
            "Open Datasets", key=f"open_datasets:{form.form_id}", icon=":material/photo_library:"
        )
        closes = pressed.button("Not now", key=f"not_now:{form.form_id}", type="tertiary")
    if leaves_out():
        _leave_out(lab, form, left)
    if opens():
        open_datasets()
    if closes():
        state.clear()
        st.rerun()


def _leave_out(lab: TrainingLab, form: Form, left: list[str]) -> None:
    say, put = start_message.saying(form), putting(form.form_id, DATASET, form.recorded[DATASET])
    of = form.value(DATASET)
    left_out = len(form.selection_set.filenames) - len(left) if form.selection_set else 0
    try:
        made = lab.save_selection_set(form.style.folder, left, note=f"Set {of} without {left_out}")
    except LoraCoreError as error:
        say(str(error))
    else:
        put(made.id)
        pictures = "1 picture" if left_out == 1 else f"{left_out} pictures"
        say(
            f"Set {made.id} is set {of} without {pictures}, and is chosen now; set {of} is as it was. Nothing was "
            "started yet.",
            is_good=True,
        )
    st.rerun()
