"""Which pictures lie in the bucket: asked for once a minute, never waited for long, and unknown when it fails."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lora_core import Settings, Style
from lora_core import bucket_pictures as module
from lora_core.bucket_pictures import BucketPictures
from tests.lora_core.s3_server import S3Server

INK = Style("1", "1_ink", "Ink", "SBai_style_1")
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "known")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with S3Server().running() as server:
        for name in ("a b (1).jpg", "a b (1).txt", "c.jpg", "d.jpg", "deeper/e.jpg"):
            server.put("files", f"styles/1/{name}", b"x", AT)
        server.put("files", "styles/16/f.jpg", b"x", AT)
        yield server


def settings(s3: S3Server | None, **others: str) -> Settings:
    bucket = {"s3_bucket": "files", "s3_endpoint_url": s3.url, "s3_region": "eu-central-1"} if s3 else {}
    return Settings(_env_file=None, lora_lab_state_dir=Path("/nonexistent"), **bucket, **others)  # type: ignore[arg-type]


def test_the_names_of_one_style_are_found(s3: S3Server) -> None:
    names = BucketPictures(settings(s3)).of(INK)
    assert names == {"a b (1).jpg", "a b (1).txt", "c.jpg", "d.jpg"}


def test_a_bucket_is_asked_once_a_minute(s3: S3Server) -> None:
    now = 0.0
    pictures = BucketPictures(settings(s3), lambda: now)
    before = pictures.of(INK)
    asked = len(s3.requests)
    s3.put("files", "styles/1/new.jpg", b"x", AT)
    assert pictures.of(INK) == before
    assert len(s3.requests) == asked
    now = 61.0
    assert "new.jpg" in (pictures.of(INK) or ())


def test_without_a_bucket_or_with_one_that_fails_nothing_is_known(s3: S3Server) -> None:
    assert BucketPictures(settings(None)).of(INK) is None
    s3.status = 403
    assert BucketPictures(settings(s3)).of(INK) is None


def test_a_style_that_is_not_there_has_no_pictures_there(s3: S3Server) -> None:
    assert BucketPictures(settings(s3, s3_images_prefix="elsewhere")).of(INK) == frozenset()


def test_a_bucket_that_takes_long_answers_a_later_page(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    may_answer, real = threading.Event(), module.S3Place.names

    def slow(place: module.S3Place) -> frozenset[str]:
        assert may_answer.wait(10)
        return real(place)

    monkeypatch.setattr(module.S3Place, "names", slow)
    monkeypatch.setattr(module, "_PATIENCE_S", 0.01)
    pictures = BucketPictures(settings(s3))
    assert pictures.of(INK) is None
    assert pictures.of(INK) is None
    may_answer.set()
    monkeypatch.setattr(module, "_PATIENCE_S", 10)
    assert "c.jpg" in (pictures.of(INK) or ())
