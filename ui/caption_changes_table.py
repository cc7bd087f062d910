"""Captions before and after an edit, cut down to where they differ."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import streamlit as st

from lora_core import CaptionChange
from lora_core.json_text import well_formed

_CONTEXT: Final = 20
"""Characters beside what differs."""
_TALLEST_PX: Final = 248
_HEAD_PX, _ROW_PX = 38, 35


def changes_table(changes: Sequence[CaptionChange]) -> None:
    """One row each."""
    rows = [(one.filename, *around(one.before or "", one.after or "")) for one in changes]
    names, before, after = ([*map(well_formed, column)] for column in zip(*rows, strict=True))
    st.dataframe(
        {"Picture": names, "Now": before, "Then": after},
        hide_index=True,
        height=min(_HEAD_PX + _ROW_PX * len(rows), _TALLEST_PX),
        alt="Captions as they are and as they would become",
    )


def around(before: str, after: str) -> tuple[str, str]:
    """Both texts where they differ and a few words around it: captions are longer than any column."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    front, back = max(0, start - _CONTEXT), max(0, end - _CONTEXT)

    def cut(text: str) -> str:
        return ("…" if front else "") + text[front : len(text) - back] + ("…" if back else "")

    return cut(before), cut(after)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
