"""A user's own table is read alike from every format, and every fault in it is one clear message."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from data_factories import columns, config, write_csv, write_npz, write_parquet

from data.catalogue import resolve
from data.config import DataOptions
from data.errors import DataError

WRITERS = {"t.csv": write_csv, "t.parquet": write_parquet, "t.parq": write_parquet, "t.npz": write_npz}


def load(dataset, folder, **options) -> Any:
    chosen = DataOptions(dataset=str(dataset), **options)
    data_set = resolve(chosen)
    return data_set.load(chosen, data_set.find(chosen, folder))


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path, name):
    table = columns()
    rows = load(WRITERS[name](tmp_path / name, table), None)
    assert rows.rows.x.tobytes() == np.column_stack([table[f"t{t}"] for t in range(4)]).astype(np.float32).tobytes()
    assert rows.rows.x.shape == (52, 4, 1)
    assert rows.rows.lengths.tolist() == [4] * 52
    assert rows.class_names == ("a", "b", "c")
    assert np.bincount(rows.rows.y).tolist() == [30, 12, 10]


def test_a_decimal_becomes_the_nearest_float32(tmp_path):
    text = "0.977941155433654785156"
    rows = load(write_csv(tmp_path / "t.csv", {"t0": [text, "1.00000005960464477539062501"], "label": [0, 1]}), None)
    assert rows.rows.x[:, 0, 0].tolist() == [np.float32(text), np.float32(1.0000001)]


def test_whole_numbers_first_and_decimals_after_a_megabyte_are_read(tmp_path):
    rows = 200_000
    values = ["1"] * (rows - 1) + ["2.5"]
    loaded = load(write_csv(tmp_path / "t.csv", {"t0": values, "label": [row % 2 for row in range(rows)]}), None)
    assert loaded.rows.x[-1, 0, 0] == 2.5


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["10", "9", "2"], ("2", "9", "10")),
        (["1.0", "0", "1"], ("0", "1")),
        (["x", "10", "9"], ("10", "9", "x")),
    ],
)
def test_labels_that_are_numbers_sort_as_numbers(tmp_path, labels, names):
    assert load(write_csv(tmp_path / "t.csv", {"t0": [1, 2, 3], "label": labels}), None).class_names == names


def test_a_path_is_found_in_the_folder_of_data_sets(tmp_path):
    write_csv(tmp_path / "mine.csv", columns())
    assert len(load("mine.csv", tmp_path).rows.y) == 52


def test_label_and_group_columns_are_no_time_steps(tmp_path):
    table = {"user": [f"u{row % 5}" for row in range(52)], **columns()}
    table["kind"] = table.pop("label")
    rows = load(write_csv(tmp_path / "t.csv", table), None, label="kind", group="user")
    assert rows.rows.x.shape[1] == 4
    assert len(np.unique(rows.groups)) == 5


def test_an_npz_has_channels_lengths_and_groups(tmp_path):
    x = np.ones((6, 3, 2))
    x[0, 1:] = np.nan  # after its length
    lengths = [1, 3, 3, 2, 3, 3]
    np.savez(tmp_path / "t.npz", x=x, y=[0, 1, 0, 1, 0, 1], lengths=lengths, group=[1, 1, 2, 2, 3, 3])
    rows = load(tmp_path / "t.npz", None)
    assert rows.rows.x.shape == (6, 3, 2)
    assert rows.rows.x.sum(axis=(1, 2)).tolist() == [2 * length for length in lengths]
    assert rows.groups.tolist() == [0, 0, 1, 1, 2, 2]


def test_an_official_test_file_keeps_the_training_files_class_numbers(tmp_path):
    write_csv(tmp_path / "train.csv", columns())
    write_csv(tmp_path / "test.csv", columns((0, 2, 1), seed=1))
    assert load("train.csv", tmp_path, test="test.csv").test.y.tolist() == [1, 1, 2]


def test_negative_zeros_are_zeros(tmp_path):
    rows = load(write_csv(tmp_path / "t.csv", {"t0": ["-0.0", "0.0"], "label": [0, 1]}), None)
    assert rows.rows.x.tobytes() == bytes(8)


CSV_FAULTS: dict[str, tuple[Any, list[str]]] = {
    "empty": ("", ["the file is empty"]),
    "no rows": ("t0,label\n", ["no rows"]),
    "text for a number": ("t0,t1,label\n1,2,a\n1,oops,b\n", ["row 2", "'t1'", "oops", "number"]),
    "empty cell": ("t0,t1,label\n1,,a\n1,2,b\n", ["row 1", "'t1'", "nan"]),
    "nan": ("t0,t1,label\n1,2,a\nnan,2,b\n", ["row 2", "'t0'", "nan"]),
    "infinite": ("t0,t1,label\n1,2,a\n3,-inf,b\n", ["row 2", "'t1'", "-inf"]),
    "too large": ("t0,label\n1,a\n1e60,b\n", ["row 2", "'t0'", "inf"]),
    "short row": ("t0,t1,label\n1,2,a\n1,b\n", ["row 2", "2 columns", "3"]),
    "no label column": ("t0,t1,kind\n1,2,a\n", ["no label column", "data.label", "t0, t1, kind"]),
    "two label columns": ("t0,class,label\n1,2,a\n", ["class, label", "data.label"]),
    "no label in a row": ("t0,label\n1,a\n2,\n", ["row 2", "no label"]),
    "one class": ("t0,label\n1,a\n2,a\n", ["'a'", "two classes"]),
    "nothing but a label": ("label\na\nb\n", ["no columns are left"]),
    "row numbers": (",t0,label\n0,1,a\n1,2,b\n", ["column 1", "no name", "index=False", 'data.ignore = [""]']),
    "repeated name": ("t0,t0,label\n1,2,a\n", ["more than once", "'t0'", "header"]),
    "no header": ("1.0,1.0,0\n1.0,2.0,1\n", ["only numbers (1.0, 1.0, 0)", "the header is missing"]),
    "utf-16": ("\ufefft0\tlabel\n1\ta\n".encode("utf-16-le"), ["is UTF-16; save it as UTF-8"]),
    "utf-16, big-endian": ("\ufefft0,label\n1,a\n".encode("utf-16-be"), ["is UTF-16; save it as UTF-8"]),
    "not utf-8": (b"t0,label\n1,caf\xe9\n2,b\n", ["row 1", "'label'", "UTF"]),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_a_faulty_csv_says_what_and_where(tmp_path, fault):
    content, words = CSV_FAULTS[fault]
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        load(path, None)
    for word in ["mine.csv", *words]:
        assert word in str(error.value)


def test_a_text_column_of_a_parquet_file_says_row_and_column(tmp_path):
    write_parquet(tmp_path / "t.parquet", {"t0": ["1", "x"], "label": [0, 1]})
    with pytest.raises(DataError, match=r"row 2, column 't0': got 'x', needs a number"):
        load("t.parquet", tmp_path)


def test_a_column_of_dates_is_no_number(tmp_path):
    write_parquet(tmp_path / "t.parquet", {"t0": pa.array([1, 2], pa.date32()), "label": [0, 1]})
    with pytest.raises(DataError, match=r"column 't0'.*number"):
        load("t.parquet", tmp_path)


def test_a_missing_value_of_a_parquet_file_says_row_and_column(tmp_path):
    write_parquet(tmp_path / "t.parquet", {"t0": [1, None], "label": [0, 1]})
    with pytest.raises(DataError, match=r"row 2, column 't0'"):
        load("t.parquet", tmp_path)


@pytest.mark.parametrize("name", ["t.parquet", "t.npz"])
def test_a_truncated_file_is_named(tmp_path, name):
    path = WRITERS[name](tmp_path / name, columns())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=rf"{name}: cannot be read as"):
        load(path, None)


NPZ_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no x": ({"y": [0, 1]}, "no array 'x'"),
    "no y": ({"x": np.ones((2, 3))}, "no array 'y'"),
    "one axis": ({"x": np.ones(2), "y": [0, 1]}, r"shape \(2,\)"),
    "text": ({"x": np.array([["a"], ["b"]]), "y": [0, 1]}, "needs numbers"),
    "unequal": ({"x": np.ones((2, 3)), "y": [0, 1, 1]}, r"y has shape \(3,\).*2 rows"),
    "too long": ({"x": np.ones((2, 3)), "y": [0, 1], "lengths": [3, 4]}, "row 2: got 4; needs a whole number, 1 to 3"),
    "no length": ({"x": np.ones((2, 3)), "y": [0, 1], "lengths": [0, 3]}, "row 1: got 0"),
    "half lengths": ({"x": np.ones((2, 3)), "y": [0, 1], "lengths": [1.5, 3]}, "row 1: got 1.5"),
    "nan": ({"x": np.array([[1.0, 2.0], [np.nan, 1.0]]), "y": [0, 1]}, "row 2, time step 1: got nan"),
    "nan at the end": (
        {"x": np.array([[1.0, 2.0], [1.0, np.nan]]), "y": [0, 1]},
        "row 2, time step 2: got nan; needs finite numbers. If .* give their lengths in an array `lengths`",
    ),
    "objects": (
        {"x": np.array([[1], [2]], dtype=object), "y": [0, 1]},
        "array 'x' holds Python objects.*save their lengths as `lengths`",
    ),
    "labels as objects": (
        {"x": np.ones((2, 3)), "y": np.array(["a", "b"], dtype=object)},
        r"array 'y' holds Python objects. Save it as text with y\.astype\(str\)",
    ),
}


@pytest.mark.parametrize("fault", NPZ_FAULTS)
def test_a_faulty_npz_says_what_and_where(tmp_path, fault):
    arrays, message = NPZ_FAULTS[fault]
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(DataError, match=rf"t\.npz: .*{message}"):
        load("t.npz", tmp_path)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as error:
        load("gone.csv", tmp_path / "sets")
    assert str(tmp_path / "gone.csv") in str(error.value)
    assert str(tmp_path / "sets" / "gone.csv") in str(error.value)


@pytest.mark.parametrize(("key", "wanted"), [("label", "labels"), ("group", "t00")])
def test_an_unknown_column_lists_the_columns_and_names_the_nearest(tmp_path, key, wanted):
    write_csv(tmp_path / "t.csv", columns())
    with pytest.raises(DataError, match=rf"data\.{key} = '{wanted}'.*t0, t1, t2, t3, label.*Did you mean"):
        load("t.csv", tmp_path, **{key: wanted})


TEST_FAULTS = {
    "fewer steps": (columns((1, 1, 1), steps=3), "3 time steps, the training file has 4.*t3"),
    "other names": ({f"{k}x" if k != "label" else k: v for k, v in columns((1, 1)).items()}, "same columns"),
    "other order": (dict(reversed(columns((1, 1)).items())), "their order"),
    "unseen class": (columns((1, 1, 1), names="axc"), "row 2 has the label 'x'.*a, b, c"),
}


@pytest.mark.parametrize("fault", TEST_FAULTS)
def test_a_test_file_unlike_the_training_file_is_refused(tmp_path, fault):
    table, message = TEST_FAULTS[fault]
    write_csv(tmp_path / "train.csv", columns())
    write_csv(tmp_path / "test.csv", table)
    with pytest.raises(DataError, match=rf"test\.csv: .*{message}"):
        load("train.csv", tmp_path, test="test.csv")


def test_a_test_npz_unlike_the_training_file_is_refused(tmp_path):
    np.savez(tmp_path / "train.npz", x=np.ones((2, 3)), y=[0, 1])
    np.savez(tmp_path / "test.npz", x=np.ones((2, 4)), y=[0, 1])
    with pytest.raises(DataError, match=r"test\.npz: x has shape \(2, 4\); the training file has \(N, 3\)"):
        load("train.npz", tmp_path, test="test.npz")


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(DataError, match=r"'heartbeat': no such data set.*Did you mean \"heartbeats\"\?"):
        resolve(config("heartbeat"))


def test_a_catalogue_entry_takes_no_label():
    with pytest.raises(DataError, match=r"data\.label: synthetic"):
        resolve(config("synthetic", label="x"))
