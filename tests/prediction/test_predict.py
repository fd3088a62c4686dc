"""``seqtune predict``: files of rows in, tables of predictions out."""

import json
import shutil

import numpy as np
import pytest
from factories import csv_table
from trained import predicted, refused, run, small, steps, train_campaign, write_rows

from data.preparation import find_prepared
from data.prepared import open_arrays
from tuning.analysis.export import export
from tuning.analysis.export_file import write
from tuning.journal.home import Home


def test_the_validation_part_is_predicted_as_training_recorded_it(beats, tmp_path):
    home, table, record = beats
    best = record.ranked()[0]
    found = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    directory, manifest = find_prepared(home.arrays, best.config.data_sha256)
    valid = open_arrays(directory).valid
    x = np.array([values for name, values in steps(table).items()], dtype=np.float32).T[:, :, None]
    rows = manifest.scaling.apply(x, np.full(len(x), 16))
    at = [int(np.flatnonzero((rows == one).all(axis=(1, 2)))[0]) for one in valid.x]
    names = manifest.class_names
    counts = np.zeros((2, 2), dtype=int)
    for true, row in zip(valid.y, at, strict=True):
        counts[true, names.index(found["class"][row])] += 1
    assert counts.tolist() == best.result.confusion
    assert 0.6 < best.objective < 1  # neither class is predicted for all rows
    assert list(found) == ["row", "class", "probability_A", "probability_B"]
    assert found["row"] == list(range(1, 151))
    for a, b, name in zip(found["probability_A"], found["probability_B"], found["class"], strict=True):
        assert a + b == pytest.approx(1)
        assert name == ("A" if a >= b else "B")


def test_neither_a_label_nor_the_order_of_columns_is_needed(beats, tmp_path):
    home, table, _ = beats
    columns = steps(table)
    bare = write_rows(tmp_path / "bare.csv", dict(reversed(columns.items())))
    more = write_rows(tmp_path / "more.parquet", {"id": list(range(150)), **columns, "remark": ["x"] * 150})
    with_label = predicted(home, "tiny", table, out=tmp_path / "a.csv")
    assert predicted(home, "tiny", bare, out=tmp_path / "b.csv") == with_label
    assert predicted(home, "tiny", more, out=tmp_path / "c.csv") == with_label
    assert "note: columns left out: id, remark." in run(home, "predict", "tiny", more, "--out", tmp_path / "c.csv")


def test_the_average_of_the_best_is_the_mean_of_their_probabilities(beats, tmp_path):
    home, table, _ = beats
    each = [predicted(home, "tiny", table, "--rank", rank, out=tmp_path / "r.parquet") for rank in (1, 2)]
    mean = predicted(home, "tiny", table, "--top", 2, out=tmp_path / "m.parquet")
    expected = np.mean([one["probability_A"] for one in each], axis=0)
    assert mean["probability_A"] == expected.tolist()


def test_an_export_names_the_same_models(beats, tmp_path):
    home, table, record = beats
    write(export(record, 2), tmp_path / "top.json")
    words = (tmp_path / "top.json", table)
    assert predicted(home, *words, "--rank", 2, out=tmp_path / "e.csv") == predicted(
        home, "tiny", table, "--rank", 2, out=tmp_path / "n.csv"
    )
    assert predicted(home, *words, "--top", 2, out=tmp_path / "e.csv") == predicted(
        home, "tiny", table, "--top", 2, out=tmp_path / "n.csv"
    )


def test_json_says_what_was_predicted_with_what(beats, tmp_path):
    home, table, record = beats
    shown = json.loads(run(home, "predict", "tiny", table, "--out", tmp_path / "p.csv", "--calibrate", "--json"))
    assert shown["rows"] == sum(shown["predicted"].values()) == 150
    best = record.ranked()[0]
    assert shown["models"] == [{"campaign": "tiny", "trial": best.index, "objective": best.objective}]
    calibration = shown["calibration"]
    assert calibration["rows"] == np.sum(best.result.confusion)
    assert calibration["log_loss_after"] <= calibration["log_loss_before"]


def test_the_file_of_rows_is_not_replaced(beats, tmp_path):
    home, table, _ = beats
    rows = write_rows(tmp_path / "rows.csv", steps(table))
    (tmp_path / "link.csv").hardlink_to(rows)
    before = rows.read_bytes()
    for out in (rows, tmp_path / ".." / tmp_path.name / "rows.csv", tmp_path / "link.csv"):
        message = refused(home, "tiny", rows, out=out)
        assert f"--out {out}: is the file of rows" in message
        assert rows.read_bytes() == before


