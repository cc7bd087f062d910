"""One table of what disks do: each cause by its text, in the store and through the lab's verbs.

While a fault lasts every verb says what it is and nothing is changed; once it is over everything goes on,
without a lost change and without a status that is not so.
"""

import errno
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from local_endpoint import Call
from lora_core import TrainingLab, Version, VersionStatus
from lora_core.disk_faults import DISK_FAULTS, Cause, DiskFaultError, cause_of, explained, explanation
from lora_core.embedded import EmbeddedEndpoint
from lora_core.errors import LoraCoreError, RunpodUnreachableError, StoreUnavailableError
from lora_core.evidence import Job
from lora_core.outbox import Outbox
from lora_core.sample_style import draw_sample_pictures
from lora_core.sightings import Sightings
from lora_core.stores import LocalStore
from lora_core.times import utc_now
from lora_core.verdict import Verdict
from tests.lora_core import faulty_disk
from tests.lora_core.bench import PARAMETERS, STYLE, Bench, started
from tests.lora_core.faulty_disk import Fault, failing, gone, skip_unless_possible
from tests.lora_core.storage import read

NAME = "7_paper_cut/training_versions.json"

TEXTS = {
    Cause.FULL: "f could not be written: its disk is full, or your share of it is used up. Nothing was changed. "
    "Make room there, then try again.",
    Cause.READ_ONLY: "f could not be written: its disk is read-only just now. Nothing was changed. Mount it for "
    "writing, then try again; a system does this to a disk with errors, so check it first.",
    Cause.NOT_PERMITTED: "f could not be read or written: it or its folder is another user's, or protected (w). "
    "Nothing was changed. Let the user that runs the lab read and write both, then try again.",
    Cause.GONE: "f could not be read or written: the disk or folder on which it lies is away or does not answer. "
    "Nothing was changed. Bring it back, and the lab goes on; if it is gone for good, remove links to it and restart "
    "the lab.",
    Cause.WRONG_PLACE: "f could not be read or written: a folder is where a file should be, or a file where a folder "
    "should. Nothing was changed. Move it aside, then try again.",
    Cause.NO_REGULAR_FILE: "f was not opened: it is no regular file, but a pipe, a socket or a device. Nothing was "
    "changed. Move it aside, then try again.",
    Cause.TOO_LARGE: "f is, or would become, larger than w, the most that the lab reads. Nothing was changed. Look "
    "what is in it, and move it aside or make it smaller; then try again.",
    Cause.LIMITED: "f could not be written: it would be larger than its disk or your limits allow. Nothing was "
    "changed. Raise the limit (ulimit -f), or use another disk; then try again.",
    Cause.TOO_MANY_OPEN: "f could not be opened: too many files are open already. Nothing was changed. Close what is "
    "not needed, or allow more (ulimit -n); then try again.",
    Cause.NAME_TOO_LONG: "f could not be read or written: its name or path is too long for its disk. Nothing was "
    "changed. Choose a shorter name, or a folder with a shorter path.",
    Cause.NO_LOCKS: "f could not be locked: its disk keeps no locks, and two writers could undo each other's "
    "changes. Nothing was changed. Put the folder on a disk that does, such as a local one, then try again.",
    Cause.OTHER: "f could not be read or written: w. Nothing was changed. Check the disk and the folder's "
    "permissions, then try again.",
    Cause.UNCONFIRMED: "f was changed, but its disk did not confirm it (w). After a power cut it may be as it was "
    "before. Look at it again before you repeat what you did.",
    Cause.DISPLACED_UNREADABLE: "f was changed, but what another program wrote there at the same moment could not be "
    "read. That was kept as w. Compare the two before you change it again.",
    Cause.ONLY_IN_MEMORY: "f could not be written (w), so what the endpoint answered is known to this process only. "
    "The answer is not lost. Make it possible to write there before the lab is stopped; it tries again by itself.",
    Cause.CLOCK_SET_BACK: "This computer's clock was set back since the training was sent, so its age is not known. "
    "Set the clock right.",
}


