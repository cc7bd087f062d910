"""What ended since this browser last looked, until it is dismissed.

Above the page stands what had ended when the page was opened; what ends while it is open would push the form
down under somebody who types, so the sidebar lists that, and the notice takes it over at the next opening.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from lora_core import ConfigurationError, FailureReason, LoraCoreError, Tracked, TrainingLab, VersionStatus
from ui import words
from ui.ended_memory import EndedMemory, name_of, recalled, remember
from ui.page import open_training
from ui.process import lab
from ui.selection import select

_STATE: Final = "ended:state"
_MOST_ABOVE: Final = 8
_MOST_ASIDE: Final = 5
_WHY: Final = {
    FailureReason.TRAINER: "failed: error of the trainer",
    FailureReason.CANCELLED: "was cancelled",
    FailureReason.TIMED_OUT: "failed: took too long",
    FailureReason.WORKER_LOST: "failed: worker lost",
    FailureReason.LOST: "failed: ended without a trace",
    FailureReason.GIVEN_UP: "was marked as failed",
}


def ended_notice() -> None:
    """Belongs at the top of every page, before what reads the selection."""
    with st.container(key="ended_notice"):
        untold, state = _untold(), _state()
        if untold is None:
            return
        if state["page"] != _page():
            state |= {"page": _page(), "above": [name_of(one) for one in untold]}
        if above := [one for one in untold if name_of(one) in state["above"]]:
            with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown("**Since you last looked**")
                _listing(above, untold, "ended", most=_MOST_ABOVE)


def just_ended() -> None:
    """In the sidebar: what has ended since the page was opened."""
    with st.container(key="just_ended", gap="xsmall"):
        untold = _untold() or []
        if aside := [one for one in untold if name_of(one) not in _state()["above"]]:
            st.markdown("**Just ended**")
            _listing(aside, untold, "just_ended", most=_MOST_ASIDE)


def _untold() -> list[Tracked] | None:
    """What is to be told; None while that cannot be known."""
    with suppress(LoraCoreError, ConfigurationError):
        here, now = lab(), datetime.now(UTC)
        running = frozenset(name_of(one) for one in here.running() if not one.version.is_in_trash)
        memory = recalled(now, running)
        if memory is not None:
            return _kept_up(here, memory, running)
    return None


def _kept_up(here: TrainingLab, memory: EndedMemory, running: frozenset[str]) -> list[Tracked]:
    untold = memory.untold(here)
    after = memory.awaiting(running, untold)
    if (chosen := _newly_chosen()) in {name_of(one) for one in untold}:
        after = after.having_seen(frozenset({chosen}), untold)
        untold = [one for one in untold if name_of(one) != chosen]
    remember(after)  # in every run: this tab's item would undo what another one has told the lab since
    return untold


def _newly_chosen() -> str:
    """The version that the user has turned to; what is merely shown when the page opens was not looked at."""
    shown = st.session_state.get("selection", {}).get("shown", {})
    if not shown:
        return ""
    name = f"{shown['style']}/{shown['key']}"
    before, _state()["shown"] = _state()["shown"], name
    return name if before not in (None, name) else ""


def _state() -> dict[str, Any]:
    """Of this session; plain values."""
    fresh: dict[str, Any] = {"page": None, "above": [], "shown": None}
    state: dict[str, Any] = st.session_state.setdefault(_STATE, fresh)
    return state


def _page() -> str:
    return str(st.context.url or "").partition("?")[0]


def _listing(shown: Sequence[Tracked], untold: list[Tracked], place: str, *, most: int) -> None:
    has_many = len(lab().styles()) > 1
    for one in shown[:most]:
        _entry(one, untold, place, is_style_named=has_many)
    if len(shown) > most:
        st.caption(f"and {len(shown) - most} more in History")
    _dismiss(shown, untold, place)


def _entry(one: Tracked, untold: list[Tracked], place: str, *, is_style_named: bool) -> None:
    style, version = one.style, one.version
    now = datetime.now(UTC)
    of_style = f" of {words.shortened(style.name, 24)}" if is_style_named else ""
    ago = f" ({words.ago(now - version.ended_at)})" if version.ended_at else ""
    icon = words.look(version, None, now).icon
    label = f"{icon} {words.shortened(version.name, 40)}{of_style} {_became(one)}{ago}"
    if st.button(
        words.escaped(label), key=f"{place}:{name_of(one)}", type="tertiary", help="Click to see it."
    ):
        _see([one], untold)
        select(style, version.key)
        open_training()


def _became(one: Tracked) -> str:
    reason = one.version.failure_reason
    if one.version.status is VersionStatus.COMPLETED:
        return "completed"
    return _WHY[reason] if reason is not None else "failed"


def _dismiss(listed: Sequence[Tracked], untold: list[Tracked], place: str) -> None:
    if st.button("Dismiss", key=f"{place}:dismiss", icon=":material/done_all:"):
        _see(listed, untold)
        st.rerun()


def _see(listed: Sequence[Tracked], untold: list[Tracked]) -> None:
    memory = recalled(datetime.now(UTC), frozenset())
    if memory is not None:
        remember(memory.having_seen(frozenset(name_of(one) for one in listed), untold))
