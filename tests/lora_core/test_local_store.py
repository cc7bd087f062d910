"""Stores compare and swap; and what a local disk with other writers on it can do to one."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lora_core.errors import StoreConflictError, StoreUnavailableError
from lora_core.stores import DocumentStore, LocalStore
from tests.lora_core.faulty_disk import failing
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


def overwritten(store: DocumentStore, data: bytes) -> str:
    """Somebody else saves over the document; answers its etag then."""
    path = store.path(NAME)
    assert path is not None
    path.write_bytes(data)
    return read(store, NAME).etag


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
        with pytest.raises(
            StoreUnavailableError, match=r"another user's, or protected \(Permission denied\)"
        ):
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
        with pytest.raises(StoreUnavailableError, match="a folder is where a file should be"):
            use()
    assert tree(root / "7_paper_cut") == before


def test_a_root_that_cannot_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = LocalStore(tmp_path / "file" / "root")

    for use in (store.folders, lambda: store.names("a"), lambda: store.write(NAME, b"", if_match=None)):
        with pytest.raises(
            StoreUnavailableError, match=r"a file where a folder should\. Nothing was changed"
        ):
            use()


def test_a_link_that_leads_in_a_circle_is_passed_over(local: HookedStore, root: Path) -> None:
    (root / "circle").symlink_to(root / "circle")
    (root / "7_paper_cut" / "circle.jpg").symlink_to(root / "circle")

    assert "circle" not in local.folders()
    assert local.names("7_paper_cut") == []


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

    with pytest.raises(StoreUnavailableError, match="keeps no locks"), local.exclusive(NAME):
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


def test_a_write_that_failed_at_its_rename_and_is_repeated_leaves_no_link(
    local: HookedStore, root: Path
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    with failing("replace", errno.EIO, root, only=root / NAME), pytest.raises(StoreUnavailableError):
        local.write(NAME, b"two", if_match=etag)

    local.write(NAME, b"two", if_match=etag)

    assert [path.name for path in (root / ".lora_lab/backups").iterdir()] == [NAME.replace("/", "__")]


def test_a_file_that_is_protected_against_writing_is_not_replaced(
    local: HookedStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    (root / NAME).chmod(0o444)
    if os.access(root / NAME, os.W_OK):  # root may write anything
        monkeypatch.setattr(os, "access", lambda *_, **__: False)

    with pytest.raises(StoreUnavailableError, match=r"another user's, or protected \(Permission denied\)"):
        local.write(NAME, b"two", if_match=etag)
    assert read(local, NAME).data == b"one"


def test_what_a_writer_in_place_put_there_and_nobody_can_read_any_more_is_said_so(
    local: HookedStore, root: Path
) -> None:
    etag = local.write(NAME, b"one", if_match=None).etag
    local.before_rename = lambda _: (root / NAME).write_bytes(b"theirs")
    written = local.write(NAME, b"ours", if_match=etag)
    assert written.displaced is not None

    with failing("open", errno.EIO, root), pytest.raises(StoreUnavailableError) as raised:
        written.displaced()

    kept = root / ".lora_lab/backups" / NAME.replace("/", "__")
    assert f"{root / NAME} was changed, but what another program wrote there" in str(raised.value)
    assert f"That was kept as {kept}." in str(raised.value)


# What a killed process left


def temporaries_of_a_write(root: Path, name: str, patch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that a write makes for the moment: what a process that is killed in it can leave."""
    made: list[Path] = []
    replace = os.replace

    def replace_noted(source: Path, target: Path) -> None:
        made.append(Path(source))
        replace(source, target)

    def link_noted(_: Path, target: Path) -> None:
        made.append(Path(target))
        raise PermissionError(errno.EPERM, "Operation not permitted")  # so that the copy is made as well

    store = LocalStore(root)
    with patch.context() as patched:
        patched.setattr(os, "replace", replace_noted)
        patched.setattr(os, "link", link_noted)
        etag = store.write(name, b"one", if_match=None, keep_copy=True).etag
        store.write(name, b"two", if_match=etag, keep_copy=True)
    made = [path for path in made if path != root / name]  # that one is no file for the moment
    return [path for path in made if path.suffix != ".next" and "root_id" not in path.name]


