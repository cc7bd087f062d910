"""A process whose children upload and are killed: `python -m tests.lora_core.crashes.upload_victim`.

As `victim`: it starts no thread, and forks a child for each order. An order is a line of JSON: the folder, what
is uploaded, and at which operation on the style's folder the child dies; the answer is how it ended.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from lora_core import Incoming, OnConflict
from tests.lora_core.crashes.operations import Operation, Phase, watched
from tests.lora_core.picture_files import STYLE, lab_over, picture, style_folder

OLD, NEW, OTHER = picture("red"), picture("green"), picture("blue")
OLD_TEXT, NEW_TEXT = b"a cat", b"a dog"
THERE = {"a.jpg": OLD, "a.txt": OLD_TEXT}

Files = dict[str, bytes]
UPLOADS: dict[str, tuple[OnConflict, Files, Files]] = {
    "new ones": (
        OnConflict.ASK,
        {"b.jpg": NEW, "b.txt": NEW_TEXT, "c.jpg": OTHER},
        {**THERE, "b.jpg": NEW, "b.txt": NEW_TEXT, "c.jpg": OTHER},
    ),
    "one that replaces another": (
        OnConflict.REPLACE,
        {"a.jpg": NEW, "a.txt": NEW_TEXT},
        {"a.jpg": NEW, "a.txt": NEW_TEXT},
    ),
    "one that is kept beside another": (
        OnConflict.KEEP_BOTH,
        {"a.jpg": NEW, "a.txt": NEW_TEXT},
        {**THERE, "a (2).jpg": NEW, "a (2).txt": NEW_TEXT},
    ),
    "a caption alone": (OnConflict.REPLACE, {"a.txt": NEW_TEXT}, {"a.jpg": OLD, "a.txt": NEW_TEXT}),
}
"""What is done with conflicts, the files, and what the style holds at the end."""


def incoming(files: Files) -> list[Incoming]:
    return [Incoming(name, data) for name, data in files.items()]


def main() -> None:
    """Until there are no more orders."""
    for line in sys.stdin:
        folder, what, number = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(Path(folder), what, number)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(folder: Path, what: str, number: int) -> NoReturn:
    code, met = 1, 0

    def seen(_: Operation, phase: Phase) -> None:
        nonlocal met
        met += phase is not Phase.BEFORE
        if met == number:
            os.kill(os.getpid(), signal.SIGKILL)

    signal.alarm(60)
    try:
        on_conflict, files, _ = UPLOADS[what]
        with watched(style_folder(folder), seen, is_synced=False), lab_over(folder) as lab:
            lab.add_images(STYLE, incoming(files), on_conflict=on_conflict)
        code = 0
    except BaseException:  # noqa: BLE001 - a child must never return into the loop
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    main()
