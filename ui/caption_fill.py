"""Captions for pictures that have none, written from a pattern, or each by itself where they are few."""

from typing import Final

import streamlit as st

from lora_core import CaptionPlan, FillEmpty, LoraCoreError, TrainingLab
from ui import pressed, start_message, words
from ui.form_content import Form

_FEW: Final = 5
"""As many get a field of their own."""
_PREVIEWED: Final = 3
_SHOWN: Final = 8
_HINT: Final = "{name}: the file's name, {number}: 1, 2, 3 ..., {trigger}: the style's trigger token."


def caption_fill(lab: TrainingLab, form: Form, filenames: tuple[str, ...]) -> None:
    """Says which, asks what to write, shows what it would be, and writes it."""
    is_few = len(filenames) <= _FEW
    if not is_few:
        _named(lab, form, filenames)
    pattern = st.text_input(
        "Caption for each, unless it gets its own below" if is_few else f"Caption for all {len(filenames)}",
        _suggested(form),
        key=f"fill:{form.form_id}",
        help=_HINT,
    )
    try:
        plan = lab.plan_caption_edit(form.style.folder, filenames, FillEmpty(pattern))
    except LoraCoreError as error:
        st.error(words.escaped(error), icon=":material/error:")
        return
    planned = {change.filename: change.after or "" for change in plan.changes}
    own = _fields(lab, form, filenames, planned) if is_few else {}
    if not is_few:
        _preview(planned)
    count = len({*planned, *own})
    writes = pressed.button(
        f"Write {count} captions" if count != 1 else "Write the caption",
        key=f"write_captions:{form.form_id}",
        type="primary",
        icon=":material/edit_note:",
    )
    if writes():
        _write(lab, form, plan, own)


def _suggested(form: Form) -> str:
    """The trainer puts the class tokens before each caption: the trigger would stand there twice."""
    trigger = form.style.trigger_token.casefold()
    return (
        "{name}" if trigger in str(form.parameter("class_tokens") or "").casefold() else "{trigger}, {name}"
    )


def _named(lab: TrainingLab, form: Form, filenames: tuple[str, ...]) -> None:
    pictures = lab.thumbnails(form.style, filenames, limit=_SHOWN)
    if pictures:
        st.container(key="start_check_pictures").image(
            [one.data for one in pictures], output_format="JPEG", alt=[one.description for one in pictures]
        )
    with st.container(key="start_check_names"):
        st.markdown("\n".join(f"- {words.escaped(name)}" for name in filenames))


def _fields(
    lab: TrainingLab, form: Form, filenames: tuple[str, ...], planned: dict[str, str]
) -> dict[str, str]:
    """One field for each; answers what was typed. What is left empty gets the caption for all."""
    typed = {}
    for name in filenames:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"fill_row:{name}"):
            for picture in lab.thumbnails(form.style, [name], limit=1):
                st.image(picture.data, output_format="JPEG", alt=picture.description)
            with st.container(gap="xxsmall"):
                st.markdown(f":small[{words.escaped(name)}]")
                text = st.text_input(
                    name,  # hidden, it is the field's name for screen readers, who would hear each escape
                    key=f"fill:{form.form_id}:{name}",
                    placeholder=planned.get(name, ""),
                    label_visibility="collapsed",
                )
        if text.strip():
            typed[name] = text.strip()
    return typed


def _preview(planned: dict[str, str]) -> None:
    lines = [
        f"- {words.escaped(name)}: {words.escaped(text)}" for name, text in [*planned.items()][:_PREVIEWED]
    ]
    if len(planned) > _PREVIEWED:
        lines.append(f"- and {len(planned) - _PREVIEWED} more")
    st.caption("\n".join(["Would become", "", *lines]) if lines else "Nothing would be written.")


def _write(lab: TrainingLab, form: Form, plan: CaptionPlan, own: dict[str, str]) -> None:
    say = start_message.saying(form)
    try:
        for name, text in own.items():
            lab.caption(form.style.folder, name, text)
        undoing = lab.apply_captions(plan)
    except LoraCoreError as error:
        say(str(error))
    else:
        written = {*own, *(change.filename for change in undoing.changes)}
        if undoing.problem:
            say(undoing.problem)
        elif written:
            what = "The caption was" if len(written) == 1 else f"{len(written)} captions were"
            say(f"{what} written. Nothing was started yet.", is_good=True)
        else:
            say("There was nothing to write: type what the captions are to say.")
    st.rerun()
