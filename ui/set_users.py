"""The versions that name a selection set, and what each would lose with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lora_core import LoraCoreError, SelectionSet, Style, TrainingLab, Version, VersionStatus
from ui import words

_NAMED: Final = 6


@dataclass(frozen=True)
class SetUsers:
    """Those in the trash, too: they can come back."""

    versions: Sequence[Version]

    @property
    def live(self) -> list[Version]:
        return [one for one in self.versions if not one.is_in_trash]

    @property
    def drafts(self) -> list[Version]:
        return [one for one in self.versions if one.status is VersionStatus.DRAFT]

    @property
    def listless(self) -> list[Version]:
        """Trained without the list of their pictures being kept, as the old system did."""
        return [one for one in self._trained if one.dataset is None]

    @property
    def _trained(self) -> list[Version]:
        return [one for one in self.versions if one.status is not VersionStatus.DRAFT]

    @property
    def sentences(self) -> list[str]:
        """What is to be known before the set is deleted, as Markdown."""
        told, kept = [], [one for one in self._trained if one.dataset is not None]
        if kept:
            told.append(
                f"Trained with it: {named(kept)}. Each keeps the list of pictures it was started with."
            )
        if self.listless:
            told.append(self.listless_sentence)
        if self.drafts:
            told.append(
                f"Not started yet: {named(self.drafts)}. Without this set there is nothing to start on."
            )
        return told

    @property
    def listless_sentence(self) -> str:
        """What they were trained on is known by the set as it is."""
        return f"{named(self.listless)} kept no list: what was trained on is known by this set alone."


def users_of(lab: TrainingLab, style: Style, chosen: SelectionSet) -> SetUsers:
    """A trash that cannot be read is told elsewhere, and has none."""
    try:
        deleted = lab.trash(style.folder)
    except LoraCoreError:
        deleted = []
    found = [*lab.versions(style.folder), *deleted]
    return SetUsers([one for one in found if one.selection_set_id == chosen.id])


def named(versions: Sequence[Version]) -> str:
    """The first ones by name, as Markdown."""
    names = ", ".join(
        f"{one.name} (in the trash)" if one.is_in_trash else one.name for one in versions[:_NAMED]
    )
    more = f" and {len(versions) - _NAMED:,} more" if len(versions) > _NAMED else ""
    return words.escaped(f"{names}{more}")