# -- the table


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_a_sentence_and_a_remedy(cause: Cause) -> None:
    assert explanation(cause, "f", words="w") == TEXTS[cause]
    assert set(DISK_FAULTS) == set(Cause)


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, Cause.FULL),
        (errno.EDQUOT, Cause.FULL),
        (errno.EROFS, Cause.READ_ONLY),
        (errno.EACCES, Cause.NOT_PERMITTED),
        (errno.EPERM, Cause.NOT_PERMITTED),
        (errno.ENOENT, Cause.GONE),
        (errno.ENOTCONN, Cause.GONE),
        (errno.ESTALE, Cause.GONE),
        (errno.EIO, Cause.GONE),
        (errno.ENXIO, Cause.GONE),
        (errno.ENODEV, Cause.GONE),
        (errno.EISDIR, Cause.WRONG_PLACE),
        (errno.ENOTDIR, Cause.WRONG_PLACE),
        (errno.EFBIG, Cause.LIMITED),
        (errno.EMFILE, Cause.TOO_MANY_OPEN),
        (errno.ENFILE, Cause.TOO_MANY_OPEN),
        (errno.ENAMETOOLONG, Cause.NAME_TOO_LONG),
        (errno.ENOLCK, Cause.NO_LOCKS),
        (errno.EOPNOTSUPP, Cause.NO_LOCKS),
        (errno.ENOTSUP, Cause.NO_LOCKS),
        (errno.EBUSY, Cause.OTHER),
    ],
)
def test_what_the_system_says_has_a_cause(number: int, cause: Cause) -> None:
    words = os.strerror(number)

    assert cause_of(OSError(number, words)) is cause
    with pytest.raises(StoreUnavailableError) as raised, explained("f"):
        raise OSError(number, words, "another path")
    assert str(raised.value) == TEXTS[cause].replace("(w)", f"({words})").replace(": w.", f": {words}.")


def test_what_the_lab_finds_itself_is_told_alike() -> None:
    with pytest.raises(StoreUnavailableError) as raised, explained("f"):
        raise DiskFaultError(Cause.TOO_LARGE, "f", "256 MB")

    assert str(raised.value) == TEXTS[Cause.TOO_LARGE].replace("than w", "than 256 MB")


def test_an_error_without_a_number_keeps_its_words() -> None:
    assert explanation(OSError("the disk said no"), "f").startswith(
        "f could not be read or written: the disk said no."
    )


# -- the store


class Condition(NamedTuple):
    """A fault, what is told of it, and whether reading fails as well."""

    fault: Fault
    sentence: str
    is_unreadable: bool


CONDITIONS = {
    "full": Condition(faulty_disk.full, "its disk is full, or your share", False),
    "over quota": Condition(faulty_disk.over_quota, "its disk is full, or your share", False),
    "read-only": Condition(faulty_disk.read_only, "its disk is read-only just now", False),
    "another user's": Condition(faulty_disk.not_permitted, "it or its folder is another user's", False),
    "no locks": Condition(faulty_disk.without_locks, "its disk keeps no locks", False),
    "protected": Condition(faulty_disk.really_protected, "it or its folder is another user's", False),
    "gone": Condition(faulty_disk.gone, "on which it lies is away or does not answer", True),
    "an empty mount point": Condition(
        faulty_disk.unmounted, "on which it lies is away or does not answer", True
    ),
    "not answering": Condition(faulty_disk.unanswering, "on which it lies is away or does not answer", True),
    "too many open": Condition(faulty_disk.too_many_open, "too many files are open already", True),
    "a folder": Condition(faulty_disk.folder_in_its_place, "a folder is where a file should be", True),
    "a pipe": Condition(faulty_disk.pipe_in_its_place, "it is no regular file, but a pipe", True),
    "1 GB": Condition(faulty_disk.gigabyte_in_its_place, "larger than 256 MB, the most", True),
    "a link to nowhere": Condition(
        faulty_disk.link_to_nowhere_in_its_place, "on which it lies is away or does not answer", True
    ),
}
conditions = pytest.mark.parametrize(
    "condition", [pytest.param(condition, id=name) for name, condition in CONDITIONS.items()]
)


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow test must not find in the store's memory what the disk does not give."""
    monkeypatch.setattr("lora_core.stores.local._YOUNG_S", float("inf"))


