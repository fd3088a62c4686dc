"""A user's own model predicts: from the copy of its code that the home kept, or from the file that is named."""

import json

import numpy as np
import pyarrow.csv
import pytest
from factories import csv_table
from own_code_files import MODEL, load, write_campaign
from trained import predicted, run, train_plan

from tuning.analysis.export import export
from tuning.analysis.export_file import write
from tuning.campaign import own_code
from tuning.campaign.code_files import read_copies
from tuning.journal.home import Home
from tuning.prediction.served import ServedModel, write_folder
from tuning.tracking.artifacts import trial_json
from tuning.tracking.models import kept_preparation


@pytest.fixture(autouse=True)
def no_code_stays_loaded():
    yield
    own_code.forget()


def test_an_own_model_predicts_with_its_code_and_not_without(tmp_path):
    table = csv_table(tmp_path / "table.csv")
    planned = load(write_campaign(tmp_path, {"mine.py": MODEL}, dataset=table))
    own_code.use(planned.sources)
    home = Home(tmp_path / "home")
    record = train_plan(home, planned)
    own_code.forget()
    expected = predicted(home, "own", table, out=tmp_path / "p.parquet")
    write(export(record, 1), tmp_path / "top.json")
    message = run(home, "predict", tmp_path / "top.json", table, "--out", tmp_path / "q.parquet", code=2)
    assert "was trained with code that is not run unless you name it" in message
    words = (tmp_path / "top.json", table, "--code", tmp_path / "mine.py")
    assert predicted(home, *words, out=tmp_path / "q.parquet") == expected

    trial = record.ranked()[0]
    (tmp_path / "model").mkdir()
    write_folder(
        tmp_path / "model",
        trial=trial_json(record.recorded(trial)),
        preparation=kept_preparation(home, "own", trial.config.data_sha256),
        weights=home.trial("own", trial.index) / "weights.safetensors",
        sources=read_copies(home.code, trial.config.code),
    )
    own_code.forget()
    x = np.loadtxt(table, delimiter=",", skiprows=1, usecols=range(16), dtype=np.float32)[:, :, None]
    found = ServedModel.load(tmp_path / "model").predict(x)
    assert found["probability_A"].tolist() == expected["probability_A"]


BETWEEN = """\
from tuning.campaign.objective import Metric


def apart(truth, scores):
    return scores[truth == 1, 1].mean() - scores[truth == 0, 1].mean()


METRICS = {"apart": Metric(function=apart, goal="max", of="scores")}
"""
"""Not a number without rows of both classes."""


def test_the_objective_of_own_code_is_evaluated_first_and_undefined_where_it_fails(tmp_path):
    table = csv_table(tmp_path / "table.csv")
    files = {"mine.py": MODEL, "between.py": BETWEEN}
    planned = load(write_campaign(tmp_path, files, dataset=table, metric="apart"))
    own_code.use(planned.sources)
    home = Home(tmp_path / "home")
    train_plan(home, planned)
    own_code.forget()
    found = json.loads(run(home, "evaluate", "own", table, "--json"))
    rows = predicted(home, "own", table, out=tmp_path / "p.parquet")
    own_code.forget()
    truth, scores = np.array(pyarrow.csv.read_csv(table).to_pydict()["label"]) == "B", np.array(rows["probability_B"])
    assert next(iter(found["metrics"])) == "apart"
    assert found["metrics"]["apart"] == pytest.approx(scores[truth].mean() - scores[~truth].mean(), abs=1e-6)
    head, *lines = table.read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([head, *(line for line in lines if line.endswith("A"))]))
    only = json.loads(run(home, "evaluate", "own", tmp_path / "a.csv", "--json"))
    own_code.forget()
    assert only["metrics"]["apart"] is None
    assert only["metrics"]["accuracy"] is not None
    shown = run(home, "evaluate", "own", tmp_path / "a.csv")
    assert "undefined" in next(line for line in shown.splitlines() if line.startswith("apart"))
    assert "metric 'apart'" in shown
