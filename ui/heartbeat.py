"""What runs now, in the sidebar of every page; its refresh is the page's heartbeat.

Every 2 s while something runs, else every 15 s, it reads the monitor's memory and the etags of the styles,
neither RunPod nor a bucket. It reruns the page when something was written, or when the training whose
details are shown has got further.

It is the only fragment of the app. A second one, for the details, was tried: when the heartbeat asks for a
rerun while both are queued, the browser now and then drops elements of the page, or the connection ("Bad
delta path", seen on 1.67.0).
"""

from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from lora_core import (
    ConfigurationError,
    LoraCoreError,
    NotFoundError,
    StoreError,
    Style,
    Tracked,
    TrainingLab,
    Version,
)
from ui import words
from ui.ended_notice import just_ended
from ui.process import instance_id, lab
from ui.running_list import running_list
from ui.undo_bar import is_over

_SEEN = "heartbeat:seen"
_RUNNING = "heartbeat:running"
_WATCHED = "heartbeat:watched"
_PICTURES = "heartbeat:pictures"
_DRAWN = "heartbeat:drawn"
_TOAST_ICONS = {"green": ":material/check_circle:", "red": ":material/error:"}
_BUSY_S, _QUIET_S = 2, 15


def nothing_watched() -> None:
    """Before a page is drawn: it tells anew what it shows.

    What is written while it is being drawn, it may not show: so the records are looked at now.
    """
    st.session_state.pop(_WATCHED, None)
    st.session_state.pop(_PICTURES, None)
    try:
        st.session_state[_DRAWN] = _records(lab())
    except LoraCoreError:  # the page itself says what is wrong
        st.session_state[_DRAWN] = None


def running_now() -> None:
    """Draws the list and starts the heartbeat; belongs behind the page, which tells what it shows."""
    running: list[Tracked] = []
    try:
        here = lab()
    except ConfigurationError as error:
        st.caption(words.escaped(error))
        return
    try:
        running = here.running()
        st.session_state[_SEEN] = _drawn(here)
        _tell_what_ended(here, running)
    except LoraCoreError:
        # The disk is away: it beats on, says so, and draws the page anew when the disk is back.
        st.session_state[_SEEN] = None
    is_busy = bool(running) or _is_uploading(here)
    st.fragment(_beat, run_every=_BUSY_S if is_busy else _QUIET_S)()
    just_ended()
    st.caption(words.escaped(here.endpoint_sentence()))


def _tell_what_ended(here: TrainingLab, running: list[Tracked]) -> None:
    """Says once, wherever the user is, how a training ended that ran when this session looked last."""
    now = datetime.now(UTC)
    before = st.session_state.get(_RUNNING, [])
    st.session_state[_RUNNING] = [(one.style.folder, one.version.key) for one in running]
    for folder, key in set(before) - set(st.session_state[_RUNNING]):
        with suppress(NotFoundError):
            try:
                version = here.version(folder, key)
            except StoreError:  # its file cannot be read just now: how it ended is told when it can
                st.session_state[_RUNNING].append((folder, key))
                continue
            shown = words.look(version, here.sighting(version), now)
            st.toast(
                f"{words.escaped(version.name)} · {words.escaped(shown.word)}",
                icon=_TOAST_ICONS.get(shown.color),
            )


def _beat() -> None:
    here = lab()
    try:
        seen = "|".join([_records(here), _progress_watched(here), _pictures_watched(here)])
        if seen != st.session_state.get(_SEEN) or is_over():
            st.session_state[_SEEN] = seen
            st.rerun(scope="app")
        running_list(here, here.running())
    except LoraCoreError as error:
        st.warning(words.escaped(error), icon=":material/warning:")
        if st.session_state.get(_SEEN) is not None:  # on a phone the sidebar is shut: once where it is seen
            st.session_state[_SEEN] = None
            st.toast(words.escaped(error), icon=":material/warning:", duration="long")


def watch(style: Style, version: Version) -> None:
    """This run shows the details of a running training: its progress is to be followed there, too."""
    st.session_state[_WATCHED] = (style.folder, version.key)


def watch_pictures(here: TrainingLab, style: Style) -> None:
    """This run is about to draw the pictures of a style: what is uploaded, and what changes there, is to be followed.

    What an upload adds while the page is being drawn is a change, too: so they are looked at before.
    """
    st.session_state[_PICTURES] = {"style": style.folder}
    st.session_state[_PICTURES] = {"style": style.folder, "drawn": _pictures_watched(here)}


def _drawn(here: TrainingLab) -> str | None:
    """Everything whose change makes the page draw itself anew, as it was drawn; None: it could not be read."""
    records: str | None = st.session_state.get(_DRAWN)
    pictures = st.session_state.get(_PICTURES, {}).get("drawn", "")
    return None if records is None else "|".join([records, _progress_watched(here), pictures])


def _records(here: TrainingLab) -> str:
    """Of all styles: what was written, and how what runs is shown."""
    etags = [f"{style.folder}={_etag(here, style)}" for style in here.styles()]
    now = datetime.now(UTC)
    looks = [words.look(one.version, here.sighting(one.version), now).word for one in here.running()]
    return "|".join([instance_id(), *etags, *looks])


def _etag(here: TrainingLab, style: Style) -> str:
    try:
        return here.etag(style)
    except StoreError as error:  # its own page tells; the other styles go on
        return str(error)


def _progress_watched(here: TrainingLab) -> str:
    watched = st.session_state.get(_WATCHED)
    for one in here.running() if watched else ():
        if (one.style.folder, one.version.key) == watched:
            sighting = here.sighting(one.version)
            return f"{sighting.progress} {sighting.sentence}" if sighting else ""
    return ""


def _is_uploading(here: TrainingLab) -> bool:
    watched = st.session_state.get(_PICTURES)
    with suppress(LoraCoreError):
        return watched is not None and any(one.is_running for one in here.uploads(watched["style"]))
    return False


def _pictures_watched(here: TrainingLab) -> str:
    watched = st.session_state.get(_PICTURES)
    if watched is None:
        return ""
    style = watched["style"]
    try:
        uploads = [(one.id, one.done, one.is_running) for one in here.uploads(style)]
        return f"{uploads} {hash((tuple(here.images(style)), tuple(here.selection_sets(style))))}"
    except LoraCoreError as error:
        return str(error)
