"""All versions of a style, or of every style: found, looked at, compared, deleted and brought back."""

from typing import Final, Literal

import streamlit as st

from lora_core import LoraCoreError, StoreError, Style, Tracked, TrainingLab, VersionStatus
from ui import words
from ui.comparison_table import comparison
from ui.history_bulk import delete_button, last_move
from ui.history_filters import clear, history_filters
from ui.history_listing import Listing, joined, listing
from ui.history_table import listed, version_grid
from ui.page import open_training
from ui.selection import Selection, select
from ui.trash_view import trash_view
from ui.version_details import version_details

_VERSIONS, _TRASH = "versions", "trash"
_THIS, _EVERY = "This style", "All styles"
_DETAILS_PX: Final = 440
_TALLEST: Final = 14
_TALLEST_COMPARED: Final = 7
"""Rows at once; fewer leave room for the comparison below."""
_KEEP: Final[Literal["session"]] = "session"


def history_view(lab: TrainingLab, style: Style) -> None:
    """Versions or the trash, of this style or of all."""
    with st.container(key="history_scope", horizontal=True, vertical_alignment="center"):
        is_every = _scope()
        styles = lab.styles() if is_every else [style]
        is_trash = _view(lab, styles)
    found = _found(lab, styles, is_every=is_every, is_trash=is_trash)
    shown = found.chosen(history_filters(found)) if found.rows else found
    if not shown.rows:
        _nothing(has_some=bool(found.rows), is_trash=is_trash, is_every=is_every)
    elif is_trash:
        trash_view(lab, shown, of=len(found.rows), with_style=is_every)
    else:
        _versions(lab, shown, of=len(found.rows), with_style=is_every)
    last_move()


def _scope() -> bool:
    """Whether all styles are shown."""
    chosen = st.segmented_control(
        "Styles",
        [_THIS, _EVERY],
        default=_THIS,
        required=True,
        key="history:scope",
        label_visibility="collapsed",
        persist_state=_KEEP,
    )
    return chosen == _EVERY


def _view(lab: TrainingLab, styles: list[Style]) -> bool:
    """Whether the trash is shown."""
    deleted = 0
    for style in styles:
        try:
            deleted += len(lab.trash(style.folder))
        except StoreError:
            if len(styles) == 1:
                raise
    labels = {_VERSIONS: "Versions", _TRASH: f"Trash ({deleted})"}
    chosen = st.segmented_control(
        "What is listed",
        [_VERSIONS, _TRASH],
        default=_VERSIONS,
        required=True,
        format_func=lambda one: labels[one],
        key="history:view",
        label_visibility="collapsed",
        persist_state=_KEEP,
    )
    return chosen == _TRASH


def _found(lab: TrainingLab, styles: list[Style], *, is_every: bool, is_trash: bool) -> Listing:
    listings = []
    for style in styles:
        try:
            listings.append(listing(lab, style, trash=is_trash))
        except StoreError as error:
            if not is_every:
                raise
            st.warning(words.escaped(error), icon=":material/broken_image:")  # the other styles go on
    return joined(listings)


def _nothing(*, has_some: bool, is_trash: bool, is_every: bool) -> None:
    if has_some:
        st.info("Nothing matches the search and the filters.", icon=":material/search_off:")
        st.button("Clear filters", key="history:clear_all", on_click=clear, icon=":material/filter_list_off:")
    elif is_trash:
        st.caption("The trash is empty.")
    else:
        owner = "No style" if is_every else "This style"
        st.info(
            f"{owner} has {'any' if is_every else 'no'} version yet. Start the first one in Training; "
            "it is listed here with its settings, its loss and its model.",
            icon=":material/history:",
        )
        if st.button("Open Training", key="history:to_training", type="primary"):
            open_training()


def _versions(lab: TrainingLab, shown: Listing, *, of: int, with_style: bool) -> None:
    with st.container(key="history_body", horizontal=True, gap="medium"):
        with st.container(key="history_grid"):
            picked = version_grid(
                shown,
                name="history:table",
                tallest=_TALLEST,
                tallest_compared=_TALLEST_COMPARED,
                with_style=with_style,
                alt="Versions, newest first",
            )
            _below(lab, shown, picked, of)
        if len(picked) == 1:
            with st.container(key="history_details", width=_DETAILS_PX):
                _details(lab, picked[0])
    if len(picked) > 1:
        comparison(lab, picked)


def _below(lab: TrainingLab, shown: Listing, picked: list[Tracked], of: int) -> None:
    failed = [one for one in shown.rows if one.version.status is VersionStatus.FAILED]
    hint = "" if picked else " Select a row to see it, two and more to compare them."
    with st.container(key="history_actions", horizontal=True, vertical_alignment="center"):
        st.caption(f"{listed(len(shown.rows), of)}{hint}", width="content")
        if len(picked) > 1:
            delete_button(
                lab, picked, label="Delete selected", what="the selected versions", key="history:delete"
            )
        if failed:
            delete_button(
                lab,
                failed,
                label="Delete all failed",
                what="all failed versions that are listed",
                key="history:delete_failed",
            )


def _details(lab: TrainingLab, one: Tracked) -> None:
    if st.button("Load into Training", type="primary", icon=":material/open_in_browser:", key="history:load"):
        select(one.style, one.version.key)
        open_training()
    try:
        version = lab.version(one.style.folder, one.version.key)
    except LoraCoreError as error:
        st.error(words.escaped(error))
        return
    version_details(lab, Selection(one.style, version))
