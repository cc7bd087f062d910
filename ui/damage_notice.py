"""What a page shows instead of a traceback when the lab cannot give it what it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import streamlit as st

from lora_core import Damage, DamagedDocumentError, LoraCoreError, TrainingLab, Version
from ui import words

_SHOWN = 100_000
"""Characters of a damaged file that a browser draws without trouble; the rest is in the download."""
_TALLEST_PX = 320


@contextmanager
def readable(lab: TrainingLab) -> Iterator[None]:
    """Draws a sentence, and for a damaged history the proposed repair, in place of the rest of the page."""
    try:
        yield
    except DamagedDocumentError as error:
        _damaged(lab, error)
    except LoraCoreError as error:
        st.error(words.escaped(error), icon=":material/error:")


def _damaged(lab: TrainingLab, error: DamagedDocumentError) -> None:
    try:
        damage = lab.damage(error.document.partition("/")[0])
    except LoraCoreError as another:
        st.error(words.escaped(another), icon=":material/error:")
        return
    if damage is None:
        st.info("The file was damaged a moment ago and can be read again now.", icon=":material/healing:")
        st.button("Show it", key="show_healed")
        return
    st.error(words.escaped(DamagedDocumentError(damage.document, damage.why)), icon=":material/broken_image:")
    _proposal(lab, damage)


def _proposal(lab: TrainingLab, damage: Damage) -> None:
    found = [Version("", record) for record in damage.proposal.records]
    what = "trash" if damage.is_trash else "history"
    aside = "; the history itself is whole" if damage.is_trash else ""
    st.subheader(f"Proposed repair of the {what}", anchor=False)
    st.markdown(f"{_versions(len(found))} can be saved of this style's {what}{aside}.")
    if found:
        st.dataframe(
            {
                "Version": [version.name for version in found],
                "Status": [version.status_text for version in found],
                "Created": [_created(version) for version in found],
            },
            hide_index=True,
        )
    if damage.proposal.notes:
        st.markdown("**Not exactly as in the file:**")
        _listing("\n".join(damage.proposal.notes))
    if damage.proposal.not_understood:
        st.markdown("**Not in the repair, and kept in the copy only:**")
        _listing("\n---\n".join(damage.proposal.not_understood))
    st.markdown("The damaged file will be kept, byte for byte, as")
    st.code(str(lab.settings.root / damage.copy), language=None, wrap_lines=True)
    _buttons(lab, damage, what, len(found))


def _buttons(lab: TrainingLab, damage: Damage, what: str, count: int) -> None:
    with st.container(horizontal=True):
        # Of this very file: a click on a repair that was shown for another one must not accept this one.
        is_accepted = st.button(
            f"Keep the copy and go on with {f'{count} version' if count == 1 else f'{count} versions'}"
            if count
            else f"Keep the copy and go on with an empty {what}",
            type="primary",
            key=f"accept_salvage:{damage.etag}",
        )
        st.download_button(
            "Download the damaged file",
            data=damage.original,
            file_name=PurePosixPath(damage.document).name,
            mime="application/octet-stream",
            icon=":material/download:",
            key="download_damaged",
            on_click="ignore",
        )
    if is_accepted:
        try:
            lab.accept_salvage(damage)
        except LoraCoreError as error:
            st.error(words.escaped(error), icon=":material/error:")
            return
        st.rerun()


def _listing(text: str) -> None:
    is_long = text.count("\n") > 12 or len(text) > 1500
    st.code(text[:_SHOWN], language=None, wrap_lines=True, height=_TALLEST_PX if is_long else "content")
    if len(text) > _SHOWN:
        st.caption(
            f"These are the first {_SHOWN:,} of {len(text):,} characters; all of the file is in the download below."
        )


def _versions(count: int) -> str:
    if count == 0:
        return "No version"
    return "1 version" if count == 1 else f"{count:,} versions"


def _created(version: Version) -> str:
    return words.day(version.created_at) if version.created_at else words.NOT_RECORDED
