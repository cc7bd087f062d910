"""Uploads in the background: they show how far they are, outlive whoever began them, and end with their lab."""

import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from lora_core import Incoming, NotAllowedError, OnConflict, Outcome, TrainingLab, Upload
from lora_core import picture_intake as module
from tests.lora_core.picture_files import STYLE, files_of, lab_over, picture, style_folder, zipped

RED, GREEN, BLUE = picture("red"), picture("green"), picture("blue")


class Gate(BytesIO):
    """A file that is read only once somebody lets it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.is_asked, self.may_go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.is_asked.set()
        assert self.may_go.wait(10)
        return super().read(size)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[TrainingLab]:
    with lab_over(tmp_path) as lab:
        yield lab


def ended(upload: Upload) -> Upload:
    until(lambda: not upload.is_running)
    return upload


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        threading.Event().wait(0.002)


def test_it_answers_at_once_and_shows_how_far_it_is(lab: TrainingLab, tmp_path: Path) -> None:
    gate = Gate(GREEN)
    upload = lab.begin_upload(STYLE, [Incoming("a.jpg", RED), Incoming("b.jpg", gate)])
    assert gate.is_asked.wait(10)
    assert (upload.is_running, upload.done, upload.total) == (True, 1, 2)
    assert [one.filename for one in upload.results] == ["a.jpg"]
    assert lab.uploads(STYLE) == [upload]
    gate.may_go.set()
    ended(upload)
    assert (upload.done, upload.total) == (2, 2)
    assert [one.outcome for one in upload.results] == [Outcome.ADDED, Outcome.ADDED]
    assert upload.style_folder == style_folder(tmp_path).name


def test_an_upload_that_ended_is_listed_until_it_is_dismissed(lab: TrainingLab) -> None:
    upload = ended(lab.begin_upload(STYLE, [Incoming("a.jpg", RED)]))
    assert lab.uploads(STYLE) == [upload]
    upload.dismiss()
    assert lab.uploads(STYLE) == []


def test_one_that_runs_cannot_be_dismissed_but_stopped(lab: TrainingLab, tmp_path: Path) -> None:
    gate = Gate(RED)
    upload = lab.begin_upload(STYLE, [Incoming("a.jpg", gate), Incoming("b.jpg", GREEN)])
    assert gate.is_asked.wait(10)
    upload.dismiss()
    assert lab.uploads(STYLE) == [upload]
    upload.stop()
    gate.may_go.set()
    assert (ended(upload).done, upload.total) == (1, 2)
    assert files_of(tmp_path) == {"a.jpg": RED}


def test_conflicts_are_settled_each_by_itself(lab: TrainingLab, tmp_path: Path) -> None:
    old = {"a.jpg": picture("tan"), "b.jpg": picture("teal"), "c.jpg": picture("navy")}
    lab.add_images(STYLE, [Incoming(name, data) for name, data in old.items()])
    files = {"a.jpg": RED, "b.jpg": GREEN, "c.jpg": BLUE, "d.jpg": picture("white")}
    incoming = [Incoming(name, data) for name, data in files.items()]
    upload = ended(lab.begin_upload(STYLE, [*incoming, Incoming("b.txt", b"a dog")]))
    assert [one.filename for one in upload.conflicts] == ["a.jpg", "b.jpg", "c.jpg"]
    decisions = {"a.jpg": OnConflict.REPLACE, "b.jpg": OnConflict.KEEP_BOTH, "c.jpg": OnConflict.ASK}
    upload.settle(decisions)
    ended(upload)
    assert [one.outcome for one in upload.results] == [
        Outcome.REPLACED,
        Outcome.KEPT_BOTH,
        Outcome.CONFLICT,
        Outcome.ADDED,
    ]
    upload.settle({"c.jpg": OnConflict.SKIP})
    assert not ended(upload).conflicts
    assert files_of(tmp_path) == old | {
        "a.jpg": files["a.jpg"],
        "b (2).jpg": files["b.jpg"],
        "b (2).txt": b"a dog",
        "d.jpg": files["d.jpg"],
    }


def test_of_two_pictures_of_one_name_only_the_first_replaces_and_the_other_is_asked_for_again(
    lab: TrainingLab, tmp_path: Path
) -> None:
    lab.add_images(STYLE, [Incoming("x.jpg", BLUE)])
    upload = ended(lab.begin_upload(STYLE, [Incoming("a/x.jpg", RED), Incoming("b/x.jpg", GREEN)]))
    both = {one.filename: OnConflict.REPLACE for one in upload.conflicts}
    assert list(both) == ["a/x.jpg", "b/x.jpg"]

    upload.settle(both)

    assert [one.outcome for one in ended(upload).results] == [Outcome.REPLACED, Outcome.CONFLICT]
    assert files_of(tmp_path) == {"x.jpg": RED}
    upload.settle({"b/x.jpg": OnConflict.KEEP_BOTH})
    ended(upload)
    assert files_of(tmp_path) == {"x.jpg": RED, "x (2).jpg": GREEN}


def test_a_conflict_in_a_zip_is_settled_after_the_zip_was_read(lab: TrainingLab, tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zipped({"x/a.jpg": RED, "y/a.jpg": GREEN, "y/a.txt": "a dog"}))
    upload = ended(lab.begin_upload(STYLE, [Incoming("set.zip", path)]))
    assert (upload.total, upload.done) == (2, 2)
    upload.settle({"y/a.jpg": OnConflict.REPLACE})
    ended(upload)
    assert files_of(tmp_path) == {"a.jpg": GREEN, "a.txt": b"a dog"}


def test_two_uploads_of_one_name_at_once_lose_neither_picture(lab: TrainingLab, tmp_path: Path) -> None:
    gates = [Gate(RED), Gate(GREEN)]
    uploads = [
        lab.begin_upload(STYLE, [Incoming("a.jpg", gate)], on_conflict=OnConflict.KEEP_BOTH) for gate in gates
    ]
    assert all(gate.is_asked.wait(10) for gate in gates)
    for gate in gates:
        gate.may_go.set()
    for upload in uploads:
        ended(upload)
    assert sorted(files_of(tmp_path)) == ["a (2).jpg", "a.jpg"]
    assert set(files_of(tmp_path).values()) == {RED, GREEN}


def test_a_file_that_breaks_something_keeps_the_others_not_out(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = module.checked_picture

    def broken(data: bytes, suffix: str) -> object:
        if data == RED:
            raise RuntimeError("a bug")
        return checked(data, suffix)

    monkeypatch.setattr(module, "checked_picture", broken)
    upload = ended(lab.begin_upload(STYLE, [Incoming("a.jpg", RED), Incoming("b.jpg", GREEN)]))
    assert [one.outcome for one in upload.results] == [Outcome.REFUSED, Outcome.ADDED]
    assert files_of(tmp_path) == {"b.jpg": GREEN}


def test_a_disk_that_goes_away_during_an_upload_is_told_of(lab: TrainingLab, tmp_path: Path) -> None:
    gate = Gate(RED)
    upload = lab.begin_upload(STYLE, [Incoming("a.jpg", gate)])
    assert gate.is_asked.wait(10)
    (tmp_path / "styles").rename(tmp_path / "away")
    gate.may_go.set()
    (result,) = ended(upload).results
    (tmp_path / "away").rename(tmp_path / "styles")
    assert (result.outcome, "away" in result.sentence) == (Outcome.REFUSED, True)
    assert files_of(tmp_path) == {}


def test_a_lab_that_closes_waits_for_the_present_file_and_takes_no_more(tmp_path: Path) -> None:
    gate = Gate(RED)
    with lab_over(tmp_path) as lab:
        upload = lab.begin_upload(STYLE, [Incoming("a.jpg", gate), Incoming("b.jpg", GREEN)])
        assert gate.is_asked.wait(10)
        closing = threading.Thread(target=lab.close)
        closing.start()
        gate.may_go.set()
        closing.join(10)
        assert not upload.is_running
        with pytest.raises(NotAllowedError, match="closed"):
            lab.begin_upload(STYLE, [Incoming("c.jpg", BLUE)])
    assert set(files_of(tmp_path)) <= {"a.jpg", "b.jpg"}
    assert "a.jpg" in files_of(tmp_path)


def test_few_that_ended_are_remembered(lab: TrainingLab) -> None:
    for _ in range(30):
        last = ended(lab.begin_upload(STYLE, []))
    assert len(lab.uploads(STYLE)) < 25
    assert lab.uploads(STYLE)[-1] is last
