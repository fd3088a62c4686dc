"""Labels and groups as arrays of any type: classes, or an error that says what they are."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from data_factories import columns, config, write_csv, write_parquet

from data.config import DataOptions
from data.errors import DataError
from data.new_rows import read_rows
from data.preparation import Preparation
from data.prepare import prepare
from data.prepared import open_test
from data.rows import encode_as, encode_groups, encode_labels

LARGE = 2**53


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([date(2024, 1, 1), date(2024, 1, 2)], "date"),
        ([datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)], "datetime"),
        ([time(10, 30), time(11, 30)], "time"),
        ([timedelta(days=1), timedelta(days=2)], "timedelta"),
        ([{"a": 1}, {"a": 2}], "dict"),
        (np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"), "datetime64"),
        (np.array([1, 2], dtype="timedelta64[s]"), "timedelta64"),
        ([1 + 1j, 1 - 1j], "complex128"),
    ],
)
def test_other_labels_than_texts_and_numbers_are_refused(labels, kind):
    with pytest.raises(DataError, match=rf"f\.csv: the labels are of type {kind}.*; needs texts, numbers or booleans"):
        encode_labels(np.array(labels), "f.csv")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1.0, 2.0], ("1", "2")),
        (["1", "1.0", "2.50", "2.5"], ("1", "2.5")),
        ([True, False], ("False", "True")),
        ([b"walk", b"run"], ("run", "walk")),
        ([b"1", b"2"], ("1", "2")),
        ([Decimal("1.0"), Decimal("2.5")], ("1", "2.5")),
        ([LARGE, LARGE + 2], (str(LARGE), str(LARGE + 2))),
        ([str(LARGE + 1), "1.5"], ("1.5", str(LARGE))),
    ],
)
def test_texts_numbers_and_booleans_are_classes(labels, names):
    assert encode_labels(np.array(labels), "f.csv")[1] == names


@pytest.mark.parametrize("kind", [int, str, Decimal])
def test_large_whole_numbers_do_not_merge(kind):
    labels = np.array([kind(value) for value in (LARGE + 1, LARGE, 7, LARGE + 1)])
    y, names = encode_labels(labels, "f.csv")
    assert names == ("7", str(LARGE), str(LARGE + 1))
    assert y.tolist() == [2, 1, 0, 2]


def test_fractions_beside_large_numbers_stay_fractions():
    labels = np.array([Decimal("1.2"), Decimal("1.5"), Decimal(LARGE), Decimal(LARGE + 1)])
    assert encode_labels(labels, "f.csv")[1] == ("1.2", "1.5", str(LARGE))


def test_bytes_that_are_no_ascii_name_the_row():
    values = np.array([b"a", b"\xff"])
    with pytest.raises(DataError, match=r"f\.csv: row 2 has a label of bytes"):
        encode_labels(values, "f.csv")
    with pytest.raises(DataError, match=r"f\.csv: row 2 has a group of bytes"):
        encode_groups(values, "f.csv")


@pytest.mark.parametrize("role", ["label", "group"])
@pytest.mark.parametrize("lists", [[[1, 2]] * 52, [[1], [1, 2]] * 26])
def test_lists_are_no_labels_and_no_groups(tmp_path, role, lists):
    path = write_parquet(tmp_path / "t.parquet", {**columns(), "group": [1, 2] * 26, role: lists})
    with pytest.raises(DataError, match=rf"column '{role}' holds list<.*>; labels and groups are texts or numbers"):
        prepare(config(str(path), label="label", group="group"), datasets=None, store=tmp_path / "store")


@pytest.mark.parametrize("sequence", [None, "id"])
def test_a_label_column_of_dates_is_refused_in_every_layout(tmp_path, sequence):
    table = {
        **columns(),
        "label": pa.array([1, 2] * 26, pa.date32()),
        "id": [row // 2 * 2 + row % 2 for row in range(52)],
    }
    path = write_parquet(tmp_path / "t.parquet", table)
    with pytest.raises(DataError, match=r"t\.parquet: the labels are of type date"):
        prepare(config(str(path), label="label", sequence=sequence), datasets=None, store=tmp_path / "store")


@pytest.mark.parametrize(
    ("trained", "tested", "y"),
    [
        (["001", "002", "A03"], ["001", "002"], [0, 1]),  # numbers by themselves
        (["001", "002", "A03"], ["002", "A03", "1"], None),
        (["1", "2", "A"], ["2.0", "1", "A"], [1, 0, 2]),
        (["1", "2"], ["1.0", "2", "2.0"], [0, 1, 1]),
        ([str(LARGE), str(LARGE + 1)], [str(LARGE + 1), str(LARGE)], [1, 0]),
        ([str(LARGE), str(LARGE + 1)], [str(LARGE + 1)], [1]),
        (["1", "1.0", "A"], ["1", "1.0"], [0, 0]),  # as numbers both are the class "1"
    ],
)
def test_labels_of_another_file_are_compared_one_by_one(trained, tested, y):
    names = encode_labels(np.array(trained), "train.csv")[1]
    if y is not None:
        assert encode_as(np.array(tested), names, "test.csv").tolist() == y
        return
    with pytest.raises(DataError, match="row 3 has the label '1', none of the known classes: 001, 002, A03"):
        encode_as(np.array(tested), names, "test.csv")


def test_the_row_of_an_unknown_text_beside_numbers_is_named():
    with pytest.raises(DataError, match=r"row 3 has the label 'A03', none of the known classes: 1, 2"):
        encode_as(np.array(["001", "002", "A03"]), ("1", "2"), "test.csv")


@pytest.mark.parametrize(
    "changes", [{}, {"text": "text"}, {"sequence": "id"}, {"sequence": "id", "segment": {"length": 2}}]
)
def test_a_test_file_whose_labels_are_numbers_has_classes_of_texts(tmp_path, changes):
    named = {"a": "001", "b": "002", "c": "A03"}
    paths = []
    for seed, counts in enumerate(((60, 40, 20), (10, 10))):
        table = columns(counts, seed=seed)
        rows = len(table["label"])
        table |= {"id": [row // 2 for row in range(rows)], "text": [f"word{seed} {row}" for row in range(rows)]}
        table["label"] = [named[label] for label in table["label"]]
        if "text" not in changes:
            del table["text"]
        paths.append(write_csv(tmp_path / f"{seed}.csv", table))
    options = {"test": str(paths[1]), "split": "grouped" if "segment" in changes else "stratified", **changes}
    left_out = {} if {"text", "sequence"} & changes.keys() else {"ignore": ["id"]}
    ready = prepare(config(str(paths[0]), **options, **left_out), datasets=None, store=tmp_path / "store")
    assert ready.manifest.class_names == ("001", "002", "A03")
    assert sorted(set(open_test(ready.directory).y.tolist())) == [0, 1]
    new = read_rows(paths[1], DataOptions(dataset="0.csv", **options), Preparation.of(ready.manifest), labelled=True)
    assert sorted(set(new.part.y.tolist())) == [0, 1]
