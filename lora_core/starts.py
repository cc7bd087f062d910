"""Drafts and starts: what the user typed becomes a record, and a record becomes a training."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, TimeoutError
from typing import Any

from lora_core.datasets import Dataset, looked_at
from lora_core.embedded import EMBEDDED_BASE_URL
from lora_core.endpoints import Endpoints, configuration_sentence
from lora_core.errors import ConfigurationError, NotAllowedError, NotFoundError, TrainingBlockedError
from lora_core.estimates import Estimate, FinishedJob
from lora_core.forecast import FinishedJobs, Review, Values, expected, reviewed
from lora_core.missing_files import refuse_incomplete
from lora_core.parameters import PARAMETER_NAMES, RecordedParameters, TrainingParameters
from lora_core.records import Changes, Records
from lora_core.selection_sets import SelectionSets
from lora_core.styles import Style, Styles
from lora_core.submissions import Submissions
from lora_core.versions import Version, VersionStatus


class Starts:
    """Makes drafts and starts trainings; see TrainingLab for what the arguments mean."""

    def __init__(
        self,
        styles: Styles,
        sets: SelectionSets,
        records: Records,
        submissions: Submissions,
        endpoints: Endpoints,
        finished: FinishedJobs,
        bucket_pictures: Callable[[Style], frozenset[str] | None],
    ) -> None:
        self._styles = styles
        self._sets = sets
        self._records = records
        self._submissions = submissions
        self._settings = endpoints.settings
        self._finished = finished
        self._bucket_pictures = bucket_pictures

    def dataset(self, style: Style, selection_set_id: int | None) -> Dataset | None:
        """The pictures of a selection set as they are now; None when none is chosen."""
        if selection_set_id is None:
            return None
        return looked_at(self._styles, style, self._sets.find(style, selection_set_id))

    def review(self, style: Style, parameters: Values, dataset: Dataset | None) -> Review:
        """Findings, derived numbers, expected time and cost."""
        return reviewed(parameters, style, dataset, self._settings, self._finished_jobs())

    def expected(self, version: Version) -> Estimate | None:
        """How long the whole training of a version should take."""
        return expected(version.parameters, self._settings, self._finished_jobs())

    def _finished_jobs(self) -> list[FinishedJob]:
        """Those of the endpoint that trains now."""
        is_embedded = self._settings.is_embedded
        base_url = EMBEDDED_BASE_URL if is_embedded else self._settings.runpod_base_url
        endpoint_id = None if is_embedded else self._settings.runpod_endpoint_id
        return self._finished.of(self._styles.all(), base_url=base_url, endpoint_id=endpoint_id)

    def save_draft(
        self,
        style: Style,
        parameters: Values,
        selection_set_id: int | None,
        description: str,
        name: str | None,
        based_on: str | None,
        key: str | None,
    ) -> Version:
        """A new draft; it may hold what could not be started."""
        content = self._content(style, parameters, selection_set_id, description)
        content["status"] = VersionStatus.DRAFT.value
        return self._records.create(style, content, name=name, based_on=self._base(style, based_on), key=key)[
            0
        ]

    def revise_draft(
        self, style: Style, reference: str, parameters: Values, selection_set_id: int | None, description: str
    ) -> Version:
        """Replaces what a draft holds."""
        draft = self._records.find(style, reference)
        content = self._content(style, parameters, selection_set_id, description)

        def decide(version: Version) -> Changes:
            if version.status is not VersionStatus.DRAFT:
                raise NotAllowedError(
                    f"{version.name} is no draft any more; save the changes as a new version."
                )
            return _merged(version, content)

        return self._records.patch(style, draft.key, decide)

    def start(
        self,
        style: Style,
        parameters: TrainingParameters,
        selection_set_id: int | None,
        description: str,
        name: str | None,
        based_on: str | None,
        key: str | None,
    ) -> tuple[Version, Future[None] | None]:
        """A new version that is being sent; with a key that is there already, its record and no Future."""
        if key is not None and (there := self._there(style, key)) is not None:
            return there, None
        dataset = self._startable(style, parameters, selection_set_id)
        content = self._content(style, parameters, selection_set_id, description) | dict(
            self._submissions.beginning()
        )
        version, is_new = self._records.create(
            style, content, name=name, based_on=self._base(style, based_on), key=key
        )
        return version, self._submissions.send(version, style, dataset) if is_new else None

    def start_draft(
        self, style: Style, reference: str, revision: Changes | None
    ) -> tuple[Version, Future[None] | None]:
        """Starts a draft; one that somebody else has started is answered as it is."""
        draft = self._records.find(style, reference)
        if draft.is_in_trash:
            raise NotAllowedError(f"{draft.name} is in the trash; restore it, then start it.")
        if draft.status is not VersionStatus.DRAFT and revision is None:
            return draft, None
        values, set_id, content = self._revised(style, draft, revision)
        dataset = self._startable(style, values, set_id)
        beginning = self._submissions.beginning()

        def decide(version: Version) -> Changes:
            if version.status is not VersionStatus.DRAFT or version.is_in_trash:
                return {}
            return {**_merged(version, content), **self._records.identity(style, version), **beginning}

        version = self._records.patch(style, draft.key, decide)
        if version.raw.get("submission") == beginning["submission"]:
            return version, self._submissions.send(version, style, dataset)
        wanted = {} if revision is None else _merged(version, content)
        if any(version.raw.get(name) != value for name, value in wanted.items()):
            raise NotAllowedError(
                f"{version.name} has just been started or deleted elsewhere, with other values than these. Start "
                "yours as a new version."
            )
        return version, None

    def _revised(
        self, style: Style, draft: Version, revision: Changes | None
    ) -> tuple[TrainingParameters, int | None, Changes]:
        if revision is None:
            parameters = draft.parameters.complete()
            if parameters is None:
                raise NotAllowedError(
                    f"{draft.name} lacks {', '.join(draft.parameters.missing)}; enter it, then start."
                )
            return (
                parameters,
                draft.selection_set_id,
                {"imageCount": self._image_count(style, draft.selection_set_id)},
            )
        parameters, set_id = revision["parameters"], revision["selection_set_id"]
        return parameters, set_id, self._content(style, parameters, set_id, revision["description"])

    def _startable(
        self, style: Style, parameters: TrainingParameters, selection_set_id: int | None
    ) -> Dataset:
        """The files of the set, looked at again: the page that was clicked on may be an hour old.

        Raises ConfigurationError, NotAllowedError, TrainingBlockedError or IncompleteDatasetError.
        """
        if self._settings.missing:
            raise ConfigurationError(configuration_sentence(self._settings))
        if style.problem:
            raise NotAllowedError(style.problem)
        dataset = self.dataset(style, selection_set_id)
        blocks = self.review(style, parameters, dataset).blocks
        if dataset is not None:
            refuse_incomplete(dataset, blocks, self._in_bucket(dataset))
        if blocks or dataset is None:
            raise TrainingBlockedError(blocks)
        return dataset

    def _in_bucket(self, dataset: Dataset) -> frozenset[str] | None:
        """Asked only where something is not at hand here, for it may take two seconds."""
        return (
            None
            if self._settings.is_embedded or not dataset.missing
            else self._bucket_pictures(dataset.style)
        )

    def _content(
        self, style: Style, parameters: Values, selection_set_id: int | None, description: str
    ) -> dict[str, Any]:
        content: dict[str, Any] = {
            "description": description.strip() or None,
            "parameters": _stored(parameters, style),
            "selectionSetId": selection_set_id,
            "imageCount": self._image_count(style, selection_set_id),
        }
        return content

    def _image_count(self, style: Style, selection_set_id: int | None) -> int | None:
        if selection_set_id is None:
            return None
        try:
            return len(self._sets.find(style, selection_set_id).filenames)
        except NotFoundError:  # a draft may name a set that was deleted
            return None

    def _base(self, style: Style, reference: str | None) -> Version | None:
        return None if reference is None else self._records.find(style, reference)

    def _there(self, style: Style, key: str) -> Version | None:
        try:
            return self._records.find(style, key)
        except NotFoundError:
            return None


def wait_for(sending: Future[None] | None, wait_s: float | None) -> None:
    """Until the endpoint has answered, but no longer than `wait_s`; the sending goes on all the same."""
    if sending is None:
        return
    try:
        sending.result(timeout=wait_s)
    except TimeoutError:
        return


def _merged(version: Version, content: Changes) -> Changes:
    """The content, with whatever else the record's `parameters` hold kept."""
    if "parameters" not in content or not isinstance(version.raw.get("parameters"), Mapping):
        return content
    others = {name: value for name, value in version.raw["parameters"].items() if name not in PARAMETER_NAMES}
    return {**content, "parameters": {**content["parameters"], **others}}


def _stored(parameters: Values, style: Style) -> Mapping[str, object]:
    if isinstance(parameters, TrainingParameters):
        return parameters.with_class_tokens(style.trigger_token).model_dump()
    given = {name: parameters[name] for name in PARAMETER_NAMES if parameters.get(name) is not None}
    read_back = RecordedParameters.from_raw(given)
    unusable = [name for name in read_back.missing if name in given]
    if unusable:
        # Kept as it is it would be shown as "not recorded" later: better to say so while it can be seen.
        told = ", ".join(f"{name} ({given[name]})" for name in unusable)
        raise NotAllowedError(f"A draft keeps numbers only: correct or empty {told}, then save it.")
    return given
