"""Choosing a style and one of its versions, or NEW."""

from collections.abc import Collection, Mapping

import streamlit as st

from lora_core import Style, TrainingLab, Version
from ui import browser_storage, form_state, words
from ui.selection import (
    NEW,
    Selection,
    chosen_in_box,
    generation,
    select,
    selected,
    selected_style,
    what_is_gone,
)
from ui.version_lines import version_lines
from ui.version_search import LISTED, found, version_search
from ui.welcome import welcome


def selection_picker(lab: TrainingLab) -> Selection | None:
    """Style, version and NEW in one row; None (and something else is drawn) while there is no style."""
    styles = lab.styles()
    style = _style_in_view(lab, styles)
    if style is None:
        return None
    with st.container(key="pickers", horizontal=True, vertical_alignment="bottom", gap="small"):
        _style_box(styles, style)  # first: of a style whose history is damaged one must get away
        selection = selected(lab, style)
        versions = lab.versions(style.folder)
        looked_for = version_search(lab, style, len(versions))
        _version_box(lab, selection, versions, looked_for)
        _new_button(style)
    _say_what_is_gone()
    return selection


def style_picker(lab: TrainingLab, page: str = "history") -> Style | None:
    """The style alone, for pages that show all of its versions, or none."""
    styles = lab.styles()
    style = _style_in_view(lab, styles)
    if style is not None:
        with st.columns([3, 6])[0]:
            _style_box(styles, style, page)
        _say_what_is_gone()
    return style


def _say_what_is_gone() -> None:
    """An address that names what is not there is answered, and said so, until something else is chosen."""
    if sentence := what_is_gone():
        st.warning(words.escaped(sentence), icon=":material/link_off:")


def _new_button(style: Style) -> None:
    is_edited = form_state.is_kept(Selection(style, None).form_id)
    what = (
        "Back to the new version that you began." if is_edited else "Start a new version from the defaults."
    )
    if st.button(
        "NEW · edited" if is_edited else "NEW",
        key="new_version",
        shortcut="Alt+N",
        help=f"{what} Alt+N does the same.",
    ):
        select(style, NEW)
        st.rerun()


def _style_in_view(lab: TrainingLab, styles: list[Style]) -> Style | None:
    if not styles:
        welcome(lab)
        return None
    style = selected_style(styles)
    if style is None:
        _await_browser()
    return style


def _style_box(styles: list[Style], style: Style, page: str = "training") -> None:
    by_folder = {one.folder: one for one in styles}
    doubled = {one.id for one in styles if one.problem}

    def label(folder: str) -> str:
        one = by_folder[folder]
        return f"{one.id} · {one.name}" + (f" ({folder})" if one.id in doubled else "")

    # Of the page's own: one that takes over the state of another page's shows its first option (seen on 1.67).
    key = f"style_box:{page}:{generation()}"
    _set(key, style.folder)
    st.selectbox(
        "Style", list(by_folder), key=key, format_func=label, on_change=_style_changed, args=(key, by_folder)
    )


def _style_changed(key: str, by_folder: Collection[str]) -> None:
    if st.session_state[key] in by_folder:
        chosen_in_box(st.session_state[key])


def _version_box(lab: TrainingLab, selection: Selection, versions: list[Version], looked_for: str) -> None:
    style, chosen = selection
    matching = found(versions, looked_for) if looked_for else versions
    listed = matching[:LISTED]
    if chosen is not None and chosen.key not in {one.key for one in listed}:
        # While something is looked for, the list opens at what is chosen, and what was found follows.
        listed = [chosen, *listed] if looked_for else [*listed, chosen]
    forms = form_state.edited()  # asked once: each look at the session's state costs as much as a line
    edited = {one.key for one in listed if Selection(style, one).form_id in forms}
    lines = version_lines(lab, listed, edited)
    key = f"version_box:{style.folder}:{generation()}"
    _set(key, chosen.key if chosen else None)
    if chosen is not None:
        _relabel(key, chosen.key, lines[chosen.key])
    st.selectbox(
        f"Version ({len(matching):,} of {len(versions):,} match)"
        if looked_for
        else f"Version ({len(versions):,})",
        list(lines),
        key=key,
        format_func=lambda one: lines.get(one, one),
        placeholder="New version, not saved yet" if versions else "No version yet: this will be the first",
        on_change=_version_changed,
        args=(style.folder, key, lines),
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


def _relabel(key: str, chosen: str, line: str) -> None:
    """The browser keeps showing the line that was chosen, though its status has changed (seen on 1.67).

    Setting the value once more, even the same one, makes it take the new line. Only then: a box whose value is set
    is sent anew with its hundreds of lines, while one that is as before costs a few bytes.
    """
    shown = st.session_state.get(f"{key}:line", (chosen, line))
    if tuple(shown) != (chosen, line) and shown[0] == chosen:
        st.session_state[key] = st.session_state[key]
    st.session_state[f"{key}:line"] = (chosen, line)


def _await_browser() -> None:
    """A skeleton until the browser tells what it stored; it looks again by itself."""

    @st.fragment(run_every=1)
    def look_again() -> None:
        st.caption("Looking up what this browser had selected last …")
        if not browser_storage.is_awaited():
            st.rerun(scope="app")

    look_again()
    browser_storage.exchange({})
