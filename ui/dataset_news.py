"""What was done last on the Datasets screen, and its undoing: stays until something else is done or it is put away."""

from typing import Any, Final

import streamlit as st

from lora_core import CaptionPlan, LoraCoreError, SelectionSet, Style, TrainingLab
from ui import words
from ui.pressed import button

_STATE: Final = "datasets:news"
_DONE: Final = ":material/check:"
_FAILED: Final = ":material/error:"


def tell(style: Style, text: str, *, undo: CaptionPlan | SelectionSet | None = None) -> None:
    """From the next run on; `undo`: captions to be written back, or a set to be put back."""
    _keep(style, text, _DONE, undo)


def tell_error(style: Style, error: Exception) -> None:
    """Why something could not be done."""
    _keep(style, str(error), _FAILED, None)


def _keep(style: Style, text: str, icon: str, undo: CaptionPlan | SelectionSet | None) -> None:
    told = {"style": style.folder, "text": text, "icon": icon, "undo": undo, "is_new": True}
    st.session_state[_STATE] = told


def news(lab: TrainingLab, style: Style) -> None:
    """One line; it has its room when there is nothing to tell."""
    told = st.session_state.get(_STATE)
    with st.container(key="dataset_news", horizontal=True, vertical_alignment="center", gap="small"):
        if told is None or told["style"] != style.folder:
            return
        st.markdown(f"{told['icon']} {words.escaped(told['text'])}", width="content")
        is_undone = (
            button("Undo", key="datasets:undo", icon=":material/undo:") if told["undo"] is not None else None
        )
        st.button("Hide", key="datasets:hide_news", type="tertiary", on_click=_forget)
    if told["is_new"]:  # once, for whoever has scrolled this line out of sight
        told["is_new"] = False
        st.toast(words.escaped(told["text"]), icon=told["icon"])
    if is_undone is not None and is_undone():
        _undo(lab, style, told)
        st.rerun()


def _undo(lab: TrainingLab, style: Style, told: dict[str, Any]) -> None:
    _forget()
    try:
        if isinstance(told["undo"], SelectionSet):
            restored = lab.restore_selection_set(style.folder, told["undo"])
            tell(style, f"Selection set {restored.label} is back.")
        else:
            tell_captions(style, lab.apply_captions(told["undo"]), is_undoing=True)
    except LoraCoreError as error:
        tell_error(style, error)


def tell_captions(style: Style, undoing: CaptionPlan, *, is_undoing: bool = False) -> None:
    """What became of captions that were written; `undoing`: the plan that was answered."""
    count, left = len(undoing.changes), undoing.left_alone
    parts = [f"{counted(count, 'caption')} {'put back' if is_undoing else 'changed'}."]
    if left:
        some = ", ".join(left[:3]) + (" and others" if len(left) > 3 else "")
        parts.append(f"Left alone, as somebody else had changed them meanwhile: {some}.")
    if undoing.problem:
        parts.append(undoing.problem)
    tell(style, " ".join(parts), undo=undoing if count else None)


def counted(number: int, what: str) -> str:
    """`1 picture`, `12 pictures`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _forget() -> None:
    st.session_state.pop(_STATE, None)
