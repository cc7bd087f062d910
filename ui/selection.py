"""Which style and which version this session looks at.

Chosen in this session, else named by the URL, else stored by this browser, else the newest. The choice is
mirrored to the URL and to localStorage, there only where this session made it: two tabs on two styles do
not write over each other.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from lora_core import NotFoundError, Style, TrainingLab, Version
from ui import browser_storage

NEW = "new"
_STATE = "selection"
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
    state, in_url = _state(), st.query_params.get("style")
    named = next((by_name[name] for name in (state["style"], in_url) if name in by_name), None)
    if named is not None and _is_version_named(named):
        return named
    if browser_storage.is_awaited():
        return None
    stored = browser_storage.stored() or {}
    style = named or by_name.get(stored.get(_STYLE_ITEM, ""), styles[0] if styles else None)
    if named is None and in_url and style is not None:
        state["gone"] = f"Style {in_url} is not there (any more): {style.name} is shown."
    return style


def _is_version_named(style: Style) -> bool:
    """Whether this session or the URL tells the version, so that the browser need not be asked."""
    in_url = "version" in st.query_params and st.query_params.get("style") in (style.id, style.folder)
    return in_url or style.folder in _state()["versions"]


def selected(lab: TrainingLab, style: Style) -> Selection:
    """The selection within a style; a version that is gone gives way to the newest."""
    gone = ""
    for name in _candidates(style):
        if name == NEW:
            return _instead_of(gone, Selection(style, None))
        version = _found(lab, style, name)
        if version is not None and not version.is_in_trash:
            return _instead_of(gone, Selection(style, version))
        if name == _in_url(style):
            gone = f"{name} is in the trash" if version else f"{name} is not there (any more)"
    versions = lab.versions(style.folder)
    return _instead_of(gone, Selection(style, versions[0] if versions else None))


def _instead_of(gone: str, selection: Selection) -> Selection:
    """Notes what the address named and is not there, so that it can be said."""
    if gone:
        version = selection.version
        _state()["gone"] = f"{gone}: {version.name if version else 'a new version'} is shown."
    return selection


def what_is_gone() -> str:
    """A sentence when the address named what is not there, until another version is selected."""
    return str(_state().get("gone", ""))


def select(style: Style, key: str) -> None:
    """From now on this session looks at this version of this style, or at NEW."""
    selecting(style)(key)


def selecting(style: Style) -> Callable[[str], None]:
    """`select` in two steps, the second of which touches Streamlit nowhere.

    Each access to the session's state is a point at which Streamlit may stop a run. What must follow a
    start without fail therefore takes hold of the state before it.
    """
    then = selecting_any()
    return lambda key: then(style, key)


def selecting_any() -> Callable[[Style, str], None]:
    """The same for a style that is only about to be made."""
    state = _state()

    def then(style: Style, key: str) -> None:
        state["style"] = style.folder
        state["versions"][style.folder] = key
        state["generation"] += 1
        state["gone"] = ""

    return then


def chosen_in_box(style_folder: str, key: str | None = None) -> None:
    """The user's own choice in a dropdown: the style's, or with `key` the version's."""
    state = _state()
    state["style"] = style_folder
    state["gone"] = ""
    if key is not None:
        state["versions"][style_folder] = key


def generation() -> int:
    """Another one after each selection that no dropdown made.

    It is part of the dropdowns' keys: the browser posts what a dropdown showed before, with every
    refresh, until it has drawn the new one, and that must not be taken for a choice (seen on 1.67).
    """
    number: int = _state()["generation"]
    return number


def mirror(selection: Selection) -> dict[str, str]:
    """Puts the selection into the URL; answers what of it belongs into localStorage."""
    style, version = selection
    name = NEW if version is None else version.key if version.name.casefold() == NEW else version.name
    style_name = _name(style)
    if (st.query_params.get("style"), st.query_params.get("version")) != (style_name, name):
        st.query_params.update({"style": style_name, "version": name})
    state = _state()
    state["shown"] = {"style": style.folder, "name": name, "key": version.key if version else NEW}
    items = {}
    if state["style"] is not None:
        items[_STYLE_ITEM] = style_name
    if style.folder in state["versions"]:
        items[f"training_{style_name}_selectedVersionId"] = version.key if version else NEW
    return items


def _state() -> dict[str, Any]:
    """Plain values, which outlive a reload of the code."""
    fresh: dict[str, Any] = {"style": None, "versions": {}, "generation": 0, "shown": {}, "gone": ""}
    state: dict[str, Any] = st.session_state.setdefault(_STATE, fresh)
    return state


def _name(style: Style) -> str:
    """The style's id; where two folders have it, the folder."""
    return style.folder if style.problem else style.id


def _candidates(style: Style) -> list[str]:
    state, in_url = _state(), _in_url(style)
    chosen, shown = state["versions"].get(style.folder), state["shown"]
    if (style.folder, in_url) == (shown.get("style"), shown.get("name")):
        in_url = shown["key"]  # put there by this session; the version may have another name by now
    stored = (browser_storage.stored() or {}).get(f"training_{_name(style)}_selectedVersionId")
    return [str(name) for name in (chosen, in_url, stored) if name]


def _in_url(style: Style) -> str | None:
    """The version that the address names in this style."""
    is_its_own = st.query_params.get("style") in (style.id, style.folder)
    return st.query_params.get("version") if is_its_own else None


def _found(lab: TrainingLab, style: Style, name: str) -> Version | None:
    try:
        return lab.version(style.folder, name)
    except NotFoundError:
        return None
