"""Versions of one style: made once, named once, moved without ever being in neither file."""

import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lora_core.document import EMPTY
from lora_core.errors import InvalidNameError, NameTakenError, NotAllowedError, NotFoundError
from lora_core.histories import LIVE, TRASH
from lora_core.times import epoch_ms
from lora_core.versions import Version
from tests.lora_core.history_texts import DrawnHistory, histories
from tests.lora_core.storage import HookedStore, StyleFolder, copied_styles

JOB = "6513270e-269e-4d37-b2a7-4de452e6b438"


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    return StyleFolder(tmp_path / "root", store=HookedStore(tmp_path / "root"))


@pytest.fixture
def old(tmp_path: Path) -> StyleFolder:
    """With the fixture style's records."""
    return StyleFolder(copied_styles(tmp_path / "root"), store=HookedStore(tmp_path / "root"))


def hooks(lab: StyleFolder) -> HookedStore:
    assert isinstance(lab.store, HookedStore)
    return lab.store


def create(lab: StyleFolder, name: str | None = None, **more: Any) -> Version:
    content = more.pop("content", {"status": "draft"})
    key, based_on = more.pop("key", None), more.pop("based_on", None)
    return lab.records.create(lab.style, content | more, name=name, based_on=based_on, key=key)[0]


def names(versions: Iterable[Version]) -> list[str]:
    return [version.name for version in versions]


class Crash(BaseException):
    """The process ends here."""


def crash(_: object) -> None:
    raise Crash


# Making


def test_a_new_record_stands_first_with_key_name_time_and_request_id(old: StyleFolder) -> None:
    version = create(old, status="draft", description="x", imageCount=None)

    first = old.raw()[0]
    assert version.raw == first
    assert list(first) == ["id", "name", "description", "timestamp", "status", "isGood", "key", "requestId"]
    assert first["id"] == first["requestId"] == f"7_{epoch_ms(old.clock.now)}"
    assert first["timestamp"] == "2026-03-01T12:00:00.000Z"
    assert first["name"] == "V5"
    assert version.job_id is None


def test_two_in_one_millisecond_get_two_request_ids(lab: StyleFolder) -> None:
    ids = [create(lab).request_id for _ in range(5)]

    start = epoch_ms(lab.clock.now)
    assert ids == [f"7_{start + number}" for number in range(5)]


def test_a_request_id_in_the_trash_or_in_an_id_is_never_given_again(lab: StyleFolder) -> None:
    start = epoch_ms(lab.clock.now)
    lab.put({"id": f"7_{start + 10}", "name": "a"})
    lab.put({"id": JOB, "requestId": f"7_{start + 20}", "name": "b"}, document=TRASH)

    assert create(lab).request_id == f"7_{start + 21}"


@pytest.mark.parametrize("ms", ["999999999999999", "9" * 16, "9" * 40])
def test_request_ids_stay_distinct_after_one_from_a_far_future(lab: StyleFolder, ms: str) -> None:
    lab.put({"id": f"7_{ms}", "name": "a"})

    ids = [create(lab).request_id for _ in range(3)]

    assert ids == [f"7_{int(ms) + number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "other", ["style_7_vV1", "8_99999999999999", "0007_99999999999999", "7_²", "7_1e99", JOB, "7_"]
)
def test_ids_of_another_form_do_not_move_the_request_id(lab: StyleFolder, other: str) -> None:
    lab.put({"id": other, "name": "a"})

    assert create(lab).request_id == f"7_{epoch_ms(lab.clock.now)}"


def test_the_same_key_again_answers_the_record_that_is_there(lab: StyleFolder) -> None:
    first, is_new = lab.records.create(lab.style, {"status": "draft"}, name="a", based_on=None, key="k")
    lab.records.rename(lab.style, "k", "b")
    before = lab.live_path.stat().st_ino

    again, is_new_again = lab.records.create(lab.style, {"status": "draft"}, name="a", based_on=None, key="k")

    assert (is_new, is_new_again) == (True, False)
    assert (again.key, again.name, again.request_id) == ("k", "b", first.request_id)
    assert lab.live_path.stat().st_ino == before


