"""The many addresses of one model file.

The same object has a virtual-host URL, an accelerated one in two forms, an s3:// one, and one at the
endpoint of an S3-compatible store. They name one model, and of two the faster is kept.
"""

import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

Location = tuple[str | None, str]
"""Bucket and key; for a file on this machine None and its path."""

_ACCELERATED: Final = "s3-accelerate"
# Stores that put the bucket into the host name; everywhere else it leads the path.
_VIRTUAL_HOSTS: Final = (
    re.compile(
        r"(?P<bucket>.+)\.s3[.-][a-z0-9.-]*(?:amazonaws\.com(?:\.cn)?|wasabisys\.com|backblazeb2\.com)"
    ),
    re.compile(r"(?P<bucket>.+)\.[0-9a-f]{32}(?:\.[a-z]+)?\.r2\.cloudflarestorage\.com"),
)


def model_location(url: str | None) -> Location | None:
    """Where the file lies, whichever URL names it; None for what is no address of a file.

    Query strings (signatures) do not matter. s3:// addresses are raw: there % is a character of the key.
    """
    parts = _split(url)
    if parts is None:
        return None
    if parts.scheme == "s3":
        return _location(parts.netloc, parts.path.lstrip("/"))
    if parts.scheme == "file":
        return (None, unquote(parts.path)) if parts.path.strip("/") else None
    path = unquote(parts.path).lstrip("/")
    if (bucket := _bucket_in_host(parts.hostname or "")) is not None:
        return _location(bucket, path)
    return _location(*path.partition("/")[::2])


def same_model(a: str | None, b: str | None) -> bool:
    """Whether both are addresses of one file."""
    location = model_location(a)
    return location is not None and location == model_location(b)


def faster(current: str | None, offered: str | None) -> str | None:
    """The address to keep: `offered` only where it is a faster one of the same file, or the first one."""
    if not current or not offered:
        return current or offered or None
    return offered if same_model(current, offered) and _speed(offered) > _speed(current) else current


def _split(url: str | None) -> SplitResult | None:
    try:
        parts = urlsplit((url or "").strip())
        known = parts.scheme in ("s3", "file") or (parts.scheme in ("http", "https") and parts.hostname)
    except ValueError:  # e.g. half an IPv6 address
        return None
    return parts if known else None


def _bucket_in_host(host: str) -> str | None:
    matches = (pattern.fullmatch(host) for pattern in _VIRTUAL_HOSTS)
    return next((match["bucket"] for match in matches if match is not None), None)


def _location(bucket: str, key: str) -> Location | None:
    return (bucket, key) if bucket and key else None


def _speed(url: str) -> int:
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        return 0  # s3:// needs a client; a browser cannot follow it
    if "x-amz-signature" in parts.query.lower():
        return 1  # a signed link is dead in hours
    return 3 if _ACCELERATED in (parts.hostname or "") else 2
