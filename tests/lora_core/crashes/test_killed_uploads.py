"""A lab is killed during an upload, after every operation on its disk and in the middle of every write.

What is there afterwards is whole, and no picture has the caption of another one; the next upload clears what
was left, and brings the rest.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lora_core import Outcome
from tests.lora_core.crashes.driver import PROJECT
from tests.lora_core.crashes.upload_victim import THERE, UPLOADS, Files, incoming
from tests.lora_core.picture_files import STYLE, files_of, lab_over

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="which file is written is seen on Linux only"),
    pytest.mark.xdist_group("killed uploads"),
]


@pytest.fixture(scope="module")
def victims() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.lora_core.crashes.upload_victim"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("what", UPLOADS)
def test_whole_files_only_are_left_by_a_lab_that_is_killed_while_it_takes(
    what: str, victims: subprocess.Popen[str], tmp_path: Path
) -> None:
    on_conflict, files, wanted = UPLOADS[what]
    with lab_over(tmp_path / "before") as lab:
        lab.add_images(STYLE, incoming(THERE))
    number = 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "before", folder)
        if not _is_killed(victims, folder, what, number):
            break
        _examine(folder, wanted)
        with lab_over(folder) as lab:
            pictures = {name for name in files_of(folder) if name.endswith(".jpg")}
            assert {one.filename for one in lab.images(STYLE)} == pictures
            lab.add_images(STYLE, [])
            _examine(folder, wanted, is_cleared=True)
            again = lab.add_images(STYLE, incoming(files), on_conflict=on_conflict)
        assert not [one for one in again if one.outcome in (Outcome.REFUSED, Outcome.CONFLICT)]
        assert files_of(folder) == wanted
    assert number > 5
    assert files_of(folder) == wanted


def _is_killed(victims: subprocess.Popen[str], folder: Path, what: str, number: int) -> bool:
    """Whether the upload met the operation at which it is killed."""
    assert victims.stdin is not None and victims.stdout is not None
    victims.stdin.write(json.dumps([str(folder), what, number]) + "\n")
    victims.stdin.flush()
    ended = int(victims.stdout.readline())
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def _examine(folder: Path, wanted: Files, *, is_cleared: bool = False) -> None:
    """What is seen of the folder is old or new, each picture with its own caption; or, until cleared, with none."""
    there = files_of(folder)
    seen = {name: data for name, data in there.items() if not name.startswith(".")}
    assert seen.keys() >= {"a.jpg"}
    assert not is_cleared or there == seen
    for name, data in seen.items():
        assert data in (THERE.get(name), wanted.get(name)), f"{name} is torn"
        if not name.endswith(".jpg"):
            continue
        caption = name.replace(".jpg", ".txt")
        own = {files.get(caption) for files in (THERE, wanted) if files.get(name) == data}
        assert seen.get(caption) in (own if is_cleared else {*own, None}), f"{name} has not its own caption"
