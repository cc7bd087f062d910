"""Choosing a style and one of its versions, or NEW."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import streamlit as st

from lora_core import Style, TrainingLab
from ui import browser_storage, words
from ui.selection import NEW, Selection, chosen_in_box, generation, select, selected, selected_style
from ui.welcome import welcome

_LISTED = 300
"""Newest versions in the dropdown; older ones are found in History. 10,000 options take 0.7 s to draw."""


def selection_picker(lab: TrainingLab) -> Selection | None:
    """Style, version and NEW in one row; None (and something else is drawn) while there is no style."""
    styles = lab.styles()
    style = _style_in_view(lab, styles)
    if style is None:
        return None
    style_column, version_column, new_column = st.columns([3, 6, 1.3], vertical_alignment="bottom")
    with style_column:
        _style_box(styles, style)
    selection = selected(lab, style)
    with version_column:
        _version_box(lab, selection)
    with new_column:
        if st.button(
            "NEW", key="new_version", width="stretch", help="Start a new version from the defaults."
        ):
            select(style, NEW)
            st.rerun()
    return selection


def style_picker(lab: TrainingLab) -> Style | None:
    """The style alone, for pages that show all of its versions."""
    styles = lab.styles()
    style = _style_in_view(lab, styles)
    if style is not None:
        with st.columns([3, 6])[0]:
            _style_box(styles, style)
    return style


def _style_in_view(lab: TrainingLab, styles: list[Style]) -> Style | None:
    if not styles:
        welcome(lab)
        return None
    style = selected_style(styles)
    if style is None:
        _await_browser()
    return style


def _style_box(styles: list[Style], style: Style) -> None:
    by_folder = {one.folder: one for one in styles}
    doubled = {one.id for one in styles if one.problem}

    def label(folder: str) -> str:
        one = by_folder[folder]
        return f"{one.id} · {one.name}" + (f" ({folder})" if one.id in doubled else "")

    key = f"style_box:{generation()}"
    _set(key, style.folder)
    st.selectbox(
        "Style", list(by_folder), key=key, format_func=label, on_change=_style_changed, args=(key, by_folder)
    )


def _style_changed(key: str, by_folder: Collection[str]) -> None:
    if st.session_state[key] in by_folder:
        chosen_in_box(st.session_state[key])


def _version_box(lab: TrainingLab, selection: Selection) -> None:
    style, chosen = selection
    versions = lab.versions(style.folder)
    listed = versions[:_LISTED]
    if chosen is not None and chosen.key not in {one.key for one in listed}:
        listed = [*listed, chosen]
    now = datetime.now(UTC)
    lines = {one.key: words.line(one, lab.sighting(one), now) for one in listed}
    key = f"version_box:{style.folder}:{generation()}"
    _set(key, chosen.key if chosen else None)
    _relabel(key, lines.get(chosen.key, "") if chosen else "")
    st.selectbox(
        f"Version ({len(versions)})",
        list(lines),
        key=key,
        format_func=lambda one: lines.get(one, one),
        placeholder="New version, not saved yet" if versions else "No version yet: this will be the first",
        on_change=_version_changed,
        args=(style.folder, key, lines),
        help=None if len(versions) <= _LISTED else f"The newest {_LISTED}; all are in History.",
    )


def _version_changed(style_folder: str, key: str, lines: Mapping[str, str]) -> None:
    # The browser names a choice by its line; one whose status has changed since comes back as a bare line.
    told = st.session_state[key]
    by_line = {line: one for one, line in lines.items()}
    chosen = NEW if told is None else told if told in lines else by_line.get(told)
    if chosen is not None:
        chosen_in_box(style_folder, chosen)


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value or key not in st.session_state:
        st.session_state[key] = value


def _relabel(key: str, line: str) -> None:
    """The browser keeps showing the line that was chosen, though its status has changed (seen on 1.67).

    Setting the value once more, even the same one, makes it take the new line.
    """
    if st.session_state.get(f"{key}:line", line) != line:
        st.session_state[key] = st.session_state[key]
    st.session_state[f"{key}:line"] = line


def _await_browser() -> None:
    """A skeleton until the browser tells what it stored; it looks again by itself."""

    @st.fragment(run_every=1)
    def look_again() -> None:
        st.caption("Looking up what this browser had selected last …")
        if not browser_storage.is_awaited():
            st.rerun(scope="app")

    look_again()
    browser_storage.exchange({})
