"""What was done in the grid of pictures: numbered events, taken once each.

The grid tells an event again until its number is confirmed, so none is lost with a run that was stopped, and none is
taken twice.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from lora_core import LoraCoreError, Style, TrainingLab
from ui import picture_selection, words
from ui.picture_listing import turn

_STATE: Final = "datasets:events"
_LONGEST: Final = 160


def confirmed() -> int:
    """The number of the last event that was taken."""
    return int(_state()["confirmed"])


def opened(style: Style) -> str | None:
    """The picture that is shown large."""
    return str(_state()["opened"]) if _state()["style"] == style.folder and _state()["opened"] else None


def failed(style: Style) -> dict[str, str]:
    """Captions that could not be written, and why."""
    return dict(_state()["failed"]) if _state()["style"] == style.folder else {}


def take(lab: TrainingLab, told: object) -> None:
    """Does what the grid tells; what is no event of its is passed over."""
    if not isinstance(told, Mapping) or not isinstance(told.get("events"), list):
        return
    state = _state()
    try:
        style = lab.style(str(told.get("style")))
    except LoraCoreError as error:
        style, sentence = None, str(error)
    if style is not None and state["style"] != style.folder:
        state |= {"style": style.folder, "opened": None, "failed": {}}
    for event in told["events"]:
        match event:
            case [int(number), str(kind), list(names), value] if number > state["confirmed"]:
                if style is None:
                    state["failed"] |= {str(name): sentence for name in names}
                elif (action := _ACTIONS.get(kind)) is not None:
                    action(lab, style, [str(name) for name in names], value)
                state["confirmed"] = number


def _choose(lab: TrainingLab, style: Style, names: list[str], value: object) -> None:  # noqa: ARG001 - as all
    picture_selection.toggle(style, names, is_on=bool(value))


def _caption(lab: TrainingLab, style: Style, names: list[str], value: object) -> None:
    failures: dict[str, str] = _state()["failed"]
    told = value if isinstance(value, Mapping) else {"text": value}
    text, over = str(told.get("text") or ""), told.get("over")
    for name in names:
        failures.pop(name, None)
        try:
            problem = _changed_elsewhere(lab, style, name, [text, *over]) if isinstance(over, list) else None
            if problem is None and lab.caption(style.folder, name, text).left_alone:
                problem = "It was changed elsewhere at the same moment. Type on to replace that."
        except LoraCoreError as error:
            problem = str(error)
        if problem is not None:
            failures[name] = problem


def _changed_elsewhere(lab: TrainingLab, style: Style, name: str, known: list[object]) -> str | None:
    """A sentence when the caption is none of those that the user has seen or typed."""
    pictures = lab.images(style.folder)
    there = next((one.caption or "" for one in pictures if one.filename == name), None)
    if there is None or _as_line(there) in map(_as_line, known):
        return None
    now = f"“{words.shortened(there, _LONGEST)}”" if there else "it is empty now"
    return f"It was changed elsewhere meanwhile: {now}. Type on to replace that."


def _as_line(text: object) -> str:
    return " ".join(str(text).split())


def _open(lab: TrainingLab, style: Style, names: list[str], value: object) -> None:  # noqa: ARG001 - as all
    _state()["opened"] = names[0] if names else None


def _turn(lab: TrainingLab, style: Style, names: list[str], value: object) -> None:  # noqa: ARG001 - as all
    if isinstance(value, int):
        turn(value)


def _nothing(lab: TrainingLab, style: Style, names: list[str], value: object) -> None:
    """The grid waits for small pictures that are made in the next run."""


_Action = Callable[[TrainingLab, Style, list[str], object], None]
_ACTIONS: Final[Mapping[str, _Action]] = {
    "choose": _choose,
    "caption": _caption,
    "open": _open,
    "turn": _turn,
    "more": _nothing,
}


def _state() -> dict[str, Any]:
    fresh: dict[str, Any] = {"confirmed": 0, "style": None, "opened": None, "failed": {}}
    state: dict[str, Any] = st.session_state.setdefault(_STATE, fresh)
    return state
