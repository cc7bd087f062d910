"""Model files in a folder, and what they prove of a training."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lora_core.errors import StoreUnavailableError
from lora_core.evidence import Absent, NotAsked, Present
from lora_core.model_files import LocalModelFiles, model_evidence
from lora_core.model_places import ModelPlaces
from lora_core.model_urls import same_model
from lora_core.settings import Settings
from lora_core.versions import Version

NAME = "style_7_vV1"
SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> LocalModelFiles:
    (tmp_path / "models").mkdir()
    return LocalModelFiles(tmp_path / "models")


def put(
    place: LocalModelFiles, name: str = NAME, *, at: datetime = SENT, content: bytes = b"weights"
) -> Path:
    path = place.folder / f"{name}.safetensors"
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_a_model_file_is_found_by_its_exact_name(place: LocalModelFiles) -> None:
    path = put(place)

    file = place.find(NAME)

    assert file is not None
    assert (file.name, file.size_bytes, file.modified_at, file.path) == (NAME, 7, SENT, path)
    assert file.url == path.as_uri()
    assert place.find("style_7_vV") is None
    assert place.find("STYLE_7_vV1") is None


def test_a_name_with_spaces_has_an_address_that_names_the_same_file(place: LocalModelFiles) -> None:
    path = put(place, "style_7_vwet ink (2) 50%")

    file = place.find("style_7_vwet ink (2) 50%")

    assert file is not None
    assert same_model(file.url, path.as_uri())
    assert " " not in file.url


def test_the_etag_changes_with_the_file(place: LocalModelFiles) -> None:
    put(place)
    before = place.find(NAME)
    put(place, at=SENT + timedelta(seconds=1))
    after = place.find(NAME)

    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_all_model_files_are_listed_by_name_and_nothing_else(place: LocalModelFiles) -> None:
    for name in ("style_7_vV2", "style_12_vwet ink", ".style_7_vV3.partial", ".hidden"):
        put(place, name)
    (place.folder / "notes.txt").write_text("x")
    (place.folder / "folder.safetensors").mkdir()
    (place.folder / "gone.safetensors").symlink_to(place.folder / "nowhere")

    assert [file.name for file in place.files()] == ["style_12_vwet ink", "style_7_vV2"]
    assert place.find("folder") is None
    with pytest.raises(StoreUnavailableError, match="the disk or folder on which it lies is away"):
        place.find("gone")


@pytest.mark.parametrize(
    "name", ["../secret", "a/b", "/etc/passwd", ".hidden", "水" * 90, "a\0b", "half \ud83d", ""]
)
def test_a_name_that_no_file_can_have_has_no_file(place: LocalModelFiles, name: str) -> None:
    put(place)
    (place.folder.parent / "secret.safetensors").write_bytes(b"")

    assert place.find(name) is None


def test_a_folder_that_is_not_there_yet_has_no_models(tmp_path: Path) -> None:
    place = LocalModelFiles(tmp_path / "models")

    assert place.files() == []
    assert place.find(NAME) is None
    assert not place.folder.exists()


def test_a_folder_that_cannot_be_read_is_said_so_and_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"no folder")
    place = LocalModelFiles(tmp_path / "models")

    with pytest.raises(
        StoreUnavailableError, match=r"a file where a folder should\. Nothing was changed\. Move it aside"
    ):
        place.files()
    with pytest.raises(
        StoreUnavailableError, match=r"a file where a folder should\. Nothing was changed\. Move it aside"
    ):
        place.find(NAME)


# What a file proves


@pytest.mark.parametrize(
    ("age", "is_there"),
    [
        (timedelta(hours=1), True),
        (timedelta(0), True),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-5, seconds=-1), False),
        (timedelta(days=-1), False),
    ],
)
def test_only_a_file_written_after_the_training_was_sent_is_its_model(
    place: LocalModelFiles, age: timedelta, is_there: bool
) -> None:
    path = put(place, at=SENT + age)

    evidence = model_evidence(place, NAME, submitted_at=SENT, before=None)

    assert evidence == (Present(path.as_uri(), 7, SENT + age) if is_there else Absent())


def test_the_file_that_lay_there_before_is_not_its_model(place: LocalModelFiles) -> None:
    put(place)
    before = place.find(NAME)
    assert before is not None

    assert model_evidence(place, NAME, submitted_at=SENT, before=before.etag) == Absent()
    put(place, at=SENT + timedelta(minutes=1), content=b"others")
    assert isinstance(model_evidence(place, NAME, submitted_at=SENT, before=before.etag), Present)


def test_a_file_of_another_name_is_not_its_model(place: LocalModelFiles) -> None:
    put(place, "style_7_vV1-000500")

    assert model_evidence(place, NAME, submitted_at=SENT, before=None) == Absent()


def test_a_place_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"")

    evidence = model_evidence(LocalModelFiles(tmp_path / "models"), NAME, submitted_at=SENT, before=None)

    assert evidence == NotAsked()


def test_without_a_place_a_name_or_a_time_nothing_is_asked(place: LocalModelFiles) -> None:
    put(place)

    assert model_evidence(None, NAME, submitted_at=SENT, before=None) == NotAsked()
    assert model_evidence(place, None, submitted_at=SENT, before=None) == NotAsked()
    assert model_evidence(place, NAME, submitted_at=None, before=None) == NotAsked()


# Which place


def places(tmp_path: Path, **more: str) -> ModelPlaces:
    return ModelPlaces(Settings(_env_file=None, lora_lab_models=tmp_path / "models", **more))  # type: ignore[arg-type]


def version(base_url: str | None, **more: object) -> Version:
    submission = {"state": "sent", "submittedAt": "2026-03-01T12:00:00.000Z", "baseUrl": base_url}
    return Version("7", {"id": "a", "name": "V1", "modelName": NAME, "submission": submission, **more})


def test_models_of_the_local_endpoint_lie_in_the_folder_and_those_of_runpod_in_the_bucket(
    tmp_path: Path,
) -> None:
    with_bucket = places(tmp_path, s3_bucket="b", trainer_user_id="u", s3_region="eu-central-1")

    assert with_bucket.of_version(version("local")) is with_bucket.local
    assert with_bucket.bucket is not None
    assert with_bucket.of_version(version("https://api.runpod.ai/v2")) is with_bucket.bucket
    assert with_bucket.of_version(version(None)) is None
    assert with_bucket.of_version(Version("7", {"id": "a"})) is None


@pytest.mark.parametrize("more", [{}, {"s3_bucket": "b"}, {"trainer_user_id": "u"}])
def test_without_bucket_or_prefix_runpods_models_are_not_asked_for(
    tmp_path: Path, more: dict[str, str]
) -> None:
    assert places(tmp_path, **more).evidence(version("https://api.runpod.ai/v2")) == NotAsked()


def test_a_bucket_address_that_is_none_does_not_keep_the_lab_from_opening(tmp_path: Path) -> None:
    half = places(tmp_path, s3_bucket="b", trainer_user_id="u", s3_endpoint_url="minio:9000")

    assert half.evidence(version("https://api.runpod.ai/v2")) == NotAsked()


def test_evidence_of_a_version_is_that_of_its_submission(tmp_path: Path) -> None:
    here = places(tmp_path)
    here.local.folder.mkdir()
    path = put(here.local)

    assert here.evidence(version("local")) == Present(path.as_uri(), 7, SENT)
    assert here.evidence(version("local", modelName="style_7_vV2")) == Absent()
    assert here.labels("7") == {"V1"}
    assert here.labels("8") == set()


def test_a_versions_file_is_found_by_its_frozen_name_or_by_its_own(tmp_path: Path) -> None:
    here = places(tmp_path)
    here.local.folder.mkdir()
    put(here.local)

    for raw in ({"modelName": NAME, "name": "renamed"}, {"name": "V1"}):
        file = here.file(Version("7", raw))
        assert file is not None
        assert file.name == NAME
    for name in ("V2", "../V1", "水" * 80):
        assert here.file(Version("7", {"name": name})) is None
