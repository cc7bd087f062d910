"""The grid of pictures: selected by a click or by keys, captions edited in place, one picture large.

Sixty widgets of Streamlit's own would take seconds to draw; this is one component, which draws from data. Its texts
reach the page as text, never as HTML. The pictures are served as Streamlit serves those of `st.image`, so that a click
sends none of them again.
"""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Final

import streamlit as st
from streamlit import runtime

from lora_core import Picture, TrainingLab
from ui import picture_events, words
from ui.picture_listing import PAGE, PROBLEMS, Gallery, Listed
from ui.process import lab as lab_of_this_process

_KEY: Final = "picture_grid"
_SMALL_PX, _LARGE_PX = 320, 1280
_PATIENCE_S: Final = 0.8
"""So long a run may make small pictures; the grid asks for those that are missing then."""
_OWN: Final = Path(__file__).resolve()
_HTML: Final = _OWN.with_suffix(".html").read_text(encoding="utf-8")
_CSS: Final = _OWN.with_suffix(".css").read_text(encoding="utf-8")
_JS: Final = _OWN.with_suffix(".js").read_text(encoding="utf-8")


def picture_grid(lab: TrainingLab, gallery: Gallery, listed: Listed) -> None:
    """Draws the page of the list that is open."""
    component = st.components.v2.component("lora_lab_picture_grid", html=_HTML, css=_CSS, js=_JS)
    component(key=_KEY, data=_data(lab, gallery, listed), on_events_change=_told)


def _told() -> None:
    """Before anything is drawn, so that the whole page shows what was done."""
    picture_events.take(lab_of_this_process(), (st.session_state.get(_KEY) or {}).get("events"))


def _data(lab: TrainingLab, gallery: Gallery, listed: Listed) -> dict[str, Any]:
    style, shown = gallery.style, {one.filename for one in listed.shown}
    opened = picture_events.opened(style)
    large = _address(lab, gallery, opened, _LARGE_PX) if opened in shown else None
    return {
        "style": style.folder,
        "confirmed": picture_events.confirmed(),
        "failed": picture_events.failed(style),
        "cards": list(_cards(lab, gallery, listed)),
        "chosen": sorted(gallery.selected & shown),
        "opened": {"name": opened, "url": large} if large else None,
        "page": listed.page,
        "pages": listed.pages,
        "first": listed.page * PAGE,
        "of": len(listed.pictures),
    }


def _cards(lab: TrainingLab, gallery: Gallery, listed: Listed) -> Iterator[dict[str, Any]]:
    began = monotonic()
    for picture in listed.shown:
        is_waiting = monotonic() - began > _PATIENCE_S
        yield {
            "name": picture.filename,
            "url": None if is_waiting else _address(lab, gallery, picture.filename, _SMALL_PX),
            "is_waiting": is_waiting,
            "size": _size(picture),
            "bytes": words.size(picture.size_bytes),
            "caption": picture.caption,
            "problem": PROBLEMS[picture.caption_problem] if picture.caption_problem else None,
            "place": _place(gallery, picture),
        }


def _address(lab: TrainingLab, gallery: Gallery, name: str | None, edge: int) -> str | None:
    """Where the browser gets a small picture: what `st.image` does for its own."""
    data = lab.thumbnail(gallery.style.folder, name, edge=edge) if name else None
    if data is None or not runtime.exists():
        return None
    return runtime.get_instance().media_file_mgr.add(data, "image/jpeg", f"{_KEY}-{edge}-{name}")


def _size(picture: Picture) -> str:
    return f"{picture.width} × {picture.height}" if picture.width and picture.height else "cannot be read"


def _place(gallery: Gallery, picture: Picture) -> str | None:
    is_missing = gallery.in_bucket is not None and picture.filename not in gallery.in_bucket
    return "not in the bucket" if is_missing else None
