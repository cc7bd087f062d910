"""RunPod's serverless job API on httpx: /run, /status, /cancel, /health.

Every answer becomes either an outcome of a submission or evidence of a job; nothing that a server can send
raises. Sources: https://docs.runpod.io/serverless/endpoints/operations and recorded answers; the facts are
written out in docs/runpod.md.
"""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from lora_core.evidence import CouldNotAsk, Evidence
from lora_core.runpod_answers import (
    Answer,
    Health,
    NotSent,
    OutcomeUnknown,
    Refused,
    SubmitOutcome,
    could_not_ask,
    counts,
    job_evidence,
    parsed_body,
    retry_after_s,
    submit_outcome,
)

Transport = httpx.BaseTransport
"""What carries the requests; an argument, so that tests answer instead of the network."""

INSTANCE_HEADER = "X-Local-Endpoint"
"""Names the embedded endpoint's process in every reply: another server on its port is noticed."""
_TOGETHER = 40
_BODY_LIMIT = 32 * 1024 * 1024
_TIMEOUT = httpx.Timeout(30, connect=10)
# Raised before a byte of the request left: the training was certainly not taken.
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)
# The last two are no HTTPError: httpx raises them for a malformed `Location`, though it follows none.
_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)


class RunpodClient:
    """Speaks to one endpoint.

    `transport` replaces the network, e.g. in tests. `instance_id` is what each reply must carry in
    `X-Local-Endpoint`; None for RunPod itself. A reply that takes over `longest_reply_s` is given up. May be
    used by many threads at once.
    """

    def __init__(
        self,
        base_url: str,
        endpoint_id: str,
        api_key: SecretStr,
        *,
        transport: Transport | None = None,
        instance_id: str | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        longest_reply_s: float = 60,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.endpoint_id = endpoint_id
        self._api_key = api_key
        self._instance_id = instance_id
        self._transport = transport
        self._timeout = timeout
        self._longest_reply_s = longest_reply_s
        self._client = self._new_client(transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def submit(self, request: Mapping[str, Any]) -> SubmitOutcome:
        """`POST /run`, once: never sends a second time what may have been taken."""
        try:
            with self._fresh_client() as client:
                answer = self._answer(client, "POST", "run", json=request)
        except _UnusableSettingError as error:
            return Refused(str(error))
        except _NOTHING_SENT as error:
            return NotSent(f"The endpoint could not be reached: {_words(error)}")
        except (*_NO_ANSWER, _ForeignReplyError) as error:
            return OutcomeUnknown(f"No answer to the submission arrived: {_words(error)}")
        return submit_outcome(answer)

    def status(self, job_id: str) -> Evidence:
        """`GET /status/{id}` as evidence."""
        return self._ask_of_job("GET", "status", job_id)

    def statuses(self, job_ids: Sequence[str]) -> dict[str, Evidence]:
        """The statuses of many jobs, asked together over one client, 40 at a time."""
        if not job_ids:
            return {}
        with ThreadPoolExecutor(min(_TOGETHER, len(job_ids)), thread_name_prefix="runpod-status") as pool:
            return dict(zip(job_ids, pool.map(self.status, job_ids), strict=True))

    def cancel(self, job_id: str) -> Evidence:
        """`POST /cancel/{id}`; its reply is no proof of the end, only the next status is."""
        return self._ask_of_job("POST", "cancel", job_id)

    def health(self) -> Health | CouldNotAsk:
        """`GET /health`: jobs and workers of the endpoint."""
        try:
            answer = self._answer(self._client, "GET", "health")
        except (*_NO_ANSWER, _ForeignReplyError, _UnusableSettingError) as error:
            return CouldNotAsk(f"The endpoint could not be asked: {_words(error)}")
        if answer.status != 200 or not isinstance(answer.json, dict):
            return could_not_ask(answer)
        return Health(counts(answer.json.get("jobs")), counts(answer.json.get("workers")))

    def _ask_of_job(self, method: str, verb: str, job_id: str) -> Evidence:
        try:
            answer = self._answer(self._client, method, f"{verb}/{quote(job_id, safe='')}")
        except (*_NO_ANSWER, _ForeignReplyError, _UnusableSettingError) as error:
            return CouldNotAsk(f"The endpoint could not be asked: {_words(error)}")
        return job_evidence(answer, job_id)

    def _answer(self, client: httpx.Client, method: str, path: str, **content: Any) -> Answer:
        request = self._request(client, method, path, **content)
        response = client.send(request, stream=True)
        try:
            body = self._bounded_body(response)
        finally:
            response.close()
        if self._instance_id is not None and response.headers.get(INSTANCE_HEADER) != self._instance_id:
            raise _ForeignReplyError("something else answers at the local endpoint's address")
        pause_s = retry_after_s(response.headers.get("Retry-After"))
        return Answer(response.status_code, parsed_body(body), pause_s)

    def _request(self, client: httpx.Client, method: str, path: str, **content: Any) -> httpx.Request:
        key = self._api_key.get_secret_value().strip()
        # What cannot stand in a header would come back in the error's text, and so into the log.
        if not key.isascii() or not key.isprintable():
            raise _UnusableSettingError("RUNPOD_API_KEY holds characters that no key has; copy it once more.")
        url = f"{self.base_url}/{quote(self.endpoint_id, safe='')}/{path}"
        try:
            return client.build_request(method, url, headers={"Authorization": f"Bearer {key}"}, **content)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _UnusableSettingError(
                f"{self.base_url} is no address ({error}); check RUNPOD_BASE_URL."
            ) from error

    def _bounded_body(self, response: httpx.Response) -> bytes:
        body, started = bytearray(), time.monotonic()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise httpx.DecodingError(f"the answer is over {_BODY_LIMIT} bytes")
            if time.monotonic() - started > self._longest_reply_s:  # one that trickles never times out
                raise httpx.ReadTimeout(f"the answer took over {self._longest_reply_s:.0f} s")
        return bytes(body)

    @contextmanager
    def _fresh_client(self) -> Iterator[httpx.Client]:
        # A kept-alive connection that the server is just closing fails after the request left: on a fresh
        # one a connect error proves that nothing was sent.
        if self._transport is not None:
            yield self._client
            return
        with self._new_client(None) as client:
            yield client

    def _new_client(self, transport: Transport | None) -> httpx.Client:
        limits = httpx.Limits(max_connections=_TOGETHER, max_keepalive_connections=_TOGETHER)
        return httpx.Client(
            transport=transport,
            timeout=self._timeout,
            limits=limits,
            follow_redirects=False,
            verify=_tls(),
            trust_env=self._instance_id is None,  # a proxy from the environment is in the way on this machine
        )


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms of processor time, and a client is made for every submission.
    return httpx.create_ssl_context()


class _ForeignReplyError(Exception):
    """The reply is not from the process that it was asked of."""


class _UnusableSettingError(Exception):
    """No request can be made of what is configured; the text says what to do."""


def _words(error: Exception) -> str:
    if isinstance(error, _UnusableSettingError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
