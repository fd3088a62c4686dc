"""Reliability diagrams: the figures behind them, and what a page says where there are none."""

import shutil

import numpy as np
import pytest
from factories import csv_table
from trained import small, train_campaign

from tuning.analysis.configurations import configurations
from tuning.api import load
from tuning.journal.home import Home
from tuning.prediction import reliability as of_trials
from tuning.prediction.calibration import calibration_error, reliability
from tuning.prediction.reliability import Reliability, trial_reliability
from tuning.report.calibration import calibrated, figures, missing
from tuning.training.files import WEIGHTS


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    home = Home(folder / "home")
    data = {"dataset": str(csv_table(folder / "table.csv", rows=300, classes=3))}
    return home, train_campaign(home, small(data, train={"epochs": 8, "learning_rate": 0.02}))


@pytest.fixture
def copied(trained, tmp_path):
    shutil.copytree(trained[0].path, tmp_path / "home")
    return Home(tmp_path / "home")


def test_bins_hold_every_row_and_give_the_calibration_error():
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.4, 0.4, 0.4], size=500)
    y = rng.integers(0, 3, 500)
    bins = reliability(probabilities, y)
    assert sum(one.rows for one in bins) == 500
    assert all(one.low <= one.confidence <= one.high for one in bins)
    error = sum(one.rows * abs(one.accuracy - one.confidence) for one in bins) / 500
    assert error == pytest.approx(calibration_error(probabilities, y))


def test_the_best_trial_s_diagram_holds_its_validation_rows(trained):
    home, record = trained
    (found,) = calibrated(home, record, None)
    (figure,) = figures([found])
    assert figure.title == f"Calibration of {record.ranked()[0].name}"
    valid = sum(next(iter(record.data.values())).valid.values())
    assert isinstance(found.found, Reliability)
    for bins in (found.found.before, found.found.after):
        assert sum(one.rows for one in bins) == valid
    hits = sum(row["rows"] * row["accuracy"] for row in figure.rows if row["temperature"] == 1.0)
    assert hits / valid == pytest.approx(record.ranked()[0].result.best_metrics["accuracy"])
    assert f"in bins of {valid} validation rows." in figure.caption
    assert {row["temperature"] for row in figure.rows} == {1.0, found.found.calibration.temperature}


def test_with_replicates_it_is_the_trial_whose_weights_are_kept(tmp_path):
    home = Home(tmp_path / "home")
    data = {"dataset": str(csv_table(tmp_path / "table.csv", rows=300, classes=3))}
    config = small(data, train={"epochs": 2, "learning_rate": 0.02}, seed=2)
    search = config.search.model_copy(update={"replicates": 3, "trials": 6})
    record = train_campaign(home, config.model_copy(update={"search": search}))
    best = configurations(record)[0]
    assert best.completed[0] is not max(best.completed, key=lambda trial: trial.objective)  # else nothing is shown
    (found,) = calibrated(home, record, None)
    assert found.title == best.completed[0].name
    assert isinstance(found.found, Reliability)


def test_many_rows_are_thinned_and_said(trained, monkeypatch):
    home, record = trained
    monkeypatch.setattr(of_trials, "MOST_ROWS", 20)
    found = trial_reliability(home, record.recorded(record.ranked()[0]))
    assert found.calibration.rows == sum(one.rows for one in found.before) == 20
    assert found.all_rows > 20


def test_the_page_of_a_report_has_the_diagram_and_its_file(copied):
    page = load("tiny", home=copied.path).report(copied.path / "page.html").path.read_text(encoding="utf-8")
    assert '<figure id="calibration">' in page
    assert 'download="tiny-calibration.csv"' in page


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        ("weights", "its weights are not kept (seqtune reproduce --keep-weights trains it again)."),
        ("arrays", "its prepared data is no longer in this home."),
    ],
)
def test_what_is_not_kept_is_said_in_one_line(copied, trained, lost, reason):
    best = trained[1].ranked()[0]
    if lost == "arrays":
        shutil.rmtree(copied.arrays)
    else:
        (copied.trial("tiny", best.index) / WEIGHTS).unlink()
    page = load("tiny", home=copied.path).report(copied.path / "page.html").path.read_text(encoding="utf-8")
    assert f"No calibration of {best.name}: {reason}" in page
    assert '<figure id="calibration">' not in page


def test_damaged_weights_are_said(copied, trained):
    best = trained[1].ranked()[0]
    path = copied.trial("tiny", best.index) / WEIGHTS
    path.write_bytes(path.read_bytes()[:-9])
    (sentence,) = missing(calibrated(copied, trained[1], None))
    assert sentence.startswith(f"No calibration of {best.name}: ")


def test_a_series_has_no_probabilities(tmp_path):
    home = Home(tmp_path)
    data = {"dataset": "mackey-glass", "split": "chronological", "window": 8, "max_rows": 300}
    record = train_campaign(home, small(data, objective={"metric": "rmse"}, train={"epochs": 1}))
    assert calibrated(home, record, None) == []
