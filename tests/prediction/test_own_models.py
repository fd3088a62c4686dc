"""A user's own model predicts: from the copy of its code that the home kept, or from the file that is named."""

import numpy as np
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
