"""Styles of the old system are brought in: byte for byte where they are new, and nothing here is ever changed."""

import hashlib
import itertools
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lora_core import ImportedKind, ImportReport, StyleImport, TrainingLab, json_text
from lora_core.errors import NotAllowedError, NotFoundError
from lora_core.histories import LIVE, TRASH
from lora_core.picture_folder import PictureFolder
from lora_core.stores import LocalStore
from tests.lora_core.storage import FIXTURE_STYLES, opened_lab, tree

JPEG = b"\xff\xd8\xff\xe0 a picture "
SETS = "selection_sets.json"
CUT = "7_paper_cut"
LISTED = json_text.dumps({"files": [{"filename": "paper (1).jpg", "sha256": None}]})
LIST = f"datasets/{hashlib.sha256(LISTED).hexdigest()}.json"
PICTURES = {"paper (1).jpg": JPEG + b"1", "größe.png": b"\x89PNG\r\n\x1a\n", "c.webp": b"RIFF....WEBP"}


@pytest.fixture(scope="session")
def old_system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old system's folder of styles: the three fixtures, one of them with pictures and a trash."""
    root = tmp_path_factory.mktemp("old") / "style_images"
    shutil.copytree(FIXTURE_STYLES, root)
    for name, data in PICTURES.items():
        (root / CUT / name).write_bytes(data)
        (root / CUT / name).with_suffix(".txt").write_text(f"a fox, {name}\n")
    (root / CUT / TRASH).write_bytes(json_text.dumps({"versions": [{"id": "gone-e1", "name": "V0"}]}))
    (root / CUT / "datasets").mkdir()
    (root / CUT / LIST).write_bytes(LISTED)
    (root / ".DS_Store").write_text("junk")
    return root


