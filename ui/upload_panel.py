"""Adding pictures: files, ZIPs and folders, taken by a worker of the lab; what becomes of each is told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from lora_core import Incoming, IntakeResult, LoraCoreError, OnConflict, Outcome, Style, TrainingLab, Upload
from ui import dataset_news, words
from ui.dataset_news import counted
from ui.picture_listing import list_anew
from ui.pressed import button

_TYPES: Final = ("jpg", "jpeg", "png", "webp", "txt", "zip")
_LARGEST_MB: Final = 2000
_ROUND: Final = "datasets:upload_round"
_TALLEST_PX: Final = 220
_SHOWN_WHOLE: Final = 6
_LOOKS: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.ADDED: ("added", ":material/check:"),
    Outcome.CAPTION_ADDED: ("captions added", ":material/check:"),
    Outcome.REPLACED: ("replaced", ":material/check:"),
    Outcome.KEPT_BOTH: ("kept beside the other", ":material/check:"),
    Outcome.ALREADY_THERE: ("there already", ":material/content_copy:"),
    Outcome.SKIPPED: ("skipped", ":material/skip_next:"),
    Outcome.CONFLICT: ("to be decided", ":material/help:"),
    Outcome.REFUSED: ("refused", ":material/block:"),
}
_DECISIONS: Final = {
    OnConflict.KEEP_BOTH: "Keep both",
    OnConflict.REPLACE: "Replace",
    OnConflict.SKIP: "Skip",
}


def upload_panel(lab: TrainingLab, style: Style) -> None:
    """Two places to drop into: a browser gives files or a folder, never both."""
    files, folder = st.columns(2, gap="medium")
    with files:
        _uploader(lab, style, "Drop pictures, captions (.txt) or a ZIP of them", True, "files")
    with folder:
        _uploader(lab, style, "Or drop a folder of them", "directory", "folder")
    st.caption(
        "A text file with a picture's name becomes its caption. Each file is checked before it is kept; "
        "the upload goes on when you leave this page."
    )


def _uploader(lab: TrainingLab, style: Style, label: str, many: Any, name: str) -> None:
    number = int(st.session_state.get(_ROUND, 0))
    key = f"datasets:upload:{name}:{style.folder}:{number}"
    files = st.file_uploader(
        label, type=_TYPES, accept_multiple_files=many, key=key, max_upload_size=_LARGEST_MB
    )
    if not files:
        return
    tell = dataset_news.telling()
    st.session_state[_ROUND] = number + 1  # an empty one next: these are the lab's from here on
    try:
        lab.begin_upload(style.folder, [Incoming(one.name, one) for one in files])
    except LoraCoreError as error:
        tell.failed(style, error)
    st.rerun()


def uploads(lab: TrainingLab, style: Style) -> None:
    """Those that run, and those that have ended and were not put away."""
    for upload in lab.uploads(style.folder):
        with st.container(border=True, key=f"dataset_upload-{upload.id}"):
            _upload(upload)


def _upload(upload: Upload) -> None:
    results = upload.results
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{_heading(upload)}** {_summary(results)}", width="stretch")
        if not upload.is_running:
            st.button(
                "Hide",
                key=f"datasets:dismiss:{upload.id}",
                type="tertiary",
                on_click=_dismiss,
                args=(upload,),
            )
    if upload.is_running:
        st.progress(min(1.0, upload.done / max(1, upload.total)))
    if upload.conflicts:
        _conflicts(upload)
    _told(upload, [one for one in results if _is_worth_telling(one)])


def _dismiss(upload: Upload) -> None:
    upload.dismiss()
    list_anew()  # what it brought takes its place among the others


def _heading(upload: Upload) -> str:
    if not upload.is_running:
        return "Upload done."
    return f"Uploading {upload.done:,} of {upload.total:,} …"


def _summary(results: Sequence[IntakeResult]) -> str:
    counts = Counter(one.outcome for one in results)
    return " · ".join(f"{counts[one]:,} {word}" for one, (word, _) in _LOOKS.items() if counts[one])


def _is_worth_telling(result: IntakeResult) -> bool:
    is_plain = result.outcome in (Outcome.ADDED, Outcome.CAPTION_ADDED) and not result.has_warning
    return not is_plain and result.outcome is not Outcome.CONFLICT


def _told(upload: Upload, results: Sequence[IntakeResult]) -> None:
    if not results:
        return
    is_long = len(results) > _SHOWN_WHOLE
    with (
        st.expander(f"What to know of {counted(len(results), 'file')}", expanded=not upload.is_running),
        st.container(height=_TALLEST_PX if is_long else "content", border=False),
    ):
        for one in results:
            icon = ":material/warning:" if one.has_warning else _LOOKS[one.outcome][1]
            st.markdown(f"{icon} **{words.escaped(one.filename)}** {words.escaped(one.sentence)}")


def _conflicts(upload: Upload) -> None:
    names = [one.filename for one in upload.conflicts]
    st.markdown(
        f"**{counted(len(names), 'file')} to be decided:** another file of the style has the name and other content."
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for decision, label in _DECISIONS.items():
            decided = button(f"{label}: all", key=f"datasets:settle:{upload.id}:{decision}")
            if decided():
                upload.settle(dict.fromkeys(names, decision))
                st.rerun()
    with st.container(height=_TALLEST_PX if len(names) > _SHOWN_WHOLE else "content", border=False):
        for number, one in enumerate(upload.conflicts[:100]):
            _conflict(upload, one, number)


def _conflict(upload: Upload, result: IntakeResult, number: int) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"{words.escaped(result.filename)}", width="stretch")
        for decision, label in _DECISIONS.items():
            decided = button(
                label,
                key=f"datasets:settle:{upload.id}:{number}:{result.filename}:{decision}",
                help=f"{label}: {words.escaped(result.filename)}",
            )
            if decided():
                upload.settle({result.filename: decision})
                st.rerun()