@conditions
def test_a_store_says_what_is_wrong_changes_nothing_and_goes_on_afterwards(
    tmp_path: Path, condition: Condition
) -> None:
    root = tmp_path / "root"
    store, document = LocalStore(root), root / NAME
    etag = store.write(NAME, b"one", if_match=None, keep_copy=True).etag
    uses: list[Callable[[], object]] = [lambda: store.write(NAME, b"two", if_match=etag, keep_copy=True)]
    if condition.is_unreadable:
        uses += [lambda: store.read(NAME), lambda: store.etag(NAME)]

    with condition.fault(root, document):
        for use in uses:
            with pytest.raises(StoreUnavailableError) as raised:
                use()
            assert condition.sentence in str(raised.value)
            assert "Nothing was changed." in str(raised.value)
            assert str(document) in str(raised.value) or "/.lora_lab/locks/" in str(raised.value)
        if not condition.is_unreadable:
            assert read(store, NAME) == (b"one", etag)

    assert document.read_bytes() == b"one"
    assert [path.name for path in root.rglob("*") if path.suffix == ".tmp"] == []
    assert store.kept_copy(NAME, etag) is None
    store.write(NAME, b"two", if_match=etag, keep_copy=True)
    assert read(store, NAME).data == b"two"


@pytest.mark.parametrize("function", ["open", "fsync", "replace", "mkdir"])
@pytest.mark.parametrize(
    ("number", "cause"),
    [(errno.ENOSPC, Cause.FULL), (errno.EROFS, Cause.READ_ONLY), (errno.ESTALE, Cause.GONE)],
)
def test_wherever_a_write_fails_the_document_is_the_old_one(
    tmp_path: Path, function: str, number: int, cause: Cause
) -> None:
    store = LocalStore(tmp_path)
    etag = store.write(NAME, b"one", if_match=None).etag

    with failing(function, number, tmp_path), pytest.raises(StoreUnavailableError) as raised:
        store.write(NAME, b"two", if_match=etag, keep_copy=True)

    assert str(raised.value) == explanation(cause, tmp_path / NAME)
    assert read(store, NAME) == (b"one", etag)


def test_a_document_that_was_written_but_not_confirmed_is_told_so(tmp_path: Path) -> None:
    store, folder = LocalStore(tmp_path), tmp_path / "7_paper_cut"
    etag = store.write(NAME, b"one", if_match=None).etag

    with (
        failing("fsync", errno.EIO, tmp_path, only=folder),
        pytest.raises(StoreUnavailableError) as raised,
    ):
        store.write(NAME, b"two", if_match=etag)
    assert str(raised.value) == TEXTS[Cause.UNCONFIRMED].replace("f was", f"{tmp_path / NAME} was").replace(
        "(w)", "(Input/output error)"
    )
    assert read(store, NAME).data == b"two"

    with (
        failing("fsync", errno.EIO, tmp_path, only=folder),
        pytest.raises(StoreUnavailableError, match="was changed, but its disk did not confirm it"),
    ):
        store.delete(NAME, if_match=read(store, NAME).etag)
    assert store.read(NAME) is None


def test_a_document_that_could_never_be_read_again_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lora_core.durable_file.LARGEST_BYTES", 3 * 1024**2)
    store = LocalStore(tmp_path)

    with pytest.raises(StoreUnavailableError, match="would become, larger than 3 MB"):
        store.write(NAME, b"x" * (3 * 1024**2 + 1), if_match=None)
    assert store.read(NAME) is None


def test_a_name_that_is_too_long_is_said_so(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "7_paper_cut").mkdir()

    with pytest.raises(StoreUnavailableError, match="its name or path is too long for its disk"):
        store.read(f"7_paper_cut/{'x' * 300}.json")