def test_the_same_key_again_answers_also_from_the_trash(lab: StyleFolder) -> None:
    create(lab, key="k")
    lab.records.delete(lab.style, "k")

    version, is_new = lab.records.create(lab.style, {"status": "draft"}, name=None, based_on=None, key="k")

    assert not is_new
    assert version.is_in_trash
    assert lab.raw() == []


def test_one_key_from_eight_threads_makes_one_record(lab: StyleFolder) -> None:
    barrier = threading.Barrier(8)
    made: list[bool] = []

    def make() -> None:
        records = StyleFolder(lab.root).records
        barrier.wait(10)
        made.append(records.create(lab.style, {"status": "draft"}, name=None, based_on=None, key="k")[1])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(made) == [False] * 7 + [True]
    assert len(lab.raw()) == 1


# Names


def test_a_name_is_free_only_if_no_live_or_trashed_version_and_no_model_file_has_it(lab: StyleFolder) -> None:
    create(lab, "Live")
    create(lab, "Trashed", key="k")
    lab.records.delete(lab.style, "k")
    lab.labels = {"Model"}

    for name in ("live", " LIVE ", "tRashed", "MODEL"):
        with pytest.raises(NameTakenError, match="choose another one"):
            create(lab, name)
    assert create(lab, "Other").name == "Other"
    assert names(lab.records.live(lab.style)) == ["Other", "Live"]


def test_composed_and_decomposed_letters_are_one_name(lab: StyleFolder) -> None:
    create(lab, "Größe")

    with pytest.raises(NameTakenError):
        create(lab, "Gro\u0308sse")
    assert lab.records.find(lab.style, "gro\u0308ße").name == "Größe"


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, "a\nb"])
def test_what_cannot_be_a_name_is_refused_and_nothing_is_written(lab: StyleFolder, name: str) -> None:
    with pytest.raises(InvalidNameError):
        create(lab, name)
    assert not lab.live_path.exists()


def test_the_next_name_passes_over_what_is_taken(old: StyleFolder) -> None:
    old.labels = {"V5", "v6"}

    assert create(old).name == "V7"


def test_a_version_based_on_another_continues_its_series(lab: StyleFolder) -> None:
    base = create(lab, "wet_009")
    follower = create(lab, based_on=base)

    assert follower.name == "wet_010"
    assert follower.based_on == base.key


def test_eight_threads_get_distinct_names_and_request_ids(lab: StyleFolder) -> None:
    barrier = threading.Barrier(8)

    def make() -> None:
        own = StyleFolder(lab.root)
        barrier.wait(10)
        for _ in range(5):
            create(own)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    made = lab.records.live(lab.style)
    assert {version.name for version in made} == {f"V{number}" for number in range(1, 41)}
    assert len({version.request_id for version in made}) == len({version.key for version in made}) == 40


@settings(max_examples=25, deadline=None)  # each example writes to a disk
@given(st.lists(st.sampled_from(["a", "A", "V1", "v1", "b 2", None]), max_size=8))
def test_however_versions_are_named_no_two_have_one_name(wanted: list[str | None]) -> None:
    made: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        lab = StyleFolder(Path(folder))
        for name in wanted:
            try:
                made.append(create(lab, name).name)
            except NameTakenError:
                assert name is not None
                assert name.casefold() in {other.casefold() for other in made}
    assert len({name.casefold() for name in made}) == len(made)


# Renaming


def test_a_renamed_version_keeps_its_model_and_its_key(lab: StyleFolder) -> None:
    version = create(lab, "V1", modelName="style_7_vV1")
    lab.labels = {"V1"}

    renamed = lab.records.rename(lab.style, version.key, " keeper ")

    assert (renamed.name, renamed.key, renamed.model_name) == ("keeper", version.key, "style_7_vV1")
    assert lab.records.rename(lab.style, version.key, "V1").name == "V1"


@pytest.mark.parametrize("name", ["other", "OTHER", "gone", "model"])
def test_a_taken_name_is_refused_when_renaming(lab: StyleFolder, name: str) -> None:
    create(lab, "Other")
    create(lab, "Gone", key="g")
    lab.records.delete(lab.style, "g")
    lab.labels = {"Model"}
    version = create(lab, "V1")

    with pytest.raises(NameTakenError):
        lab.records.rename(lab.style, version.key, name)
    assert lab.records.find(lab.style, version.key).name == "V1"


