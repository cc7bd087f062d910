"""What can be said of a training before it starts, and of one that runs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from lora_core.datasets import Dataset
from lora_core.embedded import EMBEDDED_BASE_URL
from lora_core.errors import StoreError
from lora_core.estimates import (
    Estimate,
    FinishedJob,
    cost_usd,
    effective_scale,
    epochs,
    expected_training,
    time_left_s,
    views_per_image,
)
from lora_core.finding import Finding, TrainingFacts
from lora_core.findings import blocking, findings
from lora_core.histories import Histories
from lora_core.parameters import RecordedParameters, TrainingParameters
from lora_core.records import Records
from lora_core.settings import Settings
from lora_core.sightings import Sighting
from lora_core.styles import Style
from lora_core.versions import Version, VersionStatus

Values = TrainingParameters | Mapping[str, object]
Place = tuple[str | None, str | None]


@dataclass(frozen=True)
class Review:
    """A configuration looked at before it is started."""

    findings: tuple[Finding, ...]
    image_count: int | None
    effective_scale: float | None
    """network_alpha / network_dim."""
    epochs: float | None
    views_per_image: float | None
    expected: Estimate | None
    """Seconds of worker time and their price, without the cold start."""

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """What forbids a start."""
        return blocking(self.findings)


class FinishedJobs:
    """Times of completed trainings, by endpoint; read again only when a history has changed."""

    def __init__(self, histories: Histories, records: Records) -> None:
        self._histories = histories
        self._records = records
        self._known: dict[str, tuple[object, list[FinishedJob]]] = {}

    def of(self, styles: Sequence[Style], *, base_url: str, endpoint_id: str | None) -> list[FinishedJob]:
        """Oldest first; `endpoint_id` None stands for every endpoint at that address."""
        found: list[FinishedJob] = []
        for style in styles:
            with suppress(StoreError):  # another style's damaged file only costs its figures
                found += self._of_style(style, base_url, endpoint_id)
        return found

    def _of_style(self, style: Style, base_url: str, endpoint_id: str | None) -> list[FinishedJob]:
        state = (self._histories.etag(style.folder), base_url, endpoint_id)
        known = self._known.get(style.folder)
        if known is None or known[0] != state:
            entries = filter(None, map(_finished, reversed(self._records.live(style))))
            jobs = [job for (base, name), job in entries if base == base_url and endpoint_id in (None, name)]
            known = self._known[style.folder] = (state, jobs)
        return known[1]


def reviewed(
    parameters: Values,
    style: Style,
    dataset: Dataset | None,
    settings: Settings,
    finished: Sequence[FinishedJob],
) -> Review:
    """Findings and derived numbers of a form, however little of it is filled in."""
    given = parameters.model_dump() if isinstance(parameters, TrainingParameters) else dict(parameters)
    if given.get("class_tokens") is None:
        given["class_tokens"] = style.class_tokens
    values = RecordedParameters.from_raw(given)
    images = len(dataset.filenames) if dataset else None
    estimate = expected(values, settings, finished)
    return Review(
        findings=findings(given, _facts(style, dataset, settings, estimate)),
        image_count=images,
        effective_scale=effective_scale(values.network_alpha, values.network_dim),
        epochs=epochs(values.max_train_steps, images, values.num_repeats, values.batch_size),
        views_per_image=views_per_image(values.max_train_steps, values.batch_size, images),
        expected=estimate,
    )


def remaining(
    version: Version, sighting: Sighting | None, expected: Estimate | None, now: datetime
) -> float | None:
    """Seconds left of a running training, from its own progress if it tells any."""
    if version.status is not VersionStatus.TRAINING:
        return None
    elapsed_s = (now - version.started_at).total_seconds() if version.started_at else None
    return time_left_s(
        sighting.progress if sighting else None,
        observed_s_per_step=sighting.observed_s_per_step() if sighting else None,
        elapsed_s=elapsed_s,
        expected_s=expected.seconds if expected else None,
    )


def spent_usd(version: Version, settings: Settings) -> float | None:
    """What a finished training's worker time cost at today's price; None without price or time."""
    submission = version.submission
    if submission is None or submission.base_url == EMBEDDED_BASE_URL or submission.execution_ms is None:
        return None
    return cost_usd(submission.execution_ms / 1000, settings.usd_per_second)


def expected(
    values: RecordedParameters, settings: Settings, finished: Sequence[FinishedJob]
) -> Estimate | None:
    """Worker time and price of a training; None while its steps are not known."""
    steps = values.max_train_steps
    if steps is None or steps < 1:
        return None
    return expected_training(
        steps, finished=finished, is_embedded=settings.is_embedded, usd_per_second=settings.usd_per_second
    )


def _facts(
    style: Style, dataset: Dataset | None, settings: Settings, estimate: Estimate | None
) -> TrainingFacts:
    known = TrainingFacts(
        selected=dataset is not None,
        trigger_token=style.trigger_token,
        expected_s=estimate.seconds if estimate else None,
        execution_timeout_s=settings.execution_timeout_ms / 1000,
        is_embedded=settings.is_embedded,
    )
    if dataset is None:
        return known
    return replace(
        known,
        image_count=len(dataset.filenames),
        uncaptioned=dataset.uncaptioned,
        missing=dataset.missing,
        unusable_names=dataset.unusable_names,
        captions_with_trigger_first=dataset.captions_with_trigger_first,
    )


def _finished(version: Version) -> tuple[Place, FinishedJob] | None:
    submission, steps = version.submission, version.parameters.max_train_steps
    if (
        version.status is not VersionStatus.COMPLETED
        or submission is None
        or not submission.execution_ms
        or not steps
    ):
        return None
    return (submission.base_url, submission.endpoint_id), FinishedJob(steps, submission.execution_ms / 1000)
