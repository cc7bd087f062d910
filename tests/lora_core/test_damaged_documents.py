"""Whatever becomes of a history: it is told, kept byte for byte, and repaired only when the user accepts."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lora_core import TrainingLab, VersionStatus
from lora_core.errors import DamagedDocumentError, StoreConflictError, StoreError
from lora_core.histories import LIVE, TRASH, Histories
from lora_core.stores import LocalStore
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, started
from tests.lora_core.storage import HookedStore, opened_lab, tree

FOLDER = "1_paper"
RECORDS = [
    """{
      "id": "job-3-e1",
      "name": "V3",
      "timestamp": "2025-10-14T08:00:00.000Z",
      "parameters": {
        "network_dim": 16,
        "learning_rate": 0.00001,
        "seed": 123456789012345678901234
      },
      "status": "completed",
      "isGood": true,
      "mine": {"kept": [1.0, 1e400]}
    }""",
    """{
      "id": "job-2-e1",
      "name": "V2",
      "timestamp": "2025-10-13T08:00:00.000Z",
      "description": "größer, \\"} , {\\" und 水墨",
      "parameters": {},
      "status": "training"
    }""",
    """{
      "id": "job-1-e1",
      "name": "V1",
      "timestamp": "2025-10-12T08:00:00.000Z",
      "parameters": {
        "network_dim": 4
      },
      "status": "failed"
    }""",
]
V3, V2, V1 = RECORDS
GOOD = '{\n  "versions": [\n    ' + ",\n    ".join(RECORDS) + "\n  ]\n}"
ALL = ["V3", "V2", "V1"]
NO_JSON = "no valid JSON: "


class Case(NamedTuple):
    """What became of the good document, and what the lab must make of it."""

    text: str | bytes
    found: list[str]
    said: Sequence[str] = ()
    """Pieces that are told as not understood; none where there are none."""
    why: str = NO_JSON
    notes: Sequence[str] = ()


def entry(extra: str, *, after: str = V1) -> str:
    """The good document with something that is no record after a record."""
    return GOOD.replace(after, f"{after},\n    {extra}")


def with_member(member: str) -> str:
    return GOOD.replace('"status": "failed"', f'"status": "failed", {member}')


NEWER = V1.replace('"failed"', '"completed"').replace("{", '{"loraUrl": "s3://models/1",', 1)
OTHER = V1.replace('"network_dim": 4', '"network_dim": 8')
CONFLICT = GOOD.replace(f"    {V1}", f"<<<<<<< HEAD\n    {V1}\n=======\n    {OTHER}\n>>>>>>> theirs")
CONFLICT_INSIDE = GOOD.replace(
    '      "status": "failed"\n',
    '<<<<<<< HEAD\n      "status": "failed"\n=======\n      "status": "completed"\n>>>>>>> theirs\n',
)

CASES = {
    "cut in the middle of a record": Case(GOOD[:-40], ["V3", "V2"], ['"name": "V1"', '"network_dim": 4']),
    "cut between two records": Case(GOOD[: GOOD.index(V1)], ["V3", "V2"]),
    "cut before its first record": Case('{\n  "versions": [\n', []),
    "emptied": Case("", [], why="it is empty"),
    "filled with NUL": Case("\0" * len(GOOD), [], why="it holds nothing but zero bytes"),
    "its last block filled with NUL": Case(
        GOOD[:-80] + "\0" * 80, ["V3", "V2"], ['"name": "V1"', '"timestamp"']
    ),
    "its first block lost": Case(GOOD[120:], ["V2", "V1"], ['"seed": 123456789012345678901234']),
    "two documents": Case(GOOD + GOOD, ALL),
    "two documents of two states": Case(
        GOOD + "\n" + GOOD.replace(V1, NEWER),
        ALL,
        ['"status": "failed"'],
        notes=["V1: it stands there twice"],
    ),
    "the end of a longer one behind it": Case(GOOD + GOOD[-70:], ALL, ['"network_dim": 4']),
    "a byte order mark": Case("\ufeff" + GOOD, ALL, why="a byte order mark stands before it"),
    "UTF-16": Case(GOOD.encode("utf-16"), ALL, why="it is written in UTF-16"),
    "Windows' own letters": Case(
        GOOD.replace("水墨", "").encode("cp1252"), ALL, ["gr\\xf6\\xdfer"], notes=["V2: what is not in UTF-8"]
    ),
    "merge markers": Case(
        CONFLICT, [*ALL, "V1"], ["<<<<<<< HEAD", ">>>>>>> theirs"], "the two sides of a merge", ["V1: its id"]
    ),
    "merge markers in a record": Case(
        CONFLICT_INSIDE,
        ALL,
        ["<<<<<<< HEAD", '"status": "failed"'],
        "the two sides of a merge",
        ["V1: it stands"],
    ),
    "a comma too many": Case(entry("", after=V1), ALL),
    "a comma too few": Case(GOOD.replace("},\n    {", "}\n    {"), ALL),
    "a comma too few in a record": Case(GOOD.replace('"name": "V1",', '"name": "V1"'), ALL),
    "comments": Case(entry("// to be tried again\n", after=V2), ALL, ["// to be tried again"]),
    "NaN in a record": Case(
        GOOD.replace('"network_dim": 4', '"network_dim": NaN'), ALL, ['"network_dim": NaN'], notes=["V1: NaN"]
    ),
    "a key twice in a record": Case(
        with_member('"status": "draft"'),
        ALL,
        ['"status": "failed"'],
        '"status" stands twice in entry 3 of its versions (V1)',
        ['V1: "status" stands twice'],
    ),
    "a key twice in its settings": Case(
        GOOD.replace('"network_dim": 4', '"network_dim": 4, "network_dim": 8'),
        ALL,
        ['"network_dim": 4'],
        '"network_dim" stands twice in entry 3',
        ["V1: "],
    ),
    "two lists of versions": Case(
        GOOD.replace("{", f'{{"versions": [{OTHER.replace("job-1", "job-0").replace("V1", "V0")}],', 1),
        ["V3", "V2", "V0", "V1"],
        why='"versions" stands in it twice',
    ),
    "a list in a record's place": Case(
        GOOD.replace(V1, f"[{V1}]"), ALL, why="entry 3 of its versions is a list, not a version"
    ),
    "entries that are no records": Case(
        entry('17, null, "a note", [1, 2]'),
        ALL,
        ["17", "null", '"a note"', "1, 2"],
        "entry 4 of its versions is a number, not a version",
    ),
    "a record without an id": Case(
        GOOD.replace('"id": "job-1-e1",', ""),
        ALL,
        why="entry 3 of its versions (V1) has neither a key nor an id",
        notes=["V1: it has no id, so it gets a key of its own."],
    ),
    "a list without the object around it": Case(f"[{', '.join(RECORDS)}]", ALL, why='no list "versions"'),
    "versions by their names": Case(
        json.dumps({"versions": {"V1": json.loads(V1), "V2": json.loads(V2)}}),
        ["V2", "V1"],
        ['"V1":', '"V2":'],
        'it has no list "versions"',
    ),
    "JSON text in JSON": Case(json.dumps({"versions": GOOD}), ALL, why='it has no list "versions"'),
    "a line for each record": Case("\n".join(one.replace("\n", " ") for one in RECORDS), ALL),
    "another program's file": Case('{"sets": [{"id": 1, "filenames": []}]}', [], ['"sets"'], "no list"),
    "a web page": Case("<html>502 Bad Gateway</html>", [], ["<html>502 Bad Gateway</html>"]),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "styles" / FOLDER).mkdir(parents=True)
    return tmp_path / "styles"


@pytest.fixture
def paper(root: Path) -> Iterator[TrainingLab]:
    with opened_lab(root) as lab:
        yield lab


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all documents that are written from now on."""
    made: list[str] = []
    write = LocalStore.write

    def noted(store: LocalStore, name: str, data: bytes, **arguments: Any) -> Any:
        made.append(name)
        return write(store, name, data, **arguments)

    monkeypatch.setattr(LocalStore, "write", noted)
    return made


