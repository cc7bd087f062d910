"""What `decide` answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outlook(Enum):
    """What the evidence means for the display, beyond the status on disk."""

    AS_RECORDED = "as recorded"
    NOT_VISIBLE_YET = "RunPod does not show this job yet"
    ENDED_UNKNOWN = "ended; RunPod no longer knows how"
    MODEL_AWAITED = "RunPod says completed; its model is awaited"
    MODEL_ALREADY_THERE = "its model is already there"
    NOT_ASKED = "RunPod could not be asked"


@dataclass(frozen=True)
class Verdict:
    """`changes` patch the record (none: it stays as it is); `sentence` tells the user what was found."""

    sentence: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    outlook: Outlook = Outlook.AS_RECORDED
