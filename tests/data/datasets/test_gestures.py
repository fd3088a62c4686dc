"""Gestures keep their lengths and users; the file's faults are one message."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from data_factories import config, write_parquet

from data.catalogue import resolve
from data.config import DataOptions
from data.datasets.gestures import GESTURES
from data.errors import DataError
from data.prepare import prepare
from data.prepared import open_arrays
from data.split import split


def recordings(rows: int = 40) -> dict[str, list]:
    lengths = [2 + row % 3 for row in range(rows)]
    return {
        "user": [1 + row % 8 for row in range(rows)],
        "gesture": [1 + row % 20 for row in range(rows)],
        **{axis: [[9.80665 * (row + k)] * length for row, length in enumerate(lengths)]
           for k, axis in enumerate("xyz")},
    }  # fmt: skip


def load(folder, table) -> Any:
    path = folder / "smartwatch_gestures.parquet"
    lists = {axis: pa.array(table[axis], pa.list_(pa.float32())) for axis in "xyz" if axis in table}
    write_parquet(path, {**table, **lists})
    options = DataOptions(dataset="gestures")
    return GESTURES.load(options, GESTURES.find(options, folder))


def test_each_recording_keeps_its_length_in_units_of_gravity(tmp_path):
    rows = load(tmp_path, recordings())
    assert rows.rows.x.shape == (40, 4, 3)
    assert rows.rows.lengths.tolist()[:4] == [2, 3, 4, 2]
    np.testing.assert_allclose(rows.rows.x[1], [[1, 2, 3]] * 3 + [[0, 0, 0]], rtol=1e-6)


def test_gesture_1_is_class_0_and_users_are_groups(tmp_path):
    rows = load(tmp_path, recordings())
    assert rows.rows.y[:3].tolist() == [0, 1, 2]
    assert rows.class_names == tuple(map(str, range(1, 21)))
    assert rows.groups[:3].tolist() == [1, 2, 3]


FAULTS = {
    "no axis": (lambda table: table.pop("z"), "no column 'z'"),
    "gesture 21": (lambda table: table["gesture"].__setitem__(3, 21), "row 4 has the label '21'"),
    "unequal axes": (lambda table: table["y"].__setitem__(1, [1.0]), "row 2: x, y, z have 3, 1, 3 samples"),
    "no samples": (lambda table: [table[axis].__setitem__(0, []) for axis in "xyz"], "row 1: .* at least one"),
    "nan": (lambda table: table["x"].__setitem__(0, [1.0, float("nan")]), "finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_says_what_and_where(tmp_path, fault):
    change, message = FAULTS[fault]
    table = recordings()
    change(table)
    with pytest.raises(DataError, match=message):
        load(tmp_path, table)


def test_axes_of_numbers_instead_of_lists_are_refused(tmp_path):
    path = write_parquet(tmp_path / "g.parquet", {**recordings(), "x": [1.0] * 40})
    with pytest.raises(DataError, match="must hold a list of numbers in each row"):
        GESTURES.load(DataOptions(dataset="gestures"), (path,))


def test_an_absent_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(DataError, match=r"gestures: not found. Looked for .*gestures/smartwatch_gestures\.parquet and"):
        GESTURES.find(DataOptions(dataset="gestures"), tmp_path)


@pytest.mark.datasets
def test_the_real_recordings_have_the_published_counts(datasets, tmp_path):
    ready = prepare(config("gestures"), datasets=datasets, store=tmp_path)
    arrays = open_arrays(ready.directory)
    assert (arrays.steps, arrays.channels, arrays.classes) == (51, 3, 20)
    lengths = np.concatenate([arrays.train.lengths, arrays.valid.lengths])
    assert (lengths.min(), int(np.median(lengths)), lengths.max()) == (10, 19, 51)
    assert ready.manifest.notes == (
        "1 of 3,251 rows equal an earlier one; dropped (data.duplicates).",
        "1 sequence occurs with more than one class.",
    )


@pytest.mark.datasets
def test_no_real_user_is_in_two_parts(datasets):
    chosen = config("gestures", split="grouped")
    data_set = resolve(chosen)
    rows = data_set.load(chosen, data_set.find(chosen, datasets))
    parts = split(rows.rows.y.astype(np.int64), rows.groups, chosen, class_names=rows.class_names, official_test=False)
    users = [set(rows.groups[part].tolist()) for part in (parts.train, parts.valid, parts.test)]
    assert sum(map(len, users)) == len(set.union(*users)) == 8


@pytest.mark.datasets
def test_smote_on_recordings_of_different_length_is_refused(datasets, tmp_path):
    with pytest.raises(DataError, match=r"sequences have different lengths \(10 to 51\)"):
        prepare(config("gestures", balance="smote"), datasets=datasets, store=tmp_path)
