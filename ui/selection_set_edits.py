"""Changing and deleting a selection set; both can be undone where pictures are concerned."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, SelectionSet, Style, TrainingLab
from ui import dataset_news, words
from ui.closing_popover import closing, popover, record_field
from ui.dataset_news import counted
from ui.picture_listing import Gallery
from ui.pressed import button
from ui.set_users import SetUsers

_CHANGE: Final = "datasets:change_set"
_DELETE: Final = "datasets:delete_set"


def changing(lab: TrainingLab, gallery: Gallery, chosen: SelectionSet, users: SetUsers) -> None:
    """A popover: its name and note, and the selected pictures instead of its own."""
    names = [one for one in gallery.names if one in gallery.selected]
    is_same = frozenset(names) == frozenset(chosen.filenames)
    with popover("Change", icon=":material/edit:", name=_CHANGE):
        own = f"{gallery.style.folder}:{chosen.id}"
        name_key, name_before = record_field(_CHANGE, f"name:{own}", chosen.name)
        name = st.text_input("Name", name_before, key=name_key)
        note_key, note_before = record_field(_CHANGE, f"note:{own}", chosen.note)
        note = st.text_area("Note", note_before, key=note_key, height=80)
        is_named = button("Save name and note", key="datasets:name_set")
        st.divider()
        st.markdown(_difference(chosen, names))
        if users.listless and not is_same:
            st.markdown(users.listless_sentence)
        is_updated = button(
            f"Put the selected {counted(len(names), 'picture')} into set {chosen.id}",
            key="datasets:update_set",
            disabled=is_same or not names,
        )
    _rename(
        lab,
        gallery.style,
        chosen,
        None if name == name_before else name,
        None if note == note_before else note,
        is_named,
    )
    _refill(lab, gallery.style, chosen, names, is_updated)


def _difference(chosen: SelectionSet, names: Sequence[str]) -> str:
    more = len(set(names) - set(chosen.filenames))
    fewer = len(set(chosen.filenames) - set(names))
    if not more and not fewer:
        return "The set holds exactly the selected pictures."
    if not names:
        return "Select pictures to put them into this set."
    return f"With the selected pictures it would gain {more:,} and lose {fewer:,}."


def _rename(
    lab: TrainingLab,
    style: Style,
    chosen: SelectionSet,
    name: str | None,
    note: str | None,
    is_pressed: Callable[[], bool],
) -> None:
    """None is what the user left as it was: somebody else may have changed it."""
    tell, close = dataset_news.telling(), closing(_CHANGE)
    if not is_pressed():
        return
    try:
        changed = lab.update_selection_set(style.folder, chosen.id, name=name, note=note)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        close()
        tell.done(style, f"Name and note of selection set {changed.label} are saved.")
    st.rerun()


def _refill(
    lab: TrainingLab,
    style: Style,
    chosen: SelectionSet,
    names: Sequence[str],
    is_pressed: Callable[[], bool],
) -> None:
    tell, close = dataset_news.telling(), closing(_CHANGE)
    if not is_pressed():
        return
    try:
        changed = lab.update_selection_set(style.folder, chosen.id, filenames=names)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        close()
        held = counted(len(changed.filenames), "picture")
        tell.done(
            style,
            f"Selection set {changed.label} is saved: {held}.",
            undo=chosen,
            instead=changed.filenames,
        )
    st.rerun()


def deleting(lab: TrainingLab, style: Style, chosen: SelectionSet, users: SetUsers) -> None:
    """A popover: asks, and tells which versions named it."""
    with popover("Delete", icon=":material/delete:", name=_DELETE):
        st.markdown(f"Delete selection set {words.escaped(chosen.label)}? Its pictures stay.")
        for sentence in users.sentences:
            st.markdown(sentence)
        is_deleted = button(f"Delete set {chosen.id}", key="datasets:delete_set", type="primary")
    _delete(lab, style, chosen, is_deleted)


def _delete(lab: TrainingLab, style: Style, chosen: SelectionSet, is_pressed: Callable[[], bool]) -> None:
    tell, close = dataset_news.telling(), closing(_DELETE)
    if not is_pressed():
        return
    try:
        deleted = lab.delete_selection_set(style.folder, chosen.id)
    except LoraCoreError as error:
        tell.failed(style, error)
    else:
        close()
        tell.done(style, f"Selection set {deleted.label} is deleted.", undo=deleted)
    st.rerun()
