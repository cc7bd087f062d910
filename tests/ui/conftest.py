"""What the screens' tests share: a lab in a folder, and a RunPod with a memory where one is asked for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lora_core import Settings, TrainingLab
from tests.browser.empty_bucket import empty_bucket
from tests.lora_core.bench import FakeRunpod, SettableClock
from tests.runpod_settings import runpod_settings
from tests.ui.screens import Screens
from ui import process

_OWN_SETTINGS = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_")


def close_lab() -> None:
    """Ends the lab of this process and its monitor; the next page opens another one."""
    kept = process._kept.__dict__.pop("lab", None)
    if kept is not None:
        kept.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's lab lives; nothing is configured but that, whatever the environment holds."""
    for name in list(os.environ):
        if name.startswith(_OWN_SETTINGS):
            monkeypatch.delenv(name)
    own = tmp_path / "lab"
    own.mkdir()
    monkeypatch.chdir(own)  # no `.env` lies here
    monkeypatch.setenv("LORA_LAB_ROOT", str(own / "styles"))
    monkeypatch.setenv("LORA_LAB_MODELS", str(own / "models"))
    monkeypatch.setenv("LORA_LAB_STATE_DIR", str(own / "state"))
    close_lab()
    yield own
    close_lab()


@pytest.fixture(scope="session")
def sample_styles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that holds the sample style; drawn once, copied by each test."""
    folder = tmp_path_factory.mktemp("sample")
    root, state = str(folder / "styles"), folder / "state"
    with TrainingLab(Settings(_env_file=None, lora_lab_root=root, lora_lab_state_dir=state)) as lab:
        lab.create_sample_style()
    return folder / "styles"


@pytest.fixture
def empty(folder: Path) -> Screens:
    """A lab without any style."""
    return Screens(folder)


@pytest.fixture
def screens(folder: Path, sample_styles: Path) -> Screens:
    """A lab with the sample style, that would train on the endpoint of this machine."""
    shutil.copytree(sample_styles, folder / "styles")
    return Screens(folder)


@pytest.fixture(scope="session")
def bucket_url() -> Iterator[str]:
    with empty_bucket() as url:
        yield url


@pytest.fixture
def runpod(
    tmp_path: Path, screens: Screens, bucket_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeRunpod]:
    """The lab of `screens` has this RunPod endpoint, whose trainer does what the test says."""
    with FakeRunpod(tmp_path / "runpod", SettableClock()).serving() as served:
        settings = runpod_settings(served.address, bucket_url)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        assert screens.styles.is_dir()
        yield served
        close_lab()  # while its RunPod still answers
