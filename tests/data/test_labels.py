"""Labels and groups as arrays of any type: classes, or an error that says what they are."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from data_factories import columns, config, write_parquet

from data.errors import DataError
from data.prepare import prepare
from data.rows import encode_groups, encode_labels

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
