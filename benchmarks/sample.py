"""What the benchmarked versions hold: the same on both sides. Standard library only, as MLflow's
environment knows nothing of the lab."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

IN_FLIGHT: Final = 40
"""How many of the prepared versions are in training, spread over all of them: what `set_status` ends."""

PARAMETERS: Final[Mapping[str, int | float | str]] = {
    "network_dim": 16,
    "network_alpha": 16,
    "learning_rate": 1e-4,
    "max_train_steps": 1500,
    "lr_scheduler": "cosine_with_restarts",
    "lr_warmup_steps": 0,
    "optimizer_type": "adamw8bit",
    "batch_size": 2,
    "num_repeats": 10,
    "gradient_dtype": "bf16",
    "save_every_n_steps": 500,
    "class_tokens": "style SBai_style_1",
}
DESCRIPTION: Final = "Test with low LR"
SELECTION_SET_ID: Final = 1
IMAGE_COUNT: Final = 100
BASE_URL: Final = "https://api.runpod.ai/v2"
ENDPOINT_ID: Final = "benchmark"

_FIRST_MS: Final = 1_760_000_000_000
_APART_MS: Final = 60_000


@dataclass(frozen=True)
class PreparedVersion:
    """One of the versions that are there before anything is measured; 1 is the oldest."""

    number: int
    is_in_flight: bool

    @property
    def name(self) -> str:
        return f"V{self.number}"

    @property
    def key(self) -> str:
        return f"00000000-0000-4000-8000-{self.number:012d}"

    @property
    def created_ms(self) -> int:
        """When it was made, in milliseconds since 1970."""
        return _FIRST_MS + self.number * _APART_MS

    @property
    def request_id(self) -> str:
        return f"1_{self.created_ms}"

    @property
    def job_id(self) -> str:
        return f"10000000-0000-4000-8000-{self.number:012d}-u1"

    @property
    def started_ms(self) -> int:
        return self.created_ms + 5_000

    @property
    def completed_ms(self) -> int | None:
        return None if self.is_in_flight else self.created_ms + 50_000

    @property
    def model_name(self) -> str:
        return f"style_1_v{self.name}"

    @property
    def model_url(self) -> str:
        return f"https://bucket.s3.amazonaws.com/user/custom-styles-models/{self.model_name}.safetensors"

    @property
    def status(self) -> str:
        return "training" if self.is_in_flight else "completed"


def prepared_versions(count: int) -> list[PreparedVersion]:
    """`count` versions, the oldest first."""
    every = max(1, count // IN_FLIGHT)
    return [PreparedVersion(number, number % every == 0) for number in range(1, count + 1)]
