"""Groups that a test file shares with the training file are noted, and change no array."""

from typing import Any

import numpy as np
import pytest
from data_factories import columns, config, write_csv, write_npz, write_parquet

from data.prepare import prepare

ALL = (
    "10 of 10 groups (patient) of the test file are also in the training file: scores on the test part are those of "
    "known groups."
)
SOME = (
    "3 of 5 groups (patient) of the test file are also in the training file: scores on the test part are partly those "
    "of known groups."
)


def patients(numbers, *, seed: int = 0) -> dict[str, list[Any]]:
    """90 rows whose patients are these in turn."""
    return {"patient": [numbers[row % len(numbers)] for row in range(90)], **columns((30, 30, 30), seed=seed)}


def manifest(tmp_path, train, test, *, write=write_csv, suffix="csv", **changes):
    path, other = (write(tmp_path / f"{n}.{suffix}", t) for n, t in (("train", train), ("test", test)))
    options = {"test": str(other), "group": "patient", "split": "grouped"} | changes
    return prepare(config(str(path), **options), datasets=None, store=tmp_path / "store").manifest


@pytest.mark.parametrize(("write", "suffix"), [(write_csv, "csv"), (write_parquet, "parquet")])
@pytest.mark.parametrize("split", ["grouped", "stratified"])
def test_patients_of_both_files_are_noted(tmp_path, write, suffix, split):
    tables = patients(range(10)), patients(range(10), seed=1)
    found = manifest(tmp_path, *tables, write=write, suffix=suffix, split=split)
    assert ALL in found.notes
    if split == "grouped":
        assert found.notes == (ALL,)


def test_some_patients_of_both_files_are_counted(tmp_path):
    assert manifest(tmp_path, patients(range(10)), patients(range(7, 12), seed=1)).notes == (SOME,)


def test_other_patients_are_not_noted_and_arrays_are_equal(tmp_path):
    for name in ("known", "new", "none"):
        (tmp_path / name).mkdir()
    train = patients(range(10))
    known = manifest(tmp_path / "known", train, patients(range(10), seed=1))
    new = manifest(tmp_path / "new", train, patients(range(10, 20), seed=1))
    none = manifest(tmp_path / "none", train, columns((30, 30, 30), seed=1))
    assert (new.notes, none.notes) == ((), ())
    assert known.arrays == new.arrays == none.arrays
    assert (known.sha256, known.test_sha256) == (new.sha256, new.test_sha256) == (none.sha256, none.test_sha256)


def test_numbers_in_one_file_and_gaps_in_the_other_are_the_same_patients(tmp_path):
    test = patients(range(10), seed=1)
    test["patient"][1] = ""  # numbers with a gap are read as 0.0, 2.0, ...
    assert manifest(tmp_path, patients(range(10)), test).notes == (ALL,)


def test_patients_of_texts_are_noted(tmp_path):
    rows = range(90)
    train, test = (
        {"text": [f"{word}{row}" for row in rows], "label": ["a", "b"] * 45, "patient": [row % 9 for row in rows]}
        for word in "vw"
    )
    notes = manifest(tmp_path, train, test, text="text").notes
    assert ALL.replace("10 of 10", "9 of 9") in notes


def test_patients_of_long_tables_are_noted(tmp_path):
    rng = np.random.default_rng(0)

    def long(first: int) -> dict[str, list[Any]]:
        ids = [row // 3 for row in range(180)]
        return {
            "id": [f"s{number}" for number in ids],
            "patient": [first + number % 10 for number in ids],
            "x": rng.normal(size=180).tolist(),
            "label": ["abc"[number // 10 % 3] for number in ids],
        }

    noted = manifest(tmp_path, long(0), long(0), sequence="id").notes
    assert ALL in noted
    (tmp_path / "new").mkdir()
    new = manifest(tmp_path / "new", long(0), long(10), sequence="id").notes
    assert not [note for note in new if "test file" in note]


def test_groups_of_arrays_are_noted(tmp_path):
    def arrays(path, table):
        write_npz(path, {name: values for name, values in table.items() if name != "patient"})
        with np.load(path) as written:
            np.savez(path, **written, patient=table["patient"])
        return path

    tables = patients(range(10)), patients(range(10), seed=1)
    assert manifest(tmp_path, *tables, write=arrays, suffix="npz").notes == (ALL,)
