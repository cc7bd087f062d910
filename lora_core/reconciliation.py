"""Bringing evidence and records together: the one writer of statuses."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from lora_core.allowance import Allowance
from lora_core.decide import decide, needs_model
from lora_core.endpoints import Endpoints
from lora_core.evidence import CouldNotAsk, Evidence, ModelEvidence, NoJobId, NotAsked
from lora_core.model_places import ModelPlaces
from lora_core.records import Changes, Records
from lora_core.sightings import Sightings
from lora_core.styles import Style
from lora_core.times import Clock, to_iso
from lora_core.verdict import Outlook, Verdict
from lora_core.versions import SubmissionState, Version, VersionStatus, fuller_id

Place = tuple[str | None, str | None]
_TOGETHER = 8
_CANCELS_TOGETHER = 40
_CANCELS = 80
"""Within 10 s, of the 100 that RunPod allows: another lab may use the same endpoint."""


@dataclass(frozen=True)
class StatusCheck:
    """What a look at a version found: the record as it is now, and a sentence for the user."""

    version: Version
    sentence: str
    outlook: Outlook
    evidence: Evidence


@dataclass(frozen=True)
class Tracked:
    """A version together with its style."""

    style: Style
    version: Version


class Reconciliation:
    """Asks endpoints, judges, writes. Safe for many threads: each verdict is made on the fresh record."""

    def __init__(
        self,
        records: Records,
        endpoints: Endpoints,
        places: ModelPlaces,
        sightings: Sightings,
        *,
        clock: Clock,
    ) -> None:
        self._records = records
        self._endpoints = endpoints
        self._places = places
        self._sightings = sightings
        self._clock = clock
        self._cancels: dict[Place, Allowance] = {}

    def ask(self, tracked: Sequence[Tracked]) -> list[Evidence]:
        """Evidence of each, in the order given; asked together per endpoint."""
        answers: dict[Place, dict[str, Evidence]] = {}
        for place in dict.fromkeys(
            place_of(one.version) for one in tracked if one.version.job_id is not None
        ):
            answers[place] = self._asked([one.version for one in tracked if place_of(one.version) == place])
        return [
            NoJobId() if one.version.job_id is None else answers[place_of(one.version)][one.version.job_id]
            for one in tracked
        ]

    def models(self, tracked: Sequence[Tracked], evidence: Sequence[Evidence]) -> list[ModelEvidence]:
        """Looks for the model files on which verdicts depend, several at once: a bucket may be slow."""

        def looked_for(one: Tracked, learned: Evidence) -> ModelEvidence:
            if not needs_model(one.version, learned):
                return NotAsked()
            return self._places.evidence(one.version, self._clock())

        if len(tracked) < 2:
            return list(map(looked_for, tracked, evidence))
        with ThreadPoolExecutor(min(_TOGETHER, len(tracked)), thread_name_prefix="model-files") as pool:
            return list(pool.map(looked_for, tracked, evidence))

    def judge(self, one: Tracked, evidence: Evidence, model: ModelEvidence) -> StatusCheck:
        """Applies evidence to the record as it is now; writes only what changes."""
        style, version = one.style, one.version
        now = self._clock()
        verdict = Verdict("")

        def decided(fresh: Version) -> Changes:
            nonlocal verdict
            # Evidence of another attempt, or asked by another job's id, says nothing of this one.
            is_same = _attempt(fresh) == _attempt(version) and fresh.job_id == version.job_id
            verdict = (
                decide(fresh, evidence, model, now)
                if is_same
                else Verdict("It has just changed; look again.")
            )
            return verdict.changes

        after = self._records.patch(style, version.key, decided)
        self._sightings.note(after, evidence, verdict, now)
        if after.is_final and not version.is_final:
            self._sightings.keep_curve(after)
        return StatusCheck(after, verdict.sentence, verdict.outlook, evidence)

    def check(self, tracked: Sequence[Tracked]) -> list[StatusCheck]:
        """Asks for all of them together, then judges each."""
        evidence = self.ask(tracked)
        models = self.models(tracked, evidence)
        return [self.judge(*looked_at) for looked_at in zip(tracked, evidence, models, strict=True)]

    def check_with(self, one: Tracked, evidence: Evidence) -> StatusCheck:
        """Judges one version by evidence that came another way."""
        return self.judge(one, evidence, self.models([one], [evidence])[0])

    def repeat_cancels(self, tracked: Sequence[Tracked]) -> None:
        """Sends /cancel for those whose stop is asked for and whose end is not confirmed.

        Its answer proves nothing: only the next status does.
        """
        stopping = [
            one.version
            for one in tracked
            if one.version.is_stopping and one.version.job_id is not None and self._may_cancel(one.version)
        ]
        if not stopping:
            return
        with ThreadPoolExecutor(min(_CANCELS_TOGETHER, len(stopping)), thread_name_prefix="cancel") as pool:
            list(pool.map(self._cancel, stopping))

    def _may_cancel(self, version: Version) -> bool:
        """Within what RunPod allows; what is over it waits for the version's next look."""
        allowance = self._cancels.setdefault(place_of(version), Allowance(_CANCELS, timedelta(seconds=10)))
        return allowance.take(self._clock())

    def _cancel(self, version: Version) -> None:
        endpoint = self._endpoints.of(version.submission)
        if not isinstance(endpoint, CouldNotAsk) and version.job_id is not None:
            endpoint.client.cancel(version.job_id)

    def attach(self, style: Style, version: Version, job_id: str) -> Version:
        """Gives a version whose submission is unanswered its job; one that has a job keeps it.

        Only the suffix of an id may still be learned: a webhook can come with or without it.
        """
        now = to_iso(self._clock())

        def decided(fresh: Version) -> Changes:
            if fresh.job_id is not None:
                return {"id": fuller_id(fresh.job_id, job_id)}
            if fresh.submission is None or fresh.status is VersionStatus.DRAFT:
                return {}
            sent = {**fresh.raw["submission"], "state": SubmissionState.SENT.value, "at": now}
            sent.pop("why", None)
            return {"id": job_id, "submission": sent}

        return self._records.patch(style, version.key, decided)

    def _asked(self, versions: Sequence[Version]) -> dict[str, Evidence]:
        ids = list(dict.fromkeys(version.job_id for version in versions if version.job_id is not None))
        endpoint = self._endpoints.of(versions[0].submission)
        if isinstance(endpoint, CouldNotAsk):
            return dict.fromkeys(ids, endpoint)
        return endpoint.client.statuses(ids)


def place_of(version: Version) -> Place:
    """Base URL and id of the endpoint that it was sent to."""
    submission = version.submission
    return (submission.base_url, submission.endpoint_id) if submission else (None, None)


def _attempt(version: Version) -> str | None:
    return version.submission.attempt if version.submission else None
