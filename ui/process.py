"""The one lab of this process, and its monitor.

Streamlit empties the project's modules when a source file is saved, so the lab is kept in a module that it
does not know; when its class is another one by then, the old lab is closed and a new one opened, or a
page's `except` would not catch the errors of the old one's classes.
"""

import sys
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any

from anyio.to_thread import run_sync

from lora_core import ConfigurationError, TrainingLab
from ui.prompt_replies import reply_promptly

_kept: Any = sys.modules.setdefault("_lora_lab_kept", ModuleType("_lora_lab_kept"))
_kept.__dict__.setdefault("lock", threading.Lock())
_kept.__dict__.setdefault("instance_id", uuid.uuid4().hex)


def lab() -> TrainingLab:
    """The lab of this process, its monitor running. Raises ConfigurationError for settings that cannot be."""
    with _kept.lock:
        kept = _kept.__dict__.get("lab")
        if kept is None or type(kept) is not TrainingLab:
            opened = TrainingLab.open()
            if kept is not None:
                kept.close()
            _kept.lab = opened
        if not _kept.lab.monitor.is_running:
            _kept.lab.monitor.start()
        current: TrainingLab = _kept.lab
        return current


def instance_id() -> str:
    """Another one after each start of the server."""
    return str(_kept.instance_id)


@asynccontextmanager
async def monitor_lifespan(app: object) -> AsyncIterator[None]:  # noqa: ARG001 - Streamlit hands itself over
    """Follows trainings from the server's start to its end, no browser needed."""
    reply_promptly()
    with suppress(ConfigurationError):  # the pages say what is wrong
        await run_sync(lab)
    try:
        yield
    finally:
        kept = _kept.__dict__.pop("lab", None)
        if kept is not None:
            await run_sync(kept.close)
