"""The beats cut out of PhysioNet's records are those of the published set, and damaged records are one message."""

import subprocess
import sys

import numpy as np
import pytest
from data_factories import beats, config, records
from mitdb import write_record

from data.config import DataOptions
from data.datasets.patients import DS1, DS2, PACED, RECORDS, patients
from data.datasets.physionet import cut_all, find, load
from data.errors import DataError
from data.prepare import prepare
from data.prepared import open_arrays, open_test

OPTIONS = DataOptions(dataset="heartbeats-physionet")


def test_a_beat_reaches_from_its_peak_to_a_fifth_of_an_interval_after_the_next(tmp_path):
    signal = np.arange(3000) % 1000
    header = write_record(tmp_path, 100, {60: "N", 360: "V", 660: "N", 900: "N"}, signal=signal)
    part, _, peaks = cut_all((header,))
    assert peaks.tolist() == [60, 360, 660]
    first = np.arange(60, 420, 3)  # 360 + 0.2 * (660 - 360)
    expected = ((first - first[0]) / (first[-1] - first[0])).astype(np.float32)
    assert part.x[0, : len(first), 0].tolist() == expected.tolist()
    assert not part.x[0, len(first) :].any()
    assert part.y.tolist() == [0, 2, 0]


def test_an_annotation_that_is_no_beat_ends_the_one_before_it(tmp_path):
    header = write_record(tmp_path, 100, {60: "N", 150: "~", 360: "N", 660: "N"})
    part, _, peaks = cut_all((header,))
    assert peaks.tolist() == [60, 360]
    assert int(np.flatnonzero(part.x[0, :, 0]).max()) < (150 + 0.2 * 210 - 60) / 3


