"""Webhooks: the whole job, unsigned, three tries at most."""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlsplit

import httpx

from local_endpoint.jobs import JsonObject

_log = logging.getLogger(__name__)
_TRIES = 3
_TIMEOUT_S = 10.0


class WebhookSender:
    """Delivers each webhook in a thread of its own, so that a slow receiver holds nobody up."""

    def __init__(self, *, retry_s: float) -> None:
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def send(self, address: str, payload: JsonObject) -> None:
        """Deliver in the background; two more tries follow, `retry_s` apart, until a 2xx comes."""
        if self._closing.is_set():
            return
        thread = threading.Thread(target=self._deliver, args=(address, payload), name="webhook")
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()

    def is_busy(self) -> bool:
        """Whether a delivery is under way or will be tried again."""
        return any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Give up waiting deliveries and wait for the one on the wire."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _deliver(self, address: str, payload: JsonObject) -> None:
        for attempt in range(1, _TRIES + 1):
            if self._closing.is_set() or self._is_taken(address, payload, attempt):
                return
            if attempt < _TRIES:
                self._closing.wait(self._retry_s)

    def _is_taken(self, address: str, payload: JsonObject, attempt: int) -> bool:
        # Only the host is logged: the rest of a webhook's address is a secret.
        host = urlsplit(address).netloc.rpartition("@")[2]
        try:
            # The receiver is on this machine as a rule, where a proxy from the environment is in the way.
            answer = httpx.post(address, json=payload, timeout=_TIMEOUT_S, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _log.info("webhook to %s, try %d: %s", host, attempt, type(error).__name__)
            return False
        _log.info("webhook to %s, try %d: %d", host, attempt, answer.status_code)
        return answer.is_success
