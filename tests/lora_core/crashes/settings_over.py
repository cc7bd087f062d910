"""Settings over a folder, made and not read: reading them takes as long as what a victim does."""

from pathlib import Path

from pydantic import SecretStr

from lora_core import Settings


def settings_over(folder: Path, *, base_url: str, endpoint_id: str, api_key: str) -> Settings:
    """As a bench has them, for a fake RunPod."""
    return Settings.model_construct(
        lora_lab_root=str(folder / "styles"),
        lora_lab_models=folder / "models",
        lora_lab_state_dir=folder / "state",
        runpod_api_key=SecretStr(api_key),
        runpod_endpoint_id=endpoint_id,
        runpod_base_url=base_url,
        s3_bucket="bucket",
        trainer_user_id="user",
        trainer_tenant_id="tenant",
    )