# -- the lab


class Three(NamedTuple):
    """A training that runs, one that has ended well, and a draft."""

    runs: Version
    done: Version
    draft: Version


@pytest.fixture
def three(bench: Bench, lab: TrainingLab) -> Three:
    done = started(lab)
    bench.clock.advance(seconds=1)
    runs = started(lab)
    bench.runpod.trainer.complete(bench.runpod.job_of(done))
    bench.clock.advance(minutes=1)
    lab.refresh()
    draft = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=1)
    return Three(lab.version(STYLE, runs.key), lab.version(STYLE, done.key), draft)


def verbs(lab: TrainingLab, three: Three) -> dict[str, Callable[[], object]]:
    """What a user can do that needs the history, each once."""
    return {
        "start": lambda: started(lab),
        "start_draft": lambda: lab.start_draft(STYLE, three.draft.key),
        "save_draft": lambda: lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=1),
        "mark_good": lambda: lab.mark_good(STYLE, three.done.key, True),
        "rename": lambda: lab.rename(STYLE, three.done.key, "another"),
        "describe": lambda: lab.describe(STYLE, three.done.key, "a note"),
        "delete": lambda: lab.delete(STYLE, three.done.key),
        "check_status": lambda: lab.check_status(STYLE, three.runs.key),
    }


@conditions
def test_every_verb_says_what_is_wrong_and_nothing_is_lost_or_untrue(
    bench: Bench, lab: TrainingLab, three: Three, condition: Condition
) -> None:
    root, history = bench.folder / "styles", bench.history_file
    before, runs = history.read_bytes(), bench.runpod.count("run")
    bench.runpod.trainer.complete(bench.runpod.job_of(three.runs))  # a status is to be written as well

    with condition.fault(root, history):
        for name, verb in verbs(lab, three).items():
            with pytest.raises(StoreUnavailableError) as raised:
                verb()
            assert condition.sentence in str(raised.value), name
        assert condition.sentence in refreshed(lab)
        with suppress(LoraCoreError):  # the thread of the monitor logs it and looks again
            lab.monitor.turn()
        assert [one.version.key for one in lab.monitor.in_flight()] == [three.runs.key]
        if not condition.is_unreadable:
            assert lab.version(STYLE, three.runs.key).status is VersionStatus.TRAINING
            assert [one.version.key for one in lab.running()] == [three.runs.key]

    assert history.read_bytes() == before
    assert bench.runpod.count("run") == runs
    lab.refresh()
    assert lab.version(STYLE, three.runs.key).status is VersionStatus.COMPLETED
    for name in ("save_draft", "mark_good", "describe", "rename", "delete"):
        verbs(lab, three)[name]()
    assert len(lab.versions(STYLE)) == 3
    assert lab.trash(STYLE)[0].description == "a note"
    assert bench.runpod.count("run") == runs


def refreshed(lab: TrainingLab) -> str:
    """What a look at everything in flight says, be it as an answer or as an error."""
    try:
        return " ".join(check.sentence for check in lab.refresh())
    except StoreUnavailableError as error:
        return str(error)


@conditions
def test_the_id_of_an_accepted_job_survives_whatever_the_disk_does_then(
    bench: Bench, lab: TrainingLab, condition: Condition, tmp_path: Path
) -> None:
    skip_unless_possible(condition.fault, tmp_path)
    with ExitStack() as stack:
        begins_at_the_post(bench, stack, condition.fault)
        with suppress(StoreUnavailableError):  # what became of it cannot even be looked up
            started(lab)
        assert len(list((bench.folder / "state/outbox").glob("*.json"))) == 1
        with suppress(LoraCoreError):
            lab.monitor.turn()
    bench.runpod.hook = None
    assert [version.job_id for version in lab.versions(STYLE)] == [None]

    another = bench.open_lab()  # the process that sent it may be gone
    another.monitor.turn()

    (version,) = another.versions(STYLE)
    assert version.job_id == bench.runpod.job_ids()[0]
    assert version.status is VersionStatus.TRAINING
    assert list((bench.folder / "state/outbox").iterdir()) == []
    assert bench.runpod.count("run") == 1


