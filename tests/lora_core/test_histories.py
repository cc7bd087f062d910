"""Histories: changed by compare and swap, beside a system that writes the same file in place."""

import json
from pathlib import Path

import pytest

from lora_core.document import EMPTY, HistoryDocument
from lora_core.errors import DamagedDocumentError, NameTakenError, StoreConflictError
from lora_core.histories import LIVE, TRASH, Change, Histories
from tests.lora_core.storage import HookedStore, copied_styles, tree

FOLDER = "7_paper_cut"
NAME = f"{FOLDER}/{LIVE}"


class Lab:
    """Histories over a store with hooks, and a wait that can do something meanwhile."""

    def __init__(self, root: Path) -> None:
        self.store = HookedStore(copied_styles(root))
        self.path = root / NAME
        self.waited: list[float] = []
        self.meanwhile: list[bytes] = []
        """What somebody else writes in place, one per wait."""
        self.histories = Histories(self.store, wait=self._wait)

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self.meanwhile:
            self.path.write_bytes(self.meanwhile.pop(0))

    def names(self) -> list[str]:
        return [record["name"] for record in json.loads(self.path.read_bytes())["versions"]]

    def add(self, name: str) -> HistoryDocument:
        return self.histories.update(FOLDER, adding(name))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "root")


def adding(name: str) -> Change:
    """Adds a record once."""

    def change(document: HistoryDocument) -> HistoryDocument:
        return document if document.record(name) else document.inserted({"id": name, "name": name})

    return change


def history(*names: str) -> bytes:
    return json.dumps({"versions": [{"id": name, "name": name} for name in names]}, indent=2).encode()


OLD = ["V4", "V3", "V2", "style_7_vV1.safetensors"]


def test_a_style_without_a_file_has_an_empty_history(lab: Lab) -> None:
    assert lab.histories.live("9_new").entries == ()
    assert lab.histories.trash(FOLDER).data == EMPTY
    assert lab.histories.damage("9_new") is None
    assert not (lab.store.root / "9_new").exists()


def test_a_change_is_written_and_answered(lab: Lab) -> None:
    document = lab.add("new")

    assert lab.names() == ["new", *OLD]
    assert document.data == lab.path.read_bytes()
    assert lab.histories.live(FOLDER) is document


def test_the_trash_has_a_file_of_its_own(lab: Lab) -> None:
    lab.histories.update(FOLDER, adding("gone"), document=TRASH)

    assert lab.names() == OLD
    assert lab.histories.trash(FOLDER).record("gone") == {"id": "gone", "name": "gone"}


def test_a_change_that_changes_nothing_writes_nothing(lab: Lab) -> None:
    before = tree(lab.path.parent), lab.path.stat().st_ino

    lab.histories.update(FOLDER, lambda document: document)
    lab.histories.update(FOLDER, lambda document: document.patched("style_7_vV1", {"status": "completed"}))
    lab.histories.update("9_new", lambda document: document)

    assert (tree(lab.path.parent), lab.path.stat().st_ino) == before
    assert lab.store.writes == []


def test_a_change_twice_is_there_once(lab: Lab) -> None:
    lab.add("new")
    written = lab.path.stat().st_ino

    lab.add("new")

    assert lab.names() == ["new", *OLD]
    assert lab.path.stat().st_ino == written


def test_after_a_conflict_the_change_is_applied_to_what_is_there_then(lab: Lab) -> None:
    def other(_: str) -> None:
        lab.path.write_bytes(history("theirs"))

    lab.store.before_write = other
    lab.add("ours")

    assert lab.names() == ["ours", "theirs"]
    assert len(lab.waited) == 1


def test_whoever_is_always_slower_is_told_so_after_twenty_tries(lab: Lab) -> None:
    count = 0

    def faster(_: str) -> None:
        nonlocal count
        count += 1
        lab.path.write_bytes(history(f"theirs {count}"))
        lab.store.before_write = faster

    lab.store.before_write = faster
    with pytest.raises(StoreConflictError, match=r"nothing was saved\. Try again"):
        lab.add("ours")

    assert count == 20
    assert lab.names() == ["theirs 20"]
    assert all(0 <= seconds < 1 for seconds in lab.waited)


