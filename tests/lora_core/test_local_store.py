"""Stores compare and swap; and what a local disk with other writers on it can do to one."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lora_core.errors import StoreConflictError, StoreUnavailableError
from lora_core.stores import DocumentStore, LocalStore
from tests.lora_core.storage import HookedStore, read, tree

NAME = "7_paper_cut/training_versions.json"
STORES: dict[str, Callable[[Path], DocumentStore]] = {"local": LocalStore}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentStore:
    """Each kind of store, empty."""
    return STORES[request.param](tmp_path / "root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def local(root: Path) -> HookedStore:
    (root / "7_paper_cut").mkdir(parents=True)
    return HookedStore(root)


def leftovers(root: Path) -> list[str]:
    return [str(path) for path in root.rglob("*") if ".tmp" in path.name or path.name.count(".") > 4]


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Without root's privileges, and inside `folder`: root may write anywhere."""
    before, is_root = Path.cwd(), os.geteuid() == 0
    os.chdir(folder)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        os.chdir(before)


# What every store does


def test_a_document_that_is_not_there_reads_as_none(store: DocumentStore) -> None:
    assert store.read(NAME) is None
    assert store.etag(NAME) is None


def test_a_document_is_read_as_it_was_written(store: DocumentStore) -> None:
    written = store.write(NAME, b"one", if_match=None)

    assert store.read(NAME) == (b"one", written.etag)
    assert store.etag(NAME) == written.etag
    assert written.displaced is None


def test_a_document_is_replaced_by_whoever_knows_its_etag(store: DocumentStore) -> None:
    first = store.write(NAME, b"one", if_match=None)
    second = store.write(NAME, b"two", if_match=first.etag)

    assert second.etag != first.etag
    assert read(store, NAME) == (b"two", second.etag)


def test_a_write_on_top_of_another_ones_is_a_conflict_and_writes_nothing(store: DocumentStore) -> None:
    first = store.write(NAME, b"one", if_match=None)
    store.write(NAME, b"two", if_match=first.etag)

    with pytest.raises(StoreConflictError):
        store.write(NAME, b"three", if_match=first.etag)
    assert read(store, NAME).data == b"two"


def test_a_document_that_must_not_be_there_yet_is_written_once(store: DocumentStore) -> None:
    store.write(NAME, b"one", if_match=None)

    with pytest.raises(StoreConflictError):
        store.write(NAME, b"one", if_match=None)


def test_an_empty_document_is_a_document(store: DocumentStore) -> None:
    store.write(NAME, b"", if_match=None)

    assert read(store, NAME).data == b""
    with pytest.raises(StoreConflictError):
        store.write(NAME, b"x", if_match=None)


def test_a_write_to_a_document_that_went_away_is_a_conflict(store: DocumentStore) -> None:
    etag = store.write(NAME, b"one", if_match=None).etag
    store.delete(NAME, if_match=etag)

    with pytest.raises(StoreConflictError):
        store.write(NAME, b"two", if_match=etag)
    assert store.read(NAME) is None


def test_a_document_is_deleted_by_whoever_knows_its_etag(store: DocumentStore) -> None:
    first = store.write(NAME, b"one", if_match=None)
    second = store.write(NAME, b"two", if_match=first.etag)

    with pytest.raises(StoreConflictError):
        store.delete(NAME, if_match=first.etag)
    assert read(store, NAME).data == b"two"
    store.delete(NAME, if_match=second.etag)
    assert store.read(NAME) is None
    with pytest.raises(StoreConflictError):
        store.delete(NAME, if_match=second.etag)


def test_folders_and_names_are_sorted_and_hidden_ones_left_out(store: DocumentStore) -> None:
    for name in ("b/two (2).json", "b/one.json", "b/.hidden", "b/datasets/x.json", "a/x", ".own/x"):
        store.write(name, b"", if_match=None)

    assert store.folders() == ["a", "b"]
    assert store.names("b") == ["one.json", "two (2).json"]
    assert store.names("not there") == []


def test_an_empty_store_has_no_folders(store: DocumentStore) -> None:
    assert store.folders() == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a/..", "..", "/etc/passwd", "", "a/../b"])
