"""Each of the twelve parameters does something, or the output says that it does not."""

import struct
from pathlib import Path
from typing import Any

import pytest

from local_endpoint.training.request import OPTIMIZERS, SCHEDULERS, InvalidRequestError, parse_parameters
from local_endpoint.training.run import train
from tests.local_endpoint.training_inputs import PARAMETERS, training_input

Training = dict[str, Any]


@pytest.fixture
def trained(pictures: list[str], tmp_path: Path) -> Any:
    """Trains with some parameters changed; answers the output, with each progress under `told`."""

    def run(**changed: Any) -> Training:
        told: list[dict[str, Any]] = []
        output = train(training_input(pictures, **changed), tmp_path, told.append)
        assert output["status"] == "success", output
        return {**output, "told": told}

    return run


def test_network_dim_a_higher_rank_ends_lower(trained: Any) -> None:
    low = trained(network_dim=16, network_alpha=16, max_train_steps=120)
    high = trained(network_dim=64, network_alpha=64, max_train_steps=120)
    assert high["final_loss"] < 0.97 * low["final_loss"]
    assert high["model_info"]["size_bytes"] > 3 * low["model_info"]["size_bytes"]


def test_network_alpha_more_strength_learns_faster(trained: Any) -> None:
    weak, strong = trained(network_alpha=4), trained(network_alpha=64)
    assert strong["final_loss"] < weak["final_loss"]


def test_learning_rate_a_higher_one_learns_faster(trained: Any) -> None:
    assert trained(learning_rate=1e-3)["final_loss"] < trained(learning_rate=1e-5)["final_loss"]


def test_max_train_steps_more_steps_end_lower(trained: Any) -> None:
    short, long = trained(max_train_steps=20), trained(max_train_steps=150)
    assert long["loss_history"][-1][0] == 150
    assert long["final_loss"] < short["final_loss"]


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_lr_scheduler_sets_the_rate_of_the_last_step(trained: Any, scheduler: str) -> None:
    last_rate = trained(lr_scheduler=scheduler)["told"][-1]["learning_rate"]
    if scheduler.startswith("constant"):
        assert last_rate == 1e-4
    else:
        assert 0 < last_rate < 1e-5


def test_lr_warmup_steps_the_first_step_has_no_rate_and_learning_is_slower(trained: Any) -> None:
    slow = trained(lr_scheduler="constant_with_warmup", lr_warmup_steps=30, learning_rate=1e-3)
    assert slow["told"][0]["learning_rate"] == 0
    assert slow["final_loss"] > trained(learning_rate=1e-3)["final_loss"]


def test_optimizer_type_those_that_run_for_real_differ_and_need_no_note(trained: Any) -> None:
    rates = {"adamw": 1e-4, "Lion": 1e-4, "adamwschedulefree": 1e-4, "prodigy": 1.0}
    outputs = {name: trained(optimizer_type=name, learning_rate=rate) for name, rate in rates.items()}
    assert len({output["final_loss"] for output in outputs.values()}) == 4
    assert not any("was run as" in note for output in outputs.values() for note in output["notes"])
    assert "step size d" in outputs["prodigy"]["notes"][0]


@pytest.mark.parametrize(
    "asked", [name for name in OPTIMIZERS if name not in ("adamw", "Lion", "adamwschedulefree", "prodigy")]
)
def test_optimizer_type_every_other_one_says_what_ran(trained: Any, asked: str) -> None:
    [note, *_more] = trained(optimizer_type=asked, max_train_steps=2)["notes"]
    assert note.startswith(f"{asked} was run as ")


def test_batch_size_more_pictures_a_step_mean_more_epochs(trained: Any) -> None:
    one, four = trained(batch_size=1), trained(batch_size=4)
    assert four["epochs"] == pytest.approx(4 * one["epochs"], rel=0.01)
    assert four["final_loss"] != one["final_loss"]


def test_num_repeats_makes_an_epoch_longer(trained: Any) -> None:
    assert trained(num_repeats=1)["epochs"] == pytest.approx(2 * trained(num_repeats=2)["epochs"], rel=0.01)


