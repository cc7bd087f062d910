"""A client of the job API, as plain as can be."""

from types import TracebackType
from typing import Any

import httpx

from local_endpoint import Address


class ApiClient:
    """Sends each request on a connection of its own, unless told to keep it."""

    def __init__(self, address: Address, *, timeout_s: float = 10.0) -> None:
        self.http = httpx.Client(
            base_url=f"{address.base_url}/{address.endpoint_id}",
            headers={"Authorization": f"Bearer {address.api_key}"},
            timeout=timeout_s,
            trust_env=False,
        )

    def __enter__(self) -> "ApiClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def run(self, job_input: dict[str, Any] | None = None, **beside: Any) -> str:
        """Submit a job and answer its id."""
        answer = self.http.post("/run", json={"input": job_input or {"n": 1}, **beside})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def status(self, job_id: str) -> dict[str, Any]:
        """The body of GET /status."""
        return dict(self.http.get(f"/status/{job_id}").json())

    def word(self, job_id: str) -> str:
        """The job's status; of an unknown job the detail of the error."""
        body = self.status(job_id)
        return str(body.get("detail") or body["status"])

    def cancel(self, job_id: str) -> dict[str, Any]:
        """The body of POST /cancel."""
        return dict(self.http.post(f"/cancel/{job_id}").json())
