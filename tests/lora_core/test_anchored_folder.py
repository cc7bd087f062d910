"""A folder whose disk went away is neither read as empty nor written into, and goes on when it is back."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core.anchored_folder import AnchoredFolder
from lora_core.errors import StoreConflictError, StoreUnavailableError
from lora_core.evidence import Absent, NotAsked
from lora_core.model_files import LocalModelFiles, model_evidence
from lora_core.outbox import Answer, Outbox
from lora_core.stores import LocalStore
from lora_core.times import utc_now
from tests.lora_core.faulty_disk import Fault, empty_folder_elsewhere, gone, unmounted
from tests.lora_core.storage import read

NAME = "7_paper_cut/training_versions.json"
IS_GONE = "the disk or folder on which it lies is away or does not answer. Nothing was changed. Bring it back"
AWAY = [pytest.param(gone, id="gone"), pytest.param(unmounted, id="an empty mount point")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> LocalStore:
    """A store that has been written to."""
    store = LocalStore(root)
    store.write(NAME, b"one", if_match=None)
    return store


def uses(store: LocalStore, etag: str) -> list[Callable[[], object]]:
    """Everything that a store can be asked."""
    return [
        lambda: store.read(NAME),
        lambda: store.read("7_paper_cut/style.json"),
        lambda: store.etag(NAME),
        lambda: store.write(NAME, b"two", if_match=etag),
        lambda: store.write("7_paper_cut/style.json", b"two", if_match=None),
        lambda: store.delete(NAME, if_match=etag),
        lambda: store.kept_copy(NAME, "an etag"),
        lambda: store.folders(),
        lambda: store.names("7_paper_cut"),
        lambda: store.exclusive(NAME).__enter__(),
    ]


@pytest.mark.parametrize("away", AWAY)
def test_a_root_that_was_there_is_missed_and_nothing_is_made_in_its_place(
    store: LocalStore, root: Path, away: Fault
) -> None:
    etag = read(store, NAME).etag

    with away(root, root / NAME):
        for use in uses(store, etag):
            with pytest.raises(StoreUnavailableError, match=IS_GONE):
                use()
        assert not root.exists() or list(root.iterdir()) == []

    assert read(store, NAME).data == b"one"
    store.write(NAME, b"two", if_match=etag)
    assert read(store, NAME).data == b"two"
    assert store.folders() == ["7_paper_cut"]


@pytest.mark.parametrize("away", AWAY)
def test_a_root_that_was_only_looked_at_is_missed_as_well(root: Path, away: Fault) -> None:
    (root / "7_paper_cut").mkdir(parents=True)
    store = LocalStore(root)
    assert store.folders() == ["7_paper_cut"]

    with away(root, root / NAME), pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.folders()
    assert store.folders() == ["7_paper_cut"]


def test_a_disk_that_goes_while_we_wait_for_the_lock_is_noticed(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag, away = read(store, NAME).etag, root.with_name("away")
    monkeypatch.setattr("fcntl.flock", lambda *_: root.rename(away))

    with pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.write(NAME, b"two", if_match=etag)

    assert not root.exists()
    assert (away / NAME).read_bytes() == b"one"


def test_another_disk_that_comes_while_we_wait_for_the_lock_is_not_written_to(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = read(store, NAME).etag
    with empty_folder_elsewhere(root) as elsewhere:
        (elsewhere / NAME).parent.mkdir()
        (elsewhere / NAME).write_bytes(b"one")

        def swap(*_: object) -> None:
            root.rename(root.with_name("away"))
            root.symlink_to(elsewhere)

        monkeypatch.setattr("fcntl.flock", swap)

        with pytest.raises(StoreUnavailableError, match=IS_GONE):
            store.write(NAME, b"two", if_match=etag)
        assert (elsewhere / NAME).read_bytes() == b"one"


def test_a_disk_that_goes_in_the_middle_of_a_look_does_not_read_as_nothing(
    store: LocalStore, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, empty = root.with_name("away"), tmp_path / "empty"
    empty.mkdir()
    scandir, stat = os.scandir, Path.stat

    def scandir_without_disk(_: Path) -> object:
        root.rename(away)
        return scandir(empty)

    def missing(path: Path, **more: object) -> os.stat_result:
        if path == root / NAME:
            root.rename(away)
        return stat(path, **more)  # type: ignore[arg-type]

    for function, patched, use in (
        ("os.scandir", scandir_without_disk, store.folders),
        ("pathlib.Path.stat", missing, lambda: store.read(NAME)),
    ):
        with monkeypatch.context() as patch, pytest.raises(StoreUnavailableError, match=IS_GONE):
            patch.setattr(function, patched)
            use()
        away.rename(root)
    assert store.folders() == ["7_paper_cut"]


def test_a_root_that_was_never_there_is_made_by_the_first_write(root: Path) -> None:
    store = LocalStore(root / "deeper")
    assert store.folders() == []
    assert store.names("7_paper_cut") == []
    assert store.read(NAME) is None
    assert not root.exists()

    store.write(NAME, b"one", if_match=None)

    assert read(store, NAME).data == b"one"


def test_a_disk_that_comes_back_under_another_number_is_known_by_its_mark(
    store: LocalStore, root: Path
) -> None:
    with empty_folder_elsewhere(root) as elsewhere:
        shutil.copytree(root, elsewhere, dirs_exist_ok=True)
        root.rename(root.with_name("former"))
        root.symlink_to(elsewhere)

        assert read(store, NAME).data == b"one"
        (elsewhere / ".lora_lab" / "root_id").write_bytes(b"of another lab")
        root.unlink()
        root.with_name("former").rename(root)
        assert read(store, NAME).data == b"one"

        root.rename(root.with_name("former"))
        root.symlink_to(elsewhere)
        with pytest.raises(StoreUnavailableError, match=IS_GONE):
            store.read(NAME)


@pytest.mark.usefixtures("store")
def test_the_mark_is_left_once_and_read_by_the_next_process(root: Path) -> None:
    mark = root / ".lora_lab" / "root_id"
    left = mark.read_bytes()
    assert len(left) == 32

    LocalStore(root).write("7_paper_cut/style.json", b"one", if_match=None)

    assert mark.read_bytes() == left


@pytest.mark.usefixtures("store")
def test_a_mark_that_a_power_cut_emptied_is_left_anew(root: Path) -> None:
    mark = root / ".lora_lab" / "root_id"
    mark.write_bytes(b"")

    LocalStore(root).write("7_paper_cut/style.json", b"one", if_match=None)

    assert len(mark.read_bytes()) == 32


def test_looking_leaves_no_mark(tmp_path: Path) -> None:
    folder = AnchoredFolder(tmp_path, mark=".mark")

    assert folder.check()
    assert list(tmp_path.iterdir()) == []


def test_a_styles_folder_that_vanished_is_not_made_again_for_a_document_that_was_there(
    store: LocalStore, root: Path
) -> None:
    etag = read(store, NAME).etag
    away = root.with_name("away")
    (root / "7_paper_cut").rename(away)

    with pytest.raises(StoreConflictError):
        store.write(NAME, b"two", if_match=etag)

    assert not (root / "7_paper_cut").exists()
    away.rename(root / "7_paper_cut")
    store.write(NAME, b"two", if_match=etag)


# -- links


@pytest.mark.parametrize("linked", ["the style's folder", "the document"])
def test_what_a_link_leads_to_is_missed_when_its_disk_is_away(
    store: LocalStore, root: Path, tmp_path: Path, linked: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    path = root / "7_paper_cut" if linked == "the style's folder" else root / NAME
    path.rename(disk / path.name)
    path.symlink_to(disk / path.name)
    etag = read(store, NAME).etag
    disk.rename(tmp_path / "away")

    with pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.read(NAME)
    with pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.write(NAME, b"two", if_match=None)
    with pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.write(NAME, b"two", if_match=etag)
    assert not disk.exists()
    assert store.folders() == ["7_paper_cut"]  # its own page tells; it is not forgotten

    (tmp_path / "away").rename(disk)
    assert read(store, NAME).data == b"one"


def test_pictures_behind_a_link_that_leads_nowhere_are_missed(store: LocalStore, root: Path) -> None:
    (root / "8_ink").symlink_to(root / "away")

    with pytest.raises(StoreUnavailableError, match=IS_GONE):
        store.names("8_ink")


# -- models and answers


@pytest.mark.parametrize("away", AWAY)
def test_a_folder_of_models_that_went_away_says_nothing_of_a_model(tmp_path: Path, away: Fault) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    place, sent = LocalModelFiles(folder), utc_now()

    def evidence() -> object:
        return model_evidence(place, "style_7_vV1", submitted_at=sent, before=None)

    assert evidence() == Absent()
    with away(folder, folder / "x"):
        assert evidence() == NotAsked()
        with pytest.raises(StoreUnavailableError, match=IS_GONE):
            place.files()
    assert evidence() == Absent()


def test_a_model_behind_a_link_that_leads_nowhere_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "style_7_vV1.safetensors").symlink_to(tmp_path / "away" / "model")

    evidence = model_evidence(LocalModelFiles(tmp_path), "style_7_vV1", submitted_at=utc_now(), before=None)

    assert evidence == NotAsked()


@pytest.mark.parametrize("away", AWAY)
def test_an_answer_waits_in_memory_for_a_state_folder_that_went_away(tmp_path: Path, away: Fault) -> None:
    state = tmp_path / "state"
    state.mkdir()
    outbox = Outbox(state / "outbox")
    assert outbox.answers() == []
    answer = Answer("7_paper_cut", "key", "attempt", "accepted", "job-1")

    with away(state, state / "outbox"):
        outbox.put(answer)
        assert outbox.answers() == [answer]

    assert outbox.answers() == [answer]
    assert Outbox(state / "outbox").answers() == [answer]  # it has been written meanwhile


def test_an_outbox_that_somebody_has_deleted_is_made_again(tmp_path: Path) -> None:
    outbox, answer = Outbox(tmp_path / "outbox"), Answer("7_paper_cut", "key", "attempt", "accepted", "job-1")
    outbox.put(answer)
    shutil.rmtree(tmp_path / "outbox")

    outbox.put(answer)

    assert Outbox(tmp_path / "outbox").answers() == [answer]