def names(lab: TrainingLab) -> list[str]:
    return [version.name for version in lab.versions(FOLDER)]


@pytest.mark.parametrize("document", [LIVE, TRASH])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_damaged_document_is_told_kept_and_repaired_only_on_request(
    root: Path, paper: TrainingLab, writes: list[str], case: Case, document: str
) -> None:
    data = case.text if isinstance(case.text, bytes) else case.text.encode()
    path = root / FOLDER / document
    path.write_bytes(data)
    before = tree(root / FOLDER)
    read = paper.versions if document == LIVE else paper.trash

    with pytest.raises(DamagedDocumentError) as told:
        read(FOLDER)
    assert case.why in told.value.why
    assert str(told.value).startswith(f"{FOLDER}/{document} cannot be read ({told.value.why}). It was left")

    damage = paper.damage(FOLDER)
    assert damage is not None
    assert (damage.document, damage.is_trash) == (f"{FOLDER}/{document}", document == TRASH)
    assert damage.why == told.value.why
    assert [one["name"] for one in damage.proposal.records] == case.found
    rest = "\n".join(damage.proposal.not_understood)
    assert bool(rest) == bool(case.said)
    assert [piece for piece in case.said if piece not in rest] == []
    assert len(damage.proposal.notes) == len(case.notes)
    for start, note in zip(case.notes, damage.proposal.notes, strict=True):
        assert note.startswith(start)
    assert paper.damage(FOLDER) == damage
    for own in RECORDS:  # by its own text: with every digit, in the layout that it had
        if isinstance(case.text, str) and own in case.text:
            assert own.removesuffix("\n    }") in damage.proposal.data.decode() or own in rest

    assert writes == []
    assert tree(root / FOLDER) == before

    paper.accept_salvage(damage)

    assert [version.name for version in read(FOLDER)] == case.found
    assert len({version.key for version in read(FOLDER)}) == len(case.found)
    assert (root / damage.copy).read_bytes() == data
    assert paper.damage(FOLDER) is None
    assert sorted(tree(root / FOLDER)) == sorted(before)