def test_a_name_that_leads_out_of_the_store_is_refused(
    store: DocumentStore, name: str, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    uses: list[Callable[[], object]] = [
        lambda: store.read(name),
        lambda: store.etag(name),
        lambda: store.write(name, b"", if_match=None),
        lambda: store.delete(name, if_match=""),
        lambda: store.names(name),
        lambda: store.path(name),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="is no name of a document"):
            use()
    assert tree(tmp_path) == before


def test_only_one_of_many_who_write_at_once_wins(store: DocumentStore) -> None:
    etag = store.write(NAME, b"start", if_match=None).etag
    barrier, won = threading.Barrier(8), []

    def write(number: int) -> None:
        barrier.wait(10)
        try:
            store.write(NAME, b"%d" % number, if_match=etag)
        except StoreConflictError:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(won) == 1
    assert read(store, NAME).data == b"%d" % won[0]


def test_exclusive_is_exclusive_between_threads_and_may_be_nested(store: DocumentStore) -> None:
    order: list[str] = []
    inside, waiting = threading.Event(), threading.Event()

    def second() -> None:
        inside.wait(10)
        waiting.set()
        with store.exclusive(NAME):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with store.exclusive(NAME), store.exclusive(NAME):
        inside.set()
        waiting.wait(10)
        store.write(NAME, b"x", if_match=None)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


# A local disk


def test_a_change_in_place_within_the_clocks_grain_is_noticed(local: HookedStore, root: Path) -> None:
    path = root / NAME
    path.write_bytes(b"one")
    moment = path.stat().st_mtime_ns
    etag = local.etag(NAME)

    path.write_bytes(b"two")
    os.utime(path, ns=(moment, moment))

    assert local.etag(NAME) != etag
    assert read(local, NAME).data == b"two"


@pytest.mark.parametrize("way", ["in place", "replaced"])
def test_an_old_file_changed_by_others_is_noticed_though_size_and_time_are_the_same(
    local: HookedStore, root: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / NAME
    path.write_bytes(b"one")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    # Old enough to be kept by its stat: `now` lies in the future instead.
    monkeypatch.setattr("lora_core.stores.local._YOUNG_S", -3600.0)
    assert read(local, NAME).data == b"one"

    # Until the change time has moved on: the clock's grain is some milliseconds.
    changed = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == changed:
        if way == "in place":
            path.write_bytes(b"two")
        else:
            other = path.with_name("other")
            other.write_bytes(b"two")
            other.replace(path)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    assert read(local, NAME).data == b"two"


def test_a_file_that_did_not_change_is_not_read_again(
    local: HookedStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / NAME).write_bytes(b"one")
    monkeypatch.setattr("lora_core.stores.local._YOUNG_S", -3600.0)

    assert read(local, NAME) is read(local, NAME)


def test_a_young_file_is_read_again(local: HookedStore, root: Path) -> None:
    (root / NAME).write_bytes(b"one")

    assert read(local, NAME) is not read(local, NAME)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_files_mode_stays(local: HookedStore, root: Path, mode: int) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    (root / NAME).chmod(mode)

    local.write(NAME, b"two", if_match=etag)

    assert (root / NAME).stat().st_mode & 0o777 == mode


def test_a_write_leaves_no_temporary_file(local: HookedStore, root: Path) -> None:
    etag = None
    for number in range(3):
        etag = local.write(NAME, b"%d" % number, if_match=etag).etag

    assert leftovers(root) == []
    assert [path.name for path in (root / NAME).parent.iterdir()] == ["training_versions.json"]


def test_a_folder_that_cannot_be_written_is_said_so_and_nothing_changes(
    local: HookedStore, root: Path
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    for path in (root, *root.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (root / "7_paper_cut").chmod(0o555)

    with as_nobody(root):
        here = LocalStore(Path())
        with pytest.raises(StoreUnavailableError, match=r"Permission denied.*check the disk"):
            here.write(NAME, b"two", if_match=etag)
        with pytest.raises(StoreUnavailableError, match="Permission denied"):
            here.delete(NAME, if_match=etag)
        assert read(here, NAME).data == b"one"
    assert leftovers(root) == []


def test_a_file_that_cannot_be_read_is_said_so(local: HookedStore, root: Path) -> None:
    local.write(NAME, b"one", if_match=None)
    root.chmod(0o777)
    (root / NAME).chmod(0o000)

    with as_nobody(root), pytest.raises(StoreUnavailableError, match="Permission denied"):
        LocalStore(Path()).read(NAME)


def test_a_folder_in_the_files_place_is_said_so_and_left(local: HookedStore, root: Path) -> None:
    (root / NAME).mkdir()
    before = tree(root / "7_paper_cut")
    uses: list[Callable[[], object]] = [
        lambda: local.read(NAME),
        lambda: local.etag(NAME),
        lambda: local.write(NAME, b"x", if_match=None),
        lambda: local.delete(NAME, if_match="x"),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailableError, match="Is a directory"):
            use()
    assert tree(root / "7_paper_cut") == before


def test_a_root_that_cannot_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = LocalStore(tmp_path / "file" / "root")

    for use in (store.folders, lambda: store.names("a"), lambda: store.write(NAME, b"", if_match=None)):
        with pytest.raises(StoreUnavailableError, match=r"Not a directory.*Nothing was changed"):
            use()


def test_a_link_that_leads_in_a_circle_is_said_so_or_passed_over(local: HookedStore, root: Path) -> None:
    (root / "circle").symlink_to(root / "circle")
    (root / "7_paper_cut" / "circle.jpg").symlink_to(root / "circle")

    for use in (local.folders, lambda: local.names("7_paper_cut")):
        try:
            assert "circle" not in use()
        except StoreUnavailableError as error:
            assert "symbolic link" in str(error)


@pytest.mark.parametrize("place", ["backups", "locks"])
def test_a_write_that_fails_on_the_way_leaves_no_temporary_file(
    local: HookedStore, root: Path, place: str
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    folder = root / ".lora_lab" / place
    for path in folder.iterdir() if folder.exists() else ():
        path.unlink()
    if folder.exists():
        folder.rmdir()
    folder.write_bytes(b"a file where a folder should be")

    with pytest.raises(StoreUnavailableError):
        local.write(NAME, b"two", if_match=etag)
    assert read(local, NAME).data == b"one"
    assert leftovers(root) == []


def test_a_disk_without_locks_is_said_so(local: HookedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)

    with pytest.raises(StoreUnavailableError, match="No locks available"), local.exclusive(NAME):
        pass


def test_a_document_behind_a_link_is_changed_where_it_lies(
    local: HookedStore, root: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "shared.json"
    shared.write_bytes(b"one")
    (root / NAME).symlink_to(shared)

    local.write(NAME, b"two", if_match=read(local, NAME).etag)

    assert (root / NAME).is_symlink()
    assert shared.read_bytes() == read(local, NAME).data == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "shared.json"]


def test_what_a_writer_in_place_puts_there_before_our_rename_is_handed_back(
    local: HookedStore, root: Path
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    local.before_rename = lambda _: (root / NAME).write_bytes(b"theirs")

    written = local.write(NAME, b"ours", if_match=etag)

    assert written.displaced is not None
    assert written.displaced() == b"theirs"
    assert read(local, NAME) == (b"ours", written.etag)


def test_a_writer_in_place_that_is_still_at_it_is_seen_growing(local: HookedStore, root: Path) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    opened, go_on = threading.Event(), threading.Event()
    finished = threading.Event()

    def write_slowly() -> None:
        with (root / NAME).open("wb", buffering=0) as file:
            file.write(b"the")
            opened.set()
            go_on.wait(10)
            file.write(b"irs")
        finished.set()

    def start_writer(_: str) -> None:
        threading.Thread(target=write_slowly).start()
        opened.wait(10)

    local.before_rename = start_writer
    written = local.write(NAME, b"ours", if_match=etag)
    assert written.displaced is not None
    assert written.displaced() == b"the"
    go_on.set()
    assert finished.wait(10)
    assert written.displaced() == b"theirs"
    assert read(local, NAME).data == b"ours"


def test_a_file_system_without_hard_links_keeps_the_old_content_all_the_same(
    local: HookedStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    etag = local.write(NAME, b"one", if_match=None).etag

    assert local.write(NAME, b"two", if_match=etag).displaced is None
    assert read(local, NAME).data == b"two"
    assert leftovers(root) == []
