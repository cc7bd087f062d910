"""A start looks at the files of its set again, and names every one that is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lora_core import IncompleteDatasetError, Style, TrainingBlockedError, TrainingLab, TrainingParameters
from lora_core.datasets import Dataset
from lora_core.finding import DATASET_FIELD, block
from lora_core.missing_files import refuse_incomplete
from lora_core.sets_document import SelectionSet
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench

WHOLE = ("a.jpg", "a.txt", "b.jpg", "b.txt")


def dataset(*, missing: tuple[str, ...] = (), uncaptioned: tuple[str, ...] = ()) -> Dataset:
    return Dataset(
        style=Style("1", "1_ink", "Ink", "tok"),
        selection_set=SelectionSet(1, ("a.jpg", "b.jpg", "c.jpg")),
        missing=missing,
        uncaptioned=uncaptioned,
        unusable_names=(),
        captions_with_trigger_first=0,
    )


@pytest.mark.parametrize(
    ("in_bucket", "missing"),
    [
        (None, None),
        (frozenset(WHOLE), None),
        (frozenset(WHOLE) - {"b.txt"}, ("b.jpg",)),
        (frozenset(WHOLE) - {"a.jpg"}, ("a.jpg",)),
        (frozenset(), ("a.jpg", "b.jpg")),
    ],
    ids=["not known", "both", "no caption", "no picture", "empty"],
)
def test_what_is_not_here_must_be_in_the_bucket_with_its_caption_where_that_is_known(
    in_bucket: frozenset[str] | None, missing: tuple[str, ...] | None
) -> None:
    looked_at = dataset(missing=("a.jpg", "b.jpg"))
    if missing is None:
        refuse_incomplete(looked_at, (), in_bucket)
        return
    with pytest.raises(IncompleteDatasetError) as refused:
        refuse_incomplete(looked_at, (), in_bucket)
    assert refused.value.missing == missing
    assert all(name in str(refused.value) for name in missing)


def test_all_are_named_however_many_the_sentence_names() -> None:
    names = tuple(f"{number}.jpg" for number in range(10))
    finding = block(DATASET_FIELD, "Without a caption.", filenames=names)
    with pytest.raises(IncompleteDatasetError) as refused:
        refuse_incomplete(dataset(uncaptioned=names), (finding,), None)
    assert (refused.value.missing, refused.value.uncaptioned) == ((), names)
    assert refused.value.findings == (finding,)


def test_blocks_about_something_else_are_not_about_files() -> None:
    refuse_incomplete(dataset(), (block("learning_rate", "Too high."),), None)


@pytest.fixture
def folder(bench: Bench, style: Style) -> Path:
    return bench.folder / "styles" / style.folder


Start = Callable[[TrainingLab], object]


def new(lab: TrainingLab) -> object:
    return lab.start(STYLE, parameters=PARAMETERS, selection_set_id=SET)


def of_a_draft(lab: TrainingLab) -> object:
    draft = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET)
    return lab.start_draft(STYLE, draft.key)


@pytest.mark.parametrize("start", [new, of_a_draft])
def test_a_start_without_a_picture_and_a_caption_sends_nothing_and_names_both(
    bench: Bench, lab: TrainingLab, folder: Path, start: Start
) -> None:
    picture, other = sorted(folder.glob("*.jpg"))[:2]
    picture.unlink()
    other.with_suffix(".txt").write_text(" \n")
    with pytest.raises(IncompleteDatasetError) as refused:
        start(lab)
    assert refused.value.uncaptioned == (other.name,)
    assert refused.value.missing in ((picture.name,), ())  # RunPod may find it in the bucket
    assert isinstance(refused.value, TrainingBlockedError)
    assert bench.runpod.count() == 0
    assert not [one for one in lab.versions(STYLE) if one.is_in_flight()]


def test_the_same_start_goes_through_once_its_files_are_there(lab: TrainingLab, folder: Path) -> None:
    caption = min(folder.glob("*.txt"))
    text = caption.read_text()
    caption.unlink()
    with pytest.raises(IncompleteDatasetError):
        new(lab)
    lab.caption(STYLE, caption.with_suffix(".jpg").name, text)
    version = lab.start(STYLE, parameters=TrainingParameters(max_train_steps=100), selection_set_id=SET)
    assert version.dataset is not None
