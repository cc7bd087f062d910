"""What the lab promises first: no record is ever lost, whoever writes and whatever dies.

A draft is saved by real processes and threads through `TrainingLab`, and processes are killed while they
write.
"""

import multiprocessing
import os
import random
import signal
import threading
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from lora_core import PARAMETER_NAMES, TrainingParameters, Version
from lora_core.document import HistoryDocument
from lora_core.histories import LIVE, Histories
from lora_core.stores import LocalStore
from lora_core.times import to_iso
from tests.lora_core.storage import FIXTURE_STYLES, copied_styles, opened_lab

STYLES = sorted(path.name for path in FIXTURE_STYLES.iterdir())
WRITERS, EACH = 8, 50
KILLS = 100
FOLDER = "7_paper_cut"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copied_styles(tmp_path / "styles")


@pytest.mark.parametrize("folder", STYLES)
def test_every_record_of_the_old_system_loads_with_all_its_fields(root: Path, folder: str) -> None:
    records = orjson.loads((root / folder / LIVE).read_bytes())["versions"]

    with opened_lab(root) as lab:
        versions = lab.versions(folder.partition("_")[0])

    assert [version.raw for version in versions] == records
    for version, record in zip(versions, records, strict=True):
        assert as_recorded(version) == {
            "id": record["id"],
            "name": record["name"],
            "timestamp": record["timestamp"],
            "status": record["status"],
            "imageCount": record["imageCount"],
            "description": record.get("description", ""),
            "loraUrl": record.get("loraUrl"),
            "completedAt": record.get("completedAt"),
            "failedAt": record.get("failedAt"),
            "error": record.get("error"),
            "isGood": record.get("isGood", False),
            "selectionSetId": None if "selectionSetId" not in record else int(record["selectionSetId"]),
            **{name: record["parameters"].get(name) for name in PARAMETER_NAMES},
        }


def as_recorded(version: Version) -> dict[str, Any]:
    def iso(moment: datetime | None) -> str | None:
        return to_iso(moment) if moment else None

    return {
        "id": version.id,
        "name": version.name,
        "timestamp": iso(version.created_at),
        "status": version.status_text,
        "imageCount": version.image_count,
        "description": version.description,
        "loraUrl": version.lora_url,
        "completedAt": iso(version.completed_at),
        "failedAt": iso(version.failed_at),
        "error": version.error,
        "isGood": version.is_good,
        "selectionSetId": version.selection_set_id,
        **{name: getattr(version.parameters, name) for name in PARAMETER_NAMES},
    }


@pytest.mark.parametrize("folder", STYLES)
def test_changing_one_description_leaves_every_other_byte(root: Path, folder: str) -> None:
    path = root / folder / LIVE
    others = {other: other.read_bytes() for other in root.rglob("*.json") if other != path}
    count = len(orjson.loads(path.read_bytes())["versions"])

    for number in range(count):
        before = path.read_bytes()
        with opened_lab(root) as lab:
            version = lab.versions(folder)[number]
            lab.describe(folder, version.key, "größer, “crisper”")
        after = path.read_bytes()
        new = '"description": "größer, “crisper”"'.encode()
        head = next(at for at in range(len(before)) if before[at] != after[at])
        tail = next(at for at in range(len(before)) if before[-1 - at] != after[-1 - at])
        assert new in after
        assert len(after) - head - tail <= len(new) + len(b",\n      ")
        assert after.count(b"\n") - before.count(b"\n") == ("description" not in version.raw)

    assert {other: other.read_bytes() for other in others} == others


def save_drafts(root: Path, start: Any) -> None:
    with opened_lab(root) as lab:
        start.wait(30)
        for number in range(EACH):
            lab.save_draft(7, parameters=TrainingParameters(max_train_steps=100 + number))


def assert_all_are_there(root: Path, new: int) -> None:
    with opened_lab(root) as lab:
        versions = lab.versions(7)
    old = orjson.loads((FIXTURE_STYLES / FOLDER / LIVE).read_bytes())["versions"]
    assert len(versions) == new + len(old)
    assert [version.raw for version in versions[new:]] == old
    made = versions[:new]
    assert {version.name for version in made} == {f"V{number}" for number in range(5, 5 + new)}
    assert len({version.request_id for version in made}) == len({version.key for version in made}) == new
    times = [int((version.request_id or "").removeprefix("7_")) for version in made]
    assert times == sorted(times, reverse=True)


def test_eight_processes_saving_fifty_drafts_each_give_four_hundred(root: Path) -> None:
    # A fork of its own, without the threads of this process.
    context = multiprocessing.get_context("forkserver")
    start = context.Event()
    writers = [context.Process(target=save_drafts, args=(root, start)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join(60)

    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert_all_are_there(root, WRITERS * EACH)


def test_eight_threads_saving_fifty_drafts_each_give_four_hundred(root: Path) -> None:
    start = threading.Event()
    writers = [threading.Thread(target=save_drafts, args=(root, start)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join(60)

    assert_all_are_there(root, WRITERS * EACH)


def test_eight_threads_sharing_one_lab_give_four_hundred(root: Path) -> None:
    with opened_lab(root) as lab:

        def save() -> None:
            for _ in range(EACH):
                lab.save_draft(7, parameters=TrainingParameters())

        writers = [threading.Thread(target=save) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
    assert_all_are_there(root, WRITERS * EACH)


def write_for_ever(root: Path, acknowledge: Any, first: int) -> None:
    """Adds records and tells of each only when it is written."""
    histories = Histories(LocalStore(root))
    number = first
    while True:
        record = {"id": f"new-{number}", "status": "draft"}
        histories.update(FOLDER, partial(HistoryDocument.inserted, record=record))
        os.write(acknowledge, b".")
        number += 1


def kill_while_writing(root: Path, first: int, acknowledged: int, later_s: float) -> int:
    """Forks a writer, kills it some time after so many acknowledgements, and answers how many there were."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(root, writing, first)
        finally:
            os._exit(1)
    os.close(writing)
    told = len(os.read(reading, 1))
    while told < acknowledged:
        told += len(os.read(reading, 1))
    threading.Event().wait(later_s)  # so that it dies at any step of the next write
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 4096):
        told += len(more)
    os.close(reading)
    return told


# Python 3.12 warns of a fork beside threads; the child here touches none of their locks.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_hundred_kills_while_writing_lose_nothing_that_was_acknowledged(root: Path) -> None:
    path, old = root / FOLDER / LIVE, orjson.loads((root / FOLDER / LIVE).read_bytes())["versions"]
    chance = random.Random(20260301)
    expected: set[str] = set()
    number = 0

    for _ in range(KILLS):
        told = kill_while_writing(root, number, chance.randint(1, 4), chance.uniform(0, 0.008))
        expected |= {f"new-{one}" for one in range(number, number + told)}
        document = HistoryDocument.parse(path.read_bytes())
        there = [record["id"] for record in document.records]
        assert len(set(there)) == len(there)
        assert expected <= set(there)
        assert list(document.entries[-len(old) :]) == old
        number += told + 1  # the one that may be there without having been acknowledged

    # What was left by the killed ones stands in nobody's way.
    with opened_lab(root) as lab:
        lab.save_draft(7, parameters=TrainingParameters())
        assert len(lab.versions(7)) >= len(expected) + len(old) + 1
        assert lab.images(7) == []
        assert [style.folder for style in lab.styles()] == sorted(
            STYLES, key=lambda one: int(one.partition("_")[0])
        )
