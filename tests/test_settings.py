"""Settings: what holds without any, what is missing of half of them, and what is refused."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from lora_core import ConfigurationError, Settings, TrainingLab

RUNPOD = {
    "runpod_api_key": "key",
    "runpod_endpoint_id": "abc123",
    "s3_bucket": "files",
    "trainer_user_id": "user",
    "trainer_tenant_id": "tenant",
}


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def settings(**values: object) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


def test_without_any_setting_trainings_run_on_the_embedded_endpoint() -> None:
    here = settings()

    assert here.is_embedded
    assert here.missing == ()
    assert here.root == Path("data/styles")
    assert here.lora_lab_models == Path("data/models")
    assert here.lora_lab_state_dir == Path("data/state")
    assert here.runpod_base_url == "https://api.runpod.ai/v2"
    assert (here.execution_timeout_ms, here.ttl_ms) == (6 * 3_600_000, 24 * 3_600_000)
    assert here.trainer_mode == "custom-styles"
    assert here.usd_per_second is None


def test_a_whole_configuration_misses_nothing() -> None:
    here = settings(**RUNPOD)

    assert not here.is_embedded
    assert here.missing == ()
    assert here.models_prefix == "user/custom-styles-models"


HALVES = [
    names
    for count in range(len(RUNPOD))
    for names in itertools.combinations(RUNPOD, count)
    if "runpod_api_key" in names or "runpod_endpoint_id" in names
]


@pytest.mark.parametrize("names", HALVES, ids="-".join)
def test_half_a_configuration_says_what_is_missing_and_is_never_the_embedded_endpoint(
    names: tuple[str, ...],
) -> None:
    here = settings(**{name: RUNPOD[name] for name in names})

    assert not here.is_embedded
    assert set(here.missing) == {name.upper() for name in RUNPOD if name not in names}


@pytest.mark.parametrize("name", ["RUNPOD_API_KEY", "RUNPOD_ENDPOINT_ID"])
def test_half_a_configuration_opens_the_lab_and_starts_nothing(name: str, tmp_path: Path) -> None:
    half = settings(**{name.lower(): "x"}, lora_lab_root=str(tmp_path), lora_lab_state_dir=tmp_path / "state")

    with TrainingLab.open(half) as lab:
        assert lab.styles() == []
        assert "by half" in lab.endpoint_sentence()
        assert all(missing in lab.endpoint_sentence() for missing in half.missing)
        with pytest.raises(ConfigurationError, match="by half"):
            lab._endpoints.current()
    assert not (tmp_path / "state" / "endpoint.json").exists()


@pytest.mark.parametrize(("timeout", "ttl"), [(6, 7), (0.5, 1.5), (167, 168), (1, 168)])
def test_a_job_may_live_an_hour_longer_than_it_may_run(timeout: float, ttl: float) -> None:
    here = settings(runpod_execution_timeout_hours=timeout, runpod_ttl_hours=ttl)

    assert here.ttl_ms - here.execution_timeout_ms >= 3_600_000


@pytest.mark.parametrize(("timeout", "ttl"), [(6, 6.9), (6, 6), (24, 24), (167, 167.5)])
def test_a_job_that_could_be_deleted_while_it_runs_is_refused(timeout: float, ttl: float) -> None:
    with pytest.raises(ValidationError, match=r"RUNPOD_TTL_HOURS must be at least .* deletes even a running"):
        settings(runpod_execution_timeout_hours=timeout, runpod_ttl_hours=ttl)


@pytest.mark.parametrize(
    "values",
    [
        {"runpod_ttl_hours": 169},
        {"runpod_ttl_hours": float("nan")},
        {"runpod_execution_timeout_hours": 0},
        {"runpod_execution_timeout_hours": 168},
        {"runpod_execution_timeout_hours": "six"},
        {"runpod_usd_per_second": -1},
    ],
)
def test_numbers_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


def test_a_root_in_a_bucket_is_refused_with_a_sentence() -> None:
    with pytest.raises(
        ValidationError, match="keeps its records in a local folder; set LORA_LAB_ROOT to a folder"
    ):
        settings(lora_lab_root="s3://bucket/styles")


def test_a_gpu_without_a_known_price_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValidationError, match=r"RUNPOD_GPU=GTX 970 has no known price.*L40S.*RUNPOD_USD_PER_SECOND"
    ):
        settings(runpod_gpu="GTX 970")


def test_the_price_given_comes_before_the_gpus() -> None:
    assert settings(**RUNPOD, runpod_gpu="L40S").usd_per_second == pytest.approx(0.00053)
    assert (
        settings(**RUNPOD, runpod_gpu="L40S", runpod_usd_per_second=Decimal("0.001")).usd_per_second == 0.001
    )


def test_every_setting_is_read_from_the_environment_by_its_name_in_capitals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {
        "LORA_LAB_ROOT": "/styles",
        "LORA_LAB_MODELS": "/models",
        "LORA_LAB_STATE_DIR": "/state",
        "LORA_LAB_PUBLIC_URL": "https://lab.example",
        "LORA_LAB_WEBHOOK_SECRET": "hook",
        "RUNPOD_API_KEY": "key",
        "RUNPOD_ENDPOINT_ID": "abc",
        "RUNPOD_BASE_URL": "https://runpod.example/v2",
        "RUNPOD_EXECUTION_TIMEOUT_HOURS": "2.5",
        "RUNPOD_TTL_HOURS": "12.0",
        "RUNPOD_GPU": "L40S",
        "RUNPOD_USD_PER_SECOND": "0.001",
        "TRAINER_USER_ID": "user",
        "TRAINER_TENANT_ID": "tenant",
        "TRAINER_MODE": "styles",
        "S3_BUCKET": "files",
        "S3_REGION": "eu-central-1",
        "S3_ENDPOINT_URL": "http://127.0.0.1:9000",
        "S3_IMAGES_PREFIX": "images",
        "S3_MODELS_PREFIX": "models",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    here = settings()

    assert set(values) == {name.upper() for name in Settings.model_fields}
    for name, value in values.items():
        read = getattr(here, name.lower())
        assert (read.get_secret_value() if isinstance(read, SecretStr) else str(read)) == value


def test_settings_are_read_from_a_file_and_the_environment_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("S3_BUCKET=from the file\nS3_REGION=eu-central-1\nANOTHER_PROGRAMS=1\n")
    monkeypatch.setenv("S3_BUCKET", "from the environment")

    assert (settings().s3_bucket, settings().s3_region) == ("from the environment", "eu-central-1")


def test_an_empty_setting_is_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "RUNPOD_API_KEY",
        "RUNPOD_ENDPOINT_ID",
        "RUNPOD_BASE_URL",
        "RUNPOD_TTL_HOURS",
        "LORA_LAB_ROOT",
    ):
        monkeypatch.setenv(name, "")

    assert settings() == settings(_env_file=None)
    assert settings().is_embedded


def test_addresses_lose_their_last_slash() -> None:
    here = settings(runpod_base_url="https://runpod.example/v2/", lora_lab_public_url="https://lab.example//")

    assert (here.runpod_base_url, here.lora_lab_public_url) == (
        "https://runpod.example/v2",
        "https://lab.example",
    )


@pytest.mark.parametrize("prefix", ["models", "/models/", "models/"])
def test_the_models_prefix_may_be_given(prefix: str) -> None:
    assert settings(**RUNPOD, s3_models_prefix=prefix).models_prefix == "models"


def test_no_secret_is_printed() -> None:
    printed = repr(settings(runpod_api_key="rpa_SECRET", lora_lab_webhook_secret="hook_SECRET"))

    assert "SECRET" not in printed
