"""The folders that a lab is killed over: made once, copied for each death."""

import json
import shutil
from pathlib import Path

from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, FakeRunpod, SettableClock, started
from tests.lora_core.crashes.points import LIVE

STYLE_FOLDER = f"{STYLE}_ink"


def bare(folder: Path) -> None:
    """A style before its first version: pictures, captions and sets, and nothing that the lab wrote."""
    style = folder / "styles" / STYLE_FOLDER
    style.mkdir(parents=True)
    for number in (1, 2):
        (style / f"image_{number}.jpg").write_bytes(b"a picture %d" % number)
        (style / f"image_{number}.txt").write_text(f"a drawing of {number}\n")
    sets = {"sets": [{"id": SET, "filenames": ["image_1.jpg", "image_2.jpg"]}]}
    (style / "selection_sets.json").write_text(json.dumps(sets))
    # Without it the name is derived at each look, which takes a tenth of the time of these tests.
    own = {"id": int(STYLE), "name": "Ink", "triggerToken": f"SBai_style_{STYLE}"}
    (style / "style.json").write_text(json.dumps(own))


def quiet(folder: Path, runpod: FakeRunpod, clock: SettableClock) -> None:
    """A style in which nothing runs, with a version of each other kind, its kind being its key."""
    bare(folder)
    bench = Bench(folder, runpod, clock)
    lab = bench.open_lab()
    finished = started(lab, key="finished")
    runpod.trainer.complete(finished.id)
    lab.refresh()
    for key in ("draft", "trashed"):
        lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET, key=key)
    lab.delete(STYLE, "trashed")
    bench.close()


def running(folder: Path, quiet: Path, runpod: FakeRunpod, clock: SettableClock) -> str:
    """The same style, in which a version runs as well; answers its job."""
    shutil.copytree(quiet, folder)
    bench = Bench(folder, runpod, clock)
    version = started(bench.open_lab(), key="running")
    bench.close()
    return version.id


def damaged(folder: Path, quiet: Path) -> None:
    """The quiet style, whose history ends in the middle of its last record."""
    shutil.copytree(quiet, folder)
    history = folder / "styles" / STYLE_FOLDER / LIVE
    history.write_bytes(history.read_bytes()[:-200])
