"""Which pictures of a style lie in the bucket, from which a RunPod trainer fetches them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from contextlib import suppress

from lora_core.errors import StoreUnavailableError
from lora_core.s3_models import S3Place
from lora_core.settings import Settings
from lora_core.styles import Style

Names = frozenset[str] | None
_KEPT_S = 60.0
"""A page asks in each of its runs, and a bucket takes its time."""
_PATIENCE_S = 2.0
"""Longer than this no page waits for a bucket; it answers to a later run."""


class BucketPictures:
    """Looks a style's folder in the bucket up, once a minute at most, and in the background."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[float, Future[Names]]] = {}
        self._last: dict[str, Names] = {}
        self._places: dict[str, S3Place] = {}

    def of(self, style: Style) -> Names:
        """Names of the files there; None without a bucket, and while it cannot be read."""
        if self._settings.s3_bucket is None:
            return None
        with suppress(TimeoutError):
            self._last[style.id] = self._question(style).result(timeout=_PATIENCE_S)
        return self._last.get(style.id)

    def _question(self, style: Style) -> Future[Names]:
        """One for all who ask within a minute."""
        with self._lock:
            known = self._asked.get(style.id)
            is_old = known is None or self._monotonic() - known[0] > _KEPT_S
            if known is not None and not (is_old and known[1].done()):
                return known[1]
            answer: Future[Names] = Future()
            self._asked[style.id] = (self._monotonic(), answer)
        threading.Thread(target=self._ask, args=(style, answer), name="bucket", daemon=True).start()
        return answer

    def _ask(self, style: Style, answer: Future[Names]) -> None:
        names: Names = None
        try:
            with suppress(StoreUnavailableError):
                names = self._place(style).names()
        finally:
            answer.set_result(names)

    def _place(self, style: Style) -> S3Place:
        """Made once, for making its client takes longer than asking."""
        settings = self._settings
        if style.id not in self._places:
            self._places[style.id] = S3Place(
                settings.s3_bucket or "",
                "/".join(part for part in (settings.s3_images_prefix.strip("/"), style.id) if part),
                region=settings.s3_region,
                endpoint_url=settings.s3_endpoint_url,
            )
        return self._places[style.id]
