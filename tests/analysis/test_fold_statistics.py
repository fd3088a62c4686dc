"""Folds and splits: intervals and tests are corrected for training parts that share rows."""

from dataclasses import replace

import pytest
from comparison_journals import GRU, LSTM, compared, contrast, level
from journals import data_record, record, table

from tuning.analysis.conclusions import basis
from tuning.analysis.configurations import configurations, overlap
from tuning.analysis.leaderboard import leaderboard
from tuning.analysis.statistics import estimate, paired


def folded():
    """Two cells, each with a replicate on each of two folds, and a second one."""
    return record(table({"gru": GRU, "lstm": LSTM}), search__replicates=4, data__folds=2)


def test_the_interval_of_a_configuration_is_wider_by_the_overlap():
    ranked = configurations(folded())
    for one, values in zip(ranked, (GRU, LSTM), strict=True):
        plain, corrected = estimate(values), estimate(values, overlap=1.0)  # half of the rows validate, half train
        assert (one.mean, one.low, one.high) == pytest.approx((plain.mean, corrected.low, min(1.0, corrected.high)))
        assert one.high - one.low > 2 * (plain.high - plain.low)


def test_levels_and_tests_of_a_comparison_are_corrected():
    comparison = compared(folded())
    assert comparison.folds == 2
    other = contrast(comparison, "lstm")
    corrected = paired(LSTM, GRU, overlap=1.0)
    assert (other.p, other.low, other.high) == pytest.approx((corrected.p, corrected.low, corrected.high))
    assert other.p > paired(LSTM, GRU).p
    assert level(comparison, "lstm").estimate.low == pytest.approx(estimate(LSTM, overlap=1.0).low)
    said = " ".join(basis(comparison))
    assert "2 folds" in said
    assert "Nadeau and Bengio" in said
    assert "not the split" not in said


def test_the_leaderboard_says_what_its_intervals_are():
    assert "2 on each of 2 folds" in " ".join(leaderboard(folded(), 2).notes)


def test_splits_are_corrected_by_the_rows_validated_per_row_trained_on():
    rows = data_record(train={"N": 60, "S": 60}, valid={"N": 15, "S": 15})
    divided = record(table({"gru": GRU, "lstm": LSTM}), search__replicates=4, data__splits=2)
    divided = replace(divided, data=dict.fromkeys(divided.data, rows))
    assert overlap(divided) == 0.25
    comparison = compared(divided)
    assert contrast(comparison, "lstm").p == pytest.approx(paired(LSTM, GRU, overlap=0.25).p)
    said = " ".join(basis(comparison))
    assert "2 stratified splits" in said
    assert "overlap of the splits" in said
    assert "2 on each of 2 splits" in " ".join(leaderboard(divided, 2).notes)


def test_synthetic_rows_do_not_make_the_overlap_smaller():
    divided = record(table({"gru": GRU, "lstm": LSTM}), search__replicates=4, data__splits=2)
    assert overlap(divided) == 1.0
    divided = replace(divided, data={"smote split=1": data_record("smote")})
    assert overlap(divided) == pytest.approx(0.2 / 0.6)