def test_a_batch_larger_than_an_epoch_is_told(trained: Any) -> None:
    notes = trained(batch_size=16, num_repeats=1, max_train_steps=2)["notes"]
    assert "batch_size is 16, but an epoch has only 6 views." in notes


def test_gradient_dtype_rounds_and_sets_the_files_dtype(trained: Any, tmp_path: Path) -> None:
    sizes, stored = {}, {}
    for dtype in ("fp32", "fp16", "bf16"):
        sizes[dtype] = trained(gradient_dtype=dtype, max_train_steps=3)["model_info"]["size_bytes"]
        content = (tmp_path / "style_16_vV1.safetensors").read_bytes()
        header = content[8 : 8 + struct.unpack("<Q", content[:8])[0]].decode()
        stored[dtype] = next(word for word in ("BF16", "F16", "F32") if f'"{word}"' in header)
    assert stored == {"fp32": "F32", "fp16": "F16", "bf16": "BF16"}
    assert sizes["fp32"] > 1.7 * sizes["bf16"]
    # A low enough rate makes the sums of rounded gradients differ in the loss's digits.
    exact, rough = (trained(gradient_dtype=dtype, learning_rate=1e-3) for dtype in ("fp32", "bf16"))
    assert exact["loss_history"] != rough["loss_history"]


def test_save_every_n_steps_leaves_checkpoints_beside_the_model(trained: Any, tmp_path: Path) -> None:
    checkpoints = trained(save_every_n_steps=15)["checkpoints"]
    assert [(one["name"], one["step"]) for one in checkpoints] == [
        ("style_16_vV1-step00000015.safetensors", 15),
        ("style_16_vV1-step00000030.safetensors", 30),
    ]
    assert all((tmp_path / one["name"]).stat().st_size == one["size_bytes"] for one in checkpoints)
    assert trained(save_every_n_steps=40)["checkpoints"] == []


def test_class_tokens_change_what_is_learned(trained: Any) -> None:
    outputs = [trained(class_tokens=tokens) for tokens in ("", "style SBai_style_16", "photo of a cat")]
    assert len({output["final_loss"] for output in outputs}) == 3


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"lr_scheduler": "linear"}, "lr_scheduler 'linear' is not supported; use one of constant, cosine"),
        (
            {"optimizer_type": "adafactor"},
            "optimizer_type 'adafactor' is not supported; use one of adamw8bit",
        ),
        ({"optimizer_type": "AdamW"}, "optimizer_type 'AdamW' is not supported"),
        ({"lr_warmup_steps": 5}, "lr_scheduler constant takes no warm-up; use constant_with_warmup."),
        (
            {"lr_scheduler": "cosine", "lr_warmup_steps": 40},
            "lr_warmup_steps must be smaller than max_train_steps.",
        ),
        ({"network_dim": 0}, "network_dim must be an integer from 1 to 1024, not 0."),
        ({"network_dim": 16.5}, "network_dim must be an integer from 1 to 1024, not 16.5."),
        ({"batch_size": True}, "batch_size must be an integer from 1 to 256, not True."),
        ({"network_alpha": 0}, "network_alpha must be a number above 0 and at most 2048, not 0."),
        ({"network_alpha": 2049}, "network_alpha must be a number above 0 and at most 2048, not 2049."),
        ({"learning_rate": "1e-4"}, "learning_rate must be a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0"),
        ({"max_train_steps": 100_001}, "max_train_steps must be an integer from 1 to 100000"),
        ({"save_every_n_steps": 0}, "save_every_n_steps must be an integer of at least 1, not 0."),
        ({"gradient_dtype": "fp8"}, "gradient_dtype 'fp8' is not supported; use one of fp32, fp16, bf16."),
        ({"class_tokens": None}, "class_tokens must be text."),
    ],
)
def test_what_the_trainer_does_not_take_is_refused_in_a_sentence(
    changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_parameters({**PARAMETERS, **changed})
    assert str(refused.value).startswith(sentence)


def test_a_missing_parameter_is_named() -> None:
    received = {name: value for name, value in PARAMETERS.items() if name != "batch_size"}
    with pytest.raises(InvalidRequestError, match="lacks batch_size"):
        parse_parameters(received)
