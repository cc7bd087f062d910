"""What a version was trained on can be told for ever, and whether its pictures are still the same."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core import TrainingParameters, VersionStatus
from lora_core import file_hashes as module
from lora_core.datasets import Dataset, frozen, looked_at
from lora_core.file_hashes import FileHashes
from lora_core.frozen_datasets import FileState, FrozenDataset, FrozenDatasets
from lora_core.sets_document import SelectionSet
from lora_core.stores import DocumentStore
from lora_core.versions import Version
from tests.lora_core.bench import Bench, FakeRunpod
from tests.lora_core.storage import StyleFolder, tree

NAMES = ("b.png", "a (1).jpg", "c.webp")
YEAR_NS = 365 * 24 * 3600 * 1_000_000_000


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    lab = StyleFolder(tmp_path / "root")
    for name in NAMES:
        (lab.folder / name).write_bytes(name.encode())
        (lab.folder / name).with_suffix(".txt").write_text(f"a fox, {name}")
    lab.sets.save(lab.style, NAMES)
    return lab


def later() -> int:
    """A clock by which every file here is old."""
    return time.time_ns() + YEAR_NS


def listed(lab: StyleFolder) -> str:
    return frozen(lab.store, looked_at(lab.styles, lab.style, SelectionSet(1, NAMES)))


def told(lab: StyleFolder, **record: object) -> FrozenDataset | None:
    datasets = FrozenDatasets(lab.styles, lab.sets, FileHashes(now_ns=later))
    return datasets.of(lab.style, Version("7", {"id": "a", **record}))


def test_pictures_that_stayed_changed_and_went_are_told_apart(lab: StyleFolder) -> None:
    digest = listed(lab)
    (lab.folder / "a (1).jpg").write_bytes(b"another")
    (lab.folder / "c.webp").unlink()
    (lab.folder / "b.txt").write_text("an owl")

    dataset = told(lab, dataset=digest)

    assert dataset is not None
    assert dataset.is_exact
    assert dataset.filenames == NAMES
    assert [(one.state.value, one.caption_state.value) for one in dataset.pictures] == [
        ("same", "changed"),
        ("changed", "same"),
        ("gone", "same"),
    ]
    assert (dataset.changed, dataset.gone) == (("b.png", "a (1).jpg"), ("c.webp",))


def test_a_list_tells_what_was_trained_on_though_its_set_was_changed_or_deleted(lab: StyleFolder) -> None:
    digest = listed(lab)
    lab.sets.update(lab.style, 1, filenames=["b.png"])
    lab.sets.delete(lab.style, 1)

    dataset = told(lab, dataset=digest, selectionSetId=1)

    assert dataset is not None
    assert (dataset.filenames, dataset.is_exact, dataset.changed) == (NAMES, True, ())


def test_what_was_not_at_hand_at_the_start_cannot_be_compared(lab: StyleFolder) -> None:
    for path in lab.folder.glob("b.*"):
        path.rename(path.with_suffix(path.suffix + ".away"))
    digest = listed(lab)
    for path in lab.folder.glob("*.away"):
        path.rename(path.with_suffix(""))

    dataset = told(lab, dataset=digest)

    assert dataset is not None
    assert dataset.pictures[0].state is FileState.NOT_HASHED


def test_an_older_version_is_told_by_its_set_as_it_is_today_and_says_so(lab: StyleFolder) -> None:
    (lab.folder / "c.webp").unlink()

    dataset = told(lab, selectionSetId="1")

    assert dataset is not None
    assert not dataset.is_exact
    assert [one.state for one in dataset.pictures] == [
        FileState.NOT_HASHED,
        FileState.NOT_HASHED,
        FileState.GONE,
    ]


@pytest.mark.parametrize(
    "record",
    [{}, {"selectionSetId": 9}, {"selectionSetId": "x"}, {"dataset": "../../x"}, {"dataset": "f" * 64}],
)
def test_where_nothing_tells_there_is_nothing(lab: StyleFolder, record: dict[str, object]) -> None:
    assert told(lab, **record) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": 7}', b'{"files": [{"filename": "b.png"}]}'])
def test_a_list_that_is_not_what_its_name_says_is_not_believed(lab: StyleFolder, content: bytes) -> None:
    digest = listed(lab)
    (lab.folder / "datasets" / f"{digest}.json").write_bytes(content)

    dataset = told(lab, dataset=digest, selectionSetId=1)

    assert dataset is not None
    assert not dataset.is_exact


@pytest.mark.parametrize("files", [7, [7], [{"name": "b.png"}]])
def test_a_list_of_another_form_is_passed_over(lab: StyleFolder, files: object) -> None:
    content = json.dumps({"files": files}).encode()
    digest = hashlib.sha256(content).hexdigest()
    (lab.folder / "datasets").mkdir()
    (lab.folder / "datasets" / f"{digest}.json").write_bytes(content)

    assert told(lab, dataset=digest) is None


def test_asking_writes_nothing(lab: StyleFolder) -> None:
    digest = listed(lab)
    before = tree(lab.root)

    told(lab, dataset=digest)

    assert tree(lab.root) == before


@pytest.mark.parametrize("is_draft", [False, True])
def test_every_start_freezes_its_list_a_drafts_too(bench: Bench, is_draft: bool) -> None:
    lab = bench.open_lab()
    if is_draft:
        draft = lab.save_draft(1, parameters=TrainingParameters(), selection_set_id=2)
        assert draft.dataset is None
        version = lab.start_draft(1, draft.key)
    else:
        version = lab.start(1, parameters=TrainingParameters(), selection_set_id=2)

    dataset = lab.dataset_of(1, version.key)

    assert dataset is not None
    assert dataset.is_exact
    assert dataset.filenames == lab.selection_sets(1)[1].filenames
    assert {(one.state, one.caption_state) for one in dataset.pictures} == {(FileState.SAME, FileState.SAME)}
    lab.delete_selection_set(1, 2)
    again = lab.dataset_of(1, version)
    assert again is not None
    assert again.filenames == dataset.filenames


def test_a_picture_that_goes_after_the_check_stops_the_start(
    bench: Bench, runpod: FakeRunpod, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = bench.open_lab()
    name = lab.selection_sets(1)[1].filenames[0]

    def late(store: DocumentStore, dataset: Dataset, hashes: FileHashes) -> str:
        (bench.history_file.parent / name).unlink()
        return frozen(store, dataset, hashes)

    monkeypatch.setattr("lora_core.submissions.frozen", late)
    version = lab.start(1, parameters=TrainingParameters(), selection_set_id=2)

    version = lab.version(1, version.key)
    assert version.status is VersionStatus.DRAFT
    assert f"start was checked: {name}. Nothing was sent" in json.dumps(version.raw)
    assert runpod.endpoint.jobs() == []


# Hashes


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is really read."""
    found: list[str] = []
    really = hashlib.file_digest

    def digest(file: object, name: str) -> object:
        found.append(Path(file.name).name)  # type: ignore[attr-defined]
        return really(file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(module.hashlib, "file_digest", digest)
    return found


def test_five_hundred_files_are_hashed_once(tmp_path: Path, reads: list[str]) -> None:
    hashes = FileHashes(now_ns=later)
    for number in range(500):
        (tmp_path / str(number)).write_bytes(b"x")

    for _ in range(3):
        assert {hashes.of(path) for path in tmp_path.iterdir()} == {hashlib.sha256(b"x").hexdigest()}
    assert len(reads) == 500


def overwrite(path: Path) -> None:
    path.write_bytes(b"another")


def replace_by_same_size(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"two")
    other.replace(path)


def write_in_place_and_set_the_date_back(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [overwrite, replace_by_same_size, write_in_place_and_set_the_date_back])
def test_every_change_of_a_file_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path, hashes = tmp_path / "a.png", FileHashes(now_ns=later)
    path.write_bytes(b"one")
    hashes.of(path)

    change(path)

    assert hashes.of(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_young_file_is_hashed_each_time(tmp_path: Path, reads: list[str]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    hashes = FileHashes(now_ns=lambda: path.stat().st_mtime_ns + 1_900_000_000)

    hashes.of(path)
    hashes.of(path)

    assert len(reads) == 2


def test_only_so_many_hashes_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    hashes, paths = FileHashes(now_ns=later), [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(b"x")

    for path in (*paths, paths[2], paths[0]):
        hashes.of(path)

    assert reads == ["a", "b", "c", "a"]


@pytest.mark.parametrize("name", ["gone", "folder", "a\0b", "half \ud83d"])
def test_what_is_no_file_has_no_hash(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    assert FileHashes().of(tmp_path / name) is None


def test_a_restart_reads_no_file_again_that_stayed_as_it_was(tmp_path: Path, reads: list[str]) -> None:
    kept, paths = (
        tmp_path / "state" / "file_hashes",
        [tmp_path / name for name in ("a b.png", "größe\n.png", "c.png")],
    )
    for path in paths:
        path.write_bytes(path.name.encode())
    first = [FileHashes(kept, now_ns=later).of(path) for path in paths]
    paths[2].write_bytes(b"another")

    hashes = FileHashes(kept, now_ns=later)

    assert [hashes.of(path) for path in paths[:2]] == first[:2]
    assert hashes.of(paths[2]) == hashlib.sha256(b"another").hexdigest()
    assert reads == ["a b.png", "größe\n.png", "c.png", "c.png"]


def test_what_is_frozen_is_read_anew_and_spares_the_next_look_a_reading(
    lab: StyleFolder, reads: list[str]
) -> None:
    hashes = FileHashes(now_ns=later)
    dataset = looked_at(lab.styles, lab.style, SelectionSet(1, NAMES))

    digests = {frozen(lab.store, dataset, hashes) for _ in range(2)}
    told = FrozenDatasets(lab.styles, lab.sets, hashes).of(
        lab.style, Version("7", {"dataset": digests.pop()})
    )

    assert not digests
    assert told is not None
    assert told.changed == ()
    assert len(reads) == 2 * 6


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"x y z\n", b"a" * 64 + b" name 1 2\n", b"a" * 64 + b" n 1 2 3 4 5 6\n"]
)
def test_kept_hashes_that_cannot_be_read_are_none(tmp_path: Path, content: bytes) -> None:
    path, kept = tmp_path / "a.png", tmp_path / "file_hashes"
    path.write_bytes(b"one")
    kept.write_bytes(content)

    hashes = FileHashes(kept, now_ns=later)

    assert hashes.of(path) == hashlib.sha256(b"one").hexdigest()


def test_kept_hashes_do_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SPARE", 5)
    path, kept = tmp_path / "a.png", tmp_path / "file_hashes"
    for number in range(10):
        path.write_bytes(str(number).encode())
        FileHashes(kept, now_ns=later).of(path)

    assert len(kept.read_bytes().splitlines()) <= 8


def test_hashes_are_told_though_they_cannot_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"one")

    assert FileHashes(path / "file_hashes", now_ns=later).of(path) == hashlib.sha256(b"one").hexdigest()