def test_what_has_a_wrong_type_is_not_recorded_and_nothing_of_it_is_lost(
    root: Path, paper: TrainingLab
) -> None:
    own = '{"id": 5, "name": ["V1"], "status": 5, "parameters": [], "timestamp": {}, "isGood": "yes", "x": 1e400}'
    path = root / FOLDER / LIVE
    path.write_text(f'{{"versions": [{own}, {V2}]}}')

    odd, _ = paper.versions(FOLDER)
    assert paper.damage(FOLDER) is None
    assert (odd.status, odd.created_at, odd.is_good, odd.name) == (None, None, False, "5")
    assert odd.parameters.network_dim is None

    paper.describe(FOLDER, "5", "mine")
    assert own[:-1] in path.read_text()
    paper.delete(FOLDER, "5")
    paper.restore(FOLDER, "5")
    assert own[:-1] in path.read_text()
    assert V2 in path.read_text()


# Until the user accepts


def draft(lab: TrainingLab) -> object:
    return lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET)


REFUSED: dict[str, Callable[[TrainingLab], object]] = {
    "versions": lambda lab: lab.versions(STYLE),
    "version": lambda lab: lab.version(STYLE, "V1"),
    "has_version": lambda lab: lab.has_version(STYLE, "k"),
    "next_name": lambda lab: lab.next_name(STYLE),
    "save_draft": draft,
    "revise_draft": lambda lab: lab.revise_draft(STYLE, "V1", parameters=PARAMETERS),
    "start": started,
    "start_draft": lambda lab: lab.start_draft(STYLE, "V1"),
    "rename": lambda lab: lab.rename(STYLE, "V1", "other"),
    "describe": lambda lab: lab.describe(STYLE, "V1", "a note"),
    "mark_good": lambda lab: lab.mark_good(STYLE, "V1", True),
    "delete": lambda lab: lab.delete(STYLE, "V1"),
    "restore": lambda lab: lab.restore(STYLE, "V1"),
    "trash": lambda lab: lab.trash(STYLE),
    "check_status": lambda lab: lab.check_status(STYLE, "V1"),
    "cancel": lambda lab: lab.cancel(STYLE, "V1"),
    "attach_job": lambda lab: lab.attach_job(STYLE, "V1", "job"),
    "give_up": lambda lab: lab.give_up(STYLE, "V1"),
    "plan_model_sync": lambda lab: lab.plan_model_sync(STYLE),
}


