"""``seqtune check``: a table of passed and failed checks of a user's file, and the exit code."""

import json
from pathlib import Path

import pytest
from own_code_files import METRICS, MODEL
from typer.testing import CliRunner

from tuning.campaign import own_code
from tuning.cli.app import app

BOUNDED, PURE = "finite and within its bounds", "the same twice, arguments untouched"
BROKEN = """\
import numpy as np
from data.rows import DataSet, Rows, part
from tuning.campaign.objective import Metric

def sort(counts):
    counts.sort()
    return 0.5

METRICS = {
    "beyond": Metric(function=lambda counts: counts.sum(), goal="max", low=0.0, high=1.0),
    "nan": Metric(function=lambda truth, predicted: float("nan"), goal="min", of="numbers"),
    "sorts": Metric(function=sort, goal="max"),
    "draws": Metric(function=lambda counts: np.random.default_rng().random(), goal="max"),
}

def load(options, paths):
    x = np.random.default_rng().normal(size=(20, 5))
    return Rows(rows=part(x, np.arange(20) % 2), class_names=("a", "b"))

DATASETS = {"drawn": DataSet(about="", size="", find=lambda options, datasets: (), load=load)}
"""


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    own_code.forget()


def check(folder: Path, text: str, *options: str) -> tuple[int, str, str]:
    (folder / "mine.py").write_text(text)
    result = CliRunner().invoke(app, ["check", str(folder / "mine.py"), *options], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def test_a_sound_file_passes_every_check(tmp_path):
    code, out, _ = check(tmp_path, MODEL + METRICS)
    assert code == 0, out
    assert "MODELS mean" in out
    assert out.splitlines()[-1] == "all 18 checks passed"


def test_what_fails_has_its_reason_and_the_exit_code_1(tmp_path):
    code, out, _ = check(tmp_path, BROKEN, "--json")
    reasons = {(row["entry"], row["check"]): row["reason"] for row in json.loads(out) if row["result"] != "passed"}
    assert code == 1
    drawn = reasons.pop(("METRICS draws", PURE))
    assert "for the same arguments" in drawn
    assert reasons == {
        ("METRICS beyond", BOUNDED): "random predictions, 2 classes: 40 is not from 0 to 1",
        ("METRICS nan", BOUNDED): "metric 'nan' returned nan; it must return a finite number",
        ("METRICS nan", PURE): "metric 'nan' returned nan; it must return a finite number",
        ("METRICS sorts", PURE): "perfect predictions, 2 classes: it changes its arguments",
        ("DATASETS drawn", "loads the same rows twice"): (
            "load returns other rows the second time. Seed its random numbers, sort its files"
        ),
    }


def test_a_model_that_cannot_be_built_fails_each_check_with_the_error(tmp_path):
    code, out, _ = check(tmp_path, MODEL.replace("super().__init__()", "self.layer = nn.Linear(1, 1)"))
    assert code == 1
    assert "cannot assign module before Module.__init__() call" in " ".join(out.split())  # folded in its column


def test_checks_that_a_model_s_own_random_numbers_prevent_read_not_checked(tmp_path):
    text = MODEL.replace("self.dropout(", "nn.functional.dropout(training=self.training, input=")
    code, out, _ = check(tmp_path, text, "--json")
    assert code == 0
    rows = [row for row in json.loads(out) if row["result"] != "passed"]
    assert {row["check"] for row in rows} == {
        "padding never changes outputs",
        "values in the padding are not read",
        "padding never changes what is learned",
    }
    assert {row["result"] for row in rows} == {"not checked"}
    assert "draws random numbers" in rows[0]["reason"]
    _, shown, _ = check(tmp_path, text)
    assert shown.splitlines()[-1] == "11 of 14 checks passed, 3 not checked"


def test_json_stays_json_where_the_file_prints(tmp_path):
    text = "print('on import')\n" + MODEL.replace("x = zeroed", "print('in forward'); x = zeroed")
    code, out, err = check(tmp_path, text, "--json")
    assert code == 0
    assert len(json.loads(out)) == 14
    assert "mine.py: on import" in err
    assert "in forward" in err


def test_a_file_that_cannot_be_imported_is_a_usage_error(tmp_path):
    code, out, err = check(tmp_path, "x = 1\n")
    assert (code, out) == (2, "")
    assert "defines nothing" in err