def test_the_first_write_of_a_process_sweeps_what_a_killed_one_left_of_that_document(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = temporaries_of_a_write(root, NAME, monkeypatch)
    of_others = temporaries_of_a_write(root, "7_paper_cut/style.json", monkeypatch)
    assert {path.parent.name for path in left} == {"7_paper_cut", "backups", "kept"}
    for path in (*left, *of_others):
        path.write_bytes(b"half")
    store = LocalStore(root)

    store.write(NAME, b"three", if_match=store.etag(NAME))

    assert [path for path in left if path.exists()] == []
    assert [path for path in of_others if not path.exists()] == []


def test_only_what_can_be_nobody_elses_is_swept(local: HookedStore, root: Path) -> None:
    folder, number = root / "7_paper_cut", "0123456789abcdef" * 2
    others = [
        folder / f"training_versions.json.{number}.tmp",
        folder / f".training_versions.json.{number}.tmp.bak",
        folder / f".training_versions.json.{number[:-1]}.tmp",
        folder / f".training_versions.json.{number.upper()}.tmp",
        folder / ".training_versions.json.swp",
        folder / f".training_versionsXjson.{number}.tmp",
        root / ".lora_lab" / "backups" / f"7_paper_cut__training_versions.json.{number}.old",
    ]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"theirs")

    local.write(NAME, b"one", if_match=None)

    assert [path for path in others if not path.exists()] == []