def test_nothing_is_written_and_nothing_sent_before_the_user_accepts(
    bench: Bench, lab: TrainingLab, writes: list[str]
) -> None:
    version = started(lab)
    job = bench.runpod.job_of(version)
    lab.refresh()
    sent = bench.runpod.count("run")
    whole = bench.history_file.read_bytes()
    bench.history_file.write_bytes(whole[:-20])
    before = tree(bench.history_file.parent)
    writes.clear()

    for verb, call in REFUSED.items():
        with pytest.raises(DamagedDocumentError, match="was left as it is; look at the proposed repair"):
            pytest.fail(f"{verb} answered {call(lab)}")

    bench.runpod.trainer.complete(job)
    bench.clock.advance(minutes=1)
    lab.monitor.turn()
    lab.refresh()
    lab.running(), lab.styles(), lab.style(STYLE), lab.etag(STYLE), lab.images(STYLE), lab.damage(STYLE)
    lab.receive_webhook(json.dumps({"id": job, "status": "COMPLETED"}).encode(), version.request_id)
    lab.monitor.turn()

    assert writes == []
    assert tree(bench.history_file.parent) == before
    assert not (bench.folder / "styles" / ".lora_lab" / "damaged").exists()
    assert bench.runpod.count("run") == sent

    damage = lab.damage(STYLE)
    assert damage is not None
    lab.accept_salvage(damage)
    assert writes == [damage.copy, damage.document]
    lab.refresh()
    assert lab.version(STYLE, "V1").status is VersionStatus.COMPLETED


def test_a_damaged_trash_stops_what_would_need_it_and_no_look_at_the_history(
    bench: Bench, lab: TrainingLab, writes: list[str]
) -> None:
    draft(lab)
    trash = bench.history_file.with_name(TRASH)
    trash.write_text("[")
    before = tree(trash.parent)
    writes.clear()

    assert [version.name for version in lab.versions(STYLE)] == ["V1"]
    for call in (lab.trash, lambda style: lab.delete(style, "V1"), lambda style: lab.restore(style, "V1")):
        with pytest.raises(DamagedDocumentError, match=TRASH):
            call(STYLE)
    with pytest.raises(DamagedDocumentError, match=TRASH):
        draft(lab)

    assert writes == []
    assert tree(trash.parent) == before


@pytest.mark.parametrize("document", [LIVE, TRASH])
def test_a_damaged_style_stops_no_other_one(bench: Bench, lab: TrainingLab, document: str) -> None:
    other = lab.create_style("Second")
    shutil.copytree(bench.history_file.parent, bench.folder / "styles" / other.folder, dirs_exist_ok=True)
    (bench.folder / "styles" / other.folder / "style.json").unlink()
    (bench.folder / "styles" / other.folder / document).write_text('{"versions": [17]}')

    version = started(lab)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    checks = lab.refresh()

    assert [check.version.status for check in checks] == [VersionStatus.COMPLETED]
    assert len(lab.styles()) == 2
    assert lab.delete(STYLE, "V1").is_in_trash
    assert lab.damage(other.id) is not None
    with pytest.raises(DamagedDocumentError, match="entry 1 of its versions is a number"):
        lab.start(other.id, parameters=PARAMETERS, selection_set_id=SET)


# Accepting


class Shop:
    """Histories over a store at whose writes somebody else does something."""

    def __init__(self, root: Path) -> None:
        self.store = HookedStore(root)
        self.histories = Histories(self.store, wait=lambda _: None)
        self.path = root / FOLDER / LIVE
        self.path.parent.mkdir(parents=True)

    def damage(self, text: str) -> Any:
        self.path.write_text(text)
        damage = self.histories.damage(FOLDER)
        assert damage is not None
        return damage

    def aside(self) -> list[str]:
        folder = self.store.root / ".lora_lab" / "damaged"
        return sorted(one.read_text() for one in folder.iterdir()) if folder.exists() else []

    def at_the_rename_of_the_history(self, act: Callable[[], object]) -> None:
        def look(name: str) -> None:
            if name.endswith(LIVE):
                act()
            else:
                self.store.before_rename = look

        self.store.before_rename = look


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "root")


def test_a_file_that_is_damaged_in_another_way_meanwhile_stays_and_both_are_kept(shop: Shop) -> None:
    first, second = GOOD[:-60], GOOD[:-90]
    damage = shop.damage(first)
    shop.at_the_rename_of_the_history(lambda: shop.path.write_text(second))

    with pytest.raises(StoreConflictError, match="has changed meanwhile; look at it again"):
        shop.histories.accept(damage)

    assert shop.path.read_text() == second
    assert shop.aside() == sorted([first, second])
    again = shop.histories.damage(FOLDER)
    assert again is not None and again.original == second.encode()


