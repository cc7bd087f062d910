"""Adopting model files: which version a file belongs to, and that doing it again does nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lora_core.histories import TRASH
from lora_core.model_adoption import ModelSyncPlan, applied, planned
from lora_core.model_files import ModelFile
from tests.lora_core.storage import HookedStore, StyleFolder, copied_styles, tree

WRITTEN = datetime(2025, 10, 12, 8, tzinfo=UTC)
BUCKET = "https://example-style-files.s3.eu-central-1.amazonaws.com/trainer_user/custom-styles-models"
ACCELERATED = "https://example-style-files.s3-accelerate.amazonaws.com/trainer_user/custom-styles-models"
S3 = "s3://example-style-files/trainer_user/custom-styles-models"


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    return StyleFolder(tmp_path / "root")


def file(name: str, place: str = BUCKET) -> ModelFile:
    return ModelFile(name, f"{place}/{name.replace(' ', '%20')}.safetensors", 153_271_968, WRITTEN, "etag")


def plan(lab: StyleFolder, *files: ModelFile) -> ModelSyncPlan:
    style = lab.style
    return planned(style, files, lab.records.live(style), lab.records.trash(style))


def sync(lab: StyleFolder, *files: ModelFile) -> ModelSyncPlan:
    first = plan(lab, *files)
    applied(first, lab.records)
    return first


def old(name: str, **more: Any) -> dict[str, Any]:
    """As the old system wrote it."""
    return {"id": f"job-{name}", "name": name, "status": "completed", "parameters": {}, **more}


def ours(name: str, **more: Any) -> dict[str, Any]:
    """As the lab writes it."""
    submission = {"state": "sent", "baseUrl": "https://api.runpod.ai/v2", "endpointId": "e"}
    return old(name, key=f"key-{name}", requestId="7_1", submission=submission, **more)


Match = tuple[dict[str, Any], ModelFile]
MATCHES: dict[str, Match] = {
    "the address": (old("x", loraUrl=f"{BUCKET}/style_7_vV1.safetensors"), file("style_7_vV1")),
    "the accelerated address": (
        old("x", loraUrl=f"{ACCELERATED}/style_7_vV1.safetensors"),
        file("style_7_vV1"),
    ),
    "the s3 address": (old("x", loraUrl=f"{S3}/style_7_vV1.safetensors"), file("style_7_vV1")),
    "the address without its signature": (
        old("x", loraUrl=f"{BUCKET}/style_7_vV1.safetensors?X-Amz-Signature=a"),
        file("style_7_vV1"),
    ),
    "the frozen model name": (ours("renamed", modelName="style_7_vV1"), file("style_7_vV1")),
    "an id that is the model's name": (old("x", id="style_7_vV1"), file("style_7_vV1")),
    "an id that is the file's name": (old("x", id="style_7_vV1.safetensors"), file("style_7_vV1")),
    "an old record's name": (old("V1"), file("style_7_vV1")),
    "an old record's name with a space": (old("wet ink"), file("style_7_vwet ink")),
    "a frozen name that looks like a checkpoint": (
        ours("run-20251012", modelName="style_7_vrun-20251012"),
        file("style_7_vrun-20251012"),
    ),
}


@pytest.mark.parametrize(("record", "model"), MATCHES.values(), ids=MATCHES.keys())
def test_a_file_belongs_to_the_version_that_names_it(
    lab: StyleFolder, record: dict[str, Any], model: ModelFile
) -> None:
    lab.put(record)

    sync(lab, model)

    assert [one["name"] for one in lab.raw()] == [record["name"]]
    assert plan(lab, model).is_empty


STRANGERS: dict[str, dict[str, Any]] = {
    "another name": old("V2"),
    "another case": old("v1"),
    "another style's file": old("x", loraUrl=f"{BUCKET}/style_8_vV1.safetensors"),
    "another bucket": old("x", loraUrl="https://other.s3.amazonaws.com/style_7_vV1.safetensors"),
    "a draft of the same name": {"id": "7_1", "key": "k", "name": "V1", "status": "draft"},
    "a draft of the same address": {
        "id": "a",
        "status": "draft",
        "loraUrl": f"{BUCKET}/style_7_vV1.safetensors",
    },
    "ours, whose name says nothing of its model": ours("V1", modelName="style_7_vV1-2"),
}


@pytest.mark.parametrize("record", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_file_that_no_version_names_becomes_a_version_of_its_own(
    lab: StyleFolder, record: dict[str, Any]
) -> None:
    lab.put(record)

    sync(lab, file("style_7_vV1"))

    new = lab.records.find(lab.style, "style_7_vV1").raw
    assert record in lab.raw()
    assert new["modelName"] == new["id"] == "style_7_vV1"
    assert new["name"].casefold() != str(record.get("name")).casefold()
    assert new["loraUrl"] == f"{BUCKET}/style_7_vV1.safetensors"
    assert new["status"] == "completed"
    assert new["timestamp"] == new["completedAt"] == "2025-10-12T08:00:00.000Z"
    assert plan(lab, file("style_7_vV1")).is_empty


def test_a_stronger_rule_comes_before_a_weaker_one(lab: StyleFolder) -> None:
    by_name, by_id = old("V1"), old("x", id="style_7_vV1")
    by_frozen, by_url = ours("y", modelName="style_7_vV1"), old("z", loraUrl=f"{S3}/style_7_vV1.safetensors")
    for records, winner in (
        ([by_name, by_id], "x"),
        ([by_name, by_id, by_frozen], "y"),
        ([by_name, by_id, by_frozen, by_url], "z"),
    ):
        lab.put(*(record | {"loraUrl": record.get("loraUrl")} for record in records))
        (adoption,) = plan(lab, file("style_7_vV1")).adoptions
        assert adoption.version is not None
        assert adoption.version.name == winner


def test_two_candidates_are_reported_and_left(lab: StyleFolder) -> None:
    lab.put(
        old("x", loraUrl=f"{BUCKET}/style_7_vV1.safetensors"),
        old("y", loraUrl=f"{S3}/style_7_vV1.safetensors"),
    )
    before = tree(lab.folder)

    first = sync(lab, file("style_7_vV1"))

    assert first.is_empty
    ((model, versions),) = first.ambiguous
    assert (model.name, [version.name for version in versions]) == ("style_7_vV1", ["x", "y"])
    assert tree(lab.folder) == before


@pytest.mark.parametrize(
    "record", [old("V1"), old("x", loraUrl=f"{S3}/style_7_vV1.safetensors"), old("V1", status="failed")]
)
def test_a_version_in_the_trash_takes_its_file_silently(lab: StyleFolder, record: dict[str, Any]) -> None:
    lab.put(record, document=TRASH)

    assert plan(lab, file("style_7_vV1")).is_empty
    assert plan(lab, file("style_7_vV1")).ambiguous == ()


@pytest.mark.parametrize(
    "name",
    ["style_7_vV1-000500", "style_7_vV1-step00000500", "style_70_vV1", "style_7", "other", "style_07_vV1"],
)
def test_checkpoints_and_files_of_others_are_no_versions(lab: StyleFolder, name: str) -> None:
    lab.put(old("V1"))

    assert plan(lab, file(name)).is_empty


@pytest.mark.parametrize("name", ["style_7_vV1-2", "style_7_vtest-12345", "style_7_v2025"])
def test_a_number_at_the_end_alone_makes_no_checkpoint(lab: StyleFolder, name: str) -> None:
    sync(lab, file(name))

    assert [one["modelName"] for one in lab.raw()] == [name]


ADDRESSES: list[tuple[str | None, str, str | None]] = [
    (None, BUCKET, BUCKET),
    (BUCKET, BUCKET, BUCKET),
    (BUCKET, ACCELERATED, ACCELERATED),
    (ACCELERATED, BUCKET, ACCELERATED),
    (S3, BUCKET, BUCKET),
    (BUCKET, S3, BUCKET),
]


@pytest.mark.parametrize(("before", "offered", "after"), ADDRESSES)
def test_a_completed_version_gains_an_address_or_a_faster_one_never_a_slower(
    lab: StyleFolder, before: str | None, offered: str, after: str | None
) -> None:
    address = {"loraUrl": f"{before}/style_7_vV1.safetensors"} if before else {}
    record = ours("V1", modelName="style_7_vV1", **address)
    lab.put(record)

    sync(lab, file("style_7_vV1", offered))

    assert lab.raw() == [record | {"loraUrl": f"{after}/style_7_vV1.safetensors"}]
    assert plan(lab, file("style_7_vV1", offered)).is_empty


@pytest.mark.parametrize("status", ["pending", "training", "failed", "COMPLETED?", None])
def test_an_old_record_that_never_learned_its_end_is_completed_by_its_file(
    lab: StyleFolder, status: str | None
) -> None:
    record = old(
        "V1",
        status=status,
        error="lost",
        failedAt="2025-10-12T09:00:00.000Z",
        failureReason="given_up",
        isGood=True,
    )
    lab.put(record)

    sync(lab, file("style_7_vV1"))

    (after,) = lab.raw()
    assert (after["status"], after["completedAt"]) == ("completed", "2025-10-12T08:00:00.000Z")
    assert after["loraUrl"] == f"{BUCKET}/style_7_vV1.safetensors"
    assert after["statusNote"] == "found by its model file"
    assert {"error", "failedAt", "failureReason"}.isdisjoint(after)
    assert after["isGood"] is True
    assert plan(lab, file("style_7_vV1")).is_empty


@pytest.mark.parametrize("status", ["pending", "training", "failed"])
def test_what_the_lab_itself_sent_is_not_judged_by_a_file_alone(lab: StyleFolder, status: str) -> None:
    lab.put(ours("V1", status=status, modelName="style_7_vV1"))

    assert plan(lab, file("style_7_vV1")).is_empty


def test_planning_writes_nothing(tmp_path: Path) -> None:
    lab = StyleFolder(copied_styles(tmp_path / "root"))
    before = tree(lab.root)

    assert not plan(lab, file("style_7_vV4"), file("style_7_vnew")).is_empty
    assert tree(lab.root) == before


def test_all_files_of_the_fixture_style_are_adopted_once(tmp_path: Path) -> None:
    lab = StyleFolder(copied_styles(tmp_path / "root"))
    names = ["style_7_vV1", "style_7_vV2", "style_7_vV3", "style_7_vV4", "style_7_vV5", "style_7_vV3-000500"]
    files = [*(file(name) for name in names), *(file(name, "file:///models") for name in names)]

    first = sync(lab, *files)

    assert first.ambiguous == ()
    assert [one["name"] for one in lab.raw()] == ["V4", "V3", "V2", "style_7_vV1.safetensors", "V5"]
    assert all(one["status"] == "completed" for one in lab.raw())
    assert "s3-accelerate" in lab.raw()[1]["loraUrl"]
    assert plan(lab, *files).is_empty
    before = tree(lab.folder)
    applied(first, lab.records)
    assert tree(lab.folder) == before


def test_a_file_here_and_in_the_bucket_is_one_version(lab: StyleFolder) -> None:
    files = file("style_7_vV9"), file("style_7_vV9", "file:///models")

    sync(lab, *files)

    assert len(lab.raw()) == 1
    assert plan(lab, *files).is_empty


def test_names_of_adopted_files_are_unique_also_when_another_version_took_one_meanwhile(
    lab: StyleFolder,
) -> None:
    first = plan(lab, file("style_7_vV1"), file("style_7_vv1"))
    lab.records.create(lab.style, {"status": "draft"}, name="V1", based_on=None, key="k")

    applied(first, lab.records)

    names = [one["name"].casefold() for one in lab.raw()]
    assert len(set(names)) == len(names) == 3


def test_a_name_taken_between_looking_and_writing_is_not_given_twice(tmp_path: Path) -> None:
    lab = StyleFolder(tmp_path / "root", store=(store := HookedStore(tmp_path / "root")))
    first = plan(lab, file("style_7_vV1"))
    store.before_write = lambda _: lab.put({"id": "a", "name": "V1", "status": "draft"})

    applied(first, lab.records)

    assert sorted(one["name"] for one in lab.raw()) == ["V1", "V2"]


def test_a_version_that_went_to_the_trash_meanwhile_takes_the_change_there(lab: StyleFolder) -> None:
    lab.put(old("V1", status="pending"))
    first = plan(lab, file("style_7_vV1"))
    lab.records.delete(lab.style, "job-V1")

    applied(first, lab.records)

    assert lab.raw() == []
    assert lab.raw(TRASH)[0]["status"] == "completed"


def test_a_version_that_learned_its_end_meanwhile_keeps_it(lab: StyleFolder) -> None:
    lab.put(old("V1", status="pending"))
    first = plan(lab, file("style_7_vV1"))
    fast = f"{ACCELERATED}/style_7_vV1.safetensors"
    end = {"status": "completed", "completedAt": "x", "loraUrl": fast}
    lab.records.patch(lab.style, "job-V1", lambda _: end)

    applied(first, lab.records)

    assert (lab.raw()[0]["completedAt"], lab.raw()[0]["loraUrl"]) == ("x", fast)
