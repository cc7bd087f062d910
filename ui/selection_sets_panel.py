"""The style's selection sets: load, change, delete, train with."""

from collections.abc import Sequence
from zlib import crc32

import streamlit as st

from lora_core import SelectionSet, Style, TrainingLab
from ui import form_state, picture_selection, words
from ui.dataset_news import counted
from ui.form_content import DATASET
from ui.page import open_training
from ui.picture_listing import Gallery, list_anew
from ui.selection import NEW, Selection, select
from ui.selection_set_edits import changing, deleting
from ui.selection_set_form import chosen_sets
from ui.set_users import SetUsers, named, users_of


def selection_sets_panel(lab: TrainingLab, gallery: Gallery) -> None:
    """One set at a time, and what can be done with it."""
    if problem := lab.sets_problem(gallery.style.folder):
        st.error(words.escaped(problem), icon=":material/error:")
        return
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
        users = users_of(lab, gallery.style, chosen)
        changing(lab, gallery, chosen, users)
        deleting(lab, gallery.style, chosen, users)
        _training(gallery.style, sets, chosen)
    _facts(gallery, chosen, users)


def _box(style: Style, sets: Sequence[SelectionSet]) -> SelectionSet:
    by_id = {one.id: one for one in sets}
    lines = {one.id: _line(one) for one in sets}
    chosen = chosen_sets()
    if chosen.get(style.folder) not in by_id:
        chosen[style.folder] = sets[0].id
    # The browser names a choice by its line, and goes on showing it: other lines make another dropdown (seen on 1.67).
    key = f"datasets:set_box:{style.folder}:{crc32(repr(lines).encode())}"
    if st.session_state.get(key) != chosen[style.folder]:
        st.session_state[key] = chosen[style.folder]
    st.selectbox(
        f"Selection set ({len(sets):,})",
        list(lines),
        key=key,
        format_func=lambda one: lines.get(one, str(one)),
        on_change=_chosen,
        args=(chosen, style.folder, key, list(by_id)),
    )
    return by_id[chosen[style.folder]]


def _chosen(chosen: dict[str, int], style_folder: str, key: str, ids: Sequence[int]) -> None:
    if (one := st.session_state[key]) in ids:
        chosen[style_folder] = one


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


def _facts(gallery: Gallery, chosen: SelectionSet, users: SetUsers) -> None:
    there = {one.filename: one for one in gallery.pictures}
    missing = [one for one in chosen.filenames if one not in there]
    uncaptioned = [one for one in chosen.filenames if one in there and not there[one].caption]
    parts = [
        f"**{counted(len(missing), 'picture')} missing**" if missing else "all pictures there",
        f"**{len(uncaptioned):,} without caption**" if uncaptioned else "all with caption",
        f"used by {named(users.live)}" if users.live else "not trained with yet",
    ]
    if chosen.note:
        parts.append(words.escaped(words.shortened(chosen.note, 200)))
    with st.container(key="dataset_set_facts"):
        st.caption(" · ".join(parts))
