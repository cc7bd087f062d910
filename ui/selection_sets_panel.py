"""The style's selection sets: load, change, delete, train with."""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

import streamlit as st

from lora_core import LoraCoreError, SelectionSet, Style, TrainingLab, Version
from ui import dataset_news, form_state, picture_selection, words
from ui.closing_popover import close, field_key, popover
from ui.dataset_news import counted
from ui.form_content import DATASET
from ui.page import open_training
from ui.picture_listing import Gallery, list_anew
from ui.pressed import button
from ui.selection import NEW, Selection, select
from ui.selection_set_form import CHOSEN

_CHANGE: Final = "datasets:change_set"
_DELETE: Final = "datasets:delete_set"


def selection_sets_panel(lab: TrainingLab, gallery: Gallery) -> None:
    """One set at a time, and what can be done with it."""
    sets = lab.selection_sets(gallery.style.folder)
    if not sets:
        st.caption(
            "No selection set yet. Select pictures below, then save them as a set: "
            "it is what a training is started with."
        )
        return
    with st.container(key="dataset_set", horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = _box(gallery.style, sets)
        _loading(gallery, chosen)
        _changing(lab, gallery, chosen)
        _deleting(lab, gallery.style, chosen)
        _training(gallery.style, sets, chosen)
    _facts(lab, gallery, chosen)


def _box(style: Style, sets: Sequence[SelectionSet]) -> SelectionSet:
    by_id = {one.id: one for one in sets}
    lines = {one.id: _line(one) for one in sets}
    chosen = f"{CHOSEN}:{style.folder}"
    if st.session_state.get(chosen) not in by_id:
        st.session_state[chosen] = sets[0].id
    # The browser names a choice by its line, and goes on showing it: other lines make another dropdown (seen on 1.67).
    key = f"datasets:set_box:{style.folder}:{crc32(repr(lines).encode())}"
    if st.session_state.get(key) != st.session_state[chosen]:
        st.session_state[key] = st.session_state[chosen]
    st.selectbox(
        f"Selection set ({len(sets):,})",
        list(lines),
        key=key,
        format_func=lambda one: lines.get(one, str(one)),
        on_change=_chosen,
        args=(chosen, key, list(by_id)),
    )
    return by_id[st.session_state[chosen]]


def _chosen(chosen: str, key: str, ids: Sequence[int]) -> None:
    if st.session_state[key] in ids:
        st.session_state[chosen] = st.session_state[key]


def _line(one: SelectionSet) -> str:
    return " · ".join(
        part for part in (str(one.id), one.name, counted(len(one.filenames), "picture")) if part
    )


def _loading(gallery: Gallery, chosen: SelectionSet) -> None:
    st.button(
        "Load",
        key="datasets:load_set",
        icon=":material/checklist:",
        help="Select exactly the pictures of this set.",
        on_click=_load,
        args=(gallery, list(chosen.filenames)),
    )


def _load(gallery: Gallery, names: list[str]) -> None:
    there = set(gallery.names)
    picture_selection.select(gallery.style, [one for one in names if one in there])
    list_anew()


def _changing(lab: TrainingLab, gallery: Gallery, chosen: SelectionSet) -> None:
    names = [one for one in gallery.names if one in gallery.selected]
    is_same = frozenset(names) == frozenset(chosen.filenames)
    with popover("Change", icon=":material/edit:", name=_CHANGE):
        own = f"{gallery.style.folder}:{chosen.id}"
        name = st.text_input("Name", chosen.name, key=field_key(_CHANGE, f"name:{own}"))
        note = st.text_area("Note", chosen.note, key=field_key(_CHANGE, f"note:{own}"), height=80)
        is_named = button("Save name and note", key="datasets:name_set")
        st.divider()
        st.markdown(_difference(chosen, names))
        is_updated = button(
            f"Put the selected {counted(len(names), 'picture')} into set {chosen.id}",
            key="datasets:update_set",
            disabled=is_same or not names,
        )
    if is_named():
        _update(lab, gallery.style, chosen, name=name, note=note)
    if is_updated():
        _update(lab, gallery.style, chosen, filenames=names)


def _difference(chosen: SelectionSet, names: Sequence[str]) -> str:
    more = len(set(names) - set(chosen.filenames))
    fewer = len(set(chosen.filenames) - set(names))
    if not more and not fewer:
        return "The set holds exactly the selected pictures."
    if not names:
        return "Select pictures to put them into this set."
    return f"With the selected pictures it would gain {more:,} and lose {fewer:,}."


def _update(
    lab: TrainingLab,
    style: Style,
    chosen: SelectionSet,
    *,
    filenames: Sequence[str] | None = None,
    name: str | None = None,
    note: str | None = None,
) -> None:
    try:
        changed = lab.update_selection_set(style.folder, chosen.id, filenames=filenames, name=name, note=note)
    except LoraCoreError as error:
        dataset_news.tell_error(style, error)
    else:
        close(_CHANGE)
        held = counted(len(changed.filenames), "picture")
        dataset_news.tell(style, f"Selection set {changed.label} is saved: {held}.")
    st.rerun()


def _deleting(lab: TrainingLab, style: Style, chosen: SelectionSet) -> None:
    with popover("Delete", icon=":material/delete:", name=_DELETE):
        st.markdown(f"Delete selection set {words.escaped(chosen.label)}? Its pictures stay.")
        if users := _users(lab, style, chosen):
            st.markdown(
                f"Trained with it: {words.escaped(_named(users))}. Each keeps the list of pictures it was started with."
            )
        is_deleted = button(f"Delete set {chosen.id}", key="datasets:delete_set", type="primary")
    if is_deleted():
        _delete(lab, style, chosen)
        st.rerun()


def _delete(lab: TrainingLab, style: Style, chosen: SelectionSet) -> None:
    try:
        deleted = lab.delete_selection_set(style.folder, chosen.id)
    except LoraCoreError as error:
        dataset_news.tell_error(style, error)
    else:
        close(_DELETE)
        dataset_news.tell(style, f"Selection set {deleted.label} is deleted.", undo=deleted)


def _training(style: Style, sets: Sequence[SelectionSet], chosen: SelectionSet) -> None:
    if st.button(
        "Use in Training",
        key="datasets:use_set",
        icon=":material/model_training:",
        type="primary",
        help="Opens Training with a new version on this set.",
    ):
        form_state.put(Selection(style, None).form_id, DATASET, chosen.id, sets[0].id)
        select(style, NEW)
        open_training()


def _facts(lab: TrainingLab, gallery: Gallery, chosen: SelectionSet) -> None:
    there = {one.filename: one for one in gallery.pictures}
    missing = [one for one in chosen.filenames if one not in there]
    uncaptioned = [one for one in chosen.filenames if one in there and not there[one].caption]
    users = _users(lab, gallery.style, chosen)
    parts = [
        f"**{counted(len(missing), 'picture')} missing**" if missing else "all pictures there",
        f"**{len(uncaptioned):,} without caption**" if uncaptioned else "all with caption",
        f"used by {words.escaped(_named(users))}" if users else "not trained with yet",
    ]
    if chosen.note:
        parts.append(words.escaped(words.shortened(chosen.note, 200)))
    with st.container(key="dataset_set_facts"):
        st.caption(" · ".join(parts))


def _users(lab: TrainingLab, style: Style, chosen: SelectionSet) -> list[Version]:
    return [one for one in lab.versions(style.folder) if one.selection_set_id == chosen.id]


def _named(versions: Sequence[Version]) -> str:
    names = ", ".join(one.name for one in versions[:6])
    return f"{names} and {len(versions) - 6:,} more" if len(versions) > 6 else names
