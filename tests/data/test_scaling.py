"""Channels are scaled by statistics of the training rows alone, and these are recorded."""

import json
from typing import Any, get_args

import numpy as np
import pytest
from data_factories import columns, config, write_csv, write_npz
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from data.balance import smote_rows
from data.config import ScaleMethod
from data.errors import DataError
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test
from data.scaling import Scaling, fit

FITTED: dict[ScaleMethod, Any] = {"standard": StandardScaler(), "robust": RobustScaler(), "minmax": MinMaxScaler()}
CHANNELS = ("x", "y", "z")


def sequences(rows: int = 40, steps: int = 9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, steps, rows, endpoint=True)
    x = (rng.gamma(2.0, [1.0, 50.0, 0.01], size=(rows, steps, 3)) + np.array([0.0, 3e4, -5.0])).astype(np.float32)
    return np.where((np.arange(steps) < lengths[:, None])[:, :, None], x, np.float32(0)), lengths


def prepared(path, tmp_path, *, store="store", **changes) -> Prepared:
    return prepare(config(str(path), **changes), datasets=None, store=tmp_path / store)


def parts_of(ready: Prepared):
    arrays = open_arrays(ready.directory)
    return arrays.train, arrays.valid, open_test(ready.directory)


def raw_units(path, *, rows: int = 90, seed: int = 0):
    """Three channels in raw units, sequences of different length, three classes."""
    x, lengths = sequences(rows, seed=seed)
    np.savez(path, x=x, y=np.arange(rows) % 3, lengths=lengths)
    return path


# The scaling itself


@pytest.mark.parametrize("method", FITTED)
def test_statistics_and_values_are_those_of_scikit_learn(method):
    x, lengths = sequences()
    rows = np.arange(0, 40, 3)
    inside = np.arange(x.shape[1]) < lengths[:, None]
    scaler = FITTED[method].fit(x[rows][inside[rows]].astype(np.float64))
    found = fit(method, x, lengths, rows, CHANNELS)
    assert found is not None
    scaled = found.apply(x, lengths)
    np.testing.assert_allclose(scaled[inside], scaler.transform(x[inside].astype(np.float64)), rtol=1e-6, atol=1e-7)
    assert not scaled[~inside].any()


def test_per_sequence_has_zero_mean_and_unit_variance_over_each_rows_own_steps():
    x, lengths = sequences()
    scaled = Scaling(method="per-sequence", channels=CHANNELS).apply(x, lengths)
    for row, length in enumerate(lengths):
        own = scaled[row, :length].astype(np.float64)
        np.testing.assert_allclose(own.mean(axis=0), 0.0, atol=1e-5)
        np.testing.assert_allclose(own.std(axis=0), 1.0 if length > 1 else 0.0, atol=1e-5)
        assert not scaled[row, length:].any()


@settings(deadline=None)
@given(st.permutations(range(40)), st.sampled_from(["standard", "robust", "minmax", "per-sequence"]))
def test_a_row_is_scaled_the_same_among_any_others(order, method):
    x, lengths = sequences()
    scaling = fit(method, x, lengths, np.arange(20), CHANNELS)
    assert scaling is not None
    whole = scaling.apply(x, lengths)
    chosen = np.array(order[:7])
    assert scaling.apply(x[chosen], lengths[chosen]).tobytes() == whole[chosen].tobytes()


@pytest.mark.parametrize("method", [*FITTED, "per-sequence"])
def test_a_constant_channel_becomes_zero(method):
    x = np.random.default_rng(0).normal(size=(20, 5, 2)).astype(np.float32)
    x[:, :, 1] = np.float32(0.1)
    lengths = np.full(20, 5)
    scaling = fit(method, x, lengths, np.arange(20), ("x", "y"))
    assert scaling is not None
    assert not scaling.apply(x, lengths)[:, :, 1].any()
    assert scaling.apply(x, lengths)[:, :, 0].any()


def test_statistics_survive_json_exactly():
    x, lengths = sequences()
    for method in FITTED:
        scaling = fit(method, x, lengths, np.arange(40), CHANNELS)
        assert scaling is not None
        again = Scaling.model_validate_json(scaling.model_dump_json())
        assert again == scaling
        assert again.apply(x, lengths).tobytes() == scaling.apply(x, lengths).tobytes()


