"""Finding a version that is too old for the dropdown, by its name or by words of its description.

Drawn only where a style has more versions than the dropdown lists. What is typed narrows the dropdown to what
matches, among all versions; the full name of one selects it at once.
"""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from lora_core import Style, TrainingLab, Version
from ui.selection import select

LISTED: Final = 300
"""Newest versions in the dropdown: 10,000 options take a browser 0.7 s to draw."""


def version_search(lab: TrainingLab, style: Style, count: int) -> str:
    """Draws the field and answers what is looked for; nothing, and no field, where all are listed."""
    if count <= LISTED:
        return ""
    key = f"version_search:{style.folder}"
    typed: str = st.text_input(
        "Find an older one",
        key=key,
        placeholder="Name or words",
        on_change=_changed,
        args=(lab, style, key),
        help=f"The dropdown lists the newest {LISTED} of {count:,}. Type a name, or words of a description, and press "
        "Enter: then it lists what matches, however old. History searches parameters and dates, too.",
    )
    return typed.strip()


def found(versions: Sequence[Version], text: str) -> list[Version]:
    """The versions, in the order given, that have every word of the text in their name or description."""
    words = text.casefold().split()
    told = ((version, f"{version.name}\n{version.description}".casefold()) for version in versions)
    return [version for version, one in told if all(word in one for word in words)]


def _changed(lab: TrainingLab, style: Style, key: str) -> None:
    text = st.session_state[key].strip()
    named = _called(lab.versions(style.folder), text)
    if len(named) == 1:
        select(style, named[0].key)
        st.session_state[key] = ""


def _called(versions: Sequence[Version], name: str) -> list[Version]:
    """Those of exactly this name, else those that differ from it by case only: old files hold test and Test."""
    exactly = [version for version in versions if version.name == name]
    return exactly or [version for version in versions if version.name.casefold() == name.casefold()]
