"""What a data set of a user's code returns is checked, with one sentence on what is wrong."""

import numpy as np
import pytest

from data.config import DataOptions, Kind
from data.errors import DataError
from data.own_rows import checked
from data.rows import DataSet, Rows, part
from data.series import Series
from data.texts import texts

Y = np.arange(6) % 2
PART = part(np.random.default_rng(0).normal(size=(6, 4)), Y)
VALUES = np.arange(20, dtype=np.float32).reshape(10, 2)


def load(loaded: Rows | Series) -> Rows | Series:
    kind: Kind = "series" if isinstance(loaded, Series) else "sequences"
    own = DataSet(about="", size="", find=lambda *_: (), load=lambda *_: loaded, kind=kind)
    return checked(own).load(DataOptions(dataset="mine"), ())


def with_value(value: float) -> np.ndarray:
    values = VALUES.copy()
    values[3, 1] = value
    return values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": VALUES[:, 0]}, r"values must be a \(R, C\) float32 array, in order of time; got \(10,\) float32"),
        ({"values": VALUES.astype(np.float64)}, r"got \(10, 2\) float64"),
        ({"values": VALUES.tolist()}, "got list"),
        ({"values": with_value(np.nan)}, r"values, row 4, channel 'y': got nan \(1 such values\).*fill the gap"),
        ({"values": with_value(np.inf)}, "got inf"),
        ({"target": 2}, "target must be the number of a channel, from 0 to 1; got 2"),
        ({"target": -1}, "got -1"),
        ({"target": "y"}, "got y"),
        ({"names": ("x",)}, "names has 1 names; values has 2 channels"),
    ],
)
def test_a_wrong_series_is_refused(changes, message):
    series = Series(**{"values": VALUES, "names": ("x", "y"), "target": 1} | changes)
    with pytest.raises(DataError, match=f"^mine: .*{message}"):
        load(series)


@pytest.mark.parametrize("rows", [PART, texts(["a word"] * 6, Y, "mine")], ids=["sequences", "texts"])
@pytest.mark.parametrize(
    ("groups", "got"),
    [
        (np.arange(5), r"\(5,\) int64"),
        (np.arange(7), r"\(7,\) int64"),
        (np.array([0, 1, 2, 3, 4, np.nan]), r"\(6,\) float64"),
        (np.arange(6)[:, None], r"\(6, 1\) int64"),
        (list(range(6)), "list"),
    ],
)
def test_wrong_groups_are_refused(rows, groups, got):
    with pytest.raises(DataError, match=rf"^mine: groups must be a \(6,\) array of whole numbers, .*; got {got}$"):
        load(Rows(rows=rows, class_names=("a", "b"), groups=groups))


@pytest.mark.parametrize(
    "loaded",
    [
        Series(values=VALUES, names=("x", "y"), target=1),
        Rows(rows=PART, class_names=("a", "b")),
        Rows(rows=PART, class_names=("a", "b"), groups=np.arange(6, dtype=np.int32)),
    ],
    ids=["series", "rows", "groups"],
)
def test_what_is_right_is_returned_as_it_is(loaded):
    assert load(loaded) is loaded
