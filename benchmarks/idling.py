"""What a page costs that nobody uses, and what ten tabs cost RunPod while something runs."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Page
from pydantic import SecretStr

from benchmarks.browsing import VIEWPORT, at_rest
from benchmarks.lab_side import settings
from benchmarks.measures import Figure, say
from benchmarks.screen_data import STYLE, newest, prepare
from benchmarks.served import LAB, Served
from benchmarks.session import Session
from local_endpoint import LocalEndpoint, ScriptedTrainer
from lora_core import Settings, TrainingLab, TrainingParameters
from tests.runpod_settings import runpod_settings

VERSIONS: Final = 1_000
_SETTLING_MS: Final = 5_000
_WATCHED_S: Final = 47.0  # three beats of 15 s
_BEAT_AT_MOST: Final = 3_000.0
_BEATS_APART_S: Final = 5.0
"""Frames further apart than this belong to two beats."""
_TABS_AT_MOST: Final = 1.25  # polls are jittered


class Bucket:
    """An S3 server whose bucket is empty; counts what it is asked."""

    def __init__(self) -> None:
        self.requests = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serves it; yields its address."""
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                bucket.requests += 1
                body = b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_HEAD(self) -> None:
                bucket.requests += 1
                self.send_response(404)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()


def idling(browser: Browser, folder: Path, *, watched_s: float = _WATCHED_S) -> Iterator[Figure]:
    """Bytes of a heartbeat, both ways, and requests to RunPod and the bucket, on each page with nothing running."""
    prepare(folder, VERSIONS)
    endpoint = LocalEndpoint(folder / "runpod", trainer=ScriptedTrainer())
    bucket = Bucket()
    with (
        endpoint.serving() as address,
        bucket.serving() as bucket_url,
        Served(LAB, folder, runpod_settings(address, bucket_url)) as lab,
    ):
        query = f"?style={STYLE}&version={newest(VERSIONS)}"
        for name, url in (("Training", lab.url + query), ("History", f"{lab.url}history{query}")):
            say(f"an idle page, {name}, for {watched_s:.0f} s ...")
            context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
            page = context.new_page()
            frames = _frames(page)
            page.goto(url)
            at_rest(page)
            page.wait_for_timeout(_SETTLING_MS)
            frames.clear()
            before = len(endpoint.requests) + bucket.requests
            page.wait_for_timeout(watched_s * 1000)
            asked = len(endpoint.requests) + bucket.requests - before
            beats = beats_of(frames)
            context.close()
            yield Figure(f"{name}: a heartbeat", median(beats or [0]), "bytes", _BEAT_AT_MOST)
            yield Figure(f"{name}: requests to RunPod and bucket in {len(beats)} beats", asked, "", 0.0)


def tabs(folder: Path, *, tabs: int = 10, watched_s: float = 60.0) -> Iterator[Figure]:
    """Two labs side by side, a training in each: one with one tab open, one with ten."""
    say(f"{tabs} tabs beside one, while a training runs, for {watched_s:.0f} s ...")
    with ExitStack() as stack:
        endpoints = [_watched_by(stack, folder / str(count), count) for count in (1, tabs)]
        time.sleep(2)
        before = [_statuses(one) for one in endpoints]
        time.sleep(watched_s)
        one, many = (_statuses(each) - start for each, start in zip(endpoints, before, strict=True))
    yield Figure("/status a minute with one tab", one * 60 / watched_s, "")
    yield Figure(f"/status a minute with {tabs} tabs", many * 60 / watched_s, "")
    yield Figure("as a multiple of one tab", many / max(one, 1), "times", _TABS_AT_MOST)


def beats_of(frames: list[tuple[float, int]]) -> list[int]:
    """Bytes of each beat, from frames as (when, size)."""
    beats: list[int] = []
    last = float("-inf")
    for at, size in frames:
        if at - last > _BEATS_APART_S:
            beats.append(0)
        beats[-1] += size
        last = at
    return beats


def _frames(page: Page) -> list[tuple[float, int]]:
    frames: list[tuple[float, int]] = []

    def note(data: str | bytes) -> None:
        frames.append((time.monotonic(), len(data)))

    def listen(socket: object) -> None:
        socket.on("framereceived", note)  # type: ignore[attr-defined]
        socket.on("framesent", note)  # type: ignore[attr-defined]

    page.on("websocket", listen)
    return frames


def _watched_by(stack: ExitStack, folder: Path, count: int) -> LocalEndpoint:
    """A lab with a training that does not end, looked at by so many tabs; its RunPod."""
    prepare(folder, 10)
    endpoint = LocalEndpoint(folder / "runpod", trainer=ScriptedTrainer())
    address = stack.enter_context(endpoint.serving())
    configured = runpod_settings(address, stack.enter_context(Bucket().serving()))
    with TrainingLab(_settings(folder, configured)) as lab:
        lab.start(STYLE, parameters=TrainingParameters(max_train_steps=1_000), selection_set_id=1)
    served = stack.enter_context(Served(LAB, folder, configured))
    for _ in range(count):
        stack.enter_context(Session(served.url, f"style={STYLE}&version=new"))
    return endpoint


def _settings(folder: Path, configured: Mapping[str, str]) -> Settings:
    return settings(
        folder,
        runpod_api_key=SecretStr(configured["RUNPOD_API_KEY"]),
        runpod_endpoint_id=configured["RUNPOD_ENDPOINT_ID"],
        runpod_base_url=configured["RUNPOD_BASE_URL"],
        s3_bucket=configured["S3_BUCKET"],
        trainer_user_id=configured["TRAINER_USER_ID"],
        trainer_tenant_id=configured["TRAINER_TENANT_ID"],
    )


def _statuses(endpoint: LocalEndpoint) -> int:
    return sum(call.verb == "status" for call in endpoint.requests)
