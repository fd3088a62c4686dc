"""A prepared directory is there whole or not at all, whatever happens while it is written."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from data_factories import columns, config, write_csv

from data.errors import DataError
from data.manifest import Manifest
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test
from data.store import ABANDONED_S

CONFIG = config("synthetic", max_rows=2000)
INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from data.config import DataConfig
from data.prepare import prepare

def kill_when_writing(line):
    if "writing" in line:
        os.kill(os.getpid(), signal.SIGKILL)

prepare(DataConfig.model_validate_json(sys.argv[1]), datasets=None, store=Path(sys.argv[2]), progress=kill_when_writing)
"""
FULL_DISK = """
import resource, sys
from pathlib import Path
from data.config import DataConfig
from data.prepare import prepare

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # a write beyond it fails, as on a full disk
prepare(DataConfig.model_validate_json(sys.argv[1]), datasets=None, store=Path(sys.argv[2]))
"""
PLAIN = """
import sys
from pathlib import Path
from data.config import DataConfig
from data.prepare import prepare

print(prepare(DataConfig.model_validate_json(sys.argv[1]), datasets=None, store=Path(sys.argv[2])).sha256)
"""


def prepared(store: Path, *, balance: str = "raw") -> Prepared:
    """Prepare a small table: quicker than the synthetic beats that the processes above prepare."""
    table = store.with_name("mine.csv")
    if not table.exists():
        write_csv(table, columns())
    return prepare(config(str(table), balance=balance), datasets=None, store=store)


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "store"


def start(code: str, store: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", code, CONFIG.model_dump_json(), str(store)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_full_disk_is_one_error_and_leaves_nothing(store):
    process = start(FULL_DISK, store)
    _, stderr = process.communicate()
    assert "data.errors.DataError" in stderr
    assert "prepared arrays cannot be written: File too large" in stderr
    assert list(store.iterdir()) == []


def test_a_killed_preparation_leaves_no_entry_and_the_next_one_works(store):
    start(INTERRUPTED, store).communicate()
    assert [entry.name.startswith(".partial-") for entry in store.iterdir()] == [True]
    assert not prepare(CONFIG, datasets=None, store=store).reused
    assert prepare(CONFIG, datasets=None, store=store).reused


def test_what_a_killed_preparation_left_is_removed_after_a_day(store):
    left, recent = store / ".partial-old", store / ".partial-recent"
    left.mkdir(parents=True)
    recent.mkdir()
    long_ago = time.time() - ABANDONED_S - 1
    os.utime(left, (long_ago, long_ago))
    prepared(store)
    assert not left.exists()
    assert recent.exists()


def test_two_processes_at_once_end_with_one_entry(store):
    processes = [start(PLAIN, store) for _ in range(2)]
    hashes = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(hashes) == 1
    assert len(list(store.iterdir())) == 1


def truncate(directory: Path) -> None:
    os.truncate(directory / "train_x.npy", 200)


def remove(directory: Path) -> None:
    (directory / "valid_y.npy").unlink()


def flip_a_bit(directory: Path) -> None:
    path = directory / "valid_x.npy"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def flip_the_header(directory: Path) -> None:
    path = directory / "valid_x.npy"
    path.write_bytes(bytes(10) + path.read_bytes()[10:])


def break_the_manifest(directory: Path) -> None:
    path = directory / "manifest.json"
    path.write_text(path.read_text()[:200])


@pytest.mark.parametrize("damage", [truncate, remove, flip_a_bit, flip_the_header, break_the_manifest])
@pytest.mark.parametrize("balance", ["raw", "oversample"])
def test_a_damaged_entry_is_detected_and_made_again(store, damage, balance):
    first = prepared(store, balance=balance)
    damage(first.directory)
    again = prepared(store, balance=balance)
    assert not again.reused
    assert again.sha256 == first.sha256
    assert prepared(store, balance=balance).reused


def test_an_unwritable_place_is_one_error(store):
    store.write_text("a file")
    with pytest.raises(DataError, match=r"store: prepared arrays cannot be written: .*--home"):
        prepared(store)


def test_opening_what_is_not_there_says_so(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.json: damaged or gone"):
        open_arrays(tmp_path)
    with pytest.raises(DataError, match=r"manifest\.json: damaged or gone"):
        open_test(tmp_path)


def test_opening_a_damaged_array_names_it(store):
    directory = prepared(store).directory
    truncate(directory)
    with pytest.raises(DataError, match=r"train_x\.npy: damaged, its content is not what was prepared"):
        open_arrays(directory)


def test_a_file_that_is_damaged_after_it_was_verified_is_noticed(store):
    directory = prepared(store).directory
    open_arrays(directory)
    path = directory / "order.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"order\.npy: damaged"):
        open_arrays(directory)


def test_every_flipped_byte_of_a_manifest_is_refused_or_changes_nothing(store):
    directory = prepared(store).directory
    path = directory / "manifest.json"
    sound, whole = Manifest.read(directory), path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        assert Manifest.read(directory) in (None, sound), place
