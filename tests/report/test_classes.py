"""Recall of the classes, of recorded campaigns: rows are counted once, however many seeds predict them."""

from pathlib import Path

import pytest
from report_journals import Trial, config, entries, sampled
from scipy.stats import binomtest

from tuning.analysis.configurations import configurations
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.report.classes import confusion

RECORDED = Path(__file__).parents[2] / "docs" / "recorded"


def recorded(name):
    record = fold(read(RECORDED / f"{name}.jsonl.gz"))
    figure = confusion(record)[1]
    return record, figure, {row["class"]: row for row in figure.rows}


def test_five_seeds_on_one_validation_part_have_its_rows():
    record, figure, rows = recorded("heartbeat-by-patient")
    assert {name: row["rows"] for name, row in rows.items()} == record.data["raw"].valid
    expected = binomtest(0, 3).proportion_ci(0.95, "wilson")
    assert (rows["F"]["recall"], rows["F"]["low"], rows["F"]["high"]) == (0, 0, pytest.approx(expected.high))
    best = configurations(record)[0].completed
    recall = sum(trial.result.best_metrics["recall/V"] for trial in best) / 5
    assert rows["V"]["recall"] == pytest.approx(recall)
    assert figure.plot.layout.yaxis.ticktext[-1] == "F (3)"
    assert (
        "rows in the validation part, whatever the number of seeds; the share is the mean of 5 trials" in figure.caption
    )


def test_two_seeds_on_each_of_five_splits_have_the_rows_of_five_parts():
    record, figure, rows = recorded("squeeze-excite")
    splits = [record.data[f"raw split={number}"].valid for number in range(1, 6)]
    assert {name: row["rows"] for name, row in rows.items()} == {
        name: sum(valid[name] for valid in splits) for name in splits[0]
    }
    assert (
        "in the validation parts of 5 splits, whatever the number of seeds; the share is the mean of 10"
        in figure.caption
    )


def test_one_trial_has_the_interval_of_its_counts():
    figure = confusion(fold(entries([Trial(settings=sampled(config(), 1)[0], score=0.8)])))[1]
    low, high = binomtest(32, 40).proportion_ci(0.95, "wilson")
    assert [(row["rows"], row["low"], row["high"]) for row in figure.rows] == [
        (40, pytest.approx(low), pytest.approx(high))
    ] * 3
    assert "in brackets its rows in the validation part. " in figure.caption
