"""Under which addresses an endpoint finds the pictures and captions of a training."""

from lora_core.datasets import Dataset
from lora_core.errors import ConfigurationError
from lora_core.payload import caption_name, file_url, s3_url
from lora_core.settings import Settings
from lora_core.stores import DocumentStore


def file_urls(settings: Settings, store: DocumentStore, dataset: Dataset, *, is_embedded: bool) -> list[str]:
    """Each picture followed by its caption: `file://` for the embedded endpoint, `s3://` for RunPod.

    Raises ConfigurationError when a RunPod endpoint has no bucket.
    """
    names = [name for picture in dataset.filenames for name in (picture, caption_name(picture))]
    if not is_embedded:
        return [bucket_url(settings, dataset.style.id, name) for name in names]
    paths = [store.path(f"{dataset.style.folder}/{name}") for name in names]
    return [file_url(path) for path in paths if path is not None]


def bucket_url(settings: Settings, style_id: str, name: str) -> str:
    """The `s3://` address under which a file of a style must lie in the bucket."""
    if settings.s3_bucket is None:
        raise ConfigurationError("S3_BUCKET is not set; a RunPod endpoint reads its pictures from a bucket.")
    return s3_url(settings.s3_bucket, settings.s3_images_prefix, style_id, name)
