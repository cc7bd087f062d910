"""What was done last on the Datasets screen, and its undoing: stays until something else is done or it is put away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from lora_core import CaptionPlan, LoraCoreError, SelectionSet, Style, TrainingLab
from ui import words
from ui.pressed import button

_STATE: Final = "datasets:news"
_DONE: Final = ":material/check:"
_FAILED: Final = ":material/error:"


@dataclass(frozen=True)
class Telling:
    """Notes for the runs to come what was done. It holds the state and touches Streamlit nowhere, so that nothing that
    the lab has done loses its undo with a run that is stopped: take hold of it before the press is taken.
    """

    state: dict[str, Any]

    def done(
        self,
        style: Style,
        text: str,
        *,
        undo: CaptionPlan | SelectionSet | None = None,
        instead: Sequence[str] | None = None,
    ) -> None:
        """`undo`: captions to be written back, or a set to be put back, with `instead` for these pictures of it."""
        self._keep(style, text, _DONE, undo, instead)

    def failed(self, style: Style, error: Exception) -> None:
        """Why something could not be done."""
        self._keep(style, str(error), _FAILED)

    def captions(self, style: Style, undoing: CaptionPlan, *, is_undoing: bool = False) -> None:
        """What became of captions that were written; `undoing`: the plan that was answered."""
        count, left = len(undoing.changes), undoing.left_alone
        parts = [f"{counted(count, 'caption')} {'put back' if is_undoing else 'changed'}."]
        if left:
            some = ", ".join(left[:3]) + (" and others" if len(left) > 3 else "")
            parts.append(f"Left alone, as somebody else had changed them meanwhile: {some}.")
        if undoing.problem:
            parts.append(undoing.problem)
        self.done(style, " ".join(parts), undo=undoing if count else None)

    def _keep(
        self,
        style: Style,
        text: str,
        icon: str,
        undo: CaptionPlan | SelectionSet | None = None,
        instead: Sequence[str] | None = None,
    ) -> None:
        self.state.update(style=style.folder, text=text, icon=icon, undo=undo, instead=instead, is_new=True)


def telling() -> Telling:
    """Takes hold of the state."""
    return Telling(_state())


def news(lab: TrainingLab, style: Style) -> None:
    """One line; it has its room when there is nothing to tell."""
    told = _state()
    with st.container(key="dataset_news", horizontal=True, vertical_alignment="center", gap="small"):
        if told.get("style") != style.folder:
            return
        st.markdown(f"{told['icon']} {words.escaped(told['text'])}", width="content")
        is_undone = (
            button("Undo", key="datasets:undo", icon=":material/undo:") if told["undo"] is not None else None
        )
        st.button("Hide", key="datasets:hide_news", type="tertiary", on_click=told.clear)
    if told["is_new"]:  # once, for whoever has scrolled this line out of sight
        told["is_new"] = False
        st.toast(words.escaped(told["text"]), icon=told["icon"])
    if is_undone is not None and is_undone():
        _undo(lab, style, told)
        st.rerun()


def _undo(lab: TrainingLab, style: Style, told: dict[str, Any]) -> None:
    tell, undo, instead = Telling(told), told["undo"], told["instead"]
    try:
        if not isinstance(undo, SelectionSet):
            tell.captions(style, lab.apply_captions(undo), is_undoing=True)
        elif instead is None:
            restored = lab.restore_selection_set(style.folder, undo)
            tell.done(style, f"Selection set {restored.label} is back.")
        else:
            tell.done(style, _put_back(lab, style, undo, instead))
    except LoraCoreError as error:
        tell.failed(style, error)


def _put_back(lab: TrainingLab, style: Style, before: SelectionSet, instead: Sequence[str]) -> str:
    """The pictures that a set had, unless somebody has changed them since."""
    there = {one.id: one for one in lab.selection_sets(style.folder)}.get(before.id)
    if there is None or there.filenames != tuple(instead):
        return f"Selection set {before.label} was changed meanwhile and stays as it is."
    lab.update_selection_set(style.folder, before.id, filenames=before.filenames)
    return (
        f"Selection set {before.label} holds again what it held: {counted(len(before.filenames), 'picture')}."
    )


def counted(number: int, what: str) -> str:
    """`1 picture`, `12 pictures`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(_STATE, {})
    return state
