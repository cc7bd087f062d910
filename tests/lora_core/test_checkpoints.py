"""Checkpoints: which files in the folder of models are a version's, and at which step they were saved."""

from pathlib import Path

import pytest

from lora_core.checkpoints import checkpoints_of
from lora_core.errors import StoreUnavailableError
from lora_core.model_files import LocalModelFiles


def folder_with(folder: Path, *names: str) -> LocalModelFiles:
    folder.mkdir(exist_ok=True)
    for size, name in enumerate(names, start=1):
        (folder / name).write_bytes(b"x" * size)
    return LocalModelFiles(folder)


def test_steps_and_epochs_of_one_model_are_found_in_their_order(tmp_path: Path) -> None:
    place = folder_with(
        tmp_path / "models",
        "m-step00001000.safetensors",
        "m-step00000500.safetensors",
        "m-000002.safetensors",
        "m.safetensors",
    )
    found = checkpoints_of("m", place)
    assert [(one.epoch, one.step) for one in found] == [(2, None), (None, 500), (None, 1000)]
    assert [one.file.size_bytes for one in found] == [3, 2, 1]
    assert found[1].file.path == tmp_path / "models" / "m-step00000500.safetensors"


@pytest.mark.parametrize(
    "name",
    [
        "m.safetensors",
        "mm-step00000500.safetensors",
        "m-step00000500.ckpt",
        "m-step00000500-state.safetensors",
        "m-step.safetensors",
        "m-20251012.safetensors",
        "m-202510.safetensors",
        "m-step00000500.safetensors.partial",
        ".m-step00000500.safetensors",
    ],
)
def test_another_file_is_no_checkpoint(tmp_path: Path, name: str) -> None:
    assert checkpoints_of("m", folder_with(tmp_path / "models", name)) == []


def test_a_checkpoint_that_comes_while_it_trains_is_seen(tmp_path: Path) -> None:
    place = folder_with(tmp_path / "models", "m-step00000100.safetensors")
    assert len(checkpoints_of("m", place)) == 1
    folder_with(tmp_path / "models", "m-step00000200.safetensors")
    assert [one.step for one in checkpoints_of("m", place)] == [100, 200]


def test_without_a_folder_there_is_none_and_a_file_in_its_place_is_told(tmp_path: Path) -> None:
    assert checkpoints_of("m", LocalModelFiles(tmp_path / "nowhere")) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailableError):
        checkpoints_of("m", LocalModelFiles(tmp_path / "file"))
