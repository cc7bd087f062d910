"""The Datasets screen of one style."""

from typing import Final

import streamlit as st

from lora_core import Style, TrainingLab
from ui import picture_selection, words
from ui.caption_bulk import caption_bulk
from ui.dataset_news import counted, news
from ui.dataset_toolbar import dataset_toolbar
from ui.heartbeat import watch_pictures
from ui.picture_grid import picture_grid
from ui.picture_listing import PAGE, Gallery, Listed, list_anew, turn
from ui.selection import chosen_in_box, what_is_gone
from ui.selection_sets_panel import selection_sets_panel
from ui.style_editor import new_style, style_settings
from ui.upload_panel import upload_panel, uploads

_SETS: Final = "Selection sets"
_ADD: Final = "Add pictures"
_CAPTIONS: Final = "Edit captions"
_PANEL: Final = "datasets:panel"


def dataset_view(lab: TrainingLab, style: Style) -> None:
    """Tools above, pictures below."""
    _stay_with(style)
    watch_pictures(lab, style)
    gallery = gallery_of(lab, style)
    _heading(gallery)
    if style.problem:
        st.warning(words.escaped(style.problem), icon=":material/warning:")
    news(lab, style)
    if not gallery.pictures:
        with st.container(key="dataset_tools", horizontal=True, gap="small"):
            _style_tools(lab, style)
        _first_pictures(lab, style)
        return
    with st.container(key="dataset_tools", horizontal=True, vertical_alignment="center", gap="small"):
        open_panel = _panel_choice()
        _style_tools(lab, style)
    panel = st.container(key="dataset_panel")
    uploads(lab, style)
    listed = dataset_toolbar(lab, gallery)
    with panel:
        _panel(lab, gallery, listed, open_panel)
    if listed.pictures:
        picture_grid(lab, gallery, listed)
        _pager(listed)
    else:
        st.info("No picture matches what is to be shown.", icon=":material/search_off:")


def _stay_with(style: Style) -> None:
    """The navigation drops what the address names: the style is the session's from here on, and in the address."""
    if not what_is_gone():
        chosen_in_box(style.folder)
    if st.query_params.get("style") not in (style.id, style.folder):
        st.query_params.from_dict({"style": style.folder if style.problem else style.id})


def gallery_of(lab: TrainingLab, style: Style) -> Gallery:
    """The pictures as they are now, and what is selected of them."""
    pictures = lab.images(style.folder)
    there = {one.filename for one in pictures}
    return Gallery(
        style, pictures, picture_selection.selected(style) & there, lab.bucket_pictures(style.folder)
    )


def _heading(gallery: Gallery) -> None:
    style, captioned = gallery.style, len(gallery.pictures) - len(gallery.without_caption)
    problems = sum(one.caption_problem is not None for one in gallery.pictures)
    parts = [counted(len(gallery.pictures), "picture"), f"{captioned:,} with caption"]
    if problems:
        parts.append(f"**{problems:,} with a caption to look at**")
    parts.append(f"trigger token **{words.escaped(style.trigger_token)}**")
    with st.container(key="dataset_heading"):
        st.caption(" · ".join(parts))


def _style_tools(lab: TrainingLab, style: Style) -> None:
    new_style(lab, style)
    style_settings(lab, style)


def _first_pictures(lab: TrainingLab, style: Style) -> None:
    st.subheader("Add the first pictures", anchor=False)
    upload_panel(lab, style)
    uploads(lab, style)


def _panel_choice() -> str:
    chosen = st.segmented_control(
        "Tools",
        [_SETS, _ADD, _CAPTIONS],
        default=_SETS,
        required=True,
        key=_PANEL,
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen)


def _panel(lab: TrainingLab, gallery: Gallery, listed: Listed, chosen: str) -> None:
    match chosen:
        case "Add pictures":
            upload_panel(lab, gallery.style)
        case "Edit captions":
            caption_bulk(lab, gallery, listed)
        case _:
            selection_sets_panel(lab, gallery)


def _pager(listed: Listed) -> None:
    if listed.pages == 1:
        return
    with st.container(
        key="dataset_pager", horizontal=True, horizontal_alignment="center", vertical_alignment="center"
    ):
        st.button(
            "Previous page", key="datasets:previous", disabled=listed.page == 0, on_click=_turned, args=(-1,)
        )
        first = listed.page * PAGE + 1
        st.markdown(
            f"Page {listed.page + 1} of {listed.pages} · {first:,} to {first + len(listed.shown) - 1:,} "
            f"of {len(listed.pictures):,}",
            width="content",
        )
        st.button(
            "Next page",
            key="datasets:next",
            disabled=listed.page == listed.pages - 1,
            on_click=_turned,
            args=(1,),
        )


def _turned(by: int) -> None:
    list_anew()
    turn(by)
