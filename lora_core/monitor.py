"""Follows all trainings that are in flight, with or without a browser.

One per process. A turn polls what is due, all together; repeats what must be repeated (cancels, answers in
the outbox); and every 30 s looks by etag whether another process has started or ended something. Clock and
wait are arguments, so that an hour passes in a test without waiting.
"""

import logging
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import ModuleType

from lora_core.embedded import EMBEDDED_BASE_URL
from lora_core.errors import LoraCoreError, StoreUnavailableError
from lora_core.evidence import CouldNotAsk, Evidence, ModelEvidence
from lora_core.histories import Histories
from lora_core.reconciliation import Place, Reconciliation, StatusCheck, Tracked, place_of
from lora_core.records import Records
from lora_core.styles import Style, Styles
from lora_core.submissions import Submissions
from lora_core.times import Clock
from lora_core.verdict import Outlook
from lora_core.versions import Version

_log = logging.getLogger(__name__)

LOOK_AROUND = timedelta(seconds=30)
_IDLE_S = 5.0
_LEAST_S = 0.5
_LONGEST_BAN = timedelta(minutes=11)
"""An endpoint is left alone for 10 minutes at most; a moment later than that is from before the clock was set back."""

Key = tuple[str, str]
"""Folder and version: a copy of a style's folder holds the same versions once more."""


@dataclass(frozen=True)
class Pace:
    """How often a job is asked for: `young_s` at first, slower with its age, at most `old_s`."""

    young_s: float
    old_s: float

    def interval_s(self, age_s: float) -> float:
        """Seconds until the next look, before jitter."""
        return min(self.old_s, self.young_s + max(0.0, age_s) / 60)


RUNPOD_PACE = Pace(young_s=5, old_s=60)
LOCAL_PACE = Pace(young_s=1, old_s=3)
"""The embedded endpoint is on this machine and its trainings take seconds."""


@dataclass
class _Place:
    """What is known of one endpoint's reachability."""

    is_out: bool = False
    failures: int = 0
    not_before: datetime | None = None


@dataclass
class _Memory:
    """What is in flight, when it is due, and the etags under which it was found."""

    tracked: dict[Key, Tracked] = field(default_factory=dict)
    due: dict[Key, datetime] = field(default_factory=dict)
    found: dict[str, tuple[object, list[Tracked]]] = field(default_factory=dict)
    """Per style's folder: the etags of its documents, and what was in flight under them."""
    places: dict[Place, _Place] = field(default_factory=dict)
    looked_around_at: datetime | None = None


