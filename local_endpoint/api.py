"""RunPod's job API as routes: a bearer key, four verbs, and its error bodies."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_endpoint.job_queue import JobQueue
from local_endpoint.jobs import Job
from local_endpoint.run_request import BadRequestError, parse_run_request

_Handler = Callable[[Request], Awaitable[Response]]


class JobApi:
    """The API of one endpoint under `/v2/{endpoint_id}`."""

    def __init__(self, queue: JobQueue, *, endpoint_id: str, api_key: str) -> None:
        self._queue = queue
        self._endpoint_id = endpoint_id
        self._authorization = f"Bearer {api_key}".encode()

    def application(self) -> Starlette:
        """The API as an ASGI application."""
        base = "/v2/{endpoint_id}"
        routes = [
            Route(f"{base}/run", self._guarded(self._run), methods=["POST"]),
            Route(f"{base}/status/{{job_id}}", self._guarded(self._status), methods=["GET"]),
            Route(f"{base}/cancel/{{job_id}}", self._guarded(self._cancel), methods=["POST"]),
            Route(f"{base}/health", self._guarded(self._health), methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _problem})

    def _guarded(self, handler: _Handler) -> _Handler:
        async def handle(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._authorization):
                raise HTTPException(401, "invalid api key")
            if request.path_params["endpoint_id"] != self._endpoint_id:
                raise HTTPException(404, "endpoint not found")
            return await handler(request)

        return handle

    async def _run(self, request: Request) -> Response:
        try:
            job = self._queue.submit(parse_run_request(await request.body()))
        except BadRequestError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"id": job.id, "status": job.status})

    async def _status(self, request: Request) -> Response:
        return JSONResponse(_known(self._queue.job(request.path_params["job_id"])).reply())

    async def _cancel(self, request: Request) -> Response:
        job = _known(self._queue.cancel(request.path_params["job_id"]))
        return JSONResponse({"id": job.id, "status": job.status})

    async def _health(self, _request: Request) -> Response:
        return JSONResponse(self._queue.health())


def _known(job: Job | None) -> Job:
    if job is None:
        raise HTTPException(404, "job not found")
    return job


async def _problem(_request: Request, error: Exception) -> Response:
    # RunPod's errors carry the number as `status`, where a job's answer has a word.
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    body = {"status": error.status_code, "title": title, "detail": error.detail}
    return JSONResponse(body, error.status_code, headers=dict(error.headers or {}))