def test_a_document_behind_a_link_is_not_swept_for_another_lab_may_be_writing_it(
    local: HookedStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared.json").write_bytes(b"one")
    (root / NAME).symlink_to(tmp_path / "shared.json")
    theirs = tmp_path / f".shared.json.{'0' * 32}.tmp"
    theirs.write_bytes(b"half")

    local.write(NAME, b"two", if_match=read(local, NAME).etag)

    assert theirs.exists()


# The copy of what we wrote last


def test_a_save_of_somebody_elses_is_told_from_our_own(store: DocumentStore) -> None:
    ours = store.write(NAME, b"ours", if_match=None, keep_copy=True).etag
    assert store.kept_copy(NAME, ours) is None

    theirs = overwritten(store, b"theirs")

    assert store.kept_copy(NAME, theirs) == b"ours"
    again = store.write(NAME, b"ours again", if_match=theirs, keep_copy=True).etag
    assert store.kept_copy(NAME, again) is None
    assert store.kept_copy(NAME, overwritten(store, b"theirs again")) == b"ours again"


def test_of_a_document_that_we_never_wrote_nothing_is_known(store: DocumentStore) -> None:
    store.write("7_paper_cut/style.json", b"x", if_match=None)

    assert store.kept_copy(NAME, overwritten(store, b"theirs")) is None


def test_a_document_that_is_another_one_by_now_is_not_judged(store: DocumentStore) -> None:
    store.write(NAME, b"ours", if_match=None, keep_copy=True)
    theirs = overwritten(store, b"theirs")
    overwritten(store, b"theirs, later")

    assert store.kept_copy(NAME, theirs) is None
    assert store.kept_copy(NAME, "an etag of nothing") is None


def test_a_write_without_a_copy_and_a_removal_forget_it(store: DocumentStore) -> None:
    etag = store.write(NAME, b"ours", if_match=None, keep_copy=True).etag
    etag = store.write(NAME, b"ours, not kept", if_match=etag).etag
    assert store.kept_copy(NAME, etag) is None
    assert store.kept_copy(NAME, overwritten(store, b"theirs")) is None

    etag = store.write(NAME, b"kept", if_match=store.etag(NAME), keep_copy=True).etag
    store.delete(NAME, if_match=etag)
    assert store.kept_copy(NAME, overwritten(store, b"theirs")) is None


def test_a_copy_that_cannot_be_announced_keeps_the_document_as_it_is(local: HookedStore, root: Path) -> None:
    etag = local.write(NAME, b"one", if_match=None, keep_copy=True).etag
    coming = root / ".lora_lab/kept" / f"{NAME.replace('/', '__')}.next"

    with failing("replace", errno.ENOSPC, root, only=coming), pytest.raises(StoreUnavailableError):
        local.write(NAME, b"two", if_match=etag, keep_copy=True)

    assert read(local, NAME) == (b"one", etag)
    assert local.kept_copy(NAME, overwritten(local, b"theirs")) == b"one"
    assert leftovers(root) == []


def test_a_write_that_fails_after_its_copy_was_announced_takes_that_back(
    local: HookedStore, root: Path
) -> None:
    etag = local.write(NAME, b"one", if_match=None, keep_copy=True).etag

    with failing("replace", errno.EIO, root, only=root / NAME), pytest.raises(StoreUnavailableError):
        local.write(NAME, b"two", if_match=etag, keep_copy=True)

    assert local.kept_copy(NAME, etag) is None
    assert local.kept_copy(NAME, overwritten(local, b"theirs")) == b"one"


def test_a_copy_that_cannot_be_confirmed_is_no_failed_write(local: HookedStore, root: Path) -> None:
    kept = root / ".lora_lab/kept" / NAME.replace("/", "__")
    etag = local.write(NAME, b"one", if_match=None, keep_copy=True).etag
    with failing("replace", errno.EIO, root, only=kept):
        etag = local.write(NAME, b"two", if_match=etag, keep_copy=True).etag

    assert local.kept_copy(NAME, etag) is None
    assert local.kept_copy(NAME, overwritten(local, b"theirs")) == b"two"
    # The copy gets its place with the next write, also when that one is killed in the middle.
    (root / NAME).write_bytes(b"two")
    with failing("replace", errno.EIO, root, only=root / NAME), pytest.raises(StoreUnavailableError):
        local.write(NAME, b"three", if_match=etag, keep_copy=True)
    assert kept.read_bytes() == b"two"


def test_what_a_writer_that_was_killed_after_his_rename_wrote_counts(local: HookedStore, root: Path) -> None:
    local.write(NAME, b"one", if_match=None, keep_copy=True)
    (root / ".lora_lab/kept" / f"{NAME.replace('/', '__')}.next").write_bytes(b"two")
    assert local.kept_copy(NAME, overwritten(local, b"two")) is None

    assert local.kept_copy(NAME, overwritten(local, b"theirs")) == b"two"


def test_what_a_writer_that_was_killed_before_his_rename_announced_was_never_written(
    local: HookedStore, root: Path
) -> None:
    local.write(NAME, b"one", if_match=None, keep_copy=True)
    coming = root / ".lora_lab/kept" / f"{NAME.replace('/', '__')}.next"
    coming.write_bytes(b"two")
    (root / NAME).with_name(f".training_versions.json.{'0' * 32}.tmp").write_bytes(b"two")

    theirs = overwritten(local, b"theirs")
    assert local.kept_copy(NAME, theirs) == b"one"

    another = LocalStore(root)
    with failing("fsync", errno.EIO, root), pytest.raises(StoreUnavailableError):
        another.write(NAME, b"three", if_match=theirs, keep_copy=True)
    assert leftovers(root) == []
    assert another.kept_copy(NAME, theirs) == b"one"


def test_a_copy_that_cannot_be_read_costs_the_copy_and_not_the_document(
    local: HookedStore, root: Path
) -> None:
    local.write(NAME, b"one", if_match=None, keep_copy=True)
    kept = root / ".lora_lab/kept" / NAME.replace("/", "__")
    kept.unlink()
    os.mkfifo(kept)

    theirs = overwritten(local, b"theirs")

    assert local.kept_copy(NAME, theirs) is None
    assert read(local, NAME).data == b"theirs"


def test_a_writer_of_ours_in_the_middle_of_a_write_is_not_taken_for_somebody_else(
    local: HookedStore, root: Path
) -> None:
    one = local.write(NAME, b"one", if_match=None, keep_copy=True).etag
    reader, told = LocalStore(root), []
    local.before_rename = lambda _: told.append(reader.kept_copy(NAME, one))

    local.write(NAME, b"two", if_match=one, keep_copy=True)
    told.append(reader.kept_copy(NAME, one))

    assert told == [None, None]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_document_that_somebody_makes_while_the_first_is_written_is_not_replaced(
    local: HookedStore, root: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    link = os.link

    def made_meanwhile(source: Path, target: Path) -> None:
        if Path(target) == root / NAME:
            if not has_links:
                raise PermissionError(errno.EPERM, "Operation not permitted")
            (root / NAME).write_bytes(b"theirs")
        link(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", made_meanwhile)
        if not has_links:
            local.write(NAME, b"ours", if_match=None)
            assert (root / NAME).read_bytes() == b"ours"
            return
        with pytest.raises(StoreConflictError, match="just made by somebody else"):
            local.write(NAME, b"ours", if_match=None)
    assert (root / NAME).read_bytes() == b"theirs"
    assert leftovers(root) == []


def test_a_writer_of_ours_that_goes_back_to_the_same_content_is_not_taken_for_somebody_else(
    local: HookedStore, root: Path
) -> None:
    reader = LocalStore(root)
    one = local.write(NAME, b"one", if_match=None, keep_copy=True).etag
    two = local.write(NAME, b"two", if_match=one, keep_copy=True).etag

    class Slow(LocalStore):
        """Between its two looks at the copies another process writes."""

        def etag(self, name: str) -> str | None:
            local.write(NAME, b"one", if_match=two, keep_copy=True)
            return super().etag(name)

    assert Slow(root).kept_copy(NAME, one) is None
    assert reader.kept_copy(NAME, one) is None