def test_a_refused_change_writes_nothing(lab: Lab) -> None:
    before = tree(lab.store.root / FOLDER)

    def refuse(_: HistoryDocument) -> HistoryDocument:
        raise NameTakenError("taken")

    with pytest.raises(NameTakenError):
        lab.histories.update(FOLDER, refuse)
    assert tree(lab.store.root / FOLDER) == before


def test_the_etag_changes_with_history_and_trash(lab: Lab) -> None:
    seen = {lab.histories.etag(FOLDER)}
    lab.add("new")
    seen.add(lab.histories.etag(FOLDER))
    lab.histories.update(FOLDER, adding("gone"), document=TRASH)
    seen.add(lab.histories.etag(FOLDER))
    lab.path.write_bytes(history("theirs"))
    seen.add(lab.histories.etag(FOLDER))

    assert len(seen) == 4


# Half a file


def test_a_half_written_file_is_read_when_the_old_system_has_finished_it(lab: Lab) -> None:
    whole = history("one", "two")
    lab.path.write_bytes(b"")
    lab.meanwhile = [whole[:20], whole[:60], whole]

    assert [record["name"] for record in lab.histories.live(FOLDER).records] == ["one", "two"]
    assert len(lab.waited) == 3


def test_a_half_written_file_that_is_taken_away_reads_as_empty(lab: Lab) -> None:
    lab.path.write_bytes(b"{")
    lab.histories = Histories(lab.store, wait=lambda _: lab.path.unlink(missing_ok=True))

    assert lab.histories.live(FOLDER).entries == ()


def test_a_file_that_stays_unparsable_for_two_seconds_is_damaged_and_left_alone(lab: Lab) -> None:
    lab.path.write_bytes(b'{"versions": [')
    before = tree(lab.store.root)

    with pytest.raises(DamagedDocumentError, match="was left as it is") as told:
        lab.histories.live(FOLDER)

    assert told.value.document == NAME
    assert 2 <= sum(lab.waited) <= 2.2
    assert tree(lab.store.root) == before


def test_as_long_as_a_file_changes_it_is_not_damaged(lab: Lab) -> None:
    lab.path.write_bytes(b"{")
    lab.meanwhile = [b"{" * (count % 7 + 2) for count in range(100)] + [history("one")]

    assert [record["name"] for record in lab.histories.live(FOLDER).records] == ["one"]


def test_a_damaged_file_is_waited_for_once_and_read_again_when_it_changes(lab: Lab) -> None:
    lab.path.write_bytes(b"{")
    with pytest.raises(DamagedDocumentError):
        lab.histories.live(FOLDER)
    lab.waited.clear()

    with pytest.raises(DamagedDocumentError):
        lab.histories.live(FOLDER)
    with pytest.raises(DamagedDocumentError):
        lab.add("new")
    assert lab.waited == []
    lab.path.write_bytes(history("healed"))
    assert [record["name"] for record in lab.histories.live(FOLDER).records] == ["healed"]
    assert lab.histories.damage(FOLDER) is None


def test_a_change_waits_for_a_half_written_file_too(lab: Lab) -> None:
    lab.path.write_bytes(history("theirs")[:30])
    lab.meanwhile = [history("theirs")]

    lab.add("ours")

    assert lab.names() == ["ours", "theirs"]


@pytest.mark.parametrize("document", [LIVE, TRASH])
def test_what_can_be_saved_is_proposed_and_written_only_when_it_is_accepted(lab: Lab, document: str) -> None:
    path = lab.path.with_name(document)
    whole = (lab.path).read_bytes()
    path.write_bytes(whole[:-900])
    before = tree(lab.store.root)

    damage = lab.histories.damage(FOLDER)
    assert damage is not None
    assert damage.document == f"{FOLDER}/{document}"
    assert len(damage.proposal.records) == 2
    assert tree(lab.store.root) == before

    lab.histories.accept(damage)
    assert json.loads(path.read_bytes())["versions"] == json.loads(whole)["versions"][:2]
    aside = list((lab.store.root / ".lora_lab" / "damaged").iterdir())
    assert [one.read_bytes() for one in aside] == [whole[:-900]]
    assert lab.histories.damage(FOLDER) is None
    assert lab.store.folders() == sorted(["7_paper_cut", "12_night_market", "204_soft_clay"])


