"""The model of a version: where it is, the file where it is at hand, and what was saved on the way to it."""

from pathlib import Path
from typing import Final

import streamlit as st

from lora_core import Checkpoint, ModelFile, StoreUnavailableError, TrainingLab, Version, VersionStatus
from ui import words
from ui.copyable import copyable

_DOWNLOADABLE: Final = 200_000_000
"""Bytes; Streamlit holds a download in memory."""
_MOST_CHECKPOINTS: Final = 20
_MIME: Final = "application/octet-stream"


def model_box(lab: TrainingLab, version: Version) -> None:
    """The model of a completed version, and the checkpoints of any."""
    if version.status is VersionStatus.COMPLETED:
        _model(lab, version)
    if version.status is not VersionStatus.DRAFT:
        _checkpoints(lab, version)


def _model(lab: TrainingLab, version: Version) -> None:
    file, fault = _at_hand(lab, version)
    size = f" · {words.size(file.size_bytes)}" if file else ""
    with st.container(key="model_box", gap="xsmall"):
        st.caption(f"Model{size}")
        if version.lora_url is None:
            st.text("The trainer gave no address.")
        else:
            copyable(version.lora_url, what="the model's address", key="model_address")
        with st.container(horizontal=True, gap="small"):
            if version.lora_url and version.lora_url.startswith("https://"):
                st.link_button("Open", version.lora_url, icon=":material/open_in_new:")
            if file is not None and _is_small(file):
                _download(file, "Download", f"download:{version.key}")
        if said := fault or _how_to_get_it(lab, version, file):
            st.caption(words.escaped(said))
    if misplaced := lab.misplaced_model(version):
        st.warning(words.escaped(misplaced), icon=":material/wrong_location:")


def _at_hand(lab: TrainingLab, version: Version) -> tuple[ModelFile | None, str]:
    """The file, or why the folder of models cannot be read: the version's own page is shown all the same."""
    try:
        return lab.model_file(version), ""
    except StoreUnavailableError as error:
        return None, str(error)


def _how_to_get_it(lab: TrainingLab, version: Version, file: ModelFile | None) -> str:
    """Where there is no button that brings it."""
    if file is not None:
        return (
            "" if _is_small(file) else f"It is too large to be sent through the page; it lies at {file.path}"
        )
    folder = lab.settings.lora_lab_models
    url = version.lora_url or ""
    if url.startswith("https://"):
        return f"It is not on this machine: open its address. A copy in {folder} can be downloaded here, too."
    if url.startswith("s3://"):
        return f"It is not on this machine. To fetch it: aws s3 cp {url} {folder}/"
    if url.startswith("file:"):
        return f"Its file is gone from {folder}, or was moved."
    return f"It is not on this machine. Put its file into {folder} to have it at hand here."


def _checkpoints(lab: TrainingLab, version: Version) -> None:
    try:
        found = lab.checkpoints(version)
    except StoreUnavailableError:  # said above, where it is about the model
        return
    if not found:
        return
    box = st.expander(
        f"Checkpoints · {len(found)}",
        key=f"checkpoints:{version.key}",
        icon=":material/inventory_2:",
        on_change="rerun",
    )
    if not box.open:  # its buttons cost nothing until somebody wants to see them
        return
    shown = found[-_MOST_CHECKPOINTS:]
    with box, st.container(horizontal=True, gap="small"):
        for one in shown:
            _checkpoint(version, one)
        if len(shown) < len(found):
            folder = lab.settings.lora_lab_models
            st.caption(words.escaped(f"{len(found) - len(shown)} earlier ones lie in {folder}"))


def _checkpoint(version: Version, one: Checkpoint) -> None:
    place = f"step {one.step:,}" if one.step is not None else f"epoch {one.epoch}"
    label = f"{place} · {words.size(one.file.size_bytes)}"
    if _is_small(one.file):
        _download(one.file, label, f"checkpoint:{version.key}:{one.file.name}")
    else:
        st.caption(words.escaped(f"{label}: {one.file.path}"))


def _is_small(file: ModelFile) -> bool:
    return file.path is not None and file.size_bytes <= _DOWNLOADABLE


def _download(file: ModelFile, label: str, key: str) -> None:
    path = file.path or Path()
    st.download_button(
        label,
        data=path.read_bytes,
        file_name=path.name,
        mime=_MIME,
        icon=":material/download:",
        key=key,
        on_click="ignore",
    )