def test_a_temperature_changes_probabilities_and_no_class_of_one_model(beats, tmp_path):
    home, table, _ = beats
    plain = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    scaled = predicted(home, "tiny", table, "--calibrate", out=tmp_path / "c.parquet")
    assert scaled["class"] == plain["class"]
    assert scaled["probability_A"] != plain["probability_A"]


def test_predictions_need_neither_the_data_nor_the_arrays(beats, tmp_path):
    home, table, _ = beats
    expected = predicted(home, "tiny", table, out=tmp_path / "here.csv")
    moved = Home(tmp_path / "moved")
    shutil.copytree(home.path, moved.path)
    shutil.rmtree(moved.arrays)
    rows = write_rows(tmp_path / "rows.csv", steps(table))
    assert predicted(moved, "tiny", rows, out=tmp_path / "there.csv") == expected


def test_a_campaign_older_than_the_file_of_its_preparation_predicts_with_its_arrays(beats, tmp_path):
    home, table, _ = beats
    expected = predicted(home, "tiny", table, out=tmp_path / "here.csv")
    older = Home(tmp_path / "older")
    shutil.copytree(home.path, older.path)
    shutil.rmtree(older.campaign("tiny") / "preparations")
    assert predicted(older, "tiny", table, out=tmp_path / "there.csv") == expected


def test_weights_come_back_with_reproduce(beats, tmp_path):
    home, table, record = beats
    expected = predicted(home, "tiny", table, out=tmp_path / "here.csv")
    bare = Home(tmp_path / "bare")
    shutil.copytree(home.path, bare.path)
    best = record.ranked()[0].index
    shutil.rmtree(bare.trial("tiny", best))
    shutil.rmtree(bare.campaign("tiny") / "preparations")
    message = refused(bare, "tiny", table, out=tmp_path / "there.csv")
    assert "its weights are not kept" in message
    assert f"seqtune reproduce tiny --trial {best} --keep-weights" in message
    assert "weights kept in" in run(bare, "reproduce", "tiny", "--trial", best, "--keep-weights")
    assert predicted(bare, "tiny", table, out=tmp_path / "there.csv") == expected


def test_damaged_weights_are_refused(beats, tmp_path):
    home, table, record = beats
    bad = Home(tmp_path / "bad")
    shutil.copytree(home.path, bad.path)
    path = bad.trial("tiny", record.ranked()[0].index) / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "is not that of the trial's record" in refused(bad, "tiny", table, out=tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: {k: v for k, v in c.items() if k != "t3"}, "1 of the 16 columns that the model was trained on are"),
        (
            lambda c: {f"x{k}": v for k, v in c.items()},
            "16 of the 16 columns that the model was trained",
        ),
        (lambda c: {**c, "t3": [float("nan"), *c["t3"][1:]]}, "row 1, column 't3': got nan"),
        (lambda c: {**c, "t3": ["high", *map(str, c["t3"][1:])]}, "row 1, column 't3': got 'high'"),
    ],
    ids=["a column less", "other columns", "NaN", "a text"],
)
def test_other_columns_and_values_are_refused(beats, tmp_path, change, message):
    home, table, _ = beats
    rows = write_rows(tmp_path / "rows.parquet", change(steps(table)))
    assert message in refused(home, "tiny", rows, out=tmp_path / "p.csv")


def test_bad_words_on_the_command_line_are_refused(beats, tmp_path):
    home, table, _ = beats
    out = tmp_path / "p.csv"
    assert "--rank and --top exclude each other" in refused(home, "tiny", table, "--rank", 1, "--top", 2, out=out)
    assert "no rank 9; it has 2" in refused(home, "tiny", table, "--rank", 9, out=out)
    assert "unknown suffix" in refused(home, "tiny", table, out=tmp_path / "p.xlsx")
    missing = tmp_path / "none" / "p.csv"
    assert "does not exist. Create it first" in run(home, "predict", "tiny", table, "--out", missing, code=2)
    assert "no such file" in refused(home, "tiny", tmp_path / "none.csv", out=out)
    assert ".xlsx files cannot be read" in refused(home, "tiny", tmp_path / "none.xlsx", out=out)
    assert "no campaign 'none'" in refused(home, "none", table, out=out)