def test_a_name_may_change_its_case_or_stay(lab: StyleFolder) -> None:
    version = create(lab, "Paper")
    before = lab.live_path.stat().st_ino

    assert lab.records.rename(lab.style, version.key, "Paper").name == "Paper"
    assert lab.live_path.stat().st_ino == before
    assert lab.records.rename(lab.style, version.key, "PAPER").name == "PAPER"


def test_another_versions_model_name_is_taken_also_after_that_one_was_renamed(lab: StyleFolder) -> None:
    first = create(lab, "V1", modelName="style_7_vV1")
    lab.labels = {"V1"}
    lab.records.rename(lab.style, first.key, "keeper")

    with pytest.raises(NameTakenError):
        create(lab, "V1")


# Patching


def test_a_patch_sees_the_record_as_it_is_then(old: StyleFolder) -> None:
    key = old.raw()[0]["id"]
    seen: list[str] = []

    def other(_: str) -> None:
        StyleFolder(old.root).records.patch(old.style, key, lambda _: {"description": "theirs"})

    def decide(version: Version) -> dict[str, Any]:
        seen.append(version.description)
        return {"isGood": True}

    hooks(old).before_write = None
    other("")
    patched = old.records.patch(old.style, key, decide)

    assert seen == ["theirs"]
    assert patched.is_good
    assert old.raw()[0]["description"] == "theirs"


def test_none_takes_a_key_out(old: StyleFolder) -> None:
    key = old.raw()[0]["id"]

    old.records.patch(old.style, key, lambda _: {"description": None, "never there": None})

    assert "description" not in old.raw()[0]


def test_a_patch_finds_a_record_in_the_trash(lab: StyleFolder) -> None:
    version = create(lab)
    lab.records.delete(lab.style, version.key)

    patched = lab.records.patch(lab.style, version.key, lambda _: {"status": "failed"})

    assert patched.is_in_trash
    assert lab.raw(TRASH)[0]["status"] == "failed"


def test_a_patch_of_what_is_nowhere_is_refused(lab: StyleFolder) -> None:
    with pytest.raises(NotFoundError, match="has no version k any more"):
        lab.records.patch(lab.style, "k", lambda _: {"a": 1})
    assert not lab.live_path.exists()


def test_a_patch_of_what_is_deleted_meanwhile_arrives_in_the_trash(lab: StyleFolder) -> None:
    key = create(lab).key

    def delete(_: str) -> None:
        # As another process does it, which is why it does not wait for our lock here.
        record = lab.raw()[0]
        lab.put(record, document=TRASH)
        lab.put()
        lab.store.keep(f"{lab.folder.name}/{LIVE}", lab.live_path.read_bytes())

    hooks(lab).before_write = delete
    patched = lab.records.patch(lab.style, key, lambda _: {"status": "completed"})

    assert patched.is_in_trash
    assert [record["status"] for record in lab.raw(TRASH)] == ["completed"]


# Moving to the trash and back


def test_a_deleted_version_is_in_the_trash_as_it_was(old: StyleFolder) -> None:
    before = old.raw()

    deleted = old.records.delete(old.style, before[1]["id"])

    assert deleted.is_in_trash
    assert old.raw(TRASH) == [before[1]]
    assert old.raw() == [before[0], *before[2:]]
    assert names(old.records.trash(old.style)) == ["V3"]


def test_deleting_twice_deletes_once(old: StyleFolder) -> None:
    key = old.raw()[1]["id"]
    old.records.delete(old.style, key)
    before = old.live_path.read_bytes(), old.trash_path.read_bytes()

    assert old.records.delete(old.style, key).is_in_trash
    assert (old.live_path.read_bytes(), old.trash_path.read_bytes()) == before


def test_a_restored_version_is_live_as_it_was(old: StyleFolder) -> None:
    before = old.raw()
    key = before[1]["id"]
    old.records.delete(old.style, key)

    restored = old.records.restore(old.style, key)

    assert not restored.is_in_trash
    assert old.raw(TRASH) == []
    assert old.raw() == before