def begins_at_the_post(bench: Bench, stack: ExitStack, fault: Fault) -> None:
    """The fault begins when the endpoint has taken the job, before the record can have it."""

    def begin(call: Call) -> None:
        if call.verb == "run":
            bench.runpod.hook = None
            stack.enter_context(fault(bench.folder / "styles", bench.history_file))

    bench.runpod.hook = begin


def test_an_answer_that_no_disk_takes_is_in_memory_and_said_to_be_until_one_does(
    bench: Bench, lab: TrainingLab, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = bench.folder / "state" / "outbox"
    with ExitStack() as stack:
        begins_at_the_post(bench, stack, lambda _, __: failing("fsync", errno.ENOSPC, bench.folder))
        with caplog.at_level(logging.WARNING):
            version = started(lab)
        assert version.job_id is None
        assert list(outbox.glob("*.json")) == []
        job_id = bench.runpod.job_ids()[0]
        words = explanation(Cause.ONLY_IN_MEMORY, outbox, words="No space left on device")
        assert f"{words} It is for version {version.key}: {job_id}" in caplog.text
    with faulty_disk.full(bench.folder / "styles", bench.history_file), suppress(LoraCoreError):
        lab.monitor.turn()  # the state's disk has room again
    assert len(list(outbox.glob("*.json"))) == 1

    another = bench.open_lab()
    another.monitor.turn()

    assert another.version(STYLE, version.key).job_id == job_id
    assert bench.runpod.count("run") == 1


def test_the_monitor_follows_what_it_followed_while_the_disk_is_away(
    bench: Bench, lab: TrainingLab, three: Three
) -> None:
    root = bench.folder / "styles"
    lab.monitor.turn()
    with gone(root, bench.history_file):
        for _ in range(3):
            bench.clock.advance(seconds=31)
            with pytest.raises(StoreUnavailableError, match="is away or does not answer"):
                lab.monitor.turn()
        assert [one.version.key for one in lab.monitor.in_flight()] == [three.runs.key]
        with pytest.raises(StoreUnavailableError, match="is away or does not answer"):
            lab.styles()
        assert not root.exists()
    bench.runpod.trainer.complete(bench.runpod.job_of(three.runs))
    bench.clock.advance(minutes=2)

    lab.monitor.turn()

    assert lab.version(STYLE, three.runs.key).status is VersionStatus.COMPLETED


def test_a_process_that_starts_on_a_read_only_disk_follows_what_runs_and_says_why_it_cannot_keep_it(
    bench: Bench, three: Three
) -> None:
    bench.runpod.trainer.complete(bench.runpod.job_of(three.runs))

    with faulty_disk.read_only(bench.folder / "styles", bench.history_file):
        another = bench.open_lab()
        assert [one.version.key for one in another.running()] == [three.runs.key]
        assert "its disk is read-only just now" in refreshed(another)
        assert [one.version.key for one in another.monitor.in_flight()] == [three.runs.key]
    another.refresh()

    assert another.version(STYLE, three.runs.key).status is VersionStatus.COMPLETED


def test_a_history_that_cannot_be_read_does_not_make_its_training_end(
    bench: Bench, lab: TrainingLab, three: Three
) -> None:
    lab.monitor.turn()
    other = lab.create_style("Other")

    with faulty_disk.pipe_in_its_place(bench.folder / "styles", bench.history_file):
        assert [one.version.key for one in lab.running()] == [three.runs.key]
        assert [style.folder for style in lab.styles()] == [lab.style(STYLE).folder, other.folder]
        lab.save_draft(other.id, parameters=PARAMETERS)  # the other style goes on


def test_a_folder_of_models_that_went_away_makes_no_training_fail(bench: Bench, lab: TrainingLab) -> None:
    bench.bucket.folder.mkdir(parents=True)
    version = started(lab)
    lab.refresh()
    bench.runpod.endpoint.forget(bench.runpod.job_of(version))
    bench.clock.advance(hours=24, minutes=10)

    with gone(bench.bucket.folder, bench.history_file):
        lab.refresh()
        assert lab.version(STYLE, version.key).status is VersionStatus.TRAINING
        path = bench.bucket.folder.with_name("bucket.away") / f"{version.model_name}.safetensors"
        path.write_bytes(b"model")
        os.utime(path, (bench.clock.epoch_s(), bench.clock.epoch_s()))
    lab.refresh()

    assert lab.version(STYLE, version.key).status is VersionStatus.COMPLETED


# -- everything else that touches a disk


CURVE = ((10, 0.5), (20, 0.25))


def with_curve(folder: Path) -> tuple[Sightings, Version]:
    """Sightings of a version whose loss was seen."""
    sightings, version = Sightings(folder), Version("7", {"key": "k", "id": "job", "name": "V1"})
    output = {"loss_history": [list(point) for point in CURVE]}
    sightings.note(version, Job("IN_PROGRESS", output), Verdict(""), utc_now())
    return sightings, version


def test_a_loss_curve_is_there_for_the_next_process(tmp_path: Path) -> None:
    sightings, version = with_curve(tmp_path / "curves")

    sightings.keep_curve(version)

    assert Sightings(tmp_path / "curves").curve(version) == CURVE
    assert len(list((tmp_path / "curves").iterdir())) == 1


@pytest.mark.parametrize("function", ["replace", "mkdir"])
def test_a_disk_that_takes_no_loss_curve_costs_the_curve_only(tmp_path: Path, function: str) -> None:
    sightings, version = with_curve(tmp_path / "curves")

    with failing(function, errno.ENOSPC, tmp_path):
        sightings.keep_curve(version)

    assert sightings.curve(version) == CURVE
    assert Sightings(tmp_path / "curves").curve(version) == ()


def test_a_loss_curve_is_not_kept_on_the_mount_point_of_a_disk_that_is_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    sightings, version = with_curve(state / "curves")
    sightings.keep_curve(version)

    with gone(state, state):
        sightings.keep_curve(version)
        assert not state.exists()

    assert Sightings(state / "curves").curve(version) == CURVE


def test_a_loss_curve_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    sightings, version = with_curve(tmp_path)
    sightings.keep_curve(version)
    (path,) = tmp_path.iterdir()
    path.unlink()
    os.mkfifo(path)

    assert Sightings(tmp_path).curve(version) == ()


def test_an_outbox_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "attempt.json")

    assert Outbox(tmp_path).answers() == []