def test_a_campaign_without_a_completed_trial_predicts_nothing(beats, tmp_path):
    home, table, _ = beats
    started = Home(tmp_path / "started")
    journal = home.journal("tiny").read_bytes().splitlines(keepends=True)
    started.journal("tiny").parent.mkdir(parents=True)
    started.journal("tiny").write_bytes(b"".join(journal[:3]))
    message = refused(started, "tiny", table, out=tmp_path / "p.csv")
    assert "no trial has completed, so there is nothing to predict with" in message


def test_sequences_of_several_channels_come_from_npz_ts_and_long_tables(tmp_path):
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 13, 90)
    y = np.arange(90) % 2
    x = rng.normal(size=(90, 12, 2)) + y[:, None, None]
    x[np.arange(12) >= lengths[:, None]] = 0
    np.savez(tmp_path / "train.npz", x=x.astype(np.float32), y=y, lengths=lengths)
    home = Home(tmp_path / "home")
    train_campaign(home, small({"dataset": str(tmp_path / "train.npz"), "scale": "per-sequence"}))
    expected = predicted(home, "tiny", tmp_path / "train.npz", out=tmp_path / "p.csv")
    np.savez(tmp_path / "bare.npz", x=x.astype(np.float32)[:, :, :], lengths=lengths)
    assert predicted(home, "tiny", tmp_path / "bare.npz", out=tmp_path / "q.csv") == expected

    cases = [
        ":".join(",".join(repr(float(v)) for v in case[:length, channel]) for channel in range(2))
        for case, length in zip(x.astype(np.float32), lengths, strict=True)
    ]
    header = "@problemName a\n@timeStamps false\n@missing false\n@univariate false\n@dimensions 2\n@equalLength false\n"
    (tmp_path / "bare.ts").write_text(f"{header}@classLabel false\n@data\n" + "\n".join(cases) + "\n")
    assert predicted(home, "tiny", tmp_path / "bare.ts", out=tmp_path / "q.csv") == expected

    inside = np.arange(12) < lengths[:, None]
    ids = np.repeat(np.arange(90), lengths)
    long = {"who": ids, "a": x[inside][:, 0].astype(np.float32), "b": x[inside][:, 1].astype(np.float32)}
    write_rows(tmp_path / "long.parquet", long)
    found = predicted(home, "tiny", tmp_path / "long.parquet", "--sequence", "who", out=tmp_path / "q.csv")
    assert found.pop("sequence") == list(range(90))
    assert found == {name: values for name, values in expected.items() if name != "row"}

    np.savez(tmp_path / "one.npz", x=x[:, :, :1].astype(np.float32), lengths=lengths)
    message = refused(home, "tiny", tmp_path / "one.npz", out=tmp_path / "r.csv")
    assert "1 channels; the model was trained on sequences of 2" in message
    np.savez(tmp_path / "far.npz", x=np.ones((3, 20, 2)), lengths=np.array([4, 20, 9]))
    message = refused(home, "tiny", tmp_path / "far.npz", out=tmp_path / "r.csv")
    assert "sequence 2 has 20 time steps; the model was trained on sequences of at most 12 (1 such" in message
    np.savez(tmp_path / "short.npz", x=np.ones((3, 10, 2)))
    message = refused(home, "tiny", tmp_path / "short.npz", out=tmp_path / "r.csv")
    assert "x has 10 time steps; the model was trained with 12" in message
    message = refused(home, "tiny", csv_table(tmp_path / "t.csv"), out=tmp_path / "r.csv")
    assert "a table with a row per sequence has one channel" in message


