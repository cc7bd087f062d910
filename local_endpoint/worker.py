"""The process of one job: reads its input from stdin, trains, and writes what happens to stdout.

Each line on stdout is `{"progress": ...}`, `{"output": ...}` or `{"error": ...}`; the latter two come last.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from local_endpoint.training.run import train

_STDIN = 0
_CHUNK_BYTES = 1 << 16
_NICENESS = 5


def main() -> None:
    """Run one job."""
    arguments = argparse.ArgumentParser(prog="local_endpoint.worker")
    arguments.add_argument("--models-dir", type=Path, required=True)
    models_dir = arguments.parse_args().models_dir
    # SIGTERM becomes an ordinary exit, so that a half-written file is removed on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.nice(_NICENESS)
    write = _line_writer()
    sys.excepthook = _reporting_hook(write)
    job_input = json.loads(_first_line())
    threading.Thread(target=_end_with_the_endpoint, daemon=True).start()
    write({"output": train(job_input, models_dir, lambda progress: write({"progress": progress}))})


def _line_writer() -> Callable[[dict[str, Any]], None]:
    # What a library prints must not get between the lines: stdout becomes stderr for everybody else.
    lines = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def write(message: dict[str, Any]) -> None:
        lines.write(json.dumps(message).encode() + b"\n")
        lines.flush()

    return write


def _reporting_hook(
    write: Callable[[dict[str, Any]], None],
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What RunPod's worker does with an exception of the handler: report its type, message and traceback."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        lines = "".join(traceback.format_exception(kind, error, trace))
        write(
            {
                "error": {
                    "error_type": str(kind),
                    "error_message": str(error),
                    "error_traceback": lines,
                }
            }
        )

    return report


def _first_line() -> bytes:
    # Unbuffered: a buffered reader's lock, held by the watching thread, would break the interpreter's exit.
    received = bytearray()
    while not received.endswith(b"\n"):
        chunk = os.read(_STDIN, _CHUNK_BYTES)
        if not chunk:
            sys.exit(1)
        received += chunk
    return bytes(received)


def _end_with_the_endpoint() -> None:
    while os.read(_STDIN, _CHUNK_BYTES):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
