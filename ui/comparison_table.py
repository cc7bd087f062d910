"""Versions side by side: a column each, a row for what differs, their loss curves, a start from any of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import streamlit as st

from lora_core import Difference, Tracked, TrainingLab, side_by_side
from ui import words
from ui.comparison_chart import comparison_chart
from ui.comparison_fields import FIELDS, compared_values
from ui.page import open_training
from ui.selection import select

_MOST: Final = 8
_LONGEST_LABEL: Final = 24


def comparison(lab: TrainingLab, picked: Sequence[Tracked]) -> None:
    """Of two and more; the oldest is the first column, and what the others have otherwise stands out."""
    shown = sorted(picked[:_MOST], key=_age)
    names = _column_names(shown)
    curves = {name: lab.loss_curve(one.version) for name, one in zip(names, shown, strict=True)}
    columns = [
        compared_values(lab, one.version, curves[name]) for name, one in zip(names, shown, strict=True)
    ]
    if len(picked) > _MOST:
        st.info(
            f"{len(picked)} are selected; the first {_MOST} of them are compared.", icon=":material/info:"
        )
    with st.container(key="comparison_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"{len(shown)} versions compared", anchor=False, width="content")
        _starts(shown, names)
        shows_all = st.toggle(
            "Show what is the same, too", key="history:compare_all", persist_state="session"
        )
    rows = [row for row in side_by_side(columns, fields=list(FIELDS)) if shows_all or row.is_one]
    if rows:
        with st.container(key="comparison_table"):
            st.markdown(_table(lab, shown, names, rows))
            st.caption("Marked is what is not as in the first column.")
    else:
        st.info("They do not differ in settings, dataset or result.", icon=":material/info:")
    comparison_chart({_short(name): curve for name, curve in curves.items()})


def _starts(shown: Sequence[Tracked], names: Sequence[str]) -> None:
    for number, (one, name) in enumerate(zip(shown, names, strict=True)):
        if st.button(
            f"Start from {words.escaped(_short(name))}",
            key=f"history:start:{number}:{one.version.key}",
            icon=":material/play_arrow:",
            help=f"Loads {words.escaped(name)} into Training, where a change and Start make a new version.",
        ):
            select(one.style, one.version.key)
            open_training()


def _table(
    lab: TrainingLab, shown: Sequence[Tracked], names: Sequence[str], rows: Sequence[Difference]
) -> str:
    """As Markdown: text wraps, it can be selected, and a screen reader reads it as a table."""
    now = datetime.now(UTC)
    heads = [_head(lab, one, name, now) for one, name in zip(shown, names, strict=True)]
    lines = [_line("Field", heads), _line("---", ["---"] * len(shown))]
    for group, members in groupby(rows, key=lambda row: FIELDS[row.field].group):
        lines.append(_line(f":gray[{group}]", [""] * len(shown)))
        lines += [_line(FIELDS[row.field].label, _cells(row)) for row in members]
    return "\n".join(lines)


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"


def _head(lab: TrainingLab, one: Tracked, name: str, now: datetime) -> str:
    version = one.version
    seen = words.look(version, lab.sighting(version), now)
    parts = [f"**{words.escaped(name)}**", f"{seen.icon} {words.escaped(seen.word)}"]
    parts += [":material/star: good"] if version.is_good else []
    parts += [words.day(version.created_at)] if version.created_at else []
    return " · ".join(parts)


def _cells(row: Difference) -> list[str]:
    told = [words.escaped(FIELDS[row.field].text(value)) for value in row.values]
    return [
        f":orange-background[**{text}**]" if row.differs_from_first(column) else text
        for column, text in enumerate(told)
    ]


def _age(one: Tracked) -> datetime:
    return one.version.created_at or datetime.max.replace(tzinfo=UTC)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1].rstrip()}…"


def _column_names(shown: Sequence[Tracked]) -> list[str]:
    styles = {one.style.folder for one in shown}
    names = [
        one.version.name if len(styles) == 1 else f"{one.style.name} {one.version.name}" for one in shown
    ]
    return [name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]
