"""``seqtune evaluate``: figures on a labelled file, and the calibration of probabilities."""

import json
import shutil

import numpy as np
import pyarrow.csv
import pytest
from factories import csv_table
from sklearn.metrics import f1_score, recall_score
from sklearn.metrics import log_loss as sklearn_log_loss
from trained import predicted, run, small, steps, train_campaign, write_rows

from data.preparation import find_prepared
from data.prepared import open_arrays
from tuning.journal.home import Home
from tuning.prediction.calibration import calibrate, calibration_error, log_loss, tempered
from tuning.training.predictor import softmax


def evaluated(home, *words):
    return json.loads(run(home, "evaluate", *words, "--json"))


def labelled(table):
    return pyarrow.csv.read_csv(table).to_pydict()


def test_figures_are_those_of_the_predictions(beats, tmp_path):
    home, table, _ = beats
    found = evaluated(home, "tiny", table)
    rows = predicted(home, "tiny", table, out=tmp_path / "p.parquet")
    truth, classes = labelled(table)["label"], rows["class"]
    probabilities = np.array([rows["probability_A"], rows["probability_B"]]).T
    assert found["rows"] == np.sum(found["confusion"]) == 150
    assert found["metrics"]["accuracy"] == np.mean([a == b for a, b in zip(truth, classes, strict=True)])
    assert found["metrics"]["recall_macro"] == pytest.approx(recall_score(truth, classes, average="macro"))
    assert found["metrics"]["f1_macro"] == pytest.approx(f1_score(truth, classes, average="macro"))
    assert found["metrics"]["log_loss"] == pytest.approx(sklearn_log_loss(truth, probabilities))
    recall = recall_score(truth, classes, average=None)
    assert [(c["name"], c["rows"], c["recall"]) for c in found["classes"]] == [
        ("A", 75, pytest.approx(recall[0])),
        ("B", 75, pytest.approx(recall[1])),
    ]


def test_the_recorded_validation_rows_give_the_recorded_figures(beats, tmp_path):
    home, table, record = beats
    best = record.ranked()[0]
    directory, manifest = find_prepared(home.arrays, best.config.data_sha256)
    columns = labelled(table)
    x = np.array([columns[f"t{k}"] for k in range(16)], dtype=np.float32).T[:, :, None]
    rows = manifest.scaling.apply(x, np.full(len(x), 16))
    at = [int(np.flatnonzero((rows == one).all(axis=(1, 2)))[0]) for one in open_arrays(directory).valid.x]
    write_rows(tmp_path / "valid.parquet", {name: [values[k] for k in at] for name, values in columns.items()})
    found = evaluated(home, "tiny", tmp_path / "valid.parquet")
    assert found["confusion"] == best.result.confusion
    assert found["metrics"]["log_loss"] == pytest.approx(best.result.best_metrics["loss"], rel=1e-6)
    assert {name: found["metrics"][name] for name in ("accuracy", "recall_macro", "f1_macro")} == {
        name: best.result.best_metrics[name] for name in ("accuracy", "recall_macro", "f1_macro")
    }
    assert found["trained_on"] == 0


def test_rows_of_the_training_part_are_counted(beats, tmp_path):
    home, table, record = beats
    training = sum(record.data["raw"].train.values())
    assert evaluated(home, "tiny", table)["trained_on"] == training
    assert f"{training} of the rows equal rows of the training part" in run(home, "evaluate", "tiny", table)
    other = {name: [v + 0.01 for v in values] for name, values in steps(table).items()}
    new = write_rows(tmp_path / "new.csv", other | {"label": labelled(table)["label"]})
    assert evaluated(home, "tiny", new)["trained_on"] == 0
    assert "none of the rows equals a row of the training part" in run(home, "evaluate", "tiny", new)
    elsewhere = Home(tmp_path / "elsewhere")
    shutil.copytree(home.path, elsewhere.path)
    shutil.rmtree(elsewhere.arrays)
    assert evaluated(elsewhere, "tiny", new)["trained_on"] is None
    assert "is not known: the campaign's arrays are not in this home" in run(elsewhere, "evaluate", "tiny", new)


def test_a_label_may_have_another_name(beats, tmp_path):
    home, table, _ = beats
    columns = labelled(table)
    truth = columns.pop("label")
    write_rows(tmp_path / "new.csv", {"true": truth, **columns})
    message = run(home, "evaluate", "tiny", tmp_path / "new.csv", code=2)
    assert "no label column. Name it with --label. Columns: " in message
    assert "data.label" not in message
    found = evaluated(home, "tiny", tmp_path / "new.csv", "--label", "true")
    assert found["confusion"] == evaluated(home, "tiny", table)["confusion"]


