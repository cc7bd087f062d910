"""Whatever is uploaded in whatever order: nothing that was there is lost unasked, and what is said to be there is."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_core import Incoming, OnConflict, Outcome, TrainingLab
from lora_core.picture_names import same, stem
from tests.lora_core.picture_files import STYLE, files_of, lab_over, picture, zipped

CONTENTS = {colour: picture(colour) for colour in ("red", "green", "blue", "white")}
"""Pictures by name; any other content is the text of a caption."""
TEXTS = ["a cat", "a dog", ""]
STEMS = st.sampled_from(["a", "A", "caf\u00e9", "cafe\u0301", "b (2)", "b"])
FOLDERS = st.sampled_from(["", "x/", "y/"])
FILES = st.one_of(
    st.tuples(FOLDERS, STEMS, st.sampled_from([".jpg", ".JPG", ".png"]), st.sampled_from(sorted(CONTENTS))),
    st.tuples(FOLDERS, STEMS, st.just(".txt"), st.sampled_from(TEXTS)),
).map(lambda parts: ("".join(parts[:3]), parts[3]))
UPLOADS = st.lists(
    st.tuples(st.lists(FILES, max_size=5), st.sampled_from(OnConflict), st.booleans()),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@settings(max_examples=60, deadline=None)
@given(uploads=UPLOADS)
def test_nothing_is_lost_and_what_is_said_is_so(
    home: Path, uploads: list[tuple[list[tuple[str, str]], OnConflict, bool]]
) -> None:
    folder = Path(tempfile.mkdtemp(dir=home))
    with lab_over(folder) as lab:
        for files, on_conflict, is_zip in uploads:
            contents = {name: CONTENTS.get(content, content.encode()) for name, content in files}
            _upload(lab, folder, contents, on_conflict, is_zip=is_zip)


def _upload(
    lab: TrainingLab, folder: Path, files: dict[str, bytes], on_conflict: OnConflict, *, is_zip: bool
) -> None:
    before = files_of(folder)
    incoming = [Incoming(name, data) for name, data in files.items()]
    if is_zip and files:
        incoming = [Incoming("all.zip", zipped(files))]
    results = lab.add_images(STYLE, incoming, on_conflict=on_conflict)
    now = files_of(folder)
    pictures = {name: data for name, data in now.items() if not name.endswith(".txt")}
    assert not [name for name in now if name.startswith(".")]
    assert len({same(stem(name)) for name in pictures}) == len(pictures)
    assert len(set(pictures.values())) == len(pictures)
    assert {stem(name) for name in now if name.endswith(".txt")} <= {stem(name) for name in pictures}
    replaced = {one.stored_as for one in results if one.outcome is Outcome.REPLACED}
    assert not replaced or on_conflict is OnConflict.REPLACE
    for name, data in before.items():
        is_free_to_change = any(stem(name) == stem(one or "") for one in replaced)
        assert is_free_to_change or now[name] == data or not data.strip()
    told = {one.filename: one for one in results}
    for name, data in files.items():
        if name.endswith(".txt"):
            continue
        result = told[name]
        if result.outcome in (Outcome.CONFLICT, Outcome.SKIPPED):
            assert result.stored_as in now
        else:
            assert data in pictures.values()
            assert result.stored_as is not None
