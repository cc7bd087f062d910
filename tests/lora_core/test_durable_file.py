"""A file is replaced whole and for good, and nothing that is no document is opened."""

import errno
import os
import resource
import stat
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lora_core import durable_file
from lora_core.disk_faults import Cause, DiskFaultError, cause_of
from lora_core.durable_file import fsync_folder, make_folder, new_beside, read_file, replace_file
from lora_core.outbox import Answer, Outbox
from lora_core.stores import LocalStore
from tests.lora_core.faulty_disk import Recorder, failing, make_gigabyte

NAME = "7_paper_cut/training_versions.json"


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("which file a descriptor belongs to is not told here")
    return Recorder(monkeypatch)


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """No file of this process may become larger: the one real way to a failing write without a disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# -- the order


def test_a_file_is_synced_before_it_gets_its_name_and_its_folder_after(
    tmp_path: Path, recorder: Recorder
) -> None:
    target = tmp_path / "a.json"
    for data in (b"one", b"two"):
        recorder.events.clear()
        replace_file(target, data)
        (temporary, *rest) = recorder.events
        assert temporary[0] == "fsync"
        assert temporary[1].name.startswith(".a.json.")
        assert rest == [("rename", target), ("fsync", tmp_path)]
        assert target.read_bytes() == data


def test_without_durability_nothing_is_synced_and_the_file_is_replaced_whole(
    tmp_path: Path, recorder: Recorder
) -> None:
    replace_file(tmp_path / "a.json", b"one", is_durable=False)

    assert recorder.events == [("unsynced rename", tmp_path / "a.json")]


def test_every_folder_that_had_to_be_made_is_made_last(tmp_path: Path, recorder: Recorder) -> None:
    replace_file(tmp_path / "a" / "b" / "c.json", b"one")

    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert recorder.last("fsync", folder.parent) > recorder.last("mkdir", folder)
    # Its name is worth nothing without the folders above it: those come first.
    assert recorder.last("rename", tmp_path / "a/b/c.json") > recorder.last("fsync", tmp_path)


@pytest.mark.parametrize("keep_copy", [False, True])
def test_a_document_is_written_in_this_order(tmp_path: Path, recorder: Recorder, keep_copy: bool) -> None:
    root = tmp_path / "root"
    store, document = LocalStore(root), root / NAME
    etag = store.write(NAME, b"one", if_match=None, keep_copy=keep_copy).etag
    made = [path for what, path in recorder.events if what == "mkdir"]
    assert {root, root / ".lora_lab", document.parent} <= set(made)
    for folder in made:
        assert recorder.last("fsync", folder.parent) > recorder.last("mkdir", folder)
    recorder.events.clear()

    store.write(NAME, b"two", if_match=etag, keep_copy=keep_copy)

    assert recorder.renames(document) == ["rename"]
    assert recorder.events[-1] == ("fsync", document.parent)
    assert recorder.last("fsync", document.parent) > recorder.last("rename", document)
    copy = root / ".lora_lab" / "kept" / "7_paper_cut__training_versions.json"
    if keep_copy:
        names = [path for _, path in recorder.events]
        assert names.index(copy.with_name(f"{copy.name}.next")) < names.index(document) < names.index(copy)


def test_an_answer_is_on_the_disk_before_put_returns(tmp_path: Path, recorder: Recorder) -> None:
    folder = tmp_path / "state" / "outbox"

    Outbox(folder).put(Answer("1_x", "key", "attempt", "accepted", "job"))

    assert recorder.renames(folder / "attempt.json") == ["rename"]
    assert recorder.events[-1] == ("fsync", folder)
    for made in (folder.parent, folder):
        assert recorder.last("fsync", made.parent) > recorder.last("mkdir", made)


def test_the_recorder_tells_a_file_that_was_not_synced(tmp_path: Path, recorder: Recorder) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.write(b"one")
        file.flush()
        os.fsync(file.fileno())
        file.write(b"more")
    source.replace(tmp_path / "target")

    assert recorder.renames(tmp_path / "target") == ["unsynced rename"]


# -- what stays as it was


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_mode_of_what_is_replaced_stays(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    path.chmod(mode)

    replace_file(path, b"two")

    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.chown(path, 12345, 23456)

    replace_file(path, b"two")

    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, function: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")

    with failing(function, errno.ENOSPC, tmp_path), pytest.raises(OSError, match="No space left"):
        replace_file(path, b"two")

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a": b"one"}


def test_a_write_that_really_stops_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")

    with largest_file(100_000), pytest.raises(OSError, match="File too large") as raised:
        replace_file(path, b"x" * 200_000)

    assert cause_of(raised.value) is Cause.LIMITED
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a": b"one"}


def test_new_content_that_is_not_used_is_taken_away(tmp_path: Path) -> None:
    def refuse() -> None:
        with new_beside(tmp_path / "a", b"one"):
            raise KeyError("a")

    with pytest.raises(KeyError):
        refuse()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_disk_that_knows_no_sync_of_folders_is_written_to_all_the_same(tmp_path: Path, number: int) -> None:
    with failing("fsync", number, tmp_path, only=tmp_path):
        replace_file(tmp_path / "a", b"one")

    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_sync_of_a_folder_that_fails_is_no_success(tmp_path: Path) -> None:
    with failing("fsync", errno.EIO, tmp_path, only=tmp_path), pytest.raises(OSError, match="Input/output"):
        fsync_folder(tmp_path)


def test_a_file_in_a_folders_place_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(OSError, match=r"exists|Not a directory") as raised:
            make_folder(folder)
        assert cause_of(raised.value) is Cause.WRONG_PLACE


def test_two_that_make_a_folder_at_once_both_have_it(tmp_path: Path) -> None:
    folder, barrier = tmp_path / "a" / "b" / "c", threading.Barrier(4)
    failed: list[OSError] = []

    def make() -> None:
        barrier.wait(10)
        try:
            make_folder(folder)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failed == []
    assert folder.is_dir()


# -- reading


def test_a_file_of_a_gigabyte_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    make_gigabyte(tmp_path / "a")

    tracemalloc.start()
    try:
        with pytest.raises(DiskFaultError) as raised:
            read_file(tmp_path / "a")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert raised.value.cause is Cause.TOO_LARGE
    assert peak_bytes < 1_000_000


def test_the_bound_is_a_number_of_bytes_that_may_still_be_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_file, "LARGEST_BYTES", 10)
    path = tmp_path / "a"

    replace_file(path, b"x" * 10)
    assert read_file(path)[0] == b"x" * 10
    with pytest.raises(DiskFaultError):
        replace_file(path, b"x" * 11)
    assert path.read_bytes() == b"x" * 10
    path.write_bytes(b"x" * 11)
    with pytest.raises(DiskFaultError):
        read_file(path)


@pytest.mark.parametrize(("grown", "is_refused"), [(10, False), (11, True)])
def test_a_file_that_grows_while_it_is_read_is_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grown: int, is_refused: bool
) -> None:
    monkeypatch.setattr(durable_file, "LARGEST_BYTES", 10)
    path, fstat = tmp_path / "a", os.fstat
    path.write_bytes(b"x" * 5)

    def grow_after(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        path.write_bytes(b"x" * grown)
        return status

    monkeypatch.setattr(os, "fstat", grow_after)

    if is_refused:
        with pytest.raises(DiskFaultError):
            read_file(path)
    else:
        assert read_file(path)[0] == b"x" * grown


def test_a_pipe_a_socket_or_a_device_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mknod(tmp_path / "socket", stat.S_IFSOCK | 0o600)
    (tmp_path / "device").symlink_to("/dev/zero")

    for name in ("pipe", "socket", "device"):
        with pytest.raises(DiskFaultError) as raised:
            read_file(tmp_path / name)
        assert raised.value.cause is Cause.NO_REGULAR_FILE


def test_a_pipe_that_takes_the_files_place_at_the_last_moment_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "a", os.open
    path.write_bytes(b"one")

    def swap_first(target: Path, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return opened(target, flags)

    monkeypatch.setattr(os, "open", swap_first)

    with pytest.raises(DiskFaultError) as raised:
        read_file(path)
    assert raised.value.cause is Cause.NO_REGULAR_FILE
