"""Bringing evidence and records together: the one writer of statuses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lora_core.decide import Outlook, Verdict, decide, needs_model
from lora_core.endpoints import Endpoints
from lora_core.evidence import CouldNotAsk, Evidence, NoJobId, NotAsked
from lora_core.model_places import ModelPlaces
from lora_core.records import Changes, Records
from lora_core.sightings import Sightings
from lora_core.styles import Style
from lora_core.times import Clock, to_iso
from lora_core.versions import SubmissionState, Version, VersionStatus


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

    def ask(self, tracked: Iterable[Tracked]) -> Mapping[str, Evidence]:
        """Evidence by version key, asked together per endpoint."""
        found: dict[str, Evidence] = {}
        groups: dict[tuple[str | None, str | None], list[Version]] = {}
        for one in tracked:
            if one.version.job_id is None:
                found[one.version.key] = NoJobId()
            else:
                submission = one.version.submission
                place = (submission.base_url, submission.endpoint_id) if submission else (None, None)
                groups.setdefault(place, []).append(one.version)
        for versions in groups.values():
            found |= self._asked(versions)
        return found

    def judge(self, style: Style, version: Version, evidence: Evidence) -> StatusCheck:
        """Applies evidence to the record as it is now; writes only what changes."""
        model = self._places.evidence(version) if needs_model(version, evidence) else NotAsked()
        now = self._clock()
        verdict = Verdict("")

        def decided(fresh: Version) -> Changes:
            nonlocal verdict
            verdict = decide(fresh, evidence, model, now)
            return verdict.changes

        after = self._records.patch(style, version.key, decided)
        self._sightings.note(after.key, evidence, verdict, now)
        if after.is_final and not version.is_final:
            self._sightings.keep_curve(after.key)
        return StatusCheck(after, verdict.sentence, verdict.outlook, evidence)

    def check(self, tracked: Iterable[Tracked]) -> list[StatusCheck]:
        """Asks for all of them together, then judges each."""
        tracked = list(tracked)
        evidence = self.ask(tracked)
        return [self.judge(one.style, one.version, evidence[one.version.key]) for one in tracked]

    def repeat_cancel(self, version: Version) -> Evidence | None:
        """Sends /cancel while a stop is asked for and the end is not confirmed; None when there is no need.

        An answer to it proves nothing: only the next status does.
        """
        if not version.is_stopping or version.job_id is None:
            return None
        endpoint = self._endpoints.of(version.submission)
        return endpoint if isinstance(endpoint, CouldNotAsk) else endpoint.client.cancel(version.job_id)

    def attach(self, style: Style, version: Version, job_id: str) -> Version:
        """Gives a version whose submission is unanswered its job; one that has a job keeps it."""
        now = to_iso(self._clock())

        def decided(fresh: Version) -> Changes:
            if fresh.job_id is not None or fresh.submission is None or fresh.status is VersionStatus.DRAFT:
                return {}
            sent = {**fresh.raw["submission"], "state": SubmissionState.SENT.value, "at": now}
            return {"id": job_id, "submission": sent}

        return self._records.patch(style, version.key, decided)

    def _asked(self, versions: list[Version]) -> dict[str, Evidence]:
        endpoint = self._endpoints.of(versions[0].submission)
        if isinstance(endpoint, CouldNotAsk):
            return {version.key: endpoint for version in versions}
        ids = {version.key: version.job_id or "" for version in versions}
        answers = endpoint.client.statuses(list(dict.fromkeys(ids.values())))
        return {key: answers[job_id] for key, job_id in ids.items()}
