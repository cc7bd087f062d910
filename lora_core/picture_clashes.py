"""When an uploaded file gets in the way of one that is there, and what is done then. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lora_core.archives import NESTED
from lora_core.intake import OnConflict, Outcome
from lora_core.payload import caption_name
from lora_core.picture_checks import CheckedCaption
from lora_core.picture_names import CAPTION_SUFFIX, free_name, same, stem, suffix
from lora_core.styles import IMAGE_SUFFIXES

_CHOICE: Final = "Keep both, replace the one that is here, or skip this one."


@dataclass(frozen=True)
class Clash:
    """What keeps a picture from having its name."""

    in_the_way: str
    sentence: str
    name: str
    """The name that it gets where it replaces."""
    can_be_replaced: bool = True


def clash_of(
    name: str, names: Sequence[str], caption: CheckedCaption | None, text_there: str | None
) -> Clash | None:
    """What is in the way of a picture among the names of a style's folder.

    `text_there` is the text of the caption that has the picture's stem already, if there is one.
    """
    for one in names:
        if one == name:
            return Clash(one, f"Another picture of that name is here. {_CHOICE}", one)
        if same(one) == same(name):
            return Clash(one, f"{one} is here, and many disks take both names for one. {_CHOICE}", one)
    for one in names:
        if is_picture(one) and same(stem(one)) == same(stem(name)):
            told = f"{one} is here, and both would have one caption, {caption_name(one)}."
            choice = "Keep both under two names, or skip this one."
            return Clash(one, f"{told} {choice}", one, can_be_replaced=False)
    if caption is not None and text_there and text_there != caption.text:
        there = caption_name(name)
        return Clash(
            there, f"A caption {there} is here, without a picture and with another text. {_CHOICE}", name
        )
    return None


def settled(
    clash: Clash | None,
    name: str,
    names: Sequence[str],
    caption: CheckedCaption | None,
    text_there: str | None,
    on_conflict: OnConflict,
) -> tuple[str, Outcome, str]:
    """Name, outcome and a sentence for a picture that is stored, whether something is in its way or not.

    A picture of another format is not replaced: selection sets name it. So both are kept then.
    """
    with_caption = ", with its caption." if caption else "."
    if clash is None:
        told = "; a caption of its name was here already." if not caption and text_there else with_caption
        return name, Outcome.ADDED, f"Added{told}"
    if on_conflict is OnConflict.REPLACE and clash.can_be_replaced:
        told = (
            f"; {caption_name(clash.name)} stays its caption." if not caption and text_there else with_caption
        )
        return clash.name, Outcome.REPLACED, f"{clash.in_the_way} was replaced{told}"
    free = free_name(name, names)
    return free, Outcome.KEPT_BOTH, f"Kept as {free}{with_caption}"


def caption_outcome(
    text_there: str | None, text: str, picture: str, on_conflict: OnConflict
) -> tuple[Outcome, str]:
    """What becomes of a caption that is meant for a picture which is there."""
    if text_there is not None and text_there == text:
        return Outcome.ALREADY_THERE, f"{picture} has this caption already."
    if not text_there:
        return Outcome.CAPTION_ADDED, f"It is the caption of {picture} now."
    if not text:
        return Outcome.SKIPPED, f"It is empty, so the caption of {picture} stays."
    match on_conflict:
        case OnConflict.ASK:
            return Outcome.CONFLICT, f"{picture} has another caption. Replace it, or skip this one."
        case OnConflict.REPLACE:
            return Outcome.REPLACED, f"It has replaced the caption of {picture}."
        case OnConflict.KEEP_BOTH:
            return Outcome.SKIPPED, f"A picture has one caption: that of {picture} stays."
        case OnConflict.SKIP:
            return Outcome.SKIPPED, f"Skipped: the caption of {picture} stays."


def kind_problem(name: str) -> str | None:
    """Why a file is not taken by its suffix."""
    ending = suffix(name)
    if ending in IMAGE_SUFFIXES or ending == CAPTION_SUFFIX:
        return None
    if ending == ".zip":  # others are opened before
        return NESTED
    if ending == ".json":
        return "It is neither a picture nor a caption. To bring in a whole style, import its folder."
    return "It is neither a picture (.jpg, .jpeg, .png, .webp) nor a caption (.txt). Save it as one of them."


def picture_of(caption: str, names: Sequence[str]) -> str | None:
    """The picture that a caption belongs to."""
    return next((one for one in names if is_picture(one) and same(stem(one)) == same(stem(caption))), None)


def is_picture(name: str) -> bool:
    """Whether a file is a picture, by its suffix."""
    return suffix(name) in IMAGE_SUFFIXES
