"""A ZIP is read in bounds, whatever its headers claim."""

import stat
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_core.archives import Archive, ArchiveError, Bounds
from tests.lora_core.picture_files import picture, zipped


def read_all(data: bytes, bounds: Bounds | None = None) -> dict[str, bytes]:
    with Archive(data, bounds) as archive:
        return {entry.path: archive.read(entry) for entry in archive.entries}


def told_of(data: bytes, bounds: Bounds | None = None) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_all(data, bounds)
    return str(caught.value)


def with_entry(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.jpg")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def locked(data: bytes) -> bytes:
    """With the bit set, in both headers, that says that a password is needed."""
    changed = bytearray(data)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[changed.index(mark) + at] |= 1
    return bytes(changed)


def claiming(data: bytes, size: int) -> bytes:
    """With another uncompressed size in both headers."""
    changed = bytearray(data)
    for mark, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", changed, changed.index(mark) + at, size)
    return bytes(changed)


def test_files_are_read_with_their_folders_and_what_systems_add_is_left_out() -> None:
    files = {
        "x/a.jpg": b"1",
        "x/": b"",
        "__MACOSX/x/._a.jpg": b"2",
        "x/.DS_Store": b"3",
        "Thumbs.db": b"4",
        "b é (2).txt": b"5",
    }
    assert read_all(zipped(files)) == {"x/a.jpg": b"1", "b é (2).txt": b"5"}


@pytest.mark.parametrize("source", ["bytes", "file", "path"])
def test_it_may_be_bytes_an_open_file_or_a_path(tmp_path: Path, source: str) -> None:
    data = zipped({"a.jpg": b"1"})
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    given_as = {"bytes": data, "file": BytesIO(data), "path": path}[source]
    with Archive(given_as) as archive:
        assert archive.read(archive.entries[0]) == b"1"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no ZIP"),
        (b"PK\3\4 and no more", "no ZIP"),
        (zipped({"a.jpg": b"1" * 100})[:-30], "no ZIP"),
        (zipped({f"{number}.jpg": b"" for number in range(11)}), "more than 10 files"),
        (locked(zipped({"a.jpg": b"1"})), "password"),
        (with_entry(link(), b"/etc/passwd"), "link"),
        (zipped({"../a.jpg": b"1"}), "leads out"),
        (zipped({"/a.jpg": b"1"}), "leads out"),
        (zipped({"C:\\a.jpg": b"1"}), "leads out"),
        (zipped({"a.zip": zipped({"a.jpg": b"1"})}), "ZIP within the ZIP"),
        (zipped({"a.jpg": b"1"}, zipfile.ZIP_BZIP2), "unusual way"),
        (zipped({"a.jpg": b"1"}, zipfile.ZIP_LZMA), "unusual way"),
        (zipped({"a.jpg": bytes(3 * 1024**2)}), "100 times smaller"),
        (zipped({"a.jpg": bytes(2000)}, zipfile.ZIP_STORED), "larger than"),
        (claiming(zipped({"a.jpg": bytes(2000)}, zipfile.ZIP_DEFLATED), 5), "damaged"),
        (zipped({"a.jpg": b"12345"}, zipfile.ZIP_STORED).replace(b"12345", b"12346"), "damaged"),
        (zipped({f"{number}.jpg": bytes(900) for number in range(6)}), "Upload it in parts"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_goes_beyond_is_refused_in_a_sentence(data: bytes, told: str) -> None:
    bounds = Bounds(entries=10, entry_bytes=1500 if "larger" in told else 10**8, total_bytes=5000)
    if "times" in told:
        bounds = Bounds()
    assert told in told_of(data, bounds)


def test_a_long_list_of_files_is_refused_before_it_is_read() -> None:
    names = zipped({"x" * 200 + f"{number}": b"" for number in range(9)})
    assert "Upload it in parts" in told_of(names, Bounds(directory_bytes=1000))


def test_a_lying_header_does_not_raise_the_bound() -> None:
    lying = claiming(zipped({"a.jpg": bytes(50_000)}), 10)
    with Archive(lying, Bounds(entry_bytes=1000)) as archive, pytest.raises(ArchiveError):
        archive.read(archive.entries[0])


def test_a_bomb_that_was_let_in_counts_only_as_far_as_it_was_read() -> None:
    bomb = zipped({"a.jpg": bytes(30 * 1024**2), "b.jpg": picture()})
    with Archive(bomb, Bounds(total_bytes=4 * 1024**2)) as archive:
        first, second = archive.entries
        with pytest.raises(ArchiveError, match="100 times smaller"):
            archive.read(first)
        assert archive.read(second) == picture()


def test_names_of_old_programs_are_read_as_they_were_meant() -> None:
    # UTF-8 without the flag that says so: what macOS wrote for years.
    data = bytearray(zipped({"cafe\u0301.jpg": b"1"}))
    for mark, at in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        data[data.index(mark) + at] &= ~0x08
    assert list(read_all(bytes(data))) == ["cafe\u0301.jpg"]
    # Code page 437, as DOS had it.
    data = data.replace("cafe\u0301".encode(), b"caf\x82\x82\x82")
    assert list(read_all(bytes(data))) == ["caf\u00e9\u00e9\u00e9.jpg"]


def test_a_name_is_not_cut_at_its_zero_byte() -> None:
    data = zipped({"a.jpgX.txt": b"1"}).replace(b"a.jpgX.txt", b"a.jpg\0.txt")
    assert list(read_all(data)) == ["a.jpg\0.txt"]


def test_of_two_files_of_one_name_each_is_read() -> None:
    data = zipped({"a.jpg": b"1", "b.jpg": b"2"}).replace(b"b.jpg", b"a.jpg")
    with Archive(data) as archive:
        assert [archive.read(entry) for entry in archive.entries] == [b"1", b"2"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_are_read_or_refused(draw: st.DataObject) -> None:
    data = bytearray(zipped({"a.jpg": b"12345" * 20, "x/b.txt": b"1"}))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        with Archive(bytes(data)) as archive:
            for entry in archive.entries:
                archive.read(entry)
    except ArchiveError as error:
        assert str(error).endswith(".")