def test_a_picture_that_may_not_be_looked_at_is_said_so(
    bench: Bench, lab: TrainingLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    version = started(lab)

    assert version.status is VersionStatus.DRAFT
    assert "it or its folder is another user's, or protected (Permission denied)" in str(version.error)
    assert "Errno" not in str(version.error)
    assert bench.runpod.count("run") == 0


def test_an_endpoint_that_cannot_have_its_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file where a folder should be")

    with pytest.raises(RunpodUnreachableError) as raised:
        EmbeddedEndpoint(tmp_path / "state" / "lab", tmp_path / "models").address()

    assert "a file where a folder should. The embedded endpoint was not started." in str(raised.value)


def test_an_endpoint_is_not_started_on_the_mount_point_of_a_disk_that_is_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    endpoint = EmbeddedEndpoint(state, tmp_path / "models")
    endpoint._anchor.check()  # as it does whenever it is asked for

    with gone(state, state), pytest.raises(RunpodUnreachableError, match="is away or does not answer"):
        endpoint.address()
    assert not (tmp_path / "models").exists()


def test_an_address_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endpoint.json")

    assert EmbeddedEndpoint(tmp_path, tmp_path / "models")._written_address() is None


def test_a_sample_style_that_cannot_be_drawn_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "image_005.jpg").mkdir()

    with pytest.raises(StoreUnavailableError) as raised:
        draw_sample_pictures(tmp_path)

    assert "The sample style has not all of its pictures; its folder may be deleted." in str(raised.value)
