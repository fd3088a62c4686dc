"""A series is split in order of time by its targets, whatever the window, and standardised by training rows alone."""

import numpy as np
import pyarrow as pa
import pytest
from data_factories import config, write_csv, write_parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from data.catalogue import describe, resolve
from data.config import DataOptions
from data.datasets.mackey_glass import MACKEY_GLASS, POINTS
from data.errors import DataError
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test
from data.series import Series, cut

IN_ORDER = {"split": "chronological"}


def ramp(rows: int = 50, **changes) -> tuple[Series, DataOptions]:
    """Two channels, target second: its value says its own position."""
    values = np.column_stack([np.sin(np.arange(rows)), np.arange(rows)]).astype(np.float32)
    options = DataOptions(dataset="s.csv", **{"target": "y", "window": 8, **IN_ORDER, **changes})
    return Series(values=values, names=("x", "y"), target=1), options


def positions(series: Series, options: DataOptions) -> dict[str, list[int]]:
    windows = cut(series, options)
    targets = np.round(windows.whole.y * windows.scale.std + windows.scale.mean).astype(int)
    return {name: targets[getattr(windows.parts, name)].tolist() for name in ("train", "valid", "test")}


def table(rows: int = 60) -> dict[str, list]:
    return {"day": [f"2024-{row:03}" for row in range(rows)], "x": [row % 7 for row in range(rows)],
            "y": [row * 0.5 for row in range(rows)]}  # fmt: skip


def prepared(path, tmp_path, **changes) -> Prepared:
    chosen = config(str(path), **{"target": "y", "window": 4, **IN_ORDER, **changes})
    return prepare(chosen, datasets=None, store=tmp_path / "store")


@settings(deadline=None)
@given(st.integers(30, 90), st.integers(1, 8), st.integers(1, 5))
def test_targets_are_all_later_rows_once_in_order_of_time(rows, window, horizon):
    series, options = ramp(rows, window=window, horizon=horizon)
    parts = positions(series, options)
    assert parts["train"] + parts["valid"] + parts["test"] == list(range(window - 1 + horizon, rows))
    assert max(parts["train"]) < min(parts["valid"]) <= max(parts["valid"]) < min(parts["test"])


@settings(deadline=None)
@given(st.integers(1, 10), st.integers(1, 4))
def test_a_window_ends_horizon_steps_before_its_target(window, horizon):
    series, options = ramp(60, window=window, horizon=horizon)
    windows = cut(series, options)
    inputs = windows.whole.x[:, :, 1] * windows.scale.std + windows.scale.mean
    targets = windows.whole.y * windows.scale.std + windows.scale.mean
    assert inputs.shape[1] == window
    np.testing.assert_allclose(inputs[:, -1] + horizon, targets, atol=1e-3)
    np.testing.assert_allclose(np.diff(inputs, axis=1), 1.0, atol=1e-3)


@pytest.mark.parametrize("change", [{"window": 1}, {"window": 16}, {"horizon": 5}])
def test_validation_and_test_targets_are_the_same_whatever_the_window(change):
    series, options = ramp()
    one, other = cut(series, options), cut(*ramp(**change))
    for part in ("valid", "test"):
        here, there = (w.whole.y[getattr(w.parts, part)] for w in (one, other))
        assert here.tobytes() == there.tobytes()


def test_standardisation_looks_at_the_training_rows_alone():
    series, options = ramp(50)
    wild = Series(values=series.values.copy(), names=series.names, target=1)
    wild.values[30:] *= 1000
    assert cut(wild, options).scaling == cut(series, options).scaling
    known = np.arange(30)
    assert cut(series, options).scale.mean == pytest.approx(known.mean())
    assert cut(series, options).scale.std == pytest.approx(known.std())


def test_a_constant_column_becomes_zero():
    values = np.column_stack([np.full(50, 0.1), np.arange(50)]).astype(np.float32)
    windows = cut(Series(values=values, names=("x", "y"), target=1), ramp()[1])
    assert windows.scaling is not None
    assert windows.scaling.spread[0] == 1.0
    assert not windows.whole.x[:, :, 0].any()


def test_max_rows_are_the_last_ones():
    assert positions(*ramp(50, max_rows=30))["test"] == positions(*ramp(50))["test"][-6:]


