"""RunPod's webhook on the lab's own port.

Custom routes get no sign-in, no size limit and no thread of their own from Streamlit: the address carries
the lab's signature, which is compared before a byte of the body is read, and the work is done in a thread.
"""

import logging

from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lora_core import ConfigurationError, LoraCoreError, TrainingLab
from lora_core.webhooks import BODY_LIMIT, PATH, is_genuine
from ui.process import lab

_log = logging.getLogger(__name__)


async def _receive(request: Request) -> Response:
    request_id, token = request.path_params["request_id"], request.path_params["token"]
    try:
        here = await run_sync(lab)
    except ConfigurationError:  # no address was given out; the pages say what is wrong
        return JSONResponse({"error": "unknown address"}, status_code=404)
    if not is_genuine(here.settings, request_id, token):
        return JSONResponse({"error": "unknown address"}, status_code=404)
    body = await _bounded_body(request)
    if body is None:
        return JSONResponse({"error": f"over {BODY_LIMIT} bytes"}, status_code=413)
    # RunPod waits for the answer; asking it back is for afterwards.
    return JSONResponse({"ok": True}, background=BackgroundTask(run_sync, _take, here, body, request_id))


def _take(here: TrainingLab, body: bytes, request_id: str) -> None:
    try:
        here.receive_webhook(body, request_id)
    except LoraCoreError as error:  # polling tells the same again
        _log.warning("The webhook of %s could not be kept: %s", request_id, error)


async def _bounded_body(request: Request) -> bytes | None:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


webhook_route = Route(PATH, _receive, methods=["POST"])
