"""Small pictures in a row: of the chosen dataset, to recognise it by, and of what a version was trained on."""

from typing import Final

import streamlit as st

from lora_core import (
    FileState,
    FrozenDataset,
    FrozenPicture,
    LoraCoreError,
    Style,
    TrainingLab,
    Version,
    VersionStatus,
)
from ui import words
from ui.form_content import Form

_SHOWN: Final = 8
_SHOWN_IN_DETAILS: Final = 7
"""One row there, too."""
_STATES: Final = {FileState.CHANGED: "changed since", FileState.GONE: "not here"}


def picture_strip(lab: TrainingLab, form: Form) -> None:
    """The first pictures of the chosen dataset, and how many more there are."""
    names = form.selection_set.filenames if form.selection_set else ()
    if not _strip(lab, form.style, names):
        st.caption("None of its pictures is at hand here." if names else "No picture to show.")


def trained_on(lab: TrainingLab, style: Style, version: Version) -> None:
    """The pictures of a version, and whether they are still what it was trained on."""
    if version.status is VersionStatus.DRAFT:  # its form shows what it would be trained on
        return
    try:
        frozen = lab.dataset_of(style.folder, version)
    except LoraCoreError as error:
        st.caption(words.escaped(error))
        return
    with st.container(key="trained_on", gap="xsmall"):
        st.markdown(f":small[{_told(version, frozen)}]")
        if frozen is not None:
            _strip(lab, style, frozen.filenames, _SHOWN_IN_DETAILS)
            if frozen.is_exact:
                _list(version, frozen)


def _strip(lab: TrainingLab, style: Style, names: tuple[str, ...], limit: int = _SHOWN) -> bool:
    """Whether there was something to show."""
    pictures = lab.thumbnails(style, names, limit=limit)
    if pictures:
        st.image(  # their size is in the CSS: told here, each would be scaled anew in every run
            [picture.data for picture in pictures],
            output_format="JPEG",
            alt=[picture.description for picture in pictures],
        )
    return bool(pictures)


def _told(version: Version, frozen: FrozenDataset | None) -> str:
    if frozen is None:
        return "The exact list of its pictures was not recorded."
    if not frozen.is_exact:
        return (
            f"The exact list of its pictures was not recorded. This is set {version.selection_set_id} as it is "
            "now:"
        )
    return f"Trained on {_counted(len(frozen.pictures), 'picture', 'pictures')}. {_since(frozen)}"


def _since(frozen: FrozenDataset) -> str:
    """What has become of them."""
    pictures = [one.state for one in frozen.pictures]
    changed, gone = pictures.count(FileState.CHANGED), pictures.count(FileState.GONE)
    if gone == len(pictures):  # they may never have been: RunPod reads them from the bucket
        return "None of them is at hand here."
    captions = sum(
        one.caption_state in (FileState.CHANGED, FileState.GONE) and one.state is not FileState.GONE
        for one in frozen.pictures
    )
    unknown = sum(one.state is FileState.NOT_HASHED for one in frozen.pictures)
    parts = [
        f":orange[:material/change_circle: {_counted(changed, 'has', 'have')} changed since.]"
        if changed
        else "",
        f":orange[:material/hide_image: {_counted(gone, 'is', 'are')} gone.]" if gone else "",
        f":orange[:material/edit_note: {_counted(captions, 'caption is', 'captions are')} not the same any more.]"
        if captions
        else "",
        f"{_counted(unknown, 'was', 'were')} not at hand here then: whether it changed cannot be told."
        if unknown
        else "",
    ]
    return " ".join(filter(None, parts)) or "They are as they were."


def _list(version: Version, frozen: FrozenDataset) -> None:
    """All of them by name, once asked for."""
    whole = st.expander(
        "Which pictures", icon=":material/list:", key=f"trained_on:{version.key}", on_change="rerun"
    )
    if whole.open:
        with whole, st.container(key="trained_on_names"):
            st.markdown("\n".join(f"- {words.escaped(one.filename)}{_state(one)}" for one in frozen.pictures))


def _state(one: FrozenPicture) -> str:
    told = _STATES.get(one.state)
    if told is None and one.caption_state in _STATES:
        told = f"caption {_STATES[one.caption_state]}"
    return f" :orange[{told}]" if told else ""


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
