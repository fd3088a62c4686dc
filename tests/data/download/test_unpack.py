"""An archive is unpacked whole or refused, and nothing but the wanted files comes out of it."""

import io
import stat
import zipfile
from pathlib import Path
from zipfile import ZipInfo

import pytest

from data.download.unpack import unpack
from data.errors import DataError
from data.memory import RATIO, SMALLEST

NAMES = ("Tiny_TRAIN.ts", "Tiny_TEST.ts")
TEXT = b"0.25,0.5,0.75:a\n" * 20
FIFO = 0o010000


def member(name: str, *, mode: int = 0) -> ZipInfo:
    made = ZipInfo(name)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = mode << 16
    return made


def archive(folder: Path, *members: ZipInfo, content: bytes = TEXT) -> Path:
    """An archive of the two wanted files, behind these members or in their place where they have the same names."""
    path = folder / "Tiny.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for info in (*members, *(member(name) for name in NAMES if name not in {m.filename for m in members})):
            opened.writestr(info, content)
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    """The files in the folder after unpacking into it."""
    targets = tuple(path.parent / "out" / name for name in NAMES)
    unpack(path, targets)
    return {found.name: found.read_bytes() for found in (path.parent / "out").iterdir()}


def is_clean(folder: Path) -> bool:
    return [path.name for path in folder.rglob("*") if path.is_file()] == ["Tiny.zip"]


@pytest.mark.parametrize("name", [".", "", "./", "a/.", "Tiny\\Tiny.txt"])
def test_members_without_a_file_s_name_are_passed_over(tmp_path, name):
    assert unpacked(archive(tmp_path, member(name))) == dict.fromkeys(NAMES, TEXT)


@pytest.mark.parametrize(
    ("mode", "problem"),
    [(stat.S_IFLNK | 0o777, "is a symbolic link"), (FIFO | 0o644, "is no regular file")],
    ids=["link", "pipe"],
)
def test_a_member_that_is_no_regular_file_is_refused(tmp_path, mode, problem):
    (tmp_path / "secret").write_text("of the user")
    path = archive(tmp_path, member(NAMES[0], mode=mode), content=b"../secret")
    (tmp_path / "secret").unlink()
    with pytest.raises(DataError, match=rf"^{path}: not unpacked: its member Tiny_TRAIN\.ts {problem}\."):
        unpacked(path)
    assert is_clean(tmp_path)


def test_a_link_among_other_members_is_not_made(tmp_path):
    path = archive(tmp_path, member("etc", mode=stat.S_IFLNK | 0o777), content=b"/etc")
    assert sorted(unpacked(path)) == sorted(NAMES)


def test_an_encrypted_member_is_refused_as_such(tmp_path):
    path = archive(tmp_path)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flags in the first member's header, and in the list of members
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"its member Tiny_TRAIN\.ts is encrypted\. Try a mirror"):
        unpacked(path)
    assert is_clean(tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_decompresses_to_any_size_at_once_is_refused(tmp_path, method):
    info = member(NAMES[0])
    info.compress_type = method
    with pytest.raises(DataError, match=rf"is compressed by method {method}, not by deflate"):
        unpacked(archive(tmp_path, info))


def test_what_unpacks_to_many_times_its_size_is_refused(tmp_path):
    path = tmp_path / "Tiny.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name in NAMES:
            with opened.open(member(name), "w") as file:
                for _ in range(SMALLEST // 2**21 + 1):
                    file.write(bytes(2**20))
    assert path.stat().st_size * RATIO < SMALLEST
    with pytest.raises(DataError, match=r"has 2\d\d\.\d KiB and unpacks to 25\d\.0 MiB; allowed are 100"):
        unpacked(path)
    assert is_clean(tmp_path)


def test_a_member_that_is_larger_than_it_claims_is_damaged(tmp_path):
    path = archive(tmp_path)
    content = path.read_bytes()
    size = len(TEXT).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (16).to_bytes(4, "little")))
    with pytest.raises(DataError, match="damaged: Bad CRC-32"):
        unpacked(path)
    assert is_clean(tmp_path)


def test_a_flip_of_any_byte_is_refused_or_changes_nothing(tmp_path):
    path = archive(tmp_path, content=b"0.25:a\n")
    whole = path.read_bytes()
    outcomes = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        try:
            outcomes.append(unpacked(path) == dict.fromkeys(NAMES, b"0.25:a\n"))
        except DataError:
            outcomes.append(None)
        for left in (tmp_path / "out").glob("*"):
            left.unlink()
    assert set(outcomes) == {True, None}


def test_a_damaged_second_member_leaves_neither_file(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(NAMES[0], TEXT)
        opened.writestr(NAMES[1], b"x" * 50)
    path = tmp_path / "Tiny.zip"
    path.write_bytes(packed.getvalue().replace(b"x" * 50, b"y" * 50))
    with pytest.raises(DataError, match="damaged: Bad CRC-32"):
        unpacked(path)
    assert is_clean(tmp_path)
