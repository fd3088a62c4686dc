"""A kept trial in a folder of its own, as an MLflow model contains it."""

import numpy as np
import pandas as pd
import pytest
from trained import predicted, small, steps, train_campaign, write_rows

from data.errors import DataError
from tuning.campaign.code_files import read_copies
from tuning.journal.home import Home
from tuning.prediction.served import ServedModel, write_folder
from tuning.tracking.artifacts import trial_json
from tuning.tracking.models import interface, kept_preparation


def served(home, record, folder, rank=0):
    """The model of a trial, written and read again."""
    trial = record.ranked()[rank]
    folder.mkdir()
    write_folder(
        folder,
        trial=trial_json(record.recorded(trial)),
        preparation=kept_preparation(home, "tiny", trial.config.data_sha256),
        weights=home.trial("tiny", trial.index) / "weights.safetensors",
        sources=read_copies(home.code, trial.config.code),
    )
    return ServedModel.load(folder)


def test_arrays_are_predicted_as_a_file_of_them(beats, tmp_path):
    home, table, record = beats
    model = served(home, record, tmp_path / "model")
    x = np.array(list(steps(table).values()), dtype=np.float32).T[:, :, None]
    found = model.predict(x)
    expected = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    assert found.to_dict("list") == {name: values for name, values in expected.items() if name != "row"}
    assert list(found) == list(interface(model.preparation).columns)


def test_a_sequence_of_one_channel_needs_no_axis_for_it_and_a_table_is_read_by_column(beats, tmp_path):
    home, table, record = beats
    model = served(home, record, tmp_path / "model")
    frame = pd.DataFrame(steps(table)).astype(np.float32)
    expected = model.predict(frame.to_numpy()[:, :, None]).to_dict("list")
    assert model.predict(frame.to_numpy()).to_dict("list") == expected
    shuffled = frame[frame.columns[::-1]].assign(patient="P27")
    assert model.predict(shuffled).to_dict("list") == expected
    for wrong, message in (
        (frame.drop(columns="t0"), rf"1 of the {frame.shape[1]} columns .* are missing: t0\. Columns: t1"),
        (frame.assign(t0="P27"), "rows must be numbers: could not convert string to float: 'P27'"),
        (frame.to_numpy()[:, 1:], rf"rows have shape .*; the model takes \(N, {frame.shape[1]}, 1\)"),
    ):
        with pytest.raises(DataError, match=message):
            model.predict(wrong)


def test_nan_after_its_end_makes_a_sequence_shorter(tmp_path):
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 13, 60)
    y = np.arange(60) % 2
    x = (rng.normal(size=(60, 12, 2)) + y[:, None, None]).astype(np.float32)
    x[np.arange(12) >= lengths[:, None]] = 0
    np.savez(tmp_path / "train.npz", x=x, y=y, lengths=lengths)
    home = Home(tmp_path / "home")
    record = train_campaign(home, small({"dataset": str(tmp_path / "train.npz"), "scale": "standard"}))
    model = served(home, record, tmp_path / "model")
    cut = np.where((np.arange(12) < lengths[:, None])[:, :, None], x, np.nan)
    expected = predicted(home, "tiny", tmp_path / "train.npz", out=tmp_path / "p.parquet")
    assert model.predict(cut)["probability_1"].tolist() == expected["probability_1"]
    assert model.predict(x[:1, : lengths[0]])["class"].tolist() == expected["class"][:1]
    for wrong, message in (
        (x[:, :, :1], r"rows have shape \(60, 12, 1\); the model takes \(N, 12, 2\)"),
        (np.zeros((1, 13, 2)), r"rows have shape \(1, 13, 2\)"),
        (np.zeros((0, 12, 2)), r"rows have shape \(0, 12, 2\)"),
        (np.where(np.arange(12)[:, None] == 3, np.nan, x), "row 1: needs finite numbers"),
        (np.full((2, 12, 2), np.nan), "row 1: needs finite numbers"),
        (np.where(np.arange(12)[:, None] == 3, np.inf, x), "row 1: needs finite numbers"),
    ):
        with pytest.raises(DataError, match=message):
            model.predict(wrong)


def test_texts_are_predicted_from_a_table_or_a_list(tmp_path):
    said = [f"{'great fine' if row % 2 else 'awful poor'} day{row}" for row in range(60)]
    labels = ["good" if row % 2 else "bad" for row in range(60)]
    table = write_rows(tmp_path / "train.csv", {"review": said, "label": labels})
    home = Home(tmp_path / "home")
    record = train_campaign(home, small({"dataset": str(table), "text": "review"}))
    model = served(home, record, tmp_path / "model")
    expected = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    assert model.predict(pd.DataFrame({"text": said}))["probability_good"].tolist() == expected["probability_good"]
    assert model.predict(said)["class"].tolist() == expected["class"]
    assert interface(model.preparation).shape is None


def test_windows_of_a_series_are_forecast_in_its_unit(tmp_path):
    level = 1000 + 50 * np.sin(np.arange(150) / 5)
    table = write_rows(tmp_path / "train.csv", {"load": level})
    home = Home(tmp_path / "home")
    data = {"dataset": str(table), "target": "load", "split": "chronological", "window": 8}
    record = train_campaign(home, small(data, objective={"metric": "rmse"}))
    model = served(home, record, tmp_path / "model")
    windows = np.lib.stride_tricks.sliding_window_view(level.astype(np.float32), 8)[:, :, None]
    expected = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    assert model.predict(windows)["forecast"].tolist() == expected["forecast"]
    assert (interface(model.preparation).shape, interface(model.preparation).columns) == (
        (-1, 8, 1),
        {"forecast": "double"},
    )
    with pytest.raises(DataError, match=r"the model takes \(N, 8, 1\)"):
        model.predict(windows[:, :7])