def test_deleted_and_restored_in_any_order_versions_stand_newest_first(old: StyleFolder) -> None:
    before, keys = old.raw(), [record["id"] for record in old.raw()]

    for key in keys[1:]:
        old.records.delete(old.style, key)
    assert old.raw(TRASH) == before[1:]
    for key in reversed(keys[1:]):
        old.records.restore(old.style, key)

    assert old.raw() == before


def test_a_version_without_a_time_is_restored_as_the_newest(old: StyleFolder) -> None:
    old.put({"id": "a", "name": "timeless"}, document=TRASH)

    old.records.restore(old.style, "a")

    assert old.raw()[0]["name"] == "timeless"


@pytest.mark.parametrize("move", ["delete", "restore"])
@pytest.mark.parametrize(
    "step", ["before the copy", "after the copy", "before the removal", "after the removal"]
)
def test_no_crash_leaves_a_record_in_neither_file(old: StyleFolder, move: str, step: str) -> None:
    key = old.raw()[1]["id"]
    record = old.raw()[1]
    if move == "restore":
        old.records.delete(old.style, key)
    store = hooks(old)

    def crash_at_the_second(_: object) -> None:
        setattr(store, "before_write" if "before" in step else "after_write", crash)

    when = "before_write" if "before" in step else "after_write"
    setattr(store, when, crash if "copy" in step else crash_at_the_second)
    with pytest.raises(Crash):
        (old.records.delete if move == "delete" else old.records.restore)(old.style, key)

    after = StyleFolder(old.root)
    assert record in [*after.raw(), *after.raw(TRASH)]
    live, trash = after.records.live(after.style), after.records.trash(after.style)
    assert [version.key for version in (*live, *trash)].count(key) == 1
    in_both = record in after.raw() and record in after.raw(TRASH)
    assert in_both == (step in ("after the copy", "before the removal"))
    assert after.records.find(after.style, key).is_in_trash == (record not in after.raw())
    # Doing it once more ends it.
    (after.records.delete if move == "delete" else after.records.restore)(after.style, key)
    assert (record in after.raw()) == (move == "restore")
    assert (record in after.raw(TRASH)) == (move == "delete")


def test_a_record_in_both_files_is_live_and_its_live_form_counts(lab: StyleFolder) -> None:
    lab.put({"id": "a", "name": "V1", "status": "completed"})
    lab.put({"id": "a", "name": "V1", "status": "pending"}, document=TRASH)

    assert names(lab.records.trash(lab.style)) == []
    assert lab.records.find(lab.style, "V1").status_text == "completed"
    lab.records.restore(lab.style, "a")
    assert [record["status"] for record in lab.raw()] == ["completed"]
    assert lab.raw(TRASH) == []


def test_deleting_a_record_in_both_files_keeps_its_live_form(lab: StyleFolder) -> None:
    lab.put({"id": "a", "name": "V1", "status": "completed"})
    lab.put({"id": "a", "name": "V1", "status": "pending", "error": "old"}, document=TRASH)

    lab.records.delete(lab.style, "a")

    assert lab.raw() == []
    assert lab.raw(TRASH) == [{"id": "a", "name": "V1", "status": "completed"}]


@pytest.mark.parametrize("move", ["delete", "restore"])
def test_a_patch_in_the_middle_of_a_move_is_not_lost(lab: StyleFolder, move: str) -> None:
    key = create(lab).key
    if move == "restore":
        lab.records.delete(lab.style, key)
    source = LIVE if move == "delete" else TRASH

    def patch_the_source(_: str) -> None:
        record = lab.raw(source)[0]
        lab.put({**record, "status": "completed"}, document=source)

    hooks(lab).after_write = patch_the_source
    (lab.records.delete if move == "delete" else lab.records.restore)(lab.style, key)

    source, target = (LIVE, TRASH) if move == "delete" else (TRASH, LIVE)
    assert lab.raw(source) == []
    assert [record["status"] for record in lab.raw(target)] == ["completed"]


