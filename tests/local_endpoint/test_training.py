"""A training from its input to its file and output, in this process."""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from safetensors import safe_open

from local_endpoint.training.run import train
from tests.local_endpoint.training_inputs import PARAMETERS, training_input


def trained(job_input: dict[str, Any], folder: Path) -> dict[str, Any]:
    return train(job_input, folder, lambda _progress: None)


def error_of(job_input: dict[str, Any], folder: Path) -> str:
    output = trained(job_input, folder)
    assert output["status"] == "failed"
    assert not list(folder.glob("*.safetensors"))
    return str(output["error"])


def test_the_output_is_the_containers_with_more_beside_it(pictures: list[str], tmp_path: Path) -> None:
    output = trained(training_input(pictures), tmp_path)
    path = tmp_path / "style_16_vV1.safetensors"
    size = path.stat().st_size
    assert output["status"] == "success"
    assert output["job_id"] == "16_1760254040983"
    assert output["loraName"] == path.name
    assert output["loraUrl"] == path.as_uri()
    assert output["model_info"] == {"name": path.name, "size_bytes": size, "download_url": path.as_uri()}
    assert output["images"] == 6
    assert output["epochs"] == pytest.approx(40 / 12, abs=0.01)
    assert output["loss_history"][-1] == [40, output["final_loss"]]
    assert output["executionSeconds"] > 0


def test_the_file_opens_and_holds_what_was_asked_for(pictures: list[str], tmp_path: Path) -> None:
    trained(training_input(pictures, network_dim=8, network_alpha=4), tmp_path)
    with safe_open(tmp_path / "style_16_vV1.safetensors", "numpy") as model:
        metadata = model.metadata()
        names = list(model.keys())
        shapes = {name: model.get_slice(name).get_shape() for name in names}
    assert {name.rpartition("layer")[2] for name in shapes} == {
        f"{layer}.{part}" for layer in "12" for part in ("lora_down.weight", "lora_up.weight", "alpha")
    }
    assert all(name.startswith("lora_unet_") for name in shapes)
    assert shapes["lora_unet_denoiser_layer1.lora_down.weight"][0] == 8
    assert shapes["lora_unet_denoiser_layer2.lora_up.weight"][1] == 8
    assert metadata["ss_network_dim"] == "8"
    assert metadata["ss_network_alpha"] == "4.0"
    assert metadata["ss_max_train_steps"] == metadata["ss_steps"] == "40"
    assert metadata["ss_num_train_images"] == "12"
    assert metadata["ss_output_name"] == "style_16_vV1"
    assert metadata["ss_seed"] == "42"
    assert json.loads(metadata["lora_lab_parameters"]) == {**PARAMETERS, "network_dim": 8, "network_alpha": 4}
    assert "not for image generation" in metadata["lora_lab_note"]


def test_the_loss_falls(pictures: list[str], tmp_path: Path) -> None:
    output = trained(training_input(pictures, max_train_steps=200, learning_rate=3e-4), tmp_path)
    assert output["final_loss"] < 0.8 * output["loss_history"][0][1]


def test_a_rate_of_1_diverges_and_says_so(pictures: list[str], tmp_path: Path) -> None:
    output = trained(training_input(pictures, learning_rate=1.0), tmp_path)
    assert (output["status"], output["job_id"]) == ("failed", "16_1760254040983")
    assert output["error"].startswith("Loss diverged at step ")
    assert output["loss_history"][0][0] == 1
    assert list(tmp_path.iterdir()) == []


def test_equal_requests_give_equal_bytes_and_another_seed_does_not(
    pictures: list[str], tmp_path: Path
) -> None:
    job_input = training_input(pictures)
    contents = []
    for folder, seed in (("a", 42), ("b", 42), ("c", 43)):
        job_input["training_config"]["seed"] = seed
        trained(job_input, tmp_path / folder)
        contents.append((tmp_path / folder / "style_16_vV1.safetensors").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_nothing_but_the_model_is_left_in_the_folder(pictures: list[str], tmp_path: Path) -> None:
    trained(training_input(pictures), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["style_16_vV1.safetensors"]


def test_progress_tells_where_it_is(pictures: list[str], tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    train(training_input(pictures), tmp_path, told.append)
    first, last = told[0], told[-1]
    assert set(first) == {
        "step",
        "total_steps",
        "loss",
        "learning_rate",
        "epoch",
        "s_per_step",
        "loss_history",
    }
    assert (first["step"], first["epoch"], first["learning_rate"]) == (1, 1, 1e-4)
    assert (last["step"], last["total_steps"], last["epoch"]) == (40, 40, 4)


def test_percent_encoded_and_raw_addresses_are_both_read(pictures: list[str], tmp_path: Path) -> None:
    assert any("%20" in address for address in pictures)
    raw = [unquote(address) for address in pictures]
    encoded_output = trained(training_input(pictures), tmp_path)
    raw_output = trained(training_input(raw), tmp_path)
    assert raw_output["images"] == 6
    assert raw_output["loss_history"] == encoded_output["loss_history"]


def test_a_name_that_really_holds_a_percent_sign_is_read(pictures: list[str], tmp_path: Path) -> None:
    source = next(unquote(one).removeprefix("file://") for one in pictures if one.endswith(".jpg"))
    shutil.copy(source, tmp_path / "50%20off.jpg")
    output = trained(training_input([f"file://{tmp_path}/50%20off.jpg"]), tmp_path / "models")
    assert output["images"] == 1


def test_what_cannot_be_read_is_left_out_and_told(pictures: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    picture = next(one for one in pictures if one.endswith(".jpg"))
    addresses = [
        picture,
        (tmp_path / "broken.png").as_uri(),
        (tmp_path / "gone.jpg").as_uri(),
        "s3://bucket/a.jpg",
    ]
    output = trained(training_input(addresses), tmp_path / "models")
    assert output["images"] == 1
    assert output["notes"] == [
        "Addresses left out, because only file:// can be read here: 1.",
        "Pictures left out, because they could not be read: 2.",
        "Pictures without a caption: 1.",
    ]


def test_without_usable_pictures_it_fails_in_a_sentence(tmp_path: Path) -> None:
    error = error_of(training_input(["s3://bucket/a.jpg"]), tmp_path)
    assert error.startswith("No usable pictures among 1 addresses.")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "x" * 161, "a b", "a\x00", None, "/etc/passwd"])
def test_a_model_never_leaves_its_folder(pictures: list[str], tmp_path: Path, name: Any) -> None:
    folder = tmp_path / "models"
    assert "model_name" in error_of(training_input(pictures, model_name=name), folder)
    assert not folder.exists()


def test_dots_are_a_name_like_any_other(pictures: list[str], tmp_path: Path) -> None:
    output = trained(training_input(pictures, model_name="..", max_train_steps=1), tmp_path / "models")
    assert (tmp_path / "models" / output["loraName"]).is_file()


def test_arrays_keep_their_rank_in_every_dtype(pictures: list[str], tmp_path: Path) -> None:
    trained(training_input(pictures, gradient_dtype="fp32", network_dim=3, network_alpha=3), tmp_path)
    with safe_open(tmp_path / "style_16_vV1.safetensors", "numpy") as model:
        up = model.get_tensor("lora_unet_denoiser_layer1.lora_up.weight")
    assert np.linalg.matrix_rank(up) == 3
