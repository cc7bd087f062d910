"""What is configured, from the environment and `.env`.

Streamlit puts the top-level secrets of `secrets.toml` into the environment, so they arrive here too.
"""

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lora_core.errors import ConfigurationError
from lora_core.estimates import PRICE_PER_SECOND_USD, price_for

RUNPOD_API = "https://api.runpod.ai/v2"
_HOUR_MS = 3_600_000


def read_settings() -> "Settings":
    """The settings of this process; raises ConfigurationError, which names them and shows none of their values."""
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']).upper()}: {one['msg']}"
            for one in error.errors(include_input=False, include_context=False, include_url=False)
        )
        raise ConfigurationError(f"The settings cannot be used. {told}") from None


class Settings(BaseSettings):
    """Every setting of the lab; its name in the environment is the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # a wrong value may be a secret in the wrong place
    )

    lora_lab_root: str = "data/styles"
    """Folder with one folder per style."""
    lora_lab_models: Path = Path("data/models")
    """Folder with the model files that are at hand."""
    lora_lab_state_dir: Path = Path("data/state")
    """Folder for what the lab itself needs between two runs: outbox, embedded endpoint, loss curves."""
    lora_lab_public_url: str | None = None
    """Address at which RunPod can reach the lab; with the secret below it turns webhooks on."""
    lora_lab_webhook_secret: SecretStr | None = None
    """Signs the webhook addresses that RunPod is given."""

    runpod_api_key: SecretStr | None = None
    """RunPod's API key; without it (and without an endpoint id) trainings run on the embedded endpoint."""
    runpod_endpoint_id: str | None = None
    """The serverless endpoint that trains."""
    runpod_base_url: str = RUNPOD_API
    """Where RunPod's job API answers."""
    runpod_execution_timeout_hours: Annotated[float, Field(gt=0, le=167)] = 6
    """Hours after which RunPod ends a running training."""
    runpod_ttl_hours: Annotated[float, Field(gt=0, le=168)] = 24
    """Hours from submission after which RunPod deletes a job, running or not; at least the timeout + 1."""
    runpod_gpu: str | None = None
    """The endpoint's GPU, e.g. `L40S`: gives the price for estimates."""
    runpod_usd_per_second: Annotated[Decimal, Field(ge=0)] | None = None
    """The price itself; comes before `RUNPOD_GPU`."""

    trainer_user_id: str | None = None
    """The trainer puts models under `{user id}/custom-styles-models/`."""
    trainer_tenant_id: str | None = None
    """Sent to the trainer beside the user id."""
    trainer_mode: str = "custom-styles"
    """What the trainer trains; with the user id it decides where the model is put."""

    s3_bucket: str | None = None
    """The bucket from which the trainer reads pictures and to which it writes models."""
    s3_region: str | None = None
    """The bucket's region."""
    s3_endpoint_url: str | None = None
    """Address of an S3-compatible server; leave it out for AWS."""
    s3_images_prefix: str = "styles"
    """Key prefix of pictures: `{prefix}/{style id}/{file name}`."""
    s3_models_prefix: str | None = None
    """Key prefix of models; by default `{TRAINER_USER_ID}/{TRAINER_MODE}-models`."""

    @field_validator("runpod_base_url", "lora_lab_public_url")
    @classmethod
    def _without_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else None

    @field_validator("lora_lab_root")
    @classmethod
    def _local_root(cls, root: str) -> str:
        if root.startswith("s3://"):
            raise ValueError(
                "This version keeps its records in a local folder; set LORA_LAB_ROOT to a folder."
            )
        return root

    @field_validator("runpod_gpu")
    @classmethod
    def _known_gpu(cls, gpu: str | None) -> str | None:
        if gpu and price_for(gpu, None) is None:
            known = ", ".join(PRICE_PER_SECOND_USD)
            raise ValueError(
                f"RUNPOD_GPU={gpu} has no known price; use one of {known}, or RUNPOD_USD_PER_SECOND."
            )
        return gpu

    @model_validator(mode="after")
    def _ttl_outlives_the_training(self) -> "Settings":
        if self.runpod_ttl_hours < self.runpod_execution_timeout_hours + 1:
            raise ValueError(
                "RUNPOD_TTL_HOURS must be at least RUNPOD_EXECUTION_TIMEOUT_HOURS + 1: RunPod counts it from "
                "submission and deletes even a running training."
            )
        return self

    @property
    def root(self) -> Path:
        """The folder of styles."""
        return Path(self.lora_lab_root)

    @property
    def is_embedded(self) -> bool:
        """Whether trainings run on the embedded endpoint: nothing of RunPod is configured."""
        return self.runpod_api_key is None and self.runpod_endpoint_id is None

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that a RunPod endpoint needs and that are not there; empty when embedded."""
        if self.is_embedded:
            return ()
        needed = ("runpod_api_key", "runpod_endpoint_id", "s3_bucket", "trainer_user_id", "trainer_tenant_id")
        return tuple(name.upper() for name in needed if getattr(self, name) is None)

    @property
    def execution_timeout_ms(self) -> int:
        """`policy.executionTimeout` of a job."""
        return round(self.runpod_execution_timeout_hours * _HOUR_MS)

    @property
    def ttl_ms(self) -> int:
        """`policy.ttl` of a job."""
        return round(self.runpod_ttl_hours * _HOUR_MS)

    @cached_property
    def usd_per_second(self) -> float | None:
        """Price of a GPU-second, when it is known; the embedded endpoint costs nothing."""
        if self.is_embedded:
            return None
        own = self.runpod_usd_per_second
        return price_for(self.runpod_gpu, float(own) if own is not None else None)

    @property
    def models_prefix(self) -> str:
        """Key prefix of models in the bucket."""
        return (self.s3_models_prefix or f"{self.trainer_user_id}/{self.trainer_mode}-models").strip("/")
