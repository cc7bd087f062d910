"""Which style and which version this session looks at.

Chosen in this session, else named by the URL, else stored by this browser, else the newest. The choice is
mirrored to the URL and to localStorage, there only where this session made it: two tabs on two styles do
not write over each other.
"""

from typing import NamedTuple

import streamlit as st

from lora_core import NotFoundError, Style, TrainingLab, Version
from ui import browser_storage

NEW = "new"
_STYLE = "selection:style"
_VERSIONS = "selection:versions"
_SHOWN = "selection:shown"
_STYLE_ITEM = "training_selectedStyleId"


class Selection(NamedTuple):
    """A style and one of its versions; None: a new one."""

    style: Style
    version: Version | None

    @property
    def form_id(self) -> str:
        """Names the form's state: one per version, and one per style for NEW."""
        return f"{self.style.folder}/{self.version.key if self.version else NEW}"


def selected_style(styles: list[Style]) -> Style | None:
    """None where there is no style, or while the browser has yet to tell what it had selected."""
    by_name = {style.folder: style for style in styles} | {style.id: style for style in reversed(styles)}
    names = (st.session_state.get(_STYLE), st.query_params.get("style"))
    named = next((by_name[name] for name in names if name in by_name), None)
    if named is not None and _is_version_named(named):
        return named
    if browser_storage.is_awaited():
        return None
    stored = browser_storage.stored() or {}
    return named or by_name.get(stored.get(_STYLE_ITEM, ""), styles[0] if styles else None)


def _is_version_named(style: Style) -> bool:
    """Whether this session or the URL tells the version, so that the browser need not be asked."""
    in_url = "version" in st.query_params and st.query_params.get("style") in (style.id, style.folder)
    return in_url or style.folder in st.session_state.get(_VERSIONS, {})


def selected(lab: TrainingLab, style: Style) -> Selection:
    """The selection within a style; a version that is gone gives way to the newest."""
    versions = lab.versions(style.folder)
    for name in _candidates(style):
        if name == NEW:
            return Selection(style, None)
        if (version := _found(lab, style, name)) is not None:
            return Selection(style, version)
    return Selection(style, versions[0] if versions else None)


def select_style(style: Style) -> None:
    """From now on this session looks at this style."""
    st.session_state[_STYLE] = style.folder


def select(style: Style, key: str) -> None:
    """From now on this session looks at this version of this style, or at NEW."""
    select_style(style)
    st.session_state.setdefault(_VERSIONS, {})[style.folder] = key


def mirror(selection: Selection) -> dict[str, str]:
    """Puts the selection into the URL; answers what of it belongs into localStorage."""
    style, version = selection
    name = NEW if version is None else version.key if version.name.casefold() == NEW else version.name
    style_name = _name(style)
    if (st.query_params.get("style"), st.query_params.get("version")) != (style_name, name):
        st.query_params.update({"style": style_name, "version": name})
    st.session_state[_SHOWN] = {"style": style.folder, "name": name, "key": version.key if version else NEW}
    items = {}
    if _STYLE in st.session_state:
        items[_STYLE_ITEM] = style_name
    if style.folder in st.session_state.get(_VERSIONS, {}):
        items[f"training_{style_name}_selectedVersionId"] = version.key if version else NEW
    return items


def _name(style: Style) -> str:
    """The style's id; where two folders have it, the folder."""
    return style.folder if style.problem else style.id


def _candidates(style: Style) -> list[str]:
    chosen = st.session_state.get(_VERSIONS, {}).get(style.folder)
    in_url = (
        st.query_params.get("version") if st.query_params.get("style") in (style.id, style.folder) else None
    )
    shown = st.session_state.get(_SHOWN, {})
    if (style.folder, in_url) == (shown.get("style"), shown.get("name")):
        in_url = shown["key"]  # put there by this session; the version may have another name by now
    stored = (browser_storage.stored() or {}).get(f"training_{_name(style)}_selectedVersionId")
    return [str(name) for name in (chosen, in_url, stored) if name]


def _found(lab: TrainingLab, style: Style, name: str) -> Version | None:
    try:
        version = lab.version(style.folder, name)
    except NotFoundError:
        return None
    return None if version.is_in_trash else version