def test_windows_of_recordings_are_predicted_one_by_one(tmp_path):
    rng = np.random.default_rng(1)
    who = np.repeat([f"r{k}" for k in range(24)], 40)
    label = np.where(np.arange(len(who)) // 40 % 2, "walk", "run")
    signal = rng.normal(size=len(who)) + (label == "run")
    write_rows(tmp_path / "train.csv", {"who": who, "signal": signal, "label": label})
    home = Home(tmp_path / "home")
    data = {"dataset": str(tmp_path / "train.csv"), "sequence": "who", "segment": {"length": 16, "step": 8}}
    train_campaign(home, small(data))
    write_rows(tmp_path / "new.csv", {"signal": signal[:120], "who": who[:120]})
    found = predicted(home, "tiny", tmp_path / "new.csv", out=tmp_path / "p.csv")
    assert found["sequence"] == ["r0"] * 4 + ["r1"] * 4 + ["r2"] * 4
    assert found["window"] == [1, 2, 3, 4] * 3
    assert list(found)[2:] == ["class", "probability_run", "probability_walk"]


def test_texts_are_encoded_by_the_recorded_vocabulary(tmp_path):
    words = {"good": ["great", "fine", "lovely"], "bad": ["awful", "poor", "dreadful"]}
    rng = np.random.default_rng(2)
    labels = ["good", "bad"] * 60
    said = [" ".join([*rng.choice(words[one], 4), f"day{row}"]) for row, one in enumerate(labels)]
    write_rows(tmp_path / "train.csv", {"review": said, "label": labels})
    home = Home(tmp_path / "home")
    train_campaign(home, small({"dataset": str(tmp_path / "train.csv"), "text": "review", "vocabulary": 20}))
    write_rows(tmp_path / "new.csv", {"review": ["Great, fine! " * 9, "poor; unheard"], "id": [1, 2]})
    found = predicted(home, "tiny", tmp_path / "new.csv", out=tmp_path / "p.csv")
    assert list(found) == ["row", "class", "probability_bad", "probability_good"]
    write_rows(tmp_path / "some.csv", {"review": ["great", "Guten Tag"]})
    assert "note: 1 of 2 texts have no word of the vocabulary (row 2 is the first)" in run(
        home, "predict", "tiny", tmp_path / "some.csv", "--out", tmp_path / "p.csv"
    )
    write_rows(tmp_path / "german.csv", {"review": ["Guten Tag", "Auf Wiedersehen"]})
    message = refused(home, "tiny", tmp_path / "german.csv", out=tmp_path / "q.csv")
    assert "none of the words is in the vocabulary of the training texts" in message
    write_rows(tmp_path / "other.csv", {"text": ["great"]})
    message = refused(home, "tiny", tmp_path / "other.csv", out=tmp_path / "q.csv")
    assert "no column 'review' with texts. Name it with --text" in message
    assert predicted(home, "tiny", tmp_path / "other.csv", "--text", "text", out=tmp_path / "q.csv")["row"] == [1]


def test_a_series_is_forecast_in_its_own_unit(tmp_path):
    rng = np.random.default_rng(3)
    level = 1000 + 50 * np.sin(np.arange(300) / 5) + rng.normal(size=300)
    write_rows(tmp_path / "train.csv", {"load": level, "heat": rng.normal(size=300)})
    home = Home(tmp_path / "home")
    data = {
        "dataset": str(tmp_path / "train.csv"),
        "target": "load",
        "split": "chronological",
        "window": [6, 12],
        "horizon": 2,
    }
    record = train_campaign(home, small(data, objective={"metric": "rmse"}, train={"epochs": 6}))
    windows = [trial.config.data.window for trial in record.ranked()]
    assert sorted({*windows}) == [6, 12]
    longest = max(windows)
    found = predicted(home, "tiny", tmp_path / "train.csv", "--top", 2, out=tmp_path / "p.csv")
    single = predicted(home, "tiny", tmp_path / "train.csv", "--rank", 1, out=tmp_path / "q.csv")
    assert list(found) == ["row", "forecast"]
    assert found["row"] == list(range(longest + 2, 303))  # two rows beyond the last one are forecast, too
    assert single["row"] == list(range(windows[0] + 2, 303))
    assert all(800 < value < 1200 for value in single["forecast"])
    directory, _ = find_prepared(home.arrays, record.ranked()[0].config.data_sha256)
    valid = open_arrays(directory).valid
    first = 300 - 60 - 60
    truth = level[first : first + len(valid.y)]
    forecast = np.array(single["forecast"])[np.searchsorted(single["row"], first + 1) :][: len(truth)]
    rmse = np.sqrt(np.mean((forecast - truth) ** 2))
    assert rmse == pytest.approx(record.ranked()[0].result.best_metrics["rmse"], rel=1e-4)
    write_rows(tmp_path / "short.csv", {"load": level[:5], "heat": level[:5]})
    message = refused(home, "tiny", tmp_path / "short.csv", "--rank", 1, out=tmp_path / "r.csv")
    assert f"5 rows; a forecast from a window of {windows[0]} needs at least {windows[0]}" in message
    write_rows(tmp_path / "less.csv", {"load": level})
    assert "1 of the 2 columns that the model was trained on are missing: heat" in refused(
        home, "tiny", tmp_path / "less.csv", out=tmp_path / "r.csv"
    )
    message = refused(home, "tiny", tmp_path / "train.csv", "--calibrate", out=tmp_path / "r.csv")
    assert "--calibrate: forecasts have no probabilities" in message