def test_labels_may_be_numbers_of_classes_and_other_ones_are_refused(beats, tmp_path):
    home, table, _ = beats
    columns = labelled(table)
    numbers = ["AB".index(name) for name in columns["label"]]
    write_rows(tmp_path / "numbers.csv", {**columns, "label": numbers})
    found = evaluated(home, "tiny", tmp_path / "numbers.csv")
    assert found["notes"] == ["labels are numbers of classes: 0 is A, 1 is B."]
    assert found["confusion"] == evaluated(home, "tiny", table)["confusion"]
    write_rows(tmp_path / "other.csv", {**columns, "label": ["C", *columns["label"][1:]]})
    message = run(home, "evaluate", "tiny", tmp_path / "other.csv", code=2)
    assert "row 1 has the label 'C', none of the known classes: A, B" in message
    write_rows(tmp_path / "empty.csv", {**columns, "label": ["", *columns["label"][1:]]})
    assert "row 1 has no label" in run(home, "evaluate", "tiny", tmp_path / "empty.csv", code=2)


def test_forecasts_are_judged_in_the_targets_unit(tmp_path):
    rng = np.random.default_rng(3)
    level = 500 + 20 * np.sin(np.arange(200) / 4) + rng.normal(size=200)
    write_rows(tmp_path / "train.csv", {"load": level})
    home = Home(tmp_path / "home")
    data = {"dataset": str(tmp_path / "train.csv"), "target": "load", "split": "chronological", "window": 8}
    train_campaign(home, small(data, objective={"metric": "rmse"}))
    found = evaluated(home, "tiny", tmp_path / "train.csv")
    rows = predicted(home, "tiny", tmp_path / "train.csv", out=tmp_path / "p.parquet")
    truth = level[8:]
    errors = np.array(rows["forecast"])[:-1] - truth
    assert rows["row"] == list(range(9, 202))
    assert found["rows"] == 192
    assert found["metrics"]["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    assert found["metrics"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-4)
    assert found["metrics"]["r2"] == pytest.approx(1 - (errors**2).mean() / truth.var(), rel=1e-3)
    assert found["confusion"] == []


def test_calibration_lowers_the_log_loss_on_the_validation_part(tmp_path):
    columns = labelled(csv_table(tmp_path / "table.csv", rows=200))
    columns["label"] = ["B" if row % 5 == 0 else name for row, name in enumerate(columns["label"])]  # no model is right
    table = write_rows(tmp_path / "noisy.csv", columns)
    home = Home(tmp_path / "home")
    train = {"epochs": 20, "learning_rate": 0.02, "batch_size": 8}
    train_campaign(home, small({"dataset": str(table)}, train=train))
    fitted = evaluated(home, "tiny", table, "--calibrate")["calibration"]
    assert fitted["temperature"] != 1
    assert fitted["log_loss_after"] < fitted["log_loss_before"]
    assert 0 <= fitted["calibration_error_after"] <= 1


def test_calibration_error_is_the_mean_distance_of_confidence_and_accuracy():
    y = np.array([0, 0, 0, 1])
    sure = np.array([[0.9, 0.1]] * 4)
    assert calibration_error(sure, y) == pytest.approx(0.15)
    two_bins = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(two_bins, y) == pytest.approx((0.1 + 0.1) / 2)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0
    assert log_loss(np.array([[0.0, 1.0]]), np.array([0])) < 1000  # finite


def test_a_temperature_is_found_again():
    rng = np.random.default_rng(0)
    true = rng.dirichlet([0.7, 0.7, 0.7], 4000)
    y = np.array([rng.choice(3, p=row) for row in true])
    overconfident = tempered(true, 0.5)
    fitted = calibrate(overconfident, y)
    assert fitted.temperature == pytest.approx(2, rel=0.1)
    assert fitted.calibration_error_after < fitted.calibration_error_before / 3


def test_a_temperature_changes_no_class_and_the_logits_of_a_network_by_a_factor():
    logits = np.random.default_rng(1).normal(size=(50, 4))
    plain = tempered(softmax(logits), 3.0)
    assert np.allclose(plain, softmax(logits / 3))
    assert (plain.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_a_model_without_errors_keeps_its_probabilities():
    right = calibrate(np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([0, 1]))
    assert (right.temperature, right.wrong) == (1, 0)
    assert right.unchanged == "all 2 rows are predicted right, so that no temperature can be fitted"