def test_a_patch_of_the_restored_record_is_not_undone_by_the_move(lab: StyleFolder) -> None:
    key = create(lab).key
    lab.records.delete(lab.style, key)

    def patch_the_live_one(_: str) -> None:
        lab.put({**lab.raw()[0], "status": "completed"})

    hooks(lab).after_write = patch_the_live_one
    lab.records.restore(lab.style, key)

    assert [record["status"] for record in lab.raw()] == ["completed"]
    assert lab.raw(TRASH) == []


def test_patches_from_another_thread_survive_any_number_of_moves(lab: StyleFolder) -> None:
    key = create(lab, count=0).key
    other = StyleFolder(lab.root)
    errors: list[Exception] = []

    def count_up() -> None:
        try:
            for _ in range(10):
                other.records.patch(other.style, key, lambda version: {"count": version.raw["count"] + 1})
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    thread = threading.Thread(target=count_up)
    thread.start()
    while thread.is_alive():
        lab.records.delete(lab.style, key)
        lab.records.restore(lab.style, key)
    thread.join(20)
    assert errors == []
    assert lab.records.find(lab.style, key).raw["count"] == 10


def test_restoring_under_a_name_that_is_taken_by_now_is_refused_and_changes_nothing(lab: StyleFolder) -> None:
    lab.put({"id": "a", "name": "V1", "status": "failed"}, document=TRASH)
    lab.put({"id": "b", "name": "v1", "status": "failed"})

    with pytest.raises(NameTakenError, match="There is a version V1 again; rename it"):
        lab.records.restore(lab.style, "a")
    assert len(lab.raw()) == len(lab.raw(TRASH)) == 1
    lab.records.rename(lab.style, "b", "V2")
    assert lab.records.restore(lab.style, "a").name == "V1"


def test_restoring_what_is_nowhere_is_refused(lab: StyleFolder) -> None:
    with pytest.raises(NotFoundError):
        lab.records.restore(lab.style, "k")


def test_of_two_old_records_of_one_id_none_is_changed_for_the_other(lab: StyleFolder) -> None:
    first = {"id": JOB, "name": "V2", "timestamp": "2025-10-13T19:39:32.452Z", "status": "completed"}
    second = {"id": JOB, "name": "V1", "timestamp": "2025-10-12T07:27:21.532Z", "status": "failed"}
    lab.put(first, second)

    with pytest.raises(NotAllowedError, match="Two versions have the id"):
        lab.records.delete(lab.style, JOB)
    with pytest.raises(NotAllowedError, match="Two versions have the id"):
        lab.records.patch(lab.style, JOB, lambda _: {"description": "whose?"})

    assert lab.raw() == [first, second]
    assert lab.raw(TRASH) == []


@given(histories(is_sound=True), st.data())
@settings(max_examples=60)
def test_whatever_is_deleted_and_restored_the_file_is_as_it_was(
    drawn: DrawnHistory, data: st.DataObject
) -> None:
    assume(drawn.ids)
    keys = data.draw(st.lists(st.sampled_from(drawn.ids), unique=True, min_size=1))
    with tempfile.TemporaryDirectory() as folder:
        lab = StyleFolder(Path(folder) / "root")
        lab.live_path.write_bytes(drawn.data)
        for key in keys:
            lab.records.delete(lab.style, key)
            place = drawn.entries[drawn.entry_of[key]]
            assert drawn.text[place.start : place.end] in lab.trash_path.read_bytes().decode()
        for key in data.draw(st.permutations(keys)):
            lab.records.restore(lab.style, key)

        assert lab.live_path.read_bytes() == drawn.data
        assert lab.trash_path.read_bytes() == EMPTY


def test_a_deleted_version_keeps_every_digit_of_its_numbers(lab: StyleFolder) -> None:
    own = '{"id": "a", "rate": 0.00001, "seed": 123456789012345678901234, "huge": 1e400, "n": 1.0}'
    lab.live_path.write_text(f'{{"versions": [{own}]}}')

    lab.records.delete(lab.style, "a")
    assert own in lab.trash_path.read_text()

    lab.records.restore(lab.style, "a")
    assert own in lab.live_path.read_text()


