"""RunPod's serverless job API on httpx: /run, /status, /cancel, /health.

Every answer becomes either an outcome of a submission or evidence of a job; nothing that a server can send
raises. Sources: https://docs.runpod.io/serverless/endpoints/operations and recorded answers; the facts are
written out in docs/runpod.md.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    submit_outcome,
)
from lora_core.runpod_connection import NO_ANSWER, NOTHING_SENT, cause, new_client

_log = logging.getLogger(__name__)

Transport = httpx.BaseTransport
"""What carries the requests; an argument, so that tests answer instead of the network."""

INSTANCE_HEADER = "X-Local-Endpoint"
"""Names the embedded endpoint's process in every reply: another server on its port is noticed."""
_TOGETHER = 40
_BODY_LIMIT = 32 * 1024 * 1024
_TIMEOUT = httpx.Timeout(30, connect=10)
_LEAST_KEY = 8
"""Characters of a key that is looked for in answers: a shorter one would be found in any text."""


class RunpodClient:
    """Speaks to one endpoint.

    `transport` replaces the network, e.g. in tests. `instance_id` is what each reply must carry in
    `X-Local-Endpoint`; None for RunPod itself. A reply that is not whole after `longest_reply_s` is given up.
    May be used by many threads at once.
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
        except _ForeignReplyError as error:
            return OutcomeUnknown(str(error))
        except NOTHING_SENT as error:
            why = f"The endpoint could not be reached: {self._cause('run', error)}."
            return NotSent(f"{why} Nothing was sent; start it again later.")
        except NO_ANSWER as error:
            return OutcomeUnknown(f"No whole answer to the submission arrived: {self._cause('run', error)}.")
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
        answer = self._asked("GET", "health")
        if isinstance(answer, CouldNotAsk):
            return answer
        if answer.status != 200 or not isinstance(answer.json, dict):
            return could_not_ask(answer)
        return Health(counts(answer.json.get("jobs")), counts(answer.json.get("workers")))

    def _ask_of_job(self, method: str, verb: str, job_id: str) -> Evidence:
        answer = self._asked(method, f"{verb}/{quote(job_id, safe='')}")
        return answer if isinstance(answer, CouldNotAsk) else job_evidence(answer, job_id)

    def _asked(self, method: str, path: str) -> Answer | CouldNotAsk:
        try:
            return self._answer(self._client, method, path)
        except (_UnusableSettingError, _ForeignReplyError) as error:
            return CouldNotAsk(str(error))
        except NO_ANSWER as error:
            why = f"The endpoint could not be asked: {self._cause(path.partition('/')[0], error)}."
            return CouldNotAsk(f"{why} The lab asks again.")

    def _answer(self, client: httpx.Client, method: str, path: str, **content: Any) -> Answer:
        request = self._request(client, method, path, **content)
        response = client.send(request, stream=True)
        try:
            body = self._bounded_body(response)
        finally:
            response.close()
        if self._instance_id is not None and response.headers.get(INSTANCE_HEADER) != self._instance_id:
            raise _ForeignReplyError(
                "Something else answers at the local endpoint's address; the lab looks for the endpoint again."
            )
        return Answer.of(response.status_code, self._without_key(body), response.headers.get("Retry-After"))

    def _request(self, client: httpx.Client, method: str, path: str, **content: Any) -> httpx.Request:
        key = self._api_key.get_secret_value().strip()
        if not key:
            raise _UnusableSettingError("RUNPOD_API_KEY is empty; copy the key into it.")
        # What cannot stand in a header would come back in the error's text, and so into the log.
        if not key.isascii() or not key.isprintable():
            raise _UnusableSettingError("RUNPOD_API_KEY holds characters that no key has; copy it once more.")
        url = f"{self.base_url}/{quote(self.endpoint_id, safe='')}/{path}"
        try:
            request = client.build_request(method, url, headers={"Authorization": f"Bearer {key}"}, **content)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _UnusableSettingError(
                f"{self.base_url} is no address ({error}); check RUNPOD_BASE_URL."
            ) from error
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise _UnusableSettingError(
                f"{self.base_url or 'Nothing'} is no address of an endpoint; check RUNPOD_BASE_URL."
            )
        return request

    def _bounded_body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise httpx.DecodingError(f"the answer is over {_BODY_LIMIT} bytes")
        return bytes(body)

    def _without_key(self, body: bytes) -> bytes:
        """What a server says goes into records and logs, and some servers repeat what they were sent."""
        key = self._api_key.get_secret_value().strip().encode()
        return body.replace(key, b"(API key)") if len(key) >= _LEAST_KEY else body

    def _cause(self, verb: str, error: Exception) -> str:
        technical = self._without_key(f"{type(error).__name__}: {error}".encode(errors="replace")).decode()
        _log.info("/%s of endpoint %s: %s", verb, self.endpoint_id, technical)
        return cause(error)

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
        return new_client(
            transport,
            timeout=self._timeout,
            longest_reply_s=self._longest_reply_s,
            connections=_TOGETHER,
            trust_env=self._instance_id is None,  # a proxy from the environment is in the way on this machine
        )


class _ForeignReplyError(Exception):
    """The reply is not from the process that it was asked of; the text is for the user."""


class _UnusableSettingError(Exception):
    """No request can be made of what is configured; the text says what to do."""
