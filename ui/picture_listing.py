"""Which pictures are listed: the filter, and the page of the list that is shown.

What is listed stays listed, and in its place, while captions or the selection are changed in the grid and while an
upload goes on, whose pictures come last: a picture must not go from under the hand that writes its caption. Another
filter, another page, or a click that changes the whole selection lists anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import streamlit as st

from lora_core import CaptionProblem, Picture, Style

PAGE: Final = 60
PROBLEMS: Final[Mapping[CaptionProblem, str]] = {
    CaptionProblem.MISSING: "No caption",
    CaptionProblem.EMPTY: "Empty caption",
    CaptionProblem.NO_TRIGGER: "Trigger token missing",
    CaptionProblem.DOUBLED: "Trigger token doubled",
}
_FILTER: Final = "datasets:filter"
_SEARCH: Final = "datasets:search"
_ONLY_SELECTED: Final = "datasets:only_selected"
_LISTED: Final = "datasets:listed"
_PAGE: Final = "datasets:page"
_KEEP: Final[Literal["session"]] = "session"
_ALL: Final = "All pictures"
_NO_CAPTION: Final = "Without caption"
_NOT_IN_BUCKET: Final = "Not in the bucket"


@dataclass(frozen=True)
class Gallery:
    """A style's pictures, as the screen shows them."""

    style: Style
    pictures: Sequence[Picture]
    selected: frozenset[str]
    """Of those that are there."""
    in_bucket: frozenset[str] | None
    """None: there is no bucket, or it cannot be read."""

    @property
    def names(self) -> list[str]:
        """Of all pictures, in order."""
        return [one.filename for one in self.pictures]

    @property
    def without_caption(self) -> list[str]:
        """Those that cannot be trained with: no caption file, or nothing in it."""
        return [one.filename for one in self.pictures if not one.caption]

    @property
    def not_in_bucket(self) -> list[str]:
        """Those that RunPod could not fetch; empty where there is no bucket."""
        there = self.in_bucket
        return [] if there is None else [one for one in self.names if one not in there]


@dataclass(frozen=True)
class Listed:
    """The filtered pictures, and which of them are on the page."""

    pictures: Sequence[Picture]
    page: int

    @property
    def pages(self) -> int:
        """At least one."""
        return max(1, -(-len(self.pictures) // PAGE))

    @property
    def shown(self) -> Sequence[Picture]:
        """Those on the page."""
        return self.pictures[self.page * PAGE : (self.page + 1) * PAGE]


def listing_filters(gallery: Gallery) -> None:
    """Draws what narrows the list."""
    st.selectbox(
        "Show",
        list(_filters(gallery)),
        key=_FILTER,
        label_visibility="collapsed",
        persist_state=_KEEP,
    )
    st.text_input(
        "Search",
        key=_SEARCH,
        type="search",
        placeholder="Name or caption",
        icon=":material/search:",
        label_visibility="collapsed",
        persist_state=_KEEP,
    )
    st.toggle("Hide unselected", key=_ONLY_SELECTED, persist_state=_KEEP)


def listed(gallery: Gallery) -> Listed:
    """What the filter leaves, on the page that is open."""
    question = _question(gallery.style)
    known: Mapping[str, Any] = st.session_state.get(_LISTED, {})
    is_same = known.get("question") == question
    matching = _matching(gallery, question)
    before: list[str] = known["names"] if is_same else []
    there = {one.filename: one for one in gallery.pictures}
    names = dict.fromkeys([*before, *(name for name in there if name in matching)])
    st.session_state[_LISTED] = {"question": question, "names": list(names)}
    found = [there[name] for name in names if name in there]
    if not is_same and known.get("question") is not None:
        turn_to(0)
    last = Listed(found, 0).pages - 1
    return Listed(found, max(0, min(int(st.session_state.get(_PAGE, 0)), last)))


def turn_to(page: int) -> None:
    """Opens this page of the list; one that there is not gives way to the nearest."""
    st.session_state[_PAGE] = page


def turn(by: int) -> None:
    """As many pages on, or back."""
    turn_to(int(st.session_state.get(_PAGE, 0)) + by)


def list_anew() -> None:
    """What no longer matches the filter goes, and all stand in their order; the page stays."""
    st.session_state.pop(_LISTED, None)


def _filters(gallery: Gallery) -> dict[str, list[str]]:
    """The choices, and the pictures that each lists."""
    offered = {_ALL: gallery.names, _NO_CAPTION: gallery.without_caption}
    for problem in (CaptionProblem.NO_TRIGGER, CaptionProblem.DOUBLED):
        offered[PROBLEMS[problem]] = [
            one.filename for one in gallery.pictures if one.caption_problem is problem
        ]
    if gallery.in_bucket is not None:
        offered[_NOT_IN_BUCKET] = gallery.not_in_bucket
    return offered


def _question(style: Style) -> list[object]:
    state = st.session_state
    return [
        style.folder,
        state.get(_FILTER) or _ALL,
        (state.get(_SEARCH) or "").strip().casefold(),
        bool(state.get(_ONLY_SELECTED)),
    ]


def _matching(gallery: Gallery, question: list[object]) -> set[str]:
    _, chosen, text, only_selected = question
    names = set(_filters(gallery).get(str(chosen), gallery.names))
    if text:
        names &= {one.filename for one in gallery.pictures if _holds(one, str(text))}
    return names & gallery.selected if only_selected else names


def _holds(picture: Picture, text: str) -> bool:
    return text in picture.filename.casefold() or text in (picture.caption or "").casefold()
