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


def job_api(queue: JobQueue, *, endpoint_id: str, api_key: str) -> Starlette:
    """The API of one endpoint under `/v2/{endpoint_id}`."""

    def guarded(handler: _Handler) -> _Handler:
        async def handle(request: Request) -> Response:
            if not _has_key(request, api_key):
                raise HTTPException(401, "invalid api key")
            if request.path_params["endpoint_id"] != endpoint_id:
                raise HTTPException(404, "endpoint not found")
            return await handler(request)

        return handle

    async def run(request: Request) -> Response:
        try:
            job = queue.submit(parse_run_request(await request.body()))
        except BadRequestError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"id": job.id, "status": job.status})

    async def status(request: Request) -> Response:
        return JSONResponse(_known(queue.job(request.path_params["job_id"])).reply())

    async def cancel(request: Request) -> Response:
        job = _known(queue.cancel(request.path_params["job_id"]))
        return JSONResponse({"id": job.id, "status": job.status})

    async def health(_request: Request) -> Response:
        return JSONResponse(queue.health())

    base = "/v2/{endpoint_id}"
    routes = [
        Route(f"{base}/run", guarded(run), methods=["POST"]),
        Route(f"{base}/status/{{job_id}}", guarded(status), methods=["GET"]),
        Route(f"{base}/cancel/{{job_id}}", guarded(cancel), methods=["POST"]),
        Route(f"{base}/health", guarded(health), methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _problem})


def _has_key(request: Request, api_key: str) -> bool:
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode())


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