@pytest.fixture
def source(tmp_path: Path, old_system: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(old_system, tmp_path / "old" / "style_images"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "lab" / "styles"


@pytest.fixture
def lab(root: Path) -> Iterator[TrainingLab]:
    with opened_lab(root) as lab:
        yield lab


def contents(root: Path) -> dict[str, bytes]:
    """All files but the lab's own."""
    files = (path for path in root.rglob("*") if path.is_file())
    named = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if not name.startswith(".")}


def zipped(folder: Path, path: Path, *, within: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{within}{file.relative_to(folder).as_posix()}")
    return path


def of(report: ImportReport, folder: str = CUT) -> StyleImport:
    return next(one for one in report.styles if one.folder == folder)


def versions(folder: Path, name: str = LIVE) -> list[Any]:
    return list(json.loads((folder / name).read_bytes())["versions"])


# New here


def test_a_new_style_comes_in_byte_for_byte(lab: TrainingLab, root: Path, old_system: Path) -> None:
    report = lab.import_folder(old_system)

    assert contents(root) == contents(old_system)
    assert [one.folder for one in report.styles] == ["12_night_market", "204_soft_clay", CUT]
    assert all(one.is_new and one.problem is None for one in report.styles)
    assert {kind: count for kind, count in of(report).added.items() if count} == {
        ImportedKind.VERSION: len(versions(old_system / CUT)),
        ImportedKind.DELETED: 1,
        ImportedKind.SET: 2,
        ImportedKind.PICTURE: 3,
        ImportedKind.CAPTION: 3,
        ImportedKind.FILE_LIST: 1,
    }
    assert [one.name for one in lab.styles()] == ["Paper Cut", "Night Market", "Soft Clay"]
    assert [one.problem for one in lab.styles()] == [None, None, None]
    assert lab.style(12).trigger_token == "SBai_style_12"


def test_repeating_it_changes_nothing(lab: TrainingLab, root: Path, old_system: Path) -> None:
    first = lab.import_folder(old_system)
    before = tree(root)

    second = lab.import_folder(old_system)

    assert tree(root) == before
    assert not second.changes_anything
    assert {kind: count for kind, count in of(second).already_here.items() if count} == {
        kind: count for kind, count in of(first).added.items() if count
    }
    assert of(second).conflicts == of(second).passed_over == ()


def test_the_dry_run_writes_nothing_and_says_what_then_happens(
    lab: TrainingLab, root: Path, old_system: Path
) -> None:
    plan = lab.import_folder(old_system, dry_run=True)

    assert not root.exists()
    done = lab.import_folder(old_system)
    assert done.styles == plan.styles
    assert plan.lines[2] == (
        f"{CUT} (new): {len(versions(old_system / CUT))} versions, 1 deleted version, 2 selection sets, 3 pictures, "
        "3 captions and 1 file list of a training would come in."
    )
    assert done.lines[2].endswith("1 file list of a training came in.")
    assert lab.import_folder(old_system).lines[0] == "12_night_market: nothing is missing here."


@pytest.mark.parametrize("within", ["", "style_images/", "backup/2025/style_images/"])
def test_a_zip_brings_the_same_as_its_folder(
    lab: TrainingLab, root: Path, old_system: Path, tmp_path: Path, within: str
) -> None:
    path = zipped(old_system, tmp_path / "backup.zip", within=within)

    assert lab.import_folder(path, dry_run=True).changes_anything
    lab.import_folder(str(path))

    assert contents(root) == contents(old_system)
    assert not lab.import_folder(path).changes_anything


def test_one_styles_own_folder_or_zip_brings_that_style(
    lab: TrainingLab, root: Path, old_system: Path, tmp_path: Path
) -> None:
    report = lab.import_folder(old_system / CUT)

    assert [one.folder for one in report.styles] == [CUT]
    again = lab.import_folder(zipped(old_system / CUT, tmp_path / f"{CUT}.zip"))
    assert [one.folder for one in again.styles] == [CUT]
    assert not again.changes_anything
    assert contents(root / CUT) == contents(old_system / CUT)


def test_styles_are_found_below_what_is_pointed_at(lab: TrainingLab, source: Path) -> None:
    (source / CUT / "1_drafts").mkdir()
    (source / CUT / "1_drafts" / "a.jpg").write_bytes(JPEG)
    (source.parent / "node_modules" / "3_x").mkdir(parents=True)
    (source.parent / "node_modules" / "3_x" / LIVE).write_text('{"versions": []}')
    (source.parent / "9_only_pictures").mkdir()
    (source.parent / "9_only_pictures" / "a.jpg").write_bytes(JPEG)
    (source.parent / "8_nothing").mkdir()

    report = lab.import_folder(source.parent, dry_run=True)

    assert {one.folder for one in report.styles} == {
        CUT,
        "12_night_market",
        "204_soft_clay",
        "9_only_pictures",
    }


def test_a_folder_of_styles_may_itself_be_called_like_one(lab: TrainingLab, source: Path) -> None:
    backup = source.rename(source.parent / "2025_backup")
    (backup / "overview.jpg").write_bytes(JPEG)

    assert {one.folder for one in lab.import_folder(backup, dry_run=True).styles} == {
        *(CUT, "12_night_market", "204_soft_clay")
    }


def test_where_no_style_is_the_report_says_what_one_looks_like(
    lab: TrainingLab, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(JPEG)

    report = lab.import_folder(tmp_path / "photos")

    assert report.styles == ()
    assert "No style was found" in report.lines[0]
    assert not root.exists()


@pytest.mark.parametrize("name", ["gone", "gone.zip", "a\0b", "~nobody-of-this-name/x"])
def test_a_path_that_is_not_there_is_said_so(lab: TrainingLab, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="There is no folder or ZIP"):
        lab.import_folder(name if name.startswith("~") else tmp_path / name)


def test_the_labs_own_folder_is_not_imported_into_itself(
    lab: TrainingLab, root: Path, old_system: Path
) -> None:
    lab.import_folder(old_system)

    for path in (root, root / CUT):
        with pytest.raises(NotAllowedError, match="the lab's own folder"):
            lab.import_folder(path)
    assert lab.import_folder(root.parent.parent).styles == ()


# Here already


def test_what_a_style_lacks_is_added_and_what_it_has_is_left_as_it_is(
    lab: TrainingLab, root: Path, source: Path
) -> None:
    lab.import_folder(source)
    folder, old = root / CUT, source / CUT
    kept = versions(folder)
    lab.save_selection_set(7, ["paper (1).jpg"])
    lab.describe(7, kept[0]["id"], "what I think of it")
    lab.delete(7, kept[1]["id"])
    before = contents(folder)
    new = {"id": "new-e1", "name": "V99", "timestamp": "2020-01-01T00:00:00.000Z", "x": 1e-5}
    (old / LIVE).write_text(json.dumps({"versions": [*versions(old), new]}))
    (old / "paper (1).jpg").write_bytes(JPEG + b"another")
    (old / "paper (1).txt").write_text("another caption")
    (old / "new.jpg").write_bytes(JPEG)
    (old / SETS).write_text(
        json.dumps({"sets": [{"id": 1, "filenames": ["x.jpg"]}, {"id": "4", "filenames": ["y.jpg"], "z": 1}]})
    )

    plan = lab.import_folder(source, dry_run=True)
    report = lab.import_folder(source)

    one = of(report)
    assert report.styles == plan.styles
    assert {kind: count for kind, count in one.added.items() if count} == {
        ImportedKind.VERSION: 1,
        ImportedKind.SET: 1,
        ImportedKind.PICTURE: 1,
    }
    assert one.conflicts == (
        "paper (1).jpg is another file here; it was left as it is.",
        "Selection set 1 is another one here; it was left as it is.",
        f"{kept[0]['name']} is another here in description; it was left as it is.",
    )
    assert one.passed_over == ("paper (1).txt: It belongs to a picture that did not come in.",)
    after = contents(folder)
    assert {name: after[name] for name in before if name not in (LIVE, SETS)} == {
        name: data for name, data in before.items() if name not in (LIVE, SETS)
    }
    there = [record["id"] for record in versions(folder)]
    assert there == [record["id"] for record in kept if record["id"] != kept[1]["id"]] + ["new-e1"]
    assert b"1e-05" in after[LIVE]
    assert [one.id for one in lab.selection_sets(7)] == [1, 2, 3, 4]
    assert b'"z": 1' in after[SETS]
    now = tree(root)
    assert not lab.import_folder(source).changes_anything
    assert tree(root) == now


def test_a_version_that_went_on_elsewhere_is_told_and_left_as_it_is(
    lab: TrainingLab, root: Path, source: Path
) -> None:
    lab.import_folder(source)
    before = tree(root / CUT)
    records = versions(source / CUT)
    records[0] |= {"status": "failed", "lastSynced": "2026-01-01T00:00:00.000Z"}
    (source / CUT / LIVE).write_text(json.dumps({"versions": records}))

    report = lab.import_folder(source)

    assert of(report).conflicts == (f"{records[0]['name']} is another here in status; it was left as it is.",)
    assert tree(root / CUT) == before


def test_another_style_that_has_the_id_keeps_it(lab: TrainingLab, root: Path, old_system: Path) -> None:
    own = lab.create_style("Woodcut", 7)
    before = tree(root)

    report = lab.import_folder(old_system / CUT)

    assert of(report).problem is not None
    assert "The id 7 is 7_woodcut's here. Nothing of the folder was brought in" in report.lines[-1]
    assert tree(root) == before
    assert lab.style(7) == own


def test_a_claimed_id_whose_folder_is_not_made_yet_is_kept_for_it(
    lab: TrainingLab, root: Path, old_system: Path
) -> None:
    claims = root / ".lora_lab" / "style_ids"
    claims.mkdir(parents=True)
    (claims / "7").write_text('{"folder": "7_woodcut", "name": "Woodcut"}')

    for is_dry_run in (True, False):
        assert "given to another style here" in (
            of(lab.import_folder(old_system, dry_run=is_dry_run)).problem or ""
        )
    assert not (root / CUT).exists()


def test_an_id_that_came_in_is_not_given_to_a_new_style(lab: TrainingLab, old_system: Path) -> None:
    lab.import_folder(old_system)

    assert lab.create_style("Ink").id == "205"


def test_two_folders_of_one_id_are_told_apart_before_they_come_in(
    lab: TrainingLab, root: Path, source: Path
) -> None:
    shutil.copytree(source / CUT, source / "7_paper_cut_backup")

    report = lab.import_folder(source)

    assert [one.folder for one in report.styles if one.problem] == [CUT, "7_paper_cut_backup"]
    assert "Two folders of the source have the id 7" in (of(report).problem or "")
    assert sorted(path.name for path in root.iterdir() if path.name[0] != ".") == [
        "12_night_market",
        "204_soft_clay",
    ]


def test_the_name_and_trigger_that_a_style_has_here_stay(lab: TrainingLab, source: Path) -> None:
    (source / CUT / "style.json").write_text('{"id": 7, "name": "Scherenschnitt", "triggerToken": "cut7"}')
    report = lab.import_folder(source)
    assert lab.style(7).name == "Scherenschnitt"
    assert "and its name and trigger token came in" in report.lines[2]
    lab.rename_style(7, "Paper")

    again = lab.import_folder(source)

    assert of(again).conflicts == ("Its name or trigger token is another one here; it was left as it is.",)
    assert lab.style(7).name == "Paper"


def test_a_style_without_a_file_of_its_own_keeps_its_name_and_trigger(
    lab: TrainingLab, root: Path, source: Path
) -> None:
    lab.import_folder(source)
    assert not (root / CUT / "style.json").exists()
    before = lab.style(7)
    (source / CUT / "style.json").write_text('{"id": 7, "name": "Scherenschnitt", "triggerToken": "cut7"}')

    report = lab.import_folder(source)

    assert of(report).conflicts == ("Its name or trigger token is another one here; it was left as it is.",)
    assert lab.style(7) == before


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_picture_does_not_come_in_beside_what_is_not_its_own(
    lab: TrainingLab, root: Path, source: Path, is_dry_run: bool
) -> None:
    lab.import_folder(source)
    for name, text in {"other.txt": "an owl", "bare.txt": "a hen", "own.txt": "a fox"}.items():
        (root / CUT / name).write_text(text)
    (root / CUT / "twin.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for stem in ("other", "bare", "own", "twin"):
        (source / CUT / f"{stem}.jpg").write_bytes(JPEG)
    for stem in ("other", "own", "twin"):
        (source / CUT / f"{stem}.txt").write_text("a fox")

    report = of(lab.import_folder(source, dry_run=is_dry_run))

    assert report.conflicts == (
        "bare.jpg: another caption bare.txt is here; it was left behind.",
        "other.jpg: another caption other.txt is here; it was left behind.",
        "twin.jpg: another picture twin.png is here, with the caption's name; it was left behind.",
    )
    assert report.added[ImportedKind.PICTURE] == 1
    there = {path.name for path in (root / CUT).iterdir()}
    assert not there & {"other.jpg", "bare.jpg", "twin.jpg", "twin.txt"}
    assert ("own.jpg" in there) is not is_dry_run


# What does not come in


def test_links_pipes_and_what_is_no_picture_are_passed_over_and_named(
    lab: TrainingLab, root: Path, source: Path, tmp_path: Path
) -> None:
    old, secret = source / CUT, tmp_path / "secret.jpg"
    secret.write_bytes(JPEG + b"secret")
    (old / "link.jpg").symlink_to(secret)
    (source / "3_linked").symlink_to(old)
    os.mkfifo(old / "pipe.jpg")
    (old / "web.jpg").write_bytes(b"<html>")
    (old / "web.txt").write_text("a page")
    (old / "long.txt").write_text("x" * 70_000)
    (old / "a#b.jpg").write_bytes(JPEG)
    (old / "style.json").write_text("[]")
    (old / "datasets" / f"{'f' * 64}.json").write_text("{}")
    (old / "model.safetensors").write_bytes(b"model")
    (old / "c.TXT").write_text("the trainer reads no such name")
    before = contents(old_copy(source, tmp_path))

    report = lab.import_folder(source)

    told = "\n".join(of(report).passed_over)
    for words in (
        "link.jpg: It is a link",
        "pipe.jpg: It is no regular file",
        "web.jpg: It is no picture, whatever its name says.",
        "web.txt: It belongs to a picture that did not come in.",
        "long.txt: It is larger than 64 kB",
        "a#b.jpg: Its name holds #",
        "style.json: It is no JSON object.",
        f"{'f' * 64}.json: It is not what its name says.",
        "Of no use to a style, so left behind: c.TXT, model.safetensors.",
    ):
        assert words in told
    assert report.lines[0] == "3_linked: It is a link; copy what it leads to, then import again."
    assert not (root / "3_linked").exists()
    assert {f"{CUT}/{name}" for name in contents(root / CUT)} == set(before)


def test_a_style_whose_folder_cannot_be_read_is_said_so(
    lab: TrainingLab, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith(CUT):
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr("lora_core.import_sources.os.scandir", refuse)

    report = lab.import_folder(source, dry_run=True)

    assert of(report).passed_over == ("The folder cannot be read; it was passed over.",)
    assert len(report.styles) == 3


def test_a_file_that_appears_here_just_then_is_not_overwritten(
    lab: TrainingLab, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = PictureFolder.put

    def put(folder: PictureFolder, name: str, *arguments: Any, **named: Any) -> None:
        (folder.path / name).write_bytes(JPEG if name == "paper (1).jpg" else PICTURES[name])
        really(folder, name, *arguments, **named)

    monkeypatch.setattr(PictureFolder, "put", put)

    one = of(lab.import_folder(source))

    assert one.conflicts == ("paper (1).jpg is another file here; it was left as it is.",)
    assert one.already_here[ImportedKind.PICTURE] == 2
    assert (root / CUT / "paper (1).jpg").read_bytes() == JPEG
    assert not (root / CUT / "paper (1).txt").exists()


def old_copy(source: Path, tmp_path: Path) -> Path:
    """What of the source is to come in of the style."""
    kept = tmp_path / "kept"
    for name in (
        *PICTURES,
        *(Path(name).with_suffix(".txt").name for name in PICTURES),
        LIVE,
        TRASH,
        SETS,
        LIST,
    ):
        (kept / CUT / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / CUT / name, kept / CUT / name)
    return kept


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("../7_paper_cut/a.jpg", JPEG),
        ("7_paper_cut/../../a.jpg", JPEG),
        ("/7_paper_cut/a.jpg", JPEG),
        ("7_paper_cut\\..\\..\\a.jpg", JPEG),
        ("7_paper_cut/a.jpg", JPEG + b"\0" * 30_000_000),
    ],
)
def test_a_zip_that_tricks_leaves_nothing_behind(
    lab: TrainingLab, root: Path, tmp_path: Path, path: str, data: bytes
) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path, data)
        archive.writestr("7_paper_cut/b.jpg", JPEG)

    lab.import_folder(tmp_path / "x.zip")

    assert contents(root) == {f"{CUT}/b.jpg": JPEG}
    assert sorted(one.name for one in root.parent.iterdir()) == ["styles"]


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04", JPEG])
def test_a_file_that_is_no_zip_is_said_so(lab: TrainingLab, root: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)

    with pytest.raises(NotAllowedError, match="was not imported"):
        lab.import_folder(tmp_path / "x.zip")
    assert not root.exists()


# Damaged files


def test_a_damaged_history_comes_in_as_it_is_and_its_repair_is_proposed(
    lab: TrainingLab, root: Path, source: Path
) -> None:
    (source / CUT / LIVE).write_bytes((source / CUT / LIVE).read_bytes()[:-40])

    report = lab.import_folder(source)

    assert of(report).added[ImportedKind.DAMAGED] == 1
    assert (root / CUT / LIVE).read_bytes() == (source / CUT / LIVE).read_bytes()
    assert lab.damage(7) is not None
    before = tree(root)
    assert not lab.import_folder(source).changes_anything
    assert tree(root) == before


@pytest.mark.parametrize("name", [LIVE, TRASH, SETS])
@pytest.mark.parametrize("where", ["source", "here"])
def test_nothing_is_merged_with_a_damaged_file(
    lab: TrainingLab, root: Path, source: Path, name: str, where: str
) -> None:
    lab.import_folder(source)
    ((source if where == "source" else root) / CUT / name).write_text("{")
    before = contents(root)

    one = of(lab.import_folder(source))

    assert contents(root) == before
    assert "cannot be read" in "".join((*one.conflicts, *one.passed_over))


def test_a_history_that_is_just_being_written_is_read_again(root: Path, source: Path) -> None:
    whole = (source / CUT / LIVE).read_bytes()
    (source / CUT / LIVE).write_bytes(whole[:50])

    with opened_lab(root) as lab:
        lab._imports._wait = lambda _: (source / CUT / LIVE).write_bytes(whole)  # type: ignore[assignment,return-value]
        lab.import_folder(source)

    assert (root / CUT / LIVE).read_bytes() == whole


# Cut off


class Killed(BaseException):
    """As if the process ended there."""


def killing(count: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Ends the import at its write number `count`, before or after it in turns; answers how many there were."""
    done = 0

    def wrapped(really: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == count:
                if count % 2:
                    really(*arguments, **named)
                raise Killed
            return really(*arguments, **named)

        return write

    monkeypatch.setattr(LocalStore, "write", wrapped(LocalStore.write))
    for name in ("put", "put_caption"):
        monkeypatch.setattr(PictureFolder, name, wrapped(getattr(PictureFolder, name)))
    return lambda: done


def test_an_import_that_is_cut_off_anywhere_is_finished_by_repeating_it(
    tmp_path: Path, old_system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = old_system / CUT
    whole = {f"{CUT}/{name}": data for name, data in contents(source).items()}
    for count in itertools.count(1):
        root = tmp_path / str(count) / "styles"
        with monkeypatch.context() as patched, opened_lab(root) as lab, suppress(Killed):
            writes = killing(count, patched)
            lab.import_folder(source)
        assert contents(root).items() <= whole.items()
        with opened_lab(root) as lab:
            lab.import_folder(source)
        assert contents(root) == whole
        if writes() < count:
            break
    assert count > 10