def test_a_value_beyond_float32_names_its_channel():
    x = np.full((4, 3, 2), 1.0, dtype=np.float32)
    x[:2, 0, 1] = 1.0 + 1e-6
    x[3, 2, 1] = 3e38
    lengths = np.full(4, 3)
    scaling = fit("standard", x, lengths, np.arange(3), ("x", "y"))
    assert scaling is not None
    with pytest.raises(DataError, match=r'channel "y": a value scaled by the training rows is beyond float32'):
        scaling.apply(x, lengths)


# Prepared arrays


@pytest.mark.parametrize("method", FITTED)
def test_every_part_is_scaled_by_the_training_rows(tmp_path, method):
    path = raw_units(tmp_path / "t.npz")
    raw, ready = prepared(path, tmp_path), prepared(path, tmp_path, scale=method)
    inside = [np.arange(part.x.shape[1]) < part.lengths[:, None] for part in parts_of(raw)]
    before = [part.x[own].astype(np.float64) for part, own in zip(parts_of(raw), inside, strict=True)]
    scaler = FITTED[method].fit(before[0])
    for part, own, values in zip(parts_of(ready), inside, before, strict=True):
        np.testing.assert_allclose(part.x[own], scaler.transform(values), rtol=1e-5, atol=1e-6)
        assert not part.x[~own].any()


@pytest.mark.parametrize("method", FITTED)
def test_validation_and_test_rows_change_no_statistic(tmp_path, method):
    """The same split, with other values in all rows but the training rows."""
    path = raw_units(tmp_path / "t.npz")
    with np.load(path) as arrays:
        content = dict(arrays)
    ready = prepared(path, tmp_path, scale=method)
    training = {row.tobytes() for row in open_arrays(prepared(path, tmp_path).directory).train.x}
    for row, values in enumerate(content["x"]):
        if values.tobytes() not in training:
            content["x"][row, : content["lengths"][row]] += np.float32(1e5)
    np.savez(tmp_path / "other.npz", **content)
    other = prepared(tmp_path / "other.npz", tmp_path, scale=method)
    assert other.manifest.scaling == ready.manifest.scaling
    assert open_arrays(other.directory).train.x.tobytes() == open_arrays(ready.directory).train.x.tobytes()
    assert open_arrays(other.directory).valid.x.tobytes() != open_arrays(ready.directory).valid.x.tobytes()


def test_the_recorded_statistics_give_the_prepared_arrays(tmp_path):
    path = raw_units(tmp_path / "t.npz")
    test = raw_units(tmp_path / "test.npz", rows=30, seed=1)
    raw = prepared(path, tmp_path, test=str(test))
    for method in get_args(ScaleMethod):
        ready = prepared(path, tmp_path, test=str(test), scale=method)
        recorded = json.loads((ready.directory / "manifest.json").read_bytes())["scaling"]
        for before, after in zip(parts_of(raw), parts_of(ready), strict=True):
            x = before.x if recorded is None else Scaling.model_validate(recorded).apply(before.x, before.lengths)
            assert x.tobytes() == after.x.tobytes()
            assert before.lengths.tolist() == after.lengths.tolist()


def test_smote_interpolates_scaled_rows(tmp_path):
    """In raw units the neighbours of a row would be those of its largest channel."""
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(115, 4, 2)) * [1.0, 1e4]).astype(np.float32)
    np.savez(tmp_path / "t.npz", x=x, y=np.repeat([0, 1, 2], [60, 30, 25]))
    scaled, smote = (
        prepared(tmp_path / "t.npz", tmp_path, scale="standard", balance=balance) for balance in ("raw", "smote")
    )
    train, added = open_arrays(scaled.directory).train, open_arrays(smote.directory).train
    assert added.x[: len(train.y)].tobytes() == train.x.tobytes()
    expected = [rows for _, rows in smote_rows(train, config(scale="standard", balance="smote"))]
    assert added.x[len(train.y) :].tobytes() == np.concatenate(expected).tobytes()
    assert smote.manifest.scaling == scaled.manifest.scaling