class Monitor:
    """See the module. `turn` is one step of it and may be called by hand; `start` runs it in a thread."""

    def __init__(
        self,
        styles: Styles,
        histories: Histories,
        records: Records,
        reconciliation: Reconciliation,
        submissions: Submissions,
        *,
        clock: Clock,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        random_source: random.Random | None = None,
    ) -> None:
        self._styles = styles
        self._histories = histories
        self._records = records
        self._reconciliation = reconciliation
        self._submissions = submissions
        self._clock = clock
        self._wait = wait
        self._random = random_source or random.Random()
        self._memory = _Memory()
        self._turning = threading.Lock()
        self._nudged = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Runs in a thread of this process, and stops the monitor that ran before, if any."""
        former = getattr(_registry, "monitor", None)
        if former is not None and former is not self:
            former.stop()
        _registry.monitor = self  # type: ignore[attr-defined]
        if self._thread is None or not self._thread.is_alive():
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="lora-lab-monitor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread; a turn that is under way is finished first."""
        self._stopped.set()
        self._nudged.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=30)

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive() and not self._stopped.is_set()

    def nudge(self) -> None:
        """Something has just been started or changed here: look around now."""
        self._memory.looked_around_at = None
        self._nudged.set()

    def in_flight(self) -> list[Tracked]:
        """What the monitor follows, as it was at its last look."""
        return list(self._memory.tracked.values())

    def turn(self) -> float:
        """One step; answers in how many seconds the next is due."""
        with self._turning:
            self._submissions.deliver()
            now = self._clock()
            self._look_around(now)
            self._poll(self._due(now))
            return self._pause_s(self._clock())

    def check_all(self) -> list[StatusCheck]:
        """Asks for everything in flight at once, due or not."""
        with self._turning:
            self._submissions.deliver()
            self._memory.looked_around_at = None
            self._look_around(self._clock())
            return self._poll(list(self._memory.tracked.values()))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._nudged.clear()
            try:
                pause_s = self.turn()
            except LoraCoreError as error:  # the disk or bucket is gone: it may come back
                _log.warning("The monitor could not look: %s", error)
                pause_s = _IDLE_S
            except Exception:  # noqa: BLE001 - whatever it is, trainings must not go unwatched for it
                _log.exception("The monitor could not look")
                pause_s = _IDLE_S
            self._wait(self._nudged, pause_s)

    def _look_around(self, now: datetime) -> None:
        last = self._memory.looked_around_at
        if last is not None and timedelta() <= now - last < LOOK_AROUND:
            return
        styles = self._styles.all()
        tracked: dict[Key, Tracked] = {}
        for style in styles:
            tracked |= {_key_of(one): one for one in self._in_flight_of(style)}
        latest = now + timedelta(seconds=RUNPOD_PACE.old_s)  # later only if the clock was set back since
        self._memory.tracked = tracked
        self._memory.due = {key: min(self._memory.due.get(key, now), latest) for key in tracked}
        self._memory.looked_around_at = now

    def _in_flight_of(self, style: Style) -> list[Tracked]:
        """Read again when its documents have changed; while they cannot be read, as they last were."""
        _, before = self._memory.found.get(style.folder, (None, []))
        try:
            etag = self._histories.etag(style.folder)
            if self._memory.found.get(style.folder, (None, []))[0] == etag:
                return before
            is_mended = self._is_mended(style)
            # Of what was put back: else the same save would go unseen when it comes again.
            etag = self._histories.etag(style.folder)
            found = [Tracked(style, version) for version in self._records.in_flight(style)]
        except LoraCoreError as error:  # one style's damaged file must not stop the others
            _log.warning("Style %s cannot be read just now: %s", style.folder, error)
            # Not as they were found: what has ended since is not among those that are followed.
            before = [one for one in self._memory.tracked.values() if one.style.folder == style.folder]
            self._memory.found[style.folder] = (None, before)
            return before
        self._memory.found[style.folder] = (etag if is_mended else None, found)
        return found

    def _is_mended(self, style: Style) -> bool:
        """Whether another program's save is put right; a disk that takes nothing is looked at all the same."""
        try:
            self._histories.mend(style.folder)
        except StoreUnavailableError as error:
            _log.warning("Style %s cannot be written just now: %s", style.folder, error)
            return False
        return True

    def _due(self, now: datetime) -> list[Tracked]:
        tracked, due = self._memory.tracked, self._memory.due
        # The one that has waited longest first: else a job that is never answered could be every probe.
        waiting = [tracked[key] for key in sorted(tracked, key=due.__getitem__) if due[key] <= now]
        chosen: list[Tracked] = []
        probed: set[Place] = set()
        for one in waiting:
            place = place_of(one.version)
            state = self._memory.places.get(place, _Place())
            if one.version.job_id is not None:
                if state.not_before is not None and now < state.not_before <= now + _LONGEST_BAN:
                    continue
                if state.is_out and place in probed:
                    continue  # after an outage one probe goes first, then all
                probed.add(place)
            chosen.append(one)
        return chosen

    def _poll(self, tracked: list[Tracked]) -> list[StatusCheck]:
        self._reconciliation.repeat_cancels(tracked)
        evidence = self._reconciliation.ask(tracked)
        models = self._reconciliation.models(tracked, evidence)
        now = self._clock()
        self._note_places(tracked, evidence, now)
        checks = [self._judged(*looked_at, now) for looked_at in zip(tracked, evidence, models, strict=True)]
        return [check for check in checks if check is not None]

    def _judged(
        self, one: Tracked, learned: Evidence, model: ModelEvidence, now: datetime
    ) -> StatusCheck | None:
        key = _key_of(one)
        try:
            check = self._reconciliation.judge(one, learned, model)
        except Exception as error:  # noqa: BLE001 - told below; one version must not keep the others waiting
            is_expected = isinstance(error, LoraCoreError)  # the store is full or away: it is told again
            message = "The status of version %s in %s could not be kept: %s"
            _log.warning(message, key[1], key[0], error, exc_info=None if is_expected else error)
            self._memory.due[key] = now + timedelta(seconds=_IDLE_S)
            return StatusCheck(one.version, str(error), Outlook.AS_RECORDED, learned) if is_expected else None
        if check.version.is_in_flight():
            self._memory.tracked[key] = Tracked(one.style, check.version)
            self._memory.due[key] = now + timedelta(seconds=self._next_look_s(check.version, now))
        else:
            self._memory.tracked.pop(key, None)
            self._memory.due.pop(key, None)
        return check

    def _next_look_s(self, version: Version, now: datetime) -> float:
        submitted_at = version.submission.submitted_at if version.submission else None
        age_s = (now - submitted_at).total_seconds() if submitted_at else 0.0
        place = place_of(version)
        pace = LOCAL_PACE if place[0] == EMBEDDED_BASE_URL else RUNPOD_PACE
        interval_s = pace.interval_s(age_s)
        # Full jitter: labs that were all woken by one outage must not ask in step.
        return max(_LEAST_S, self._random.uniform(0, interval_s))

    def _note_places(self, tracked: list[Tracked], evidence: list[Evidence], now: datetime) -> None:
        answers: dict[Place, list[Evidence]] = {}
        for one, learned in zip(tracked, evidence, strict=True):
            if one.version.job_id is not None:
                answers.setdefault(place_of(one.version), []).append(learned)
        for place, of_place in answers.items():
            self._note_place(place, of_place, now)

    def _note_place(self, place: Place, learned: list[Evidence], now: datetime) -> None:
        state = self._memory.places.setdefault(place, _Place())
        failed = [one for one in learned if isinstance(one, CouldNotAsk)]
        was_out = state.is_out
        state.is_out = len(failed) == len(learned)
        retry_after_s = max((one.retry_after_s or 0.0 for one in failed), default=0.0)
        if state.is_out:
            state.failures += 1
            backoff_s = self._random.uniform(0, min(60.0, 2.0 ** min(state.failures, 6)))
            retry_after_s = max(retry_after_s, backoff_s, _LEAST_S)
        else:
            state.failures = 0
        state.not_before = now + timedelta(seconds=retry_after_s) if retry_after_s else None
        if was_out and not state.is_out:  # it is back: now all at once
            for key, one in self._memory.tracked.items():
                if place_of(one.version) == place:
                    self._memory.due[key] = min(self._memory.due[key], now)

    def _pause_s(self, now: datetime) -> float:
        moments = [now + timedelta(seconds=_IDLE_S)]
        for key, one in self._memory.tracked.items():
            state = self._memory.places.get(place_of(one.version), _Place())
            moments.append(max(self._memory.due[key], state.not_before or self._memory.due[key]))
        return max(0.05, (min(moments) - now).total_seconds())


def _key_of(one: Tracked) -> Key:
    return one.style.folder, one.version.key


# Streamlit empties the modules of a project when a source file is saved; this one it does not know.
_registry = sys.modules.setdefault("_lora_lab_process", ModuleType("_lora_lab_process"))