def test_a_beat_longer_than_187_samples_is_cut(tmp_path):
    header = write_record(tmp_path, 100, {0: "N", 900: "N", 1200: "N"}, signal=np.arange(3000) // 2)
    part, _, _ = cut_all((header,))
    assert part.x.shape == (2, 187, 1)
    assert 0.5 < part.x[0, -1, 0] < 1.0  # the rise continues beyond the cut


def test_records_keep_their_beats_in_order(tmp_path):
    headers = tuple(write_record(tmp_path, number, {60: "N", 360: "A", 660: "N"}) for number in (201, 202))
    part, found, peaks = cut_all(headers)
    assert found.tolist() == [201, 201, 202, 202]
    assert peaks.tolist() == [60, 360, 60, 360]
    assert part.y.tolist() == [0, 1, 0, 1]
    assert patients(found).tolist() == [201] * 4  # one subject


def truncate(path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "no annotations": (lambda folder: (folder / "100.atr").write_bytes(b""), r"100\.atr: no annotations of beats"),
    "cut off annotations": (lambda folder: truncate(folder / "100.atr"), r"100\.atr: "),
    "annotations of rhythm alone": (
        lambda folder: write_record(folder, 100, {60: "+"}),
        r"100\.atr: no annotations of",
    ),
    "annotations beyond the signal": (
        lambda folder: write_record(folder, 100, {60: "N", 9000: "N"}),
        r"100\.atr: damaged: its annotations are cut off, out of order or outside the signal",
    ),
    "no signal": (lambda folder: (folder / "100.dat").unlink(), r"100\.hea: no readable record: FileNotFoundError"),
    "a signal cut off": (lambda folder: truncate(folder / "100.dat"), r"100\.hea: no readable record"),
    "another signal": (
        lambda folder: (folder / "100.dat").write_bytes(bytes(9000)),
        r"100\.dat: damaged, or not of MIT-BIH: the header has another checksum",
    ),
    "an empty header": (lambda folder: (folder / "100.hea").write_text(""), r"100\.hea: no readable record"),
    "a header of something else": (
        lambda folder: (folder / "100.hea").write_text("100 two signals\n"),
        r"100\.hea: no readable record",
    ),
    "another sampling rate": (
        lambda folder: write_record(folder, 100, {60: "N", 360: "N"}, rate=250),
        r"100\.dat: .*250 Hz, needs 360",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_one_message(tmp_path, damage):
    header = write_record(tmp_path, 100, {60: "N", 360: "N", 660: "N"})
    spoil, message = DAMAGES[damage]
    spoil(tmp_path)
    with pytest.raises(DataError, match=rf"(?s)^{tmp_path}/{message}.*datasets fetch heartbeats-physionet"):
        cut_all((header,))


def test_without_wfdb_the_message_says_what_to_install(tmp_path, monkeypatch):
    header = write_record(tmp_path, 100, {60: "N", 360: "N", 660: "N"})
    monkeypatch.setitem(sys.modules, "wfdb", None)
    with pytest.raises(DataError, match=r'pip install "seqtune\[physionet\]"'):
        cut_all((header,))


def test_the_catalogue_needs_none_of_the_extras():
    script = "import sys; sys.modules |= dict.fromkeys(['wfdb', 'aeon', 'requests']); import data.catalogue"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_file_is_named(tmp_path):
    for record in RECORDS:
        for suffix in ("hea", "dat", "atr"):
            (tmp_path / f"{record}.{suffix}").touch()
    assert len(find(OPTIONS, tmp_path)) == 144
    (tmp_path / "203.atr").unlink()
    with pytest.raises(DataError, match=r"1 of the 144 files of the 48 records are missing, 203\.atr first"):
        find(OPTIONS, tmp_path)


def test_no_records_say_where_they_were_looked_for(tmp_path):
    with pytest.raises(DataError, match=rf"{tmp_path}/mitdb and {tmp_path} for 100\.hea.*datasets fetch"):
        find(OPTIONS, tmp_path)


def test_de_chazal_has_22_records_a_side_and_four_left_out():
    assert (len(DS1), len(DS2), len(PACED), len(RECORDS)) == (22, 22, 4, 48)
    assert len(set(RECORDS)) == 48


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """All 48 records, ten beats each; class Q in one of DS1 alone."""
    folder = tmp_path_factory.mktemp("physionet")
    for number in RECORDS:
        symbols = "NAVFNAVFNN" if number != 101 else "NAVFQAVFNN"
        write_record(folder / "mitdb", number, {60 + 250 * place: symbol for place, symbol in enumerate(symbols)})
    return folder


def test_a_de_chazal_split_trains_and_validates_on_patients_of_ds1_and_tests_on_ds2(small, tmp_path):
    prepared = prepare(config("heartbeats-physionet", split="de-chazal"), datasets=small, store=tmp_path)
    arrays = open_arrays(prepared.directory)
    everything, numbers, _ = cut_all(tuple(small / "mitdb" / f"{number}.hea" for number in RECORDS))
    record_of = {row.tobytes(): number for row, number in zip(everything.x, numbers.tolist(), strict=True)}
    train, valid, test = (
        {record_of[row.tobytes()] for row in part.x}
        for part in (arrays.train, arrays.valid, open_test(prepared.directory))
    )
    assert train | valid == set(DS1)
    assert not train & valid
    assert test == set(DS2)


def test_what_a_de_chazal_split_lacks_is_a_note(small, tmp_path):
    prepared = prepare(config("heartbeats-physionet", split="de-chazal"), datasets=small, store=tmp_path)
    notes = " ".join(prepared.manifest.notes)
    assert len(set(prepared.manifest.notes)) == len(prepared.manifest.notes)
    assert "records 102, 104, 107, 217 (paced) are left out: 36 of 432 beats." in notes
    assert "201 (training) and 202 (test) are of one patient" in notes
    assert "the test part has no rows of class Q." in notes
    assert "part has no rows of class Q." in notes.replace("the test part has no rows of class Q.", "")
    assert prepared.manifest.class_names == ("N", "S", "V", "F", "Q")


def test_a_class_without_training_rows_has_no_weight(tmp_path):
    for number in RECORDS:
        write_record(tmp_path / "mitdb", number, {60 + 250 * place: "NAVFNAVFNN"[place] for place in range(10)})
    with pytest.raises(DataError, match="class Q has no training rows, and so no inverse frequency"):
        prepare(
            config("heartbeats-physionet", split="de-chazal", balance="weighted"),
            datasets=tmp_path,
            store=tmp_path / "store",
        )


def test_a_grouped_split_keeps_the_two_records_of_one_subject_together(small):
    options = OPTIONS.model_copy(update={"split": "grouped"})
    rows = load(options, find(options, small))
    assert len(set(rows.groups.tolist())) == 47
    assert rows.test is None


def test_beats_from_tables_split_as_de_chazal_too(tmp_path):
    records(beats(tmp_path, "parquet"))
    prepared = prepare(config("heartbeats", split="de-chazal"), datasets=tmp_path, store=tmp_path / "store")
    counts = prepared.manifest.counts
    # the records of data_factories.records: 101, 201 are of DS1, 100, 103, 105, 202 of DS2
    assert sum(counts.train.values()) + sum(counts.valid.values()) == 20
    assert sum(counts.test.values()) == 40


@pytest.mark.parametrize("dataset", ["synthetic", "ucr/GunPoint", "mine.csv"])
def test_other_data_sets_have_no_de_chazal_split(tmp_path, dataset):
    with pytest.raises(DataError, match=rf'data\.split = "de-chazal": not for {dataset}'):
        prepare(config(dataset, split="de-chazal"), datasets=tmp_path, store=tmp_path)


@pytest.mark.datasets
def test_all_real_beats_equal_the_published_ones_bit_for_bit(datasets):
    from pyarrow import parquet

    part, numbers, peaks = cut_all(find(OPTIONS, datasets)[::3])
    place = {beat: row for row, beat in enumerate(zip(numbers.tolist(), peaks.tolist(), strict=True))}
    folder = datasets / "mitbih_heartbeat"
    seen = 0
    for name in ("train", "test"):
        meta = parquet.read_table(folder / f"mitbih_{name}_meta.parquet", columns=["record", "sample"]).to_pydict()
        rows = [place[beat] for beat in zip(meta["record"], meta["sample"], strict=True)]
        table = parquet.read_table(folder / f"mitbih_{name}.parquet")
        x = np.column_stack([table[str(step)].to_numpy() for step in range(187)])
        assert x.dtype == np.float32
        assert part.x[rows, :, 0].tobytes() == x.tobytes()
        assert part.y[rows].tolist() == table["target"].to_pylist()
        seen += len(set(rows))
    assert seen == len(part.y) == 109_446
