"""Deleting and restoring many versions at once, and telling what became of it."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, Tracked, TrainingLab
from ui import undo_bar, words

_DONE: Final = "history:done"
_PROBLEMS: Final = "history:problems"


def delete_button(lab: TrainingLab, versions: Sequence[Tracked], *, label: str, what: str, key: str) -> None:
    """Asks first; `what` names the versions in the question."""
    with st.popover(f"{label} ({len(versions)})", icon=":material/delete:", key=f"{key}:ask"):
        st.markdown(f"Delete {what}? They go to the trash and can be restored; model files stay.")
        running = sum(one.version.is_in_flight() for one in versions)
        if running:
            st.markdown(f"**{_counted(running)} still running:** the endpoint is asked to stop first.")
        if st.button(f"Delete {_counted(len(versions))}", key=key, type="primary"):
            _move(lab, versions, is_deleting=True)


def restore_button(lab: TrainingLab, versions: Sequence[Tracked], *, label: str, key: str) -> None:
    """Needs no question: nothing is lost by it."""
    if st.button(f"{label} ({len(versions)})", icon=":material/restore_from_trash:", key=key):
        _move(lab, versions, is_deleting=False)


def last_move() -> None:
    """What became of it, once; and why some were not moved, until the next move or until it is put away."""
    if done := st.session_state.pop(_DONE, None):  # a toast of the run that moved them would be lost with it
        st.toast(done, icon=":material/check:")
    problems: Collection[str] = st.session_state.get(_PROBLEMS, ())
    for problem in problems:
        st.error(words.escaped(problem), icon=":material/error:")
    if problems:
        st.button("Hide", key="history:hide_problems", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_PROBLEMS, None)


def _move(lab: TrainingLab, versions: Sequence[Tracked], *, is_deleting: bool) -> None:
    """One write per style; what cannot be moved in one style keeps no other from being moved."""
    moved: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    by_style = sorted(versions, key=lambda one: one.style.folder)
    for folder, group in groupby(by_style, key=lambda one: one.style.folder):
        keys = [one.version.key for one in group]
        try:
            done = lab.delete_many(folder, keys) if is_deleting else lab.restore_many(folder, keys)
        except LoraCoreError as error:
            problems.append(str(error))
            continue
        moved |= {folder: done.moved} if done.moved else {}
        problems += done.problems
    st.session_state[_PROBLEMS] = problems
    _tell(moved, is_deleting=is_deleting)
    st.rerun()


def _tell(moved: Mapping[str, Sequence[str]], *, is_deleting: bool) -> None:
    count = sum(map(len, moved.values()))
    if is_deleting and len(moved) == 1:
        ((folder, keys),) = moved.items()
        undo_bar.offer(folder, keys, f"{_counted(count)} {_were(count)} deleted.")
    elif count:
        became = "in the trash" if is_deleting else "back"
        st.session_state[_DONE] = f"{_counted(count)} {_are(count)} {became}."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _counted(number: int) -> str:
    return "1 version" if number == 1 else f"{number} versions"
