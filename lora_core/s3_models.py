"""What lies in an S3 bucket: the models that a RunPod trainer puts there, and the pictures it trains on. Reads only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lora_core.errors import StoreUnavailableError
from lora_core.model_files import SUFFIX, ModelFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=15,
    retries={"max_attempts": 3, "mode": "standard"},
    # Servers other than AWS reject the checksums that boto3 adds by itself since 1.36.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3Place:
    """Objects below one key prefix of a bucket; reads only."""

    def __init__(
        self, bucket: str, prefix: str, *, region: str | None = None, endpoint_url: str | None = None
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._region = region
        self._endpoint_url = endpoint_url

    @cached_property
    def _client(self) -> "S3Client":
        # At the first question: a half-written S3_ENDPOINT_URL must not keep the lab from opening.
        session = boto3.session.Session()  # the default session is not safe for threads
        return session.client("s3", region_name=self._region, endpoint_url=self._endpoint_url, config=_CONFIG)

    @property
    def address(self) -> str:
        """See ModelFiles."""
        server = f" at {self._endpoint_url}" if self._endpoint_url else ""
        return f"s3://{self.bucket}/{self.prefix}{server}"

    def names(self) -> frozenset[str]:
        """Names directly below the prefix. Raises StoreUnavailableError."""
        with self._sentences():
            return frozenset(name for name, _ in self._objects())

    def _objects(self) -> "Iterator[tuple[str, ObjectTypeDef]]":
        """What lies directly below the prefix, by name."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._folder
        )
        for page in pages:
            for item in page.get("Contents", ()):
                name = item["Key"].removeprefix(self._folder)
                if name and "/" not in name:
                    yield name, item

    @property
    def _folder(self) -> str:
        return f"{self.prefix}/" if self.prefix else ""

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        # ValueError: an address that is none. RecursionError: botocore 1.44 on a 301 that names no region, as
        # a proxy sends it that wants https.
        except (ClientError, BotoCoreError, ValueError, RecursionError) as error:
            raise StoreUnavailableError(
                f"The bucket {self.bucket} could not be read ({error}). Check S3_BUCKET, S3_REGION and the credentials."
            ) from error


class S3ModelFiles(S3Place):
    """Model files below one key prefix; see ModelFiles."""

    def find(self, model_name: str) -> ModelFile | None:
        """See ModelFiles."""
        key = self._key(model_name)
        with self._sentences():
            try:
                head = self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                # A 404 for the bucket looks the same in a HEAD, and must not read as "no model".
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    self._client.head_bucket(Bucket=self.bucket)
                    return None
                raise
        return ModelFile(
            name=model_name,
            url=self._url(key),
            size_bytes=head["ContentLength"],
            modified_at=head["LastModified"],
            etag=head["ETag"].strip('"'),
        )

    def files(self) -> Sequence[ModelFile]:
        """See ModelFiles."""
        with self._sentences():
            return list(self._listed())

    def _listed(self) -> Iterator[ModelFile]:
        for name, item in self._objects():
            if name.endswith(SUFFIX):
                yield ModelFile(
                    name=name.removesuffix(SUFFIX),
                    url=self._url(item["Key"]),
                    size_bytes=item["Size"],
                    modified_at=item["LastModified"],
                    etag=item["ETag"].strip('"'),
                )

    def _key(self, model_name: str) -> str:
        return f"{self._folder}{model_name}{SUFFIX}"

    def _url(self, key: str) -> str:
        path = quote(key)  # names of the old system hold spaces
        if self._endpoint_url:
            return f"{self._endpoint_url.rstrip('/')}/{self.bucket}/{path}"
        host = (
            f"{self.bucket}.s3.{self._region}.amazonaws.com"
            if self._region
            else f"{self.bucket}.s3.amazonaws.com"
        )
        return f"https://{host}/{path}"
