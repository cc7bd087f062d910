"""What the core's tests share: a clock, a RunPod with a memory, a lab over both, and a style to train."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lora_core import Settings, Style, TrainingLab
from tests.lora_core.bench import STYLE, Bench, FakeRunpod, SettableClock

_OWN_SETTINGS = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_OWN_SETTINGS):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sample_styles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that holds the sample style; drawn once, copied by each test."""
    folder = tmp_path_factory.mktemp("sample")
    settings = Settings(
        _env_file=None,
        lora_lab_root=str(folder / "styles"),
        lora_lab_models=folder / "models",
        lora_lab_state_dir=folder / "state",
        runpod_api_key=None,
        runpod_endpoint_id=None,
    )
    with TrainingLab(settings) as lab:
        lab.create_sample_style()
    return folder / "styles"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def runpod(tmp_path: Path, clock: SettableClock) -> Iterator[FakeRunpod]:
    with FakeRunpod(tmp_path / "runpod", clock).serving() as served:
        yield served


@pytest.fixture
def bench(tmp_path: Path, runpod: FakeRunpod, clock: SettableClock, sample_styles: Path) -> Iterator[Bench]:
    shutil.copytree(sample_styles, tmp_path / "lab" / "styles")
    bench = Bench(tmp_path / "lab", runpod, clock)
    yield bench
    bench.close()


@pytest.fixture
def lab(bench: Bench) -> TrainingLab:
    return bench.open_lab()


@pytest.fixture
def style(lab: TrainingLab) -> Style:
    return lab.style(STYLE)