def test_a_proposal_for_a_file_that_has_changed_meanwhile_is_not_written(lab: Lab) -> None:
    lab.path.write_bytes(b"{")
    damage = lab.histories.damage(FOLDER)
    assert damage is not None
    lab.path.write_bytes(history("healed"))

    with pytest.raises(StoreConflictError, match="look at it again"):
        lab.histories.accept(damage)
    assert lab.names() == ["healed"]


def test_a_file_that_heals_in_the_moment_of_the_acceptance_wins(lab: Lab) -> None:
    lab.path.write_bytes(b"{")
    damage = lab.histories.damage(FOLDER)
    assert damage is not None

    def heal_at_the_history(name: str) -> None:
        if name == NAME:
            lab.path.write_bytes(history("healed"))
        else:
            lab.store.before_rename = heal_at_the_history

    lab.store.before_rename = heal_at_the_history
    lab.histories.accept(damage)

    assert lab.names() == ["healed"]


def test_accepting_twice_keeps_both_originals(lab: Lab) -> None:
    for content in (b"{", b"{{"):
        lab.path.write_bytes(content)
        damage = lab.histories.damage(FOLDER)
        assert damage is not None
        lab.histories.accept(damage)

    aside = (lab.store.root / ".lora_lab" / "damaged").iterdir()
    assert sorted(one.read_bytes() for one in aside) == [b"{", b"{{"]


# A writer without our lock


def test_what_a_writer_in_place_wrote_between_our_read_and_our_rename_is_merged(lab: Lab) -> None:
    lab.store.before_rename = lambda _: lab.path.write_bytes(history("theirs"))

    document = lab.add("ours")

    assert lab.names() == ["ours", "theirs"]
    assert document.data == lab.path.read_bytes()
    assert lab.histories.live(FOLDER).data == document.data


def test_what_a_writer_in_place_has_only_begun_is_waited_for(lab: Lab) -> None:
    descriptor = lab.path.open("r+b", buffering=0)

    def begin(_: str) -> None:
        descriptor.truncate(0)
        descriptor.write(history("theirs")[:25])

    def go_on(_: float) -> None:
        descriptor.write(history("theirs")[25:])

    lab.histories = Histories(lab.store, wait=go_on)
    lab.store.before_rename = begin
    lab.add("ours")
    descriptor.close()

    assert lab.names() == ["ours", "theirs"]


def test_what_a_writer_in_place_left_half_done_does_not_cost_our_change(lab: Lab) -> None:
    lab.store.before_rename = lambda _: lab.path.write_bytes(b'{"versions": [{"id": "the')

    lab.add("ours")

    assert lab.names() == ["ours", *OLD]
    backups = (lab.store.root / ".lora_lab" / "backups").iterdir()
    assert [one.read_bytes() for one in backups] == [b'{"versions": [{"id": "the']
    assert sum(lab.waited) >= 2


def test_a_change_that_is_refused_on_top_of_what_it_displaced_gives_that_back(lab: Lab) -> None:
    lab.store.before_rename = lambda _: lab.path.write_bytes(history("ours"))
    seen: list[HistoryDocument] = []

    def once(document: HistoryDocument) -> HistoryDocument:
        if document.record("ours"):
            raise NameTakenError("taken")
        seen.append(document)
        return document.inserted({"id": "k", "name": "ours"})

    with pytest.raises(NameTakenError):
        lab.histories.update(FOLDER, once)

    assert len(seen) == 1
    assert lab.path.read_bytes() == history("ours")
    assert [record["id"] for record in lab.histories.live(FOLDER).records] == ["ours"]


def test_a_file_that_appears_where_none_was_is_merged(lab: Lab) -> None:
    lab.path.unlink()
    lab.store.before_rename = lambda _: lab.path.write_bytes(history("theirs"))

    lab.add("ours")

    assert lab.names() == ["ours", "theirs"]


def test_a_writer_in_place_after_our_rename_is_seen_at_the_next_read(lab: Lab) -> None:
    lab.store.after_write = lambda _: lab.path.write_bytes(history("theirs"))
    lab.add("ours")

    assert [record["name"] for record in lab.histories.live(FOLDER).records] == ["theirs"]
    lab.add("ours")
    assert lab.names() == ["ours", "theirs"]
