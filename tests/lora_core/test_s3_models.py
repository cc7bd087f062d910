"""Model files in a bucket: found, listed, and never taken for absent when the bucket cannot be read."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lora_core.errors import StoreUnavailableError
from lora_core.evidence import Absent, NotAsked, Present
from lora_core.model_files import model_evidence
from lora_core.model_urls import same_model
from lora_core.s3_models import S3ModelFiles
from tests.lora_core.s3_server import S3Server

PREFIX = "trainer_user/custom-styles-models"
WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "known")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in (
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with S3Server().running() as server:
        server.buckets["files"] = {}
        yield server


def models(s3: S3Server, bucket: str = "files", prefix: str = PREFIX) -> S3ModelFiles:
    return S3ModelFiles(bucket, prefix, region="eu-central-1", endpoint_url=s3.url)


def test_a_model_is_found_with_size_time_and_etag(s3: S3Server) -> None:
    s3.put("files", f"{PREFIX}/style_7_vV1.safetensors", b"weights", WRITTEN)

    file = models(s3).find("style_7_vV1")

    assert file is not None
    assert (file.name, file.size_bytes, file.modified_at, file.path) == ("style_7_vV1", 7, WRITTEN, None)
    assert file.url == f"{s3.url}/files/{PREFIX}/style_7_vV1.safetensors"
    assert '"' not in file.etag


def test_a_model_that_is_not_there_is_none(s3: S3Server) -> None:
    s3.put("files", f"{PREFIX}/style_7_vV10.safetensors", b"", WRITTEN)

    assert models(s3).find("style_7_vV1") is None
    assert models(s3).files()[0].name == "style_7_vV10"


def test_found_and_listed_are_the_same_file(s3: S3Server) -> None:
    s3.put("files", f"{PREFIX}/style_7_vwet ink (2).safetensors", b"weights", WRITTEN)

    (listed,) = models(s3).files()

    assert models(s3).find("style_7_vwet ink (2)") == listed
    assert same_model(listed.url, f"s3://files/{PREFIX}/style_7_vwet ink (2).safetensors")


def test_a_list_of_many_pages_is_read_to_its_end(s3: S3Server) -> None:
    for number in range(10):
        s3.put("files", f"{PREFIX}/style_7_vV{number}.safetensors", b"", WRITTEN)

    assert [file.name for file in models(s3).files()] == [f"style_7_vV{number}" for number in range(10)]


def test_what_lies_deeper_elsewhere_or_is_no_model_is_not_listed(s3: S3Server) -> None:
    for key in (
        f"{PREFIX}/old/style_7_vV1.safetensors",
        f"{PREFIX}-2/style_7_vV2.safetensors",
        f"{PREFIX}/style_7_vV3.txt",
        "style_7_vV4.safetensors",
        f"{PREFIX}/",
    ):
        s3.put("files", key, b"", WRITTEN)

    assert models(s3).files() == []


@pytest.mark.parametrize("prefix", ["", "/", "a", "/a/", "a/b/"])
def test_a_prefix_may_be_written_with_or_without_slashes(s3: S3Server, prefix: str) -> None:
    key = "/".join(part for part in (prefix.strip("/"), "style_7_vV1.safetensors") if part)
    s3.put("files", key, b"", WRITTEN)

    place = models(s3, prefix=prefix)

    assert place.find("style_7_vV1") is not None
    assert [file.name for file in place.files()] == ["style_7_vV1"]


def assert_unreadable(place: S3ModelFiles) -> None:
    for ask in (lambda: place.find("style_7_vV1"), place.files):
        with pytest.raises(StoreUnavailableError, match="Check S3_BUCKET, S3_REGION and the credentials"):
            ask()
    assert model_evidence(place, "style_7_vV1", submitted_at=WRITTEN, before=None) == NotAsked()


def test_a_bucket_that_is_not_there_is_said_so_and_is_no_absent_model(s3: S3Server) -> None:
    assert_unreadable(models(s3, bucket="nowhere"))


def test_wrong_credentials_are_said_so_and_are_no_absent_model(s3: S3Server) -> None:
    s3.access_key = "another"

    assert_unreadable(models(s3))


def test_no_credentials_at_all_are_said_so(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert_unreadable(models(s3))


@pytest.mark.parametrize(("status", "body"), [(403, b""), (400, b"<html>"), (301, b""), (501, b"no")])
def test_whatever_else_a_server_answers_is_no_absent_model(s3: S3Server, status: int, body: bytes) -> None:
    s3.status, s3.body = status, body

    assert_unreadable(models(s3))


@pytest.mark.parametrize(
    ("bucket", "url"), [("files", "minio:9000"), ("Not A Bucket", None), ("files", "http://")]
)
def test_settings_that_name_no_bucket_are_said_so_when_it_is_asked(bucket: str, url: str | None) -> None:
    assert_unreadable(S3ModelFiles(bucket, PREFIX, region="eu-central-1", endpoint_url=url))


def test_a_server_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    with S3Server().running() as gone:
        place = models(gone)

    assert_unreadable(place)


def test_a_model_in_the_bucket_is_evidence_like_any_other(s3: S3Server) -> None:
    s3.put("files", f"{PREFIX}/style_7_vV1.safetensors", b"weights", WRITTEN)
    place = models(s3)
    file = place.find("style_7_vV1")
    assert file is not None

    def evidence(before: str | None, name: str = "style_7_vV1") -> object:
        return model_evidence(place, name, submitted_at=WRITTEN, before=before)

    assert evidence(None) == Present(file.url, 7, WRITTEN)
    assert evidence(file.etag) == Absent()
    assert evidence(None, "style_7_vV2") == Absent()


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://files.s3.eu-central-1.amazonaws.com/a/style_7_vwet%20ink.safetensors"),
        (None, "https://files.s3.amazonaws.com/a/style_7_vwet%20ink.safetensors"),
    ],
)
def test_addresses_at_aws_name_bucket_and_region(region: str | None, url: str) -> None:
    place = S3ModelFiles("files", "a", region=region)

    assert place._url("a/style_7_vwet ink.safetensors") == url
    assert same_model(url, "s3://files/a/style_7_vwet ink.safetensors")
