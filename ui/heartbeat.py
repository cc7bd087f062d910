"""What runs now, in the sidebar of every page; its refresh is the page's heartbeat.

Every 2 s while something runs, else every 15 s, it reads the monitor's memory and the etag of the style in
view, neither RunPod nor a bucket. Only when something was written does it rerun the page.
"""

from datetime import UTC, datetime

import streamlit as st

from lora_core import LoraCoreError, Tracked, TrainingLab
from ui import words
from ui.page import open_training
from ui.process import instance_id, lab
from ui.selection import select

_SEEN = "heartbeat:seen"
_BUSY_S, _QUIET_S = 2, 15


def running_now() -> None:
    """Draws the list and starts the heartbeat."""
    try:
        here = lab()
        is_busy = bool(here.running())
        st.session_state[_SEEN] = _seen(here)
    except LoraCoreError as error:
        st.caption(words.escaped(error))
        return
    st.fragment(_beat, run_every=_BUSY_S if is_busy else _QUIET_S)()


def _beat() -> None:
    here = lab()
    try:
        seen = _seen(here)
        if seen != st.session_state.get(_SEEN):
            st.session_state[_SEEN] = seen
            st.rerun(scope="app")
        _list(here, here.running())
    except LoraCoreError as error:
        st.caption(words.escaped(error))


def _list(here: TrainingLab, running: list[Tracked]) -> None:
    st.markdown(f"**Running now** · {len(running)}" if running else "**Running now**")
    if not running:
        st.caption("Nothing is training.")
    for one in running:
        _entry(here, one)
    st.caption(words.escaped(here.endpoint_sentence()))


def _entry(here: TrainingLab, one: Tracked) -> None:
    now = datetime.now(UTC)
    style, version = one.style, one.version
    sighting = here.sighting(version)
    shown = words.look(version, sighting, now)
    label = f"{shown.icon} {words.escaped(version.name)} · {words.escaped(style.name)}"
    if version.is_in_trash:  # it was deleted while it ran, and costs money until it has stopped
        st.markdown(f"{label} (deleted)")
    elif st.button(
        label, key=f"running:{style.folder}/{version.key}", type="tertiary", help=shown.word, wrap=True
    ):
        select(style, version.key)
        open_training()
    progress = sighting.progress if sighting else None
    fraction = progress.fraction if progress else None
    left = here.seconds_left(version)
    text = " · ".join(
        part
        for part in (
            shown.word if fraction is None else f"{fraction:.0%}",
            f"{words.duration(left)} left" if left is not None and fraction is not None else "",
        )
        if part
    )
    st.progress(min(1.0, fraction or 0.0), text=text)


def _seen(here: TrainingLab) -> str:
    """Everything whose change makes the page draw itself anew."""
    etags = [f"{style.folder}={here.etag(style)}" for style in here.styles()]
    now = datetime.now(UTC)
    looks = [words.look(one.version, here.sighting(one.version), now).word for one in here.running()]
    return "|".join([instance_id(), *etags, *looks])