@pytest.mark.parametrize("change", [{"window": 29}, {"horizon": 22}, {"max_rows": 4}, {"test_fraction": 0.9}])
def test_a_series_too_short_for_its_windows_says_the_numbers(change):
    series, options = ramp(50, **change)
    with pytest.raises(DataError, match=r"s\.csv: \d+ rows give .* for training.*data\.window = "):
        cut(series, options)


def test_the_longest_window_that_fits_is_taken():
    assert positions(*ramp(50, window=28))["train"] == [28, 29]


def test_what_is_opened_is_a_regression(tmp_path):
    ready = prepared(write_csv(tmp_path / "s.csv", table()), tmp_path)
    arrays, test = open_arrays(ready.directory), open_test(ready.directory)
    assert (arrays.regression, arrays.outputs, arrays.class_names, arrays.tokens) == (True, 1, (), None)
    assert (arrays.steps, arrays.channels) == (4, 2)
    assert [len(part.y) for part in (arrays.train, arrays.valid, test)] == [32, 12, 12]
    assert arrays.train.x.dtype == arrays.train.y.dtype == np.float32
    assert arrays.order.tolist() == list(range(32))
    np.testing.assert_allclose(test.y * arrays.scale.std + arrays.scale.mean, np.arange(48, 60) * 0.5, atol=1e-5)
    assert ready.manifest.counts.valid == {"rows": 12}
    assert ready.manifest.scaling.channels == ("x", "y")


def test_a_column_without_numbers_is_left_out_with_a_note(tmp_path):
    ready = prepared(write_csv(tmp_path / "s.csv", table()), tmp_path)
    assert ready.manifest.notes == ("columns left out, since they hold no numbers: day.",)


def test_csv_and_parquet_give_the_same_hash(tmp_path):
    rows = table()
    one = prepared(write_csv(tmp_path / "s.csv", rows), tmp_path)
    days = pa.array(range(60), pa.date32())
    other = prepared(write_parquet(tmp_path / "s.parquet", {**rows, "day": days}), tmp_path)
    assert one.sha256 == other.sha256


def test_equal_windows_stay(tmp_path):
    rows = {"y": [float(row // 10 % 2) for row in range(60)]}
    ready = prepared(write_csv(tmp_path / "s.csv", rows), tmp_path, window=2)
    assert ready.manifest.counts.train == {"rows": 34}
    assert ready.manifest.notes == ()


@pytest.mark.parametrize("change", [{"split_seed": 9}, {"balance_seed": 9}, {"duplicates": "keep"}, {"vocabulary": 9}])
def test_an_option_that_a_series_does_not_look_at_changes_nothing(tmp_path, change):
    path = write_csv(tmp_path / "s.csv", table())
    prepared(path, tmp_path)
    assert prepared(path, tmp_path, **change).reused


@pytest.mark.parametrize("change", [{"window": 5}, {"horizon": 2}, {"target": "x"}, {"valid_fraction": 0.3}])
def test_another_window_horizon_or_target_is_another_hash(tmp_path, change):
    path = write_csv(tmp_path / "s.csv", table())
    assert prepared(path, tmp_path).sha256 != prepared(path, tmp_path, **change).sha256


def test_another_unit_of_the_target_is_another_hash(tmp_path):
    rows = table()
    one = prepared(write_csv(tmp_path / "a.csv", rows), tmp_path)
    two = prepared(write_csv(tmp_path / "b.csv", {**rows, "y": [value * 2 for value in rows["y"]]}), tmp_path)
    assert one.manifest.arrays == two.manifest.arrays
    assert one.sha256 != two.sha256


@pytest.mark.parametrize("bad", ["text", "", "nan", "inf"])
def test_a_target_that_is_no_number_names_row_and_column(tmp_path, bad):
    rows = table()
    rows["y"][6] = bad
    with pytest.raises(DataError, match=r"s\.csv: row 7, column 'y': got .*number"):
        prepared(write_csv(tmp_path / "s.csv", rows), tmp_path)


def test_a_target_of_texts_is_refused_at_its_first_row(tmp_path):
    rows = {**table(), "y": ["high"] * 60}
    with pytest.raises(DataError, match=r"s\.csv: row 1, column 'y': got 'high', needs a number"):
        prepared(write_csv(tmp_path / "s.csv", rows), tmp_path)
    with pytest.raises(DataError, match=r"s\.parquet: row 1, column 'y': got 'high', needs a number"):
        prepared(write_parquet(tmp_path / "s.parquet", rows), tmp_path)


@pytest.mark.parametrize("first", [None, 1.0])
def test_a_gap_in_an_input_names_row_and_column_wherever_it_is(tmp_path, first):
    rows = table()
    rows["x"] = [first or "", "" if first else 2.0, *rows["x"][2:]]
    with pytest.raises(DataError, match=rf"row {2 if first else 1}, column 'x'.*fill the gap"):
        prepared(write_csv(tmp_path / "s.csv", rows), tmp_path)


def test_a_missing_target_column_lists_the_columns(tmp_path):
    with pytest.raises(DataError, match=r"data\.target = 'z': no such column. Columns: day, x, y"):
        prepared(write_csv(tmp_path / "s.csv", table()), tmp_path, target="z")


@pytest.mark.parametrize("balance", ["oversample", "semi-oversample", "smote", "weighted"])
def test_a_balance_of_a_series_is_refused(tmp_path, balance):
    with pytest.raises(DataError, match=r'a series has none. Use balance = "raw"'):
        prepared("mackey-glass", tmp_path, target=None, balance=balance)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "s.csv", "target": "y"}, 'a series is split in order of time; use split = "chronological"'),
        ({"dataset": "mackey-glass", "split": "grouped"}, 'use split = "chronological"'),
        ({"dataset": "t.csv", **IN_ORDER}, 'not for t.csv: use split = "stratified" or split = "grouped"'),
        ({"dataset": "synthetic", **IN_ORDER}, 'not for synthetic: use split = "stratified"'),
        ({"dataset": "s.csv", "target": "y", "label": "x", **IN_ORDER}, r"data\.label: a series has no label"),
        ({"dataset": "s.csv", "target": "y", "test": "t.csv", **IN_ORDER}, r"its last rows are the test part"),
        ({"dataset": "s.npz", "target": "y", **IN_ORDER}, r"data\.target: an \.npz file has no columns"),
        ({"dataset": "mackey-glass", "target": "x", **IN_ORDER}, r"data\.target: mackey-glass has its own columns"),
    ],
)
def test_unsuitable_options_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        resolve(DataOptions(**options))


