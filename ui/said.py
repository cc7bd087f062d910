"""What the last action on a version answered, with the time at which it did."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from lora_core import LoraCoreError, TrainingLab, Version
from ui import words
from ui.training_progress import last_look_sentence

_SAID: Final = "details:said"


def act_on(version: Version, action: Callable[[], object]) -> None:
    """Runs an action; what it says, or why it could not, is shown after the redraw."""
    try:
        sentence = action()
    except LoraCoreError as error:
        sentence = str(error)
    text = sentence if isinstance(sentence, str) else ""
    st.session_state[_SAID] = {"key": version.key, "text": text, "at": datetime.now(UTC).timestamp()}
    st.rerun()


def last_said(lab: TrainingLab, version: Version) -> None:
    """Stays until the next action or the next version: nothing vanishes under the reader by itself."""
    said = st.session_state.get(_SAID)
    if said is None or not said["text"]:
        return
    if said["key"] != version.key:
        del st.session_state[_SAID]
        return
    if said["text"] == last_look_sentence(lab, version):  # which stands there anyway
        return
    at = datetime.fromtimestamp(said["at"], words.zone())
    st.info(f"{at:%H:%M:%S} · {words.escaped(said['text'])}", icon=":material/info:")
