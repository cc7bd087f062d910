"""Repairing a style's files: planned without a trace, applied with a copy of everything, once."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from lora_core import TrainingLab, VersionStatus, json_text
from lora_core.duplicates import Merging, TellingApart
from lora_core.errors import DamagedDocumentError, NotAllowedError, StoreUnavailableError
from lora_core.histories import LIVE, TRASH
from lora_core.repair import Repairs
from tests.lora_core.bench import STYLE, Bench, started
from tests.lora_core.storage import FIXTURE_STYLES, HookedStore, StyleFolder, copied_styles, tree
from tests.lora_core.test_duplicates import (
    FAST,
    JOB,
    OTHER_JOB,
    SETTINGS,
    SLOW,
    heard,
    sent,
    synced,
    trained,
    without,
)


class Repaired(StyleFolder):
    """A style folder with the repair over it."""

    def __init__(self, root: Path) -> None:
        self.hooks = HookedStore(root)
        super().__init__(root, store=self.hooks)
        self.repairs = Repairs(self.histories)

    def kinds(self) -> list[type]:
        return [type(one) for one in self.repairs.plan(self.style).repairs]

    def repair(self) -> list[Path]:
        """Plans and applies; answers the copies."""
        return [Path(one) for one in self.repairs.apply(self.repairs.plan(self.style)).backups]


@pytest.fixture
def lab(tmp_path: Path) -> Repaired:
    return Repaired(tmp_path / "root")


@pytest.fixture
def lab_with_runpod(bench: Bench) -> TrainingLab:
    return bench.open_lab()


def test_planning_writes_nothing(lab: Repaired) -> None:
    lab.put(trained(loraUrl=SLOW), synced(loraUrl=FAST))
    lab.put(trained("V0", id="a"), heard(id="a", name="V0"), document=TRASH)
    before = tree(lab.root)

    plan = lab.repairs.plan(lab.style)

    assert [type(one) for one in plan.repairs] == [Merging, Merging]
    assert tree(lab.root) == before


@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURE_STYLES.iterdir()))
def test_a_style_that_is_in_order_is_left_without_a_trace(tmp_path: Path, folder: str) -> None:
    lab = Repaired(copied_styles(tmp_path / "root"))
    style = lab.styles.find(folder)
    before = tree(lab.root)

    plan = lab.repairs.plan(style)

    assert plan.is_empty and plan.left_alone == ()
    assert lab.repairs.apply(plan) == type(lab.repairs.apply(plan))((), ())
    assert tree(lab.root) == before


def test_applying_repairs_history_and_trash_and_keeps_both_as_they_were(lab: Repaired) -> None:
    lab.put(trained(loraUrl=SLOW), synced(loraUrl=FAST))
    lab.put(trained("V0", id="a"), heard(id="a", name="V0", rating=5), document=TRASH)
    before = {path.name: path.read_bytes() for path in (lab.live_path, lab.trash_path)}

    copies = lab.repair()

    assert lab.raw() == [trained(loraUrl=FAST)]
    assert lab.raw(TRASH) == [trained("V0", id="a", rating=5)]
    assert all(copy.parent == lab.root / ".lora_lab" / "before_repair" for copy in copies)
    assert [copy.name.rpartition(".")[0] for copy in copies] == [
        f"7_paper_cut__{name}" for name in (LIVE, TRASH)
    ]
    assert [copy.read_bytes() for copy in copies] == [before[LIVE], before[TRASH]]


def test_applying_again_does_nothing(lab: Repaired) -> None:
    lab.put(trained(), synced(loraUrl=FAST), trained("V0", parameters={"network_dim": 8}))
    plan = lab.repairs.plan(lab.style)
    lab.repairs.apply(plan)
    before = tree(lab.root)

    assert lab.repairs.apply(plan).repairs == ()
    assert lab.repairs.plan(lab.style).is_empty
    assert tree(lab.root) == before


def test_the_copy_stands_before_the_repair_is_written(lab: Repaired) -> None:
    lab.put(trained(), synced())

    lab.repair()

    copy, history = lab.hooks.writes
    assert copy.startswith(".lora_lab/before_repair/") and history == f"7_paper_cut/{LIVE}"


def test_without_a_copy_nothing_is_repaired(lab: Repaired) -> None:
    lab.put(trained(), synced())
    (lab.root / ".lora_lab").mkdir(exist_ok=True)
    (lab.root / ".lora_lab" / "before_repair").write_text("in the way")
    before = lab.live_path.read_bytes()

    with pytest.raises(StoreUnavailableError):
        lab.repair()

    assert lab.live_path.read_bytes() == before


def test_what_was_changed_since_the_plan_is_seen(lab: Repaired) -> None:
    lab.put(trained(status="pending"), synced())
    plan = lab.repairs.plan(lab.style)
    lab.put(
        trained(status="pending", description="typed meanwhile"),
        synced(isGood=True),
        trained("V9", id=OTHER_JOB),
    )

    done = lab.repairs.apply(plan)

    assert [one["name"] for one in lab.raw()] == ["V1", "V9"]
    assert (lab.raw()[0]["description"], lab.raw()[0]["isGood"]) == ("typed meanwhile", True)
    assert isinstance(done.repairs[0], Merging) and done.repairs[0].gone.is_good


def test_what_is_no_pair_any_more_is_left(lab: Repaired) -> None:
    lab.put(trained(), synced())
    plan = lab.repairs.plan(lab.style)
    lab.put(trained(loraUrl=SLOW.replace("bucket", "another")), synced())
    before = lab.live_path.read_bytes()

    assert lab.repairs.apply(plan).repairs == ()
    assert lab.live_path.read_bytes() == before


@pytest.mark.parametrize("when", ["before_write", "before_rename"])
def test_what_the_old_system_saves_in_the_middle_is_repaired_too_and_kept_as_well(
    lab: Repaired, when: str
) -> None:
    lab.put(trained(), synced())
    theirs = [trained("V2", id=OTHER_JOB), trained(description="saved meanwhile"), synced()]

    def save(name: str) -> None:
        if name.endswith(LIVE) and "before_repair" not in name:
            lab.put(*theirs)
        else:
            setattr(lab.hooks, when, save)

    setattr(lab.hooks, when, save)
    first = lab.live_path.read_bytes()

    copies = lab.repair()

    assert lab.raw() == [theirs[0], trained(description="saved meanwhile", loraUrl=SLOW)]
    assert [copy.read_bytes() for copy in copies] == [first, json_text.dumps({"versions": theirs})]


def test_a_version_in_the_trash_follows_the_one_it_is_based_on(lab: Repaired) -> None:
    lab.put(trained(), synced())
    lab.put({"id": "b", "status": "failed", "basedOn": "style_7_vV1"}, document=TRASH)

    copies = lab.repair()

    assert lab.raw(TRASH)[0]["basedOn"] == f"{JOB}-e1"
    assert len(copies) == 2


def test_a_live_version_follows_one_in_the_trash(lab: Repaired) -> None:
    lab.put({"id": "b", "status": "failed", "basedOn": "style_7_vV1"})
    lab.put(trained(), synced(), document=TRASH)

    lab.repair()

    assert lab.raw()[0]["basedOn"] == f"{JOB}-e1"


def test_a_file_that_is_changed_twice_is_kept_as_it_was_at_first(lab: Repaired) -> None:
    lab.put(
        {"id": "b", "status": "failed", "basedOn": "style_7_vV1"},
        trained("V2", id="a"),
        heard(id="a", name="V2"),
    )
    lab.put(trained(), synced(), document=TRASH)
    before = lab.live_path.read_bytes()

    live, trash = lab.repair()

    assert lab.raw()[0]["basedOn"] == f"{JOB}-e1"
    assert live.read_bytes() == before
    assert trash.name.startswith(f"7_paper_cut__{TRASH}.")


def test_a_copy_is_written_once_and_again_when_it_is_spoilt(lab: Repaired) -> None:
    lab.put(trained(), synced())
    before = lab.live_path.read_bytes()
    (copy,) = lab.repair()
    for spoilt in (before, before[:10]):
        copy.write_bytes(spoilt)
        inode = copy.stat().st_ino
        lab.live_path.write_bytes(before)

        assert lab.repair() == [copy]

        assert copy.read_bytes() == before
        assert (copy.stat().st_ino == inode) == (spoilt == before)


def test_where_another_program_has_undone_a_change_of_the_labs_the_file_itself_is_kept_too(
    lab: Repaired,
) -> None:
    lab.put(trained(), synced())
    lab.records.create(lab.style, {"status": "draft"}, name="draft", based_on=None, key="k")
    lab.put(trained(), synced())
    theirs = lab.live_path.read_bytes()

    file, whole = lab.repair()

    assert [one["name"] for one in lab.raw()] == ["draft", "V1"]
    assert file.read_bytes() == theirs
    assert [one["name"] for one in json_text.loads(whole.read_bytes())["versions"]] == [
        *("draft", "V1", "style_7_vV1.safetensors")
    ]


def test_a_pair_across_history_and_trash_stays_and_is_reported(lab: Repaired) -> None:
    lab.put(trained(loraUrl=SLOW))
    lab.put(synced(), document=TRASH)

    plan = lab.repairs.plan(lab.style)

    assert plan.is_empty
    assert [one.why for one in plan.left_alone] == ["one of them is in the trash"]


def test_what_counts_as_live_is_not_repaired_in_the_trash(lab: Repaired) -> None:
    lab.put(trained())
    lab.put(trained(), synced(loraUrl=None, isGood=True), document=TRASH)

    assert lab.kinds() == []


def test_one_in_the_trash_that_is_hidden_by_a_doubled_live_one_stays_hidden(lab: Repaired) -> None:
    lab.put(trained(), trained())
    lab.put(trained(), document=TRASH)

    lab.repair()

    assert [len(lab.raw()), len(lab.raw(TRASH)), len(lab.records.trash(lab.style))] == [1, 1, 0]


def test_after_two_configurations_are_told_apart_each_can_be_changed_and_deleted(lab: Repaired) -> None:
    first, second = trained("V2"), trained("V1", parameters=SETTINGS | {"network_dim": 8})
    lab.put(first, second)
    with pytest.raises(NotAllowedError, match="python -m lora_core repair"):
        lab.records.patch(lab.style, f"{JOB}-e1", lambda _: {"isGood": True})

    assert lab.kinds() == [TellingApart]
    lab.repair()

    key = lab.records.find(lab.style, "V1").key
    lab.records.patch(lab.style, f"{JOB}-e1", lambda _: {"isGood": True})
    lab.records.patch(lab.style, key, lambda _: {"description": "the lower one"})
    assert lab.raw() == [first | {"isGood": True}, second | {"key": key, "description": "the lower one"}]
    lab.records.delete(lab.style, key)
    assert lab.raw() == [first | {"isGood": True}]


def test_what_runs_is_still_followed_after_the_repair(lab: Repaired) -> None:
    lab.put(sent(status="training"), sent(status="training"), synced(), trained("V0", id=OTHER_JOB))

    lab.repair()

    (running,) = lab.records.in_flight(lab.style)
    assert without(running.raw, set()) == sent(status="training")
    assert [one["name"] for one in lab.raw()] == ["V1", "style_7_vV1.safetensors", "V0"]


def test_a_record_that_was_merged_is_not_brought_back_by_what_the_lab_wrote_before(lab: Repaired) -> None:
    lab.put(trained(), synced(key="adopted"))
    lab.records.patch(lab.style, "adopted", lambda _: {"isGood": True})

    lab.repair()
    lab.put(
        *lab.raw(), {"id": "new", "name": "V2", "status": "completed"}
    )  # the old system saves what it has read

    live: list[Any] = [version.name for version in lab.records.live(lab.style)]
    assert live == ["V1", "V2"]


def test_of_a_damaged_file_nothing_is_planned(lab: Repaired) -> None:
    lab.live_path.write_bytes(b'{"versions": [')

    with pytest.raises(DamagedDocumentError):
        lab.repairs.plan(lab.style)


def test_a_style_without_files_has_nothing_to_repair(lab: Repaired) -> None:
    shutil.rmtree(lab.folder)
    lab.folder.mkdir()

    assert lab.kinds() == []
    assert lab.repair() == []


# Beside trainings


def test_a_training_that_runs_while_its_style_is_repaired_comes_to_its_end(
    bench: Bench, lab_with_runpod: TrainingLab
) -> None:
    version = started(lab_with_runpod)
    traces = [heard(id="old-job", name="V0", parameters=SETTINGS), heard(id="old-job", name="V0", rating=5)]
    bench.history_file.write_bytes(with_records(bench.history_file.read_bytes(), *traces))

    done = bench.open_lab().apply_repair(lab_with_runpod.plan_repair(STYLE))

    assert len(done.repairs) == 1
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    lab_with_runpod.refresh()
    ended, old = lab_with_runpod.versions(STYLE)
    assert (ended.key, ended.status, old.raw["rating"]) == (version.key, VersionStatus.COMPLETED, 5)


def test_a_training_whose_record_was_copied_by_hand_can_be_followed_again_after_the_repair(
    bench: Bench, lab_with_runpod: TrainingLab
) -> None:
    version = started(lab_with_runpod)
    copy = {**version.raw, "name": "copied", "parameters": SETTINGS, "status": "draft"}
    bench.history_file.write_bytes(with_records(bench.history_file.read_bytes(), copy))
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    with pytest.raises(NotAllowedError, match="Two versions have the id"):
        lab_with_runpod.check_status(STYLE, version.key)

    lab_with_runpod.apply_repair(lab_with_runpod.plan_repair(STYLE))

    assert lab_with_runpod.check_status(STYLE, version.key).version.status is VersionStatus.COMPLETED
    draft = lab_with_runpod.version(STYLE, "copied")
    assert lab_with_runpod.describe(STYLE, draft.key, "mine").description == "mine"


def with_records(history: bytes, *records: dict[str, Any]) -> bytes:
    whole = json_text.loads(history)
    return json_text.dumps({**whole, "versions": [*whole["versions"], *records]})