def test_no_scale_gives_the_arrays_of_earlier_versions(tmp_path):
    path = write_csv(tmp_path / "t.csv", columns((60, 30, 25)))
    unset, none = prepared(path, tmp_path), prepared(path, tmp_path, scale="none")
    assert unset.manifest.scaling is None
    assert none.sha256 == unset.sha256
    assert none.manifest.test_sha256 == unset.manifest.test_sha256


def test_the_same_values_in_another_unit_are_another_hash(tmp_path):
    """The weights fit the standardised values, and only the recorded unit turns new rows into these."""
    table = columns((60, 30, 25))
    one = prepared(write_csv(tmp_path / "a.csv", table), tmp_path, scale="minmax")
    doubled = {name: values if name == "label" else [value * 2 for value in values] for name, values in table.items()}
    two = prepared(write_csv(tmp_path / "b.csv", doubled), tmp_path, scale="minmax")
    assert one.manifest.arrays == two.manifest.arrays
    assert one.sha256 != two.sha256


def test_duplicates_are_found_before_scaling(tmp_path):
    """Per sequence, x and 2 x become the same row; they are no duplicates."""
    table = columns((30, 30, 30))
    doubled = {name: [*values, values[0] * 2 if name != "label" else "a"] for name, values in table.items()}
    ready = prepared(write_csv(tmp_path / "t.csv", doubled), tmp_path, scale="per-sequence")
    assert ready.manifest.notes == ()
    assert sum(len(part.y) for part in parts_of(ready)) == 91


def test_scales_of_texts_are_refused_before_they_are_read(tmp_path):
    path = write_csv(tmp_path / "t.csv", {"text": ["a b", "c d"] * 20, "label": ["x", "y"] * 20})
    for method in ("standard", "robust", "minmax", "per-sequence"):
        with pytest.raises(DataError, match=rf't\.csv: data\.scale = "{method}": texts become tokens'):
            prepared(path, tmp_path, text="text", scale=method)
    assert not (tmp_path / "store").exists()


# Notes


def test_raw_units_are_noted_with_the_worst_channel(tmp_path):
    path = raw_units(tmp_path / "t.npz")
    (note,) = prepared(path, tmp_path).manifest.notes
    values = open_arrays(prepared(path, tmp_path).directory).train
    inside = np.arange(values.x.shape[1]) < values.lengths[:, None]
    worst = values.x[:, :, 1][inside].astype(np.float64)
    assert f'channel "2" has mean {worst.mean():,.0f} and standard deviation {worst.std():.4g}' in note
    assert 'Use data.scale = "standard"' in note
    for method in get_args(ScaleMethod):
        assert note not in prepared(path, tmp_path, scale=method).manifest.notes


def test_sequences_of_one_step_that_per_sequence_makes_zero_are_noted(tmp_path):
    path = raw_units(tmp_path / "t.npz")
    with np.load(path) as arrays:
        short = int((arrays["lengths"] == 1).sum())
    assert prepared(path, tmp_path, scale="per-sequence").manifest.notes == (
        f'{short} of 90 sequences have one time step, which data.scale = "per-sequence" sets to 0.',
    )


def test_a_note_about_a_table_of_one_channel_names_no_channel(tmp_path):
    table = {
        name: values if name == "label" else [v * 800 + 32768 for v in values] for name, values in columns().items()
    }
    (note,) = prepared(write_csv(tmp_path / "t.csv", table), tmp_path).manifest.notes
    assert note.startswith("the values have mean 32,")


@pytest.mark.parametrize("balance", ["raw", "oversample"])
def test_the_built_in_beats_are_not_noted(tmp_path, balance):
    assert prepared("synthetic", tmp_path, balance=balance, max_rows=1000).manifest.notes == ()


def test_a_scale_is_part_of_the_key_only_where_it_is_set(tmp_path):
    path = write_npz(tmp_path / "t.npz", columns((60, 30, 25)))
    directories = {prepared(path, tmp_path, scale=method).directory for method in (None, *get_args(ScaleMethod))}
    assert len(directories) == 6
