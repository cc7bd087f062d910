"""What the lab saw of the jobs, in memory: the latest evidence, progress and loss curve of each version.

Nothing here is written into a record. Loss curves of what has ended go to files, for a page that is opened
later.
"""

import json
import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from lora_core.anchored_folder import AnchoredFolder
from lora_core.durable_file import read_file, replace_file
from lora_core.evidence import CouldNotAsk, Evidence, Job
from lora_core.loss_curves import loss_at_end
from lora_core.progress import Progress, advanced, merged_curve, read_loss_points, read_progress
from lora_core.verdict import Outlook, Verdict
from lora_core.versions import Version

LossCurve = tuple[tuple[int, float], ...]
_HEAD_BYTES, _TAIL_BYTES = 100, 5000
"""The tail holds some 200 points, of which the first weigh nothing any more."""
_FIRST_STEP = re.compile(rb"\s*\[\s*\[\s*(\d+)")


@dataclass(frozen=True)
class Sighting:
    """The last look at one version's job."""

    evidence: Evidence
    sentence: str
    outlook: Outlook
    at: datetime
    answered_at: datetime | None = None
    """When the endpoint last spoke of the job at all."""
    progress: Progress | None = None
    first_progress: tuple[datetime, int] | None = None
    """When progress was first seen, and at which step: for the speed as observed."""
    curve: LossCurve = ()

    def observed_s_per_step(self) -> float | None:
        """Seconds per step between the first progress seen and the latest."""
        if self.progress is None or self.first_progress is None or self.answered_at is None:
            return None
        since, step = self.first_progress
        steps = self.progress.step - step
        return (self.answered_at - since).total_seconds() / steps if steps > 0 else None


class Sightings:
    """Sightings by version and job; safe for many threads.

    By the job as well, because the copy of a style's folder holds the same versions, which may be trained anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._anchor = AnchoredFolder(folder.parent)  # the state folder: a disk may be mounted there
        self._lock = threading.Lock()
        self._seen: dict[str, Sighting] = {}

    def get(self, version: Version) -> Sighting | None:
        """The last look at it since this process started."""
        with self._lock:
            return self._seen.get(_name(version))

    def note(self, version: Version, evidence: Evidence, verdict: Verdict, now: datetime) -> Sighting:
        """Remembers a look; progress that arrives late never moves a bar back."""
        name = _name(version)
        with self._lock:
            before = self._seen.get(name)
            self._seen[name] = sighting = _next(before, evidence, verdict, now)
        return sighting

    def curve(self, version: Version) -> LossCurve:
        """(step, loss) pairs by step, at most 2,000."""
        sighting = self.get(version)
        if sighting and sighting.curve:
            return sighting.curve
        return self._stored(version)

    def final_loss(self, version: Version) -> float | None:
        """Where its smoothed curve ends. A list asks for thousands of them, so of a file only the end is read."""
        sighting = self.get(version)
        if sighting and sighting.curve:
            return loss_at_end(sighting.curve)
        path = self._path(version)
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
                file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
                tail = file.read()
            points = json.loads(b"[" + tail[tail.index(b"[", 1) :])
            first = _FIRST_STEP.match(head)
            curve = [(int(step), float(loss)) for step, loss in points]
        except (OSError, ValueError, TypeError):
            return None
        return loss_at_end(curve, first_step=int(first[1]) if first else None)

    def keep_curve(self, version: Version) -> None:
        """Writes the curve to its file. A full disk costs the curve, not the training."""
        sighting = self.get(version)
        if not sighting or not sighting.curve:
            return
        with suppress(OSError):
            self._anchor.check()
            replace_file(self._path(version), json.dumps(sighting.curve).encode(), is_durable=False)

    def _stored(self, version: Version) -> LossCurve:
        try:
            points = json.loads(read_file(self._path(version))[0])
            return tuple((int(step), float(loss)) for step, loss in points)
        except (OSError, ValueError, TypeError):
            return ()

    def _path(self, version: Version) -> Path:
        name = _name(version)
        safe = "".join(character if character.isalnum() or character in "-_" else "_" for character in name)
        return self._folder / f"{safe[:200]}.json"


def _name(version: Version) -> str:
    return f"{version.key}.{version.id}"


def _next(before: Sighting | None, evidence: Evidence, verdict: Verdict, now: datetime) -> Sighting:
    after = Sighting(evidence, verdict.sentence, verdict.outlook, now)
    if before is not None:
        after = replace(
            after,
            answered_at=before.answered_at,
            progress=before.progress,
            first_progress=before.first_progress,
            curve=before.curve,
        )
    if isinstance(evidence, CouldNotAsk):
        return after
    after = replace(after, answered_at=now)
    return _with_output(after, evidence.output, now) if isinstance(evidence, Job) else after


def _with_output(sighting: Sighting, output: object, now: datetime) -> Sighting:
    told = read_progress(output)
    curve = merged_curve(sighting.curve, read_loss_points(output))
    if told is None:
        return replace(sighting, curve=curve)
    progress = advanced(sighting.progress, told)
    return replace(
        sighting,
        curve=curve,
        progress=progress,
        first_progress=sighting.first_progress or (now, progress.step),
    )
