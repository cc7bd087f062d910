"""Which place holds the models of which endpoint."""

from datetime import datetime

from lora_core.checkpoints import Checkpoint, checkpoints_of
from lora_core.embedded import EMBEDDED_BASE_URL
from lora_core.endpoints import Endpoint
from lora_core.errors import StoreUnavailableError
from lora_core.evidence import ModelEvidence
from lora_core.model_files import LocalModelFiles, ModelFile, ModelFiles, model_evidence
from lora_core.model_urls import model_location
from lora_core.s3_models import S3ModelFiles
from lora_core.settings import Settings
from lora_core.versions import Version


class ModelPlaces:
    """The folder of local models, and the bucket when one is configured."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.local = LocalModelFiles(settings.lora_lab_models)
        self.bucket: ModelFiles | None = None
        if settings.s3_bucket and (settings.trainer_user_id or settings.s3_models_prefix):
            self.bucket = S3ModelFiles(
                settings.s3_bucket,
                settings.models_prefix,
                region=settings.s3_region,
                endpoint_url=settings.s3_endpoint_url,
            )

    def of_version(self, version: Version) -> ModelFiles | None:
        """Where the version's trainer puts its model; None when that place is not configured (any more)."""
        submission = version.submission
        if submission is None or submission.base_url is None:
            return None
        place = self.local if submission.base_url == EMBEDDED_BASE_URL else self.bucket
        if place is not None and submission.model_place not in (None, place.address):
            return None  # the settings changed since: what lies there now says nothing of this training
        return place

    def evidence(self, version: Version, now: datetime | None = None) -> ModelEvidence:
        """Whether the model of this very training is there; `now` shows whether the clock was set back since."""
        submission = version.submission
        return model_evidence(
            self.of_version(version),
            version.model_name,
            submitted_at=submission.submitted_at if submission else None,
            before=submission.model_before if submission else None,
            now=now,
        )

    def misplaced(self, version: Version) -> str | None:
        """A sentence when the trainer put the model elsewhere than where the lab looks for models.

        The container decides by the user id and the mode that it is sent; a wrong one would leave every
        training that RunPod forgets without its model.
        """
        submission = version.submission
        location = model_location(version.lora_url)
        if (
            submission is None
            or submission.base_url == EMBEDDED_BASE_URL
            or location is None
            or self.bucket is None
        ):
            return None
        bucket, key = location
        wanted = f"{self._settings.models_prefix}/"
        if bucket in (None, self._settings.s3_bucket) and key.startswith(wanted):
            return None
        return (
            f"The trainer put this model under {bucket or ''}/{key}, while the lab looks under "
            f"{self._settings.s3_bucket}/{wanted}. Check TRAINER_USER_ID, TRAINER_MODE, S3_BUCKET and S3_MODELS_PREFIX."
        )

    def file(self, version: Version) -> ModelFile | None:
        """The version's model where it is at hand in the local folder, for size and download."""
        return self.local.find(_file_name(version))

    def checkpoints(self, version: Version) -> list[Checkpoint]:
        """What its trainer saved on the way, where it is at hand in the local folder."""
        return checkpoints_of(_file_name(version), self.local)

    def address(self, endpoint: Endpoint) -> str | None:
        """Names the place where an endpoint's trainer puts models."""
        place = self.local if endpoint.is_embedded else self.bucket
        return place.address if place else None

    def names(self, endpoint: Endpoint) -> set[str]:
        """Model names taken at an endpoint's place; none when it cannot be read."""
        place = self.local if endpoint.is_embedded else self.bucket
        try:
            return {file.name for file in place.files()} if place else set()
        except StoreUnavailableError:
            return set()

    def etag(self, endpoint: Endpoint, model_name: str) -> str | None:
        """Etag of what lies under the name before a training writes it."""
        place = self.local if endpoint.is_embedded else self.bucket
        try:
            file = place.find(model_name) if place else None
        except StoreUnavailableError:
            return None
        return file.etag if file else None

    def labels(self, style_id: str) -> set[str]:
        """Version names that local model files of a style take up, whoever made them."""
        prefix = f"style_{style_id}_v"
        try:
            return {
                file.name.removeprefix(prefix) for file in self.local.files() if file.name.startswith(prefix)
            }
        except StoreUnavailableError:
            return set()


def _file_name(version: Version) -> str:
    return version.model_name or f"style_{version.style_id}_v{version.name}"