def test_a_file_that_is_another_one_before_the_acceptance_stays_as_it_is(shop: Shop) -> None:
    damage = shop.damage(GOOD[:-60])
    shop.path.write_text(GOOD[:-90])

    with pytest.raises(StoreConflictError, match="has changed meanwhile; look at it again"):
        shop.histories.accept(damage)
    shop.path.unlink()
    with pytest.raises(StoreConflictError):
        shop.histories.accept(damage)

    assert shop.aside() == []


def test_a_file_that_heals_meanwhile_comes_back_whole(shop: Shop) -> None:
    damage = shop.damage(GOOD[:-60])
    shop.at_the_rename_of_the_history(lambda: shop.path.write_text(GOOD))

    shop.histories.accept(damage)

    assert shop.path.read_text() == GOOD
    assert shop.histories.damage(FOLDER) is None


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("hook", ["before_write", "before_rename", "after_write"])
def test_a_crash_while_the_original_is_kept_leaves_it_in_its_place(shop: Shop, hook: str) -> None:
    damage = shop.damage(GOOD[:-60])

    def crash(_: str) -> None:
        raise Crash

    setattr(shop.store, hook, crash)
    with pytest.raises(Crash):
        shop.histories.accept(damage)

    assert shop.path.read_text() == GOOD[:-60]
    shop.histories.accept(damage)
    assert [record["name"] for record in shop.histories.live(FOLDER).records] == ["V3", "V2"]
    assert shop.aside() == [GOOD[:-60]]


def test_a_crash_before_the_repair_is_in_place_leaves_the_original_in_its_place(shop: Shop) -> None:
    damage = shop.damage(GOOD[:-60])

    def crash() -> None:
        raise Crash

    shop.at_the_rename_of_the_history(crash)
    with pytest.raises(Crash):
        shop.histories.accept(damage)

    assert shop.path.read_text() == GOOD[:-60]
    assert shop.aside() == [GOOD[:-60]]


def test_a_copy_that_was_changed_since_is_made_again(shop: Shop) -> None:
    damage = shop.damage("[")
    shop.histories.accept(damage)
    (shop.store.root / damage.copy).write_text("changed")

    shop.histories.accept(shop.damage("["))

    assert shop.aside() == ["["]


def test_an_odd_file_that_was_written_beside_our_change_keeps_both_and_is_told(shop: Shop) -> None:
    shop.path.write_text(GOOD)
    odd = entry("[17]")
    shop.store.before_rename = lambda _: shop.path.write_text(odd)

    after = shop.histories.update(FOLDER, lambda document: document.patched("job-1-e1", {"isGood": True}))

    assert after.record("job-1-e1")["isGood"] is True  # type: ignore[index]
    assert "[17]" in shop.path.read_text()
    with pytest.raises(DamagedDocumentError, match="entry 4 of its versions is a list, not a version"):
        shop.histories.live(FOLDER)


# With the lab's own copy


def test_what_the_lab_wrote_itself_is_proposed_whole_though_the_file_is_cut(
    root: Path, paper: TrainingLab
) -> None:
    for _ in range(3):
        paper.save_draft(FOLDER, parameters=PARAMETERS)
    paper.delete(FOLDER, "V2")
    before = paper.versions(FOLDER)
    path = root / FOLDER / LIVE
    whole = path.read_text()
    path.write_text(whole[: whole.index('"V1"')])

    damage = paper.damage(FOLDER)

    assert damage is not None
    assert list(damage.proposal.records) == [version.raw for version in before]
    assert damage.proposal.notes == (
        "V1: it is not whole in the file, so it is taken from the lab's own copy of what it last wrote.",
    )
    paper.accept_salvage(damage)
    assert names(paper) == ["V3", "V1"]
    assert path.read_text() == whole


def test_a_repair_survives_a_restart(root: Path, paper: TrainingLab) -> None:
    (root / FOLDER / LIVE).write_text(GOOD[:-60])
    damage = paper.damage(FOLDER)
    assert damage is not None
    paper.accept_salvage(damage)

    with TrainingLab(paper.settings, wait=lambda _: None) as again:
        assert names(again) == ["V3", "V2"]
        with pytest.raises(StoreError):
            again.accept_salvage(damage)
        assert names(again) == ["V3", "V2"]
