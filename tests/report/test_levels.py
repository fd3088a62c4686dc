"""Intervals of levels: over splits where a campaign has several, else over trials."""

import math
from pathlib import Path
from statistics import fmean, stdev

import pytest
from report_journals import config, entries, trials
from scipy import stats

from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.report.levels import levels

RECORDED = Path(__file__).parents[2] / "docs" / "recorded"


def test_intervals_are_over_splits_and_corrected_for_their_overlap():
    record = fold(read(RECORDED / "squeeze-excite.jsonl.gz"))
    figure = levels(record)
    rows = {row["model.family"]: row for row in figure.rows}
    for family, row in rows.items():
        of = [trial for trial in record.trials.values() if trial.assignment["model.family"] == family]
        means = [fmean(t.objective for t in of if t.config.data.fold == split) for split in range(1, 6)]
        half = stats.t.ppf(0.975, 4) * stdev(means) * math.sqrt(1 / 5 + 1200 / 4800)
        assert (row["trials"], row["mean"]) == (20, pytest.approx(fmean(means)))
        assert (row["low"], row["high"]) == pytest.approx((fmean(means) - half, fmean(means) + half))
    assert (rows["cnn2d"]["low"], rows["cnn2d"]["high"]) == pytest.approx((0.619, 0.737), abs=5e-4)
    assert "95 % t-intervals over splits, corrected for their overlap" in figure.caption


def test_on_one_split_intervals_are_over_trials():
    record = fold(entries(trials(config()), config()))
    figure = levels(record)
    for row in figure.rows:
        values = [t.objective for t in record.ranked() if t.assignment["data.balance"] == row["data.balance"]]
        expected = stats.t.interval(0.95, len(values) - 1, fmean(values), stats.sem(values))
        assert (row["low"], row["high"]) == pytest.approx(expected)
    assert "t-intervals, dots single trials" in figure.caption
