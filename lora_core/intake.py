"""What is uploaded, and what became of each file."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO


class OnConflict(StrEnum):
    """What is done with a file whose name is taken by another one."""

    ASK = "ask"
    """Nothing is written; the result is a CONFLICT."""
    KEEP_BOTH = "keep both"
    """It gets a free name, `a (2).jpg`, and its caption goes along."""
    REPLACE = "replace"
    SKIP = "skip"


class Outcome(StrEnum):
    """What became of one file."""

    ADDED = "added"
    CAPTION_ADDED = "caption added"
    ALREADY_THERE = "already there"
    """The same picture, by its content, or the same caption; nothing was written."""
    CONFLICT = "conflict"
    """Somebody must say what is to be done; nothing was written."""
    REPLACED = "replaced"
    KEPT_BOTH = "kept both"
    SKIPPED = "skipped"
    REFUSED = "refused"
    """Nothing was written; the sentence says why and what to do."""


@dataclass(frozen=True)
class IntakeResult:
    """What became of one file that was uploaded; a picture's result speaks for the caption that came with it."""

    filename: str
    """As it was uploaded, with its folders; of a file in a ZIP its path there."""
    outcome: Outcome
    sentence: str
    """For the user; holds warnings, such as a short side under 256 pixels."""
    stored_as: str | None = None
    """The picture's name in the style's folder: the new one, the one that is there already, or the one in the way."""
    has_warning: bool = False


@dataclass(frozen=True)
class Incoming:
    """A picture, a caption (`.txt` of the picture's stem), or a ZIP of both."""

    filename: str
    """May hold folders, as an uploaded folder gives them; the last part is what counts."""
    data: bytes | IO[bytes] | Path
    """Read when its turn comes, so an open file must stay open until then."""
