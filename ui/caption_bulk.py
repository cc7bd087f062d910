"""Captions of many pictures at once: what would change is shown first, and can be undone as one."""

from typing import Final
from zlib import crc32

import streamlit as st

from lora_core import (
    CaptionEdit,
    CaptionPlan,
    FillEmpty,
    LoraCoreError,
    RemoveWord,
    Replace,
    TrainingLab,
    TriggerAtEnd,
    TriggerAtFront,
)
from ui import dataset_news, words
from ui.caption_changes_table import changes_table
from ui.dataset_news import counted
from ui.picture_listing import Gallery, Listed
from ui.pressed import button

_FRONT: Final = "Trigger token at the front"
_END: Final = "Trigger token at the end"
_REPLACE: Final = "Find and replace"
_REMOVE: Final = "Remove a word"
_FILL: Final = "Fill empty captions"
_SHOWN: Final = 200
_KEEP: Final = "session"


def caption_bulk(lab: TrainingLab, gallery: Gallery, listed: Listed) -> None:
    """The edit, its pictures, and what it would change."""
    with st.container(key="caption_edit", horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.selectbox(
            "Edit", [_END, _FRONT, _REPLACE, _REMOVE, _FILL], key="datasets:edit", persist_state=_KEEP
        )
        edit = _edit(kind)
    names = _names(gallery, listed)
    _remark(gallery, kind)
    if edit is None:
        return
    try:
        plan = lab.plan_caption_edit(gallery.style.folder, names, edit)
    except LoraCoreError as error:
        st.error(words.escaped(error), icon=":material/error:")
        return
    _preview(lab, gallery, plan, len(names))


def _names(gallery: Gallery, listed: Listed) -> list[str]:
    if gallery.selected:
        return [one for one in gallery.names if one in gallery.selected]
    return [one.filename for one in listed.pictures]


def _edit(kind: str) -> CaptionEdit | None:
    """None while something has to be typed first."""
    match kind:
        case "Trigger token at the front":
            return TriggerAtFront()
        case "Trigger token at the end":
            return TriggerAtEnd()
        case "Find and replace":
            return _replacing()
        case "Remove a word":
            word = _text("Word or phrase", "remove")
            return RemoveWord(word) if word.strip() else None
        case _:
            pattern = _text("Pattern", "fill", "{name}, {trigger}")
            return FillEmpty(pattern) if pattern.strip() else None


def _replacing() -> Replace | None:
    find, by = _text("Find", "find"), _text("Replace by", "by")
    whole_words = st.checkbox("Whole words", key="datasets:edit:whole_words", persist_state=_KEEP)
    ignore_case = st.checkbox("Ignore case", key="datasets:edit:ignore_case", persist_state=_KEEP)
    return Replace(find, by, whole_words=whole_words, ignore_case=ignore_case) if find else None


def _text(label: str, name: str, default: str = "") -> str:
    return st.text_input(label, default, key=f"datasets:edit:{name}", persist_state=_KEEP)


def _remark(gallery: Gallery, kind: str) -> None:
    token = words.escaped(gallery.style.trigger_token)
    remarks = {
        _FRONT: f"The trainer itself puts class tokens before every caption: with {token} at the front of the "
        "captions, too, it stands there twice.",
        _FILL: "{name}: the picture's name; {number}: its place; {trigger}: the trigger token.",
    }
    whose = (
        "the selected pictures" if gallery.selected else "all pictures that are listed, as none is selected"
    )
    st.caption(f"Of {whose}. {remarks.get(kind, '')}")


def _preview(lab: TrainingLab, gallery: Gallery, plan: CaptionPlan, of: int) -> None:
    changes = plan.changes
    if not changes:
        st.caption(f"Nothing would change in {counted(of, 'caption')}.")
        return
    changes_table(changes[:_SHOWN])
    tell = dataset_news.telling()
    with st.container(horizontal=True, vertical_alignment="center"):
        is_applied = button(  # its key is of what is shown: a press is for these changes and no others
            f"Change {counted(len(changes), 'caption')}",
            key=f"datasets:apply_captions:{crc32(repr(changes).encode(errors='replace'))}",
            type="primary",
        )
        more = f"The first {_SHOWN} are shown. " if len(changes) > _SHOWN else ""
        st.caption(f"{more}{of - len(changes):,} stay as they are.", width="content")
    if is_applied():
        try:
            tell.captions(gallery.style, lab.apply_captions(plan))
        except LoraCoreError as error:
            tell.failed(gallery.style, error)
        st.rerun()
