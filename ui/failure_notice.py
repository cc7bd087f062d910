"""Why a version failed: a sentence that says what to do next, and under it all that was said."""

import re
from typing import Final

import streamlit as st

from lora_core import FailureReason, Version, VersionStatus
from ui import words

_SCROLLS_FROM_LINES: Final = 6
_SCROLLING_PX: Final = 150
_WIDTH: Final = 60
"""Characters of the error that fit into one line of the panel."""

_KNOWN: Final = (
    (
        re.compile("out of memory", re.IGNORECASE),
        "The GPU ran out of memory. Halve the batch size or the network dim, or use a larger GPU; then start it again.",
    ),
    (
        re.compile("no space left on device", re.IGNORECASE),
        "The worker's disk was full. Save fewer checkpoints, or give the endpoint more disk; then start it again.",
    ),
    (
        re.compile(r"\b(loss|gradient)\b.{0,40}\b(nan|inf)", re.IGNORECASE | re.DOTALL),
        "The loss grew without bound. Start it again with a lower learning rate.",
    ),
)
_BY_REASON: Final = {
    FailureReason.TRAINER: "The trainer ended with an error; no model was made. Its own words stand below: change what "
    "they name, then start it again.",
    FailureReason.CANCELLED: "It was cancelled. Its settings are kept; start it again whenever you like.",
    FailureReason.TIMED_OUT: "It ran or waited longer than allowed. Train fewer steps, or raise "
    "RUNPOD_EXECUTION_TIMEOUT_HOURS.",
    FailureReason.WORKER_LOST: "The machine under it was lost; that is no fault of its settings. Start it again.",
    FailureReason.LOST: "It ended without a trace: RunPod forgot it, and it left no model. Start it again. Should its "
    "model still appear, Check status finds it.",
    FailureReason.GIVEN_UP: "It was marked as failed by hand.",
}


def failure_notice(version: Version) -> None:
    """Drawn for what has failed, and for a draft that could not be started."""
    if version.error is None and version.status is not VersionStatus.FAILED:
        return
    st.error(words.escaped(_plainly(version)), icon=":material/error:")
    if version.error is not None and version.failure_reason is not FailureReason.CANCELLED:
        is_long = _lines(version.error) > _SCROLLS_FROM_LINES
        st.code(
            version.error,
            language=None,
            wrap_lines=True,
            height=_SCROLLING_PX if is_long else "content",
        )


def _plainly(version: Version) -> str:
    if version.status is VersionStatus.DRAFT:
        return "It was not started. Nothing runs; change what is needed and start it again."
    reason, error = version.failure_reason, version.error or ""
    known = next((said for pattern, said in _KNOWN if pattern.search(error)), None)
    if known is not None and reason in (FailureReason.TRAINER, None):
        return known
    if reason is not None:
        return _BY_REASON[reason]
    return (
        "The training failed. What was said of it stands below."
        if error
        else "The training failed; why was not recorded."
    )


def _lines(error: str) -> int:
    return sum(1 + len(line) // _WIDTH for line in error.splitlines())
