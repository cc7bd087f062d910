"""The request that starts a training, key by key."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.parameters import PARAMETER_NAMES, TrainingParameters
from lora_core.payload import caption_name, file_url, run_request, s3_url

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run_request.json"
FILES = [
    s3_url("lora-lab-example", "styles", "16", name)
    for name in ("image_001.jpg", "image_001.txt", "a boat (3).png", "a boat (3).txt")
]
PARAMETERS = TrainingParameters(
    network_dim=32,
    network_alpha=8.5,
    learning_rate=2.5e-4,
    max_train_steps=1234,
    lr_scheduler="constant_with_warmup",
    lr_warmup_steps=56,
    optimizer_type="Lion8bit",
    batch_size=3,
    num_repeats=7,
    gradient_dtype="fp16",
    save_every_n_steps=250,
    class_tokens="style SBai_style_16",
)


def request(parameters: TrainingParameters = PARAMETERS, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "style_id": "16",
        "request_id": "16_1760254040983",
        "model_name": "style_16_vV3",
        "parameters": parameters,
        "file_urls": FILES,
        "user_id": "lora_lab_user",
        "tenant_id": "lora_lab",
        "mode": "custom-styles",
        "execution_timeout_ms": 21_600_000,
        "ttl_ms": 86_400_000,
        "webhook": "https://lab.example.com/webhook/secret",
    }
    return run_request(**(arguments | changes))


def flat(value: object, path: str = "") -> dict[str, object]:
    """Every leaf by its path."""
    if isinstance(value, dict) and value:
        return {key: leaf for name in value for key, leaf in flat(value[name], f"{path}/{name}").items()}
    return {path: value}


def test_the_request_is_the_recorded_one_key_by_key() -> None:
    recorded = flat(json.loads(FIXTURE.read_text(encoding="utf-8")))
    built = flat(json.loads(json.dumps(request())))
    assert built.keys() == recorded.keys()
    assert {key: value for key, value in built.items() if value != recorded[key]} == {}


def test_every_connection_in_the_graph_leads_to_a_node() -> None:
    graph = request()["input"]["workflow"]
    links = [
        value[0] for node in graph.values() for value in node["inputs"].values() if isinstance(value, list)
    ]
    assert links
    assert set(links) <= set(graph)


def test_each_parameter_reaches_the_trainer() -> None:
    plain = flat(request())
    for name, value in PARAMETERS.model_dump().items():
        other = f"{value}x" if isinstance(value, str) else value + 1
        changed = flat(request(PARAMETERS.model_copy(update={name: other})))
        where = {key for key, leaf in changed.items() if leaf != plain[key]}
        assert f"/input/parameters/{name}" in where
        # The container's LoRA path has no checkpoints, so that number is for other trainers.
        assert name == "save_every_n_steps" or any(key.startswith("/input/workflow/") for key in where)


def test_all_twelve_parameters_stand_in_the_input() -> None:
    assert tuple(request()["input"]["parameters"]) == PARAMETER_NAMES


def test_numbers_are_sent_as_they_were_typed() -> None:
    sent = json.dumps(
        request(TrainingParameters(learning_rate=1e-4, network_alpha=16, class_tokens="style x"))
    )
    assert sent.count('"learning_rate": 0.0001') == 3
    assert '"network_alpha": 16,' in sent


def test_without_a_webhook_there_is_no_such_key() -> None:
    assert "webhook" not in request(webhook=None)


def test_two_requests_share_nothing() -> None:
    one = request()
    one["input"]["workflow"]["107"]["inputs"]["network_dim"] = 0
    assert request()["input"]["workflow"]["107"]["inputs"]["network_dim"] == 32


def test_sample_prompts_name_the_style_once_each() -> None:
    graph = request(PARAMETERS.model_copy(update={"class_tokens": "a|b"}))["input"]["workflow"]
    prompts = graph["146"]["inputs"]["string"].split("|")
    assert len(prompts) == 4
    assert all(prompt.startswith("a b, ") for prompt in prompts)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"request_id": "17_1760254040983"}, "16_"),
        ({"parameters": TrainingParameters()}, "with_class_tokens"),
    ],
)
def test_a_request_for_something_else_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        request(**changes)


@pytest.mark.parametrize(
    ("prefix", "name", "url"),
    [
        ("styles", "a b (3).jpg", "s3://bucket/styles/16/a b (3).jpg"),
        ("/a/styles/", "ä.jpg", "s3://bucket/a/styles/16/ä.jpg"),
        ("", "a%20b.jpg", "s3://bucket/16/a%20b.jpg"),
    ],
)
def test_an_s3_url_is_raw(prefix: str, name: str, url: str) -> None:
    assert s3_url("bucket", prefix, "16", name) == url


@pytest.mark.parametrize("name", ["a#1.jpg", "what?.jpg"])
def test_a_name_that_ends_an_s3_url_early_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="rename"):
        s3_url("bucket", "styles", "16", name)


@given(st.text(st.characters(exclude_characters="#?/", codec="utf-8"), min_size=1))
def test_an_s3_url_holds_the_name_as_it_is(name: str) -> None:
    assert s3_url("bucket", "styles", "16", name).removeprefix("s3://bucket/styles/16/") == name


def test_a_local_file_gets_an_encoded_url(tmp_path: Path) -> None:
    assert file_url(tmp_path / "a b#1.jpg").endswith("/a%20b%231.jpg")


@pytest.mark.parametrize(
    ("name", "caption"),
    [("a.jpg", "a.txt"), ("a b (3).jpeg", "a b (3).txt"), ("v1.5.png", "v1.5.txt"), ("a", "a.txt")],
)
def test_a_caption_has_its_images_stem(name: str, caption: str) -> None:
    assert caption_name(name) == caption
