"""Files that claim, or decompress to, more than the machine has are refused before they are read."""

import os
import struct
import zipfile
from io import BytesIO

import numpy as np
import pyarrow as pa
import pytest
from data_factories import columns, config, write_npz, write_parquet

from data import machine, memory
from data.catalogue import resolve
from data.config import DataOptions
from data.errors import DataError
from data.machine import cores, machine_bytes
from data.memory import check_bytes, shown_bytes
from data.series import Series, cut
from data.texts import Texts, encode

LABELS = struct.pack("<4q", 0, 1, 0, 1)


def load(path, **options):
    wanted = DataOptions(dataset=str(path), **options)
    data_set = resolve(wanted)
    return data_set.load(wanted, data_set.find(wanted, None))


def npy(shape, dtype="<f4", content=b""):
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + content


def npz(path, x, y=None, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", y or npy((4,), "<i8", LABELS))
    return path


def own_groups(tmp_path, monkeypatch, lines):
    """Return the folder that stands for /sys/fs/cgroup; lines: of /proc/self/cgroup."""
    (tmp_path / "own").write_text(lines)
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    return tmp_path


def test_the_limit_is_a_share_of_the_machine_or_a_multiple_of_the_file():
    check_bytes("f", machine_bytes() // memory.SHARE)
    with pytest.raises(DataError, match=r"f: takes .* in memory; allowed are .* 1/4 of this machine's"):
        check_bytes("f", machine_bytes() // memory.SHARE + 1)
    check_bytes("f", memory.SMALLEST, file_bytes=1)
    with pytest.raises(DataError, match=r"f: has 1 bytes and takes 256\.0 MiB in memory; allowed are 100 times"):
        check_bytes("f", memory.SMALLEST + 1, file_bytes=1)


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    whole = machine_bytes()
    groups = own_groups(tmp_path, monkeypatch, "0::/\n")
    for text, expected in (("1000\n", 1000), ("max\n", whole)):
        (groups / "memory.max").write_text(text)
        assert machine_bytes() == expected


@pytest.mark.parametrize(("line", "folder", "name"), [
    ("0::/slurm/job_1/step", "", "memory.max"),
    ("4:memory:/slurm/job_1/step", "memory", "memory.limit_in_bytes"),
])  # fmt: skip
def test_the_smallest_limit_above_the_process_counts(tmp_path, monkeypatch, line, folder, name):
    groups = own_groups(tmp_path, monkeypatch, f"9:name=systemd:/\n{line}\n") / folder
    (groups / "slurm/job_1/step").mkdir(parents=True)
    (groups / "slurm/job_2").mkdir()
    for group, text in {"": "max", "slurm": "3000", "slurm/job_1": "1000", "slurm/job_2": "5"}.items():
        (groups / group / name).write_text(text)
    assert machine_bytes() == 1000
    (groups / "slurm/job_1/step" / name).write_text("500")
    assert machine_bytes() == 500


def test_without_control_groups_the_whole_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "absent")
    assert machine_bytes() > 2**20


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone restricts a process to some cores")
def test_cores_are_those_that_the_process_may_use():
    there = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(there)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, there)


@pytest.mark.parametrize(("count", "text"), [(17, "17 bytes"), (2048, "2.0 KiB"), (3 * 2**40, "3,072.0 GiB")])
def test_sizes_are_shown_in_the_unit_that_reads_best(count, text):
    assert shown_bytes(count) == text


@pytest.mark.parametrize("shape", [(10**12, 4), (10**30, 4), (-1, 4), (5, 4)])
def test_an_npz_header_must_match_the_size_of_its_member(tmp_path, shape):
    path = npz(tmp_path / "x.npz", npy(shape, content=b"\0" * 64))
    with pytest.raises(DataError, match=r"x\.npz: cannot be read as NPZ .* does not have \d+ bytes"):
        load(path)


def test_an_npz_that_decompresses_to_many_times_its_size_is_refused(tmp_path):
    zeros = npy((70, 2**20), content=bytes(70 * 2**22))
    path = npz(tmp_path / "x.npz", zeros, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(DataError, match=r"x\.npz: has [\d.]+ KiB and takes 280\.0 MiB in memory"):
        load(path)


@pytest.mark.parametrize(
    "x",
    [
        b"hello",
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 20_001) + b"(" * 20_000 + b"\n",
        npy((4, 1), "<M8[s]", b"\0" * 32)[:60],
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path, x):
    with pytest.raises(DataError, match=r"x\.npz: cannot be read as NPZ"):
        load(npz(tmp_path / "x.npz", x))


def test_python_objects_are_not_loaded(tmp_path):
    with pytest.raises(DataError, match=r"x\.npz: array 'x' holds Python objects"):
        load(npz(tmp_path / "x.npz", npy((4, 1), "|O", b"cos\nsystem\n")))


def test_a_single_array_called_npz_is_refused(tmp_path):
    file = BytesIO()
    np.save(file, np.zeros((4, 2)))
    (tmp_path / "x.npz").write_bytes(file.getvalue())
    with pytest.raises(DataError, match="cannot be read as NPZ"):
        load(tmp_path / "x.npz")


def test_damage_that_any_decompressor_finds_is_told(tmp_path):
    whole = npy((4, 2), content=np.arange(8, dtype=np.float32).tobytes())
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = npz(tmp_path / "x.npz", whole, compression=method)
        content = bytearray(path.read_bytes())
        content[50:70] = b"\xff" * 20
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read as NPZ"):
            load(path)


def test_members_with_other_names_are_not_looked_at(tmp_path):
    path = write_npz(tmp_path / "x.npz", columns((30, 12), names="01"))
    with zipfile.ZipFile(path, "a") as archive:
        for name in (".", "..", "/etc/x", "../x.npy"):
            archive.writestr(name, b"x")
    assert load(path).rows.x.shape == (42, 4, 1)


def test_a_parquet_file_of_equal_rows_is_refused_by_its_metadata(tmp_path):
    rows = 1_000_000
    zeros = pa.array(np.zeros(rows, dtype=np.float64))
    labels = pa.array((np.arange(rows) % 2).astype(np.int8))
    path = write_parquet(tmp_path / "x.parquet", {**{f"t{n}": zeros for n in range(40)}, "label": labels})
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"x\.parquet: has .* KiB and takes 3\d\d\.\d MiB in memory"):
        load(path)


def test_one_long_text_many_times_is_refused_before_it_is_repeated(tmp_path):
    texts = pa.DictionaryArray.from_arrays(np.zeros(100_000, dtype=np.int8), pa.array(["word " * 20_000]))
    path = write_parquet(tmp_path / "x.parquet", {"text": texts, "label": pa.array([0, 1] * 50_000)})
    with pytest.raises(DataError, match=r"x\.parquet: takes 9\.3 GiB|x\.parquet: has .* and takes 9\.3 GiB in memory"):
        load(path, text="text")


def test_repeated_texts_are_read_as_they_were(tmp_path):
    table = {"text": ["a b", "c d", "a b", "c e"] * 5, "label": ["x", "y"] * 10}
    path = write_parquet(tmp_path / "x.parquet", table)
    assert load(path, text="text").rows.words == tuple(table["text"])


def test_a_label_is_short(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("t0,label\n" + "".join(f"{n},{'ab'[n % 2] * 2_000}\n" for n in range(9)))
    with pytest.raises(DataError, match=r"column 'label' has a value of 2,000 bytes; labels and groups have at most"):
        load(path)


def test_there_are_at_most_a_thousand_classes(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("t0,label\n" + "".join(f"{n},c{n}\n" for n in range(1_001)))
    with pytest.raises(DataError, match="1,001 different labels; at most 1,000 classes"):
        load(path)


def test_a_csv_header_has_a_greatest_length_and_width(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("x" * 10_000_001 + "\n1\n")
    with pytest.raises(DataError, match="the first line has more than 10,000,000 characters"):
        load(path)
    path.write_text(",".join(f"t{n}" for n in range(100_001)) + "\n")
    with pytest.raises(DataError, match="100,001 columns; at most 100,000 are read"):
        load(path)


def test_a_message_repeats_the_beginning_of_a_long_value(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("t0,label\n" + "x" * 100_000 + ",a\n")
    with pytest.raises(DataError) as refused:
        load(path)
    assert len(str(refused.value)) < 1_000


def test_one_long_row_of_a_ts_file_does_not_lengthen_all_others(tmp_path):
    pytest.importorskip("aeon")
    path = tmp_path / "x.ts"
    head = "@timeStamps false\n@univariate true\n@equalLength false\n@classLabel true a b\n@data\n"
    path.write_text(head + ",".join(["1"] * 200_000) + ":a\n" + "1:b\n" * 1_000)
    with pytest.raises(DataError, match=r"x\.ts: has .* and takes 763\.\d MiB in memory"):
        load(path)


def test_a_line_of_a_ts_file_has_a_greatest_length(tmp_path):
    pytest.importorskip("aeon")
    path = tmp_path / "x.ts"
    path.write_text("@timeStamps false\n@classLabel true a b\n@data\n" + "1" * 17_000_000)
    with pytest.raises(DataError, match=r"x\.ts: line 4: longer than 16,777,216 bytes"):
        load(path)


def test_windows_of_a_series_are_counted_before_they_are_cut():
    series = Series(values=np.zeros((1_000_000, 1), dtype=np.float32), names=("x",), target=0)
    with pytest.raises(DataError, match=r"series, \d+,\d+ windows of 300,000 steps: takes"):
        cut(series, config("series", split="chronological", window=300_000))


def test_tokens_of_texts_are_counted_before_they_are_encoded(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 4 * 2**20)
    texts = Texts(words=("w " * 30_000 + "w", *["x"] * 20), y=np.arange(21) % 2)
    rows = np.arange(21)
    with pytest.raises(DataError, match=r"t\.csv, 21 texts of 30,001 words: takes 2\.4 MiB in memory; allowed"):
        encode(texts, texts, train=rows, used=rows, options=DataOptions(dataset="t.csv", max_length=10**6))
