"""What a finding is, and what rules know beside the parameters."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DATASET_FIELD: Final = "selection_set_id"
"""The field that findings about images and captions name."""


class Severity(StrEnum):
    """BLOCK forbids a start, WARN does not."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """One sentence about one field; `suggestion` is a value for that field, to be offered."""

    field: str
    severity: Severity
    sentence: str
    suggestion: object | None = None
    filenames: tuple[str, ...] = ()
    """The pictures that it is about, all of them: writing their captions, or leaving them out, is the remedy."""


@dataclass(frozen=True)
class TrainingFacts:
    """What rules know beside the parameters. The defaults say nothing is known to be wrong."""

    image_count: int | None = None
    """Images of the selection set; None when it is not known."""
    selected: bool = True
    """Whether a selection set is chosen at all."""
    uncaptioned: tuple[str, ...] = ()
    """Images that are here and have no caption file, or an empty one."""
    missing: tuple[str, ...] = ()
    """Names in the selection set without a file here."""
    unusable_names: tuple[str, ...] = ()
    """Names with # or ?, which end a raw s3:// URL early."""
    captions_with_trigger_first: int = 0
    trigger_token: str | None = None
    expected_s: float | None = None
    execution_timeout_s: float | None = None
    is_embedded: bool = False
    """Whether the training goes to the endpoint on this machine rather than to RunPod."""


def block(
    field: str, sentence: str, suggestion: object | None = None, *, filenames: tuple[str, ...] = ()
) -> Finding:
    """A finding that forbids a start."""
    return Finding(field, Severity.BLOCK, sentence, suggestion, filenames)


def warn(field: str, sentence: str, suggestion: object | None = None) -> Finding:
    """A finding to think about before paying."""
    return Finding(field, Severity.WARN, sentence, suggestion)
