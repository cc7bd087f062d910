"""Above the pictures: what is selected, ways to select, what is listed."""

from collections.abc import Iterable

import streamlit as st

from lora_core import TrainingLab
from ui import picture_selection
from ui.picture_listing import Gallery, Listed, list_anew, listed, listing_filters
from ui.selection_set_form import save_as_new


def dataset_toolbar(lab: TrainingLab, gallery: Gallery) -> Listed:
    """Draws it; answers what is listed."""
    with st.container(key="dataset_toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        selecting = st.container(
            key="dataset_selecting", horizontal=True, vertical_alignment="center", gap="small"
        )
        with st.container(key="dataset_filters", horizontal=True, vertical_alignment="center", gap="small"):
            listing_filters(gallery)
    found = listed(gallery)
    with selecting:
        _selecting(lab, gallery, found)
    return found


def _selecting(lab: TrainingLab, gallery: Gallery, found: Listed) -> None:
    st.markdown(f"**{len(gallery.selected):,} selected**", width="content")
    listed_names = [one.filename for one in found.pictures]
    is_filtered = len(listed_names) != len(gallery.pictures)
    _way(gallery, f"All listed ({len(listed_names):,})" if is_filtered else "All", listed_names, key="all")
    _way(gallery, "None", [], key="none", is_enabled=bool(gallery.selected))
    _way(
        gallery,
        f"Without caption ({len(gallery.without_caption):,})",
        gallery.without_caption,
        key="uncaptioned",
    )
    if gallery.in_bucket is not None:
        _way(
            gallery,
            f"Not in the bucket ({len(gallery.not_in_bucket):,})",
            gallery.not_in_bucket,
            key="bucket",
        )
    save_as_new(lab, gallery)


def _way(
    gallery: Gallery, label: str, names: Iterable[str], *, key: str, is_enabled: bool | None = None
) -> None:
    chosen = list(names)
    st.button(
        label,
        key=f"datasets:select_{key}",
        disabled=not (chosen if is_enabled is None else is_enabled),
        on_click=_select,
        args=(gallery, chosen),
    )


def _select(gallery: Gallery, names: list[str]) -> None:
    picture_selection.select(gallery.style, names)
    list_anew()