def test_the_built_in_series_follows_its_equation():
    """Checked by central differences: x'(t) = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t)."""
    series = MACKEY_GLASS.load(DataOptions(dataset="mackey-glass"), ())
    x = series.values[:, 0].astype(np.float64)
    now = np.arange(18, POINTS - 2)
    slope = (8 * (x[now + 1] - x[now - 1]) - (x[now + 2] - x[now - 2])) / 12
    delayed = x[now - 17]
    np.testing.assert_allclose(slope, 0.2 * delayed / (1 + delayed**10) - 0.1 * x[now], atol=2e-3)
    assert len(x) == 4000
    assert x.std() > 0.2  # it does not settle


def test_the_built_in_series_is_the_same_on_every_machine():
    """Values noted down once: a chaotic series would show another last bit of a processor."""
    series = MACKEY_GLASS.load(DataOptions(dataset="mackey-glass"), ())
    assert series.values[[0, 1, 2, -1], 0].tolist() == [
        np.float32(value) for value in (1.0112027778836206, 0.9608860553809753, 0.913741544278469, 0.5481523447044504)
    ]


def test_the_built_in_series_has_the_same_validation_targets_for_windows_8_and_64(tmp_path):
    short, long = (prepared("mackey-glass", tmp_path, target=None, window=window) for window in (8, 64))
    one, other = open_arrays(short.directory), open_arrays(long.directory)
    assert one.valid.y.tobytes() == other.valid.y.tobytes()
    assert open_test(short.directory).y.tobytes() == open_test(long.directory).y.tobytes()
    assert len(one.train.y) - len(other.train.y) == 56
    assert one.scale == other.scale


def test_the_built_in_series_is_listed():
    assert {line.name: line.where for line in describe(None)}["mackey-glass"] == "built in"


def test_without_a_test_fraction_all_last_rows_validate(tmp_path):
    ready = prepared(write_csv(tmp_path / "s.csv", table()), tmp_path, test_fraction=0.0)
    arrays, test = open_arrays(ready.directory), open_test(ready.directory)
    assert [len(part.y) for part in (arrays.train, arrays.valid, test)] == [44, 12, 0]
    np.testing.assert_allclose(
        arrays.valid.y * arrays.scale.std + arrays.scale.mean, np.arange(48, 60) * 0.5, atol=1e-5
    )