def test_a_deleted_version_takes_the_place_of_its_older_copy_in_the_trash_by_its_own_text(
    lab: StyleFolder,
) -> None:
    own = '{"id": "a",   "rate": 1e-05, "seed": 123456789012345678901234}'
    lab.live_path.write_text(f'{{"versions": [{own}]}}')
    lab.put({"id": "a", "status": "pending"}, {"id": "b"}, document=TRASH)

    lab.records.delete(lab.style, "a")

    assert own in lab.trash_path.read_text()
    assert [record["id"] for record in lab.raw(TRASH)] == ["a", "b"]


def test_a_change_that_python_finds_equal_is_not_lost_by_a_move(lab: StyleFolder) -> None:
    lab.put({"id": "a", "isGood": 1})

    hooks(lab).after_write = lambda _: lab.put({"id": "a", "isGood": True})
    lab.records.delete(lab.style, "a")

    assert lab.raw(TRASH)[0]["isGood"] is True


def test_versions_without_a_name_are_restored_beside_each_other(lab: StyleFolder) -> None:
    lab.put({"id": "a", "status": "failed"}, {"id": "b", "name": None})

    lab.records.delete(lab.style, "a")
    lab.records.restore(lab.style, "a")

    assert [record["id"] for record in lab.raw()] == ["a", "b"]


# Finding

KEYS = [
    *(
        "id",
        "name",
        "timestamp",
        "parameters",
        "status",
        "imageCount",
        "loraUrl",
        "selectionSetId",
        "isGood",
        "error",
    ),
    *(
        "completedAt",
        "failedAt",
        "description",
        "requestId",
        "submission",
        "startedAt",
        "cancelRequestedAt",
        "basedOn",
    ),
    *("modelName", "dataset", "failureReason", "statusNote"),
]


@pytest.mark.parametrize(
    "reference", ["key-1", "7_1", f"{JOB}-e1", JOB, f"{JOB}-e2", "Paper cut", "PAPER CUT"]
)
def test_a_version_is_found_by_whatever_names_it(lab: StyleFolder, reference: str) -> None:
    lab.put(
        {"id": "b", "name": "V2"},
        {"id": f"{JOB}-e1", "key": "key-1", "requestId": "7_1", "name": "Paper cut"},
    )

    assert lab.records.find(lab.style, reference).key == "key-1"


def test_a_name_in_its_exact_form_is_found_before_one_of_another_case(lab: StyleFolder) -> None:
    lab.put({"id": "a", "name": "Test"}, {"id": "b", "name": "test"})

    assert lab.records.find(lab.style, "test").id == "b"
    assert lab.records.find(lab.style, "Test").id == "a"
    assert lab.records.find(lab.style, "TEST").id == "a"


def test_a_live_version_is_found_before_one_in_the_trash(lab: StyleFolder) -> None:
    lab.put({"id": "a", "name": "V1"})
    lab.put({"id": "b", "name": "V1"}, {"id": "c", "name": "V2"}, document=TRASH)

    assert lab.records.find(lab.style, "V1").id == "a"
    assert lab.records.find(lab.style, "V2").is_in_trash


def test_a_bare_uuid_is_no_suffix_of_another_job(lab: StyleFolder) -> None:
    lab.put({"id": JOB, "name": "V1"})

    with pytest.raises(NotFoundError, match=r"has no version .* Look it up"):
        lab.records.find(lab.style, JOB.rpartition("-")[0])


@pytest.mark.parametrize("value", [None, 17, [], {}, True, "", "what"])
def test_a_record_with_any_value_under_any_key_can_be_looked_at(lab: StyleFolder, value: object) -> None:
    lab.put(
        {**dict.fromkeys(KEYS, value), "key": "k"},
        {"id": "a", "submission": {"state": value, "submittedAt": value}},
    )

    for version in lab.records.live(lab.style):
        for name in dir(Version):
            if isinstance(getattr(Version, name, None), property) or name in (
                "status",
                "parameters",
                "submission",
            ):
                getattr(version, name)
    assert lab.records.in_flight(lab.style) == []
    assert create(lab).name.startswith("V")
