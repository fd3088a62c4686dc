"""Folds and splits: intervals and tests are corrected for training parts that share rows."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_journals import GRU, LSTM, compared, contrast, level
from journals import Run, data_record, record, table

from tuning.analysis.basis import basis
from tuning.analysis.conclusions import answer
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


def test_seeds_on_one_split_are_averaged_before_intervals_and_tests():
    rng = np.random.default_rng(5)
    scores = {cell: 0.7 + 0.1 * rng.random((3, 2)) for cell in ("gru", "lstm")}  # splits, seeds on each
    runs = [
        Run(settings={"model.cell": cell}, seed=3 * k + r, score=float(of[r, k]), fold=r + 1)
        for cell, of in scores.items()
        for k in range(2)
        for r in range(3)
    ]
    campaign = record(runs, search__replicates=6, data__splits=3)
    ratio = overlap(campaign)
    means = {cell: of.mean(axis=1).tolist() for cell, of in scores.items()}
    comparison = compared(campaign)
    worse = str(comparison.contrasts[0].level)
    tested = paired(means[worse], means[str(comparison.best)], overlap=ratio)
    assert comparison.contrasts[0].pairs == 3
    assert comparison.contrasts[0].p == pytest.approx(tested.p)
    expected = estimate(means[worse], "recall_macro", overlap=ratio)
    for found in (level(comparison, worse).estimate, configurations(campaign)[1]):
        assert found.n == 6
        assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert "6 trials on 3 splits" in answer(comparison)[0]
    assert "Seeds on one split are averaged before." in " ".join(basis(comparison))
    assert "Paired by split" in " ".join(basis(comparison))


def test_other_dimensions_are_averaged_on_each_split_whose_rows_they_share():
    rng = np.random.default_rng(6)
    scores = {cell: 0.7 + 0.1 * rng.random((3, 2)) for cell in ("gru", "lstm")}  # splits, values of the other dimension
    runs = [
        Run(settings={"model.cell": cell, "model.norm": norm}, seed=r, score=float(of[r, k]), fold=r + 1)
        for cell, of in scores.items()
        for k, norm in enumerate(("no", "yes"))
        for r in range(3)
    ]
    campaign = record(runs, search__replicates=3, data__splits=3)
    comparison = compared(campaign, factor="cell")
    means = {cell: of.mean(axis=1).tolist() for cell, of in scores.items()}
    worse = str(comparison.contrasts[0].level)
    tested = paired(means[worse], means[str(comparison.best)], overlap=overlap(campaign))
    found = comparison.contrasts[0]
    assert found.pairs == 3
    assert (found.p, found.low) == pytest.approx((tested.p, tested.low))
    expected = estimate(means[worse], "recall_macro", overlap=overlap(campaign))
    assert level(comparison, worse).estimate.low == pytest.approx(expected.low)
    assert "(2 combinations, averaged on each split)" in " ".join(basis(comparison))


def test_a_pair_that_a_level_lacks_is_left_out_of_the_means_of_both():
    gru, lstm = {"no": (0.8, 0.9), "yes": (0.7, 0.6)}, {"no": (0.5, 0.7), "yes": (0.1,)}
    runs = [
        Run(settings={"model.cell": cell, "model.norm": norm}, seed=r, score=score, fold=r + 1)
        for cell, norms in (("gru", gru), ("lstm", lstm))
        for norm, of in norms.items()
        for r, score in enumerate(of)
    ]
    found = contrast(compared(record(runs, search__replicates=2, data__splits=2), factor="cell"), "lstm")
    assert (found.pairs, found.incomplete) == (2, 1)
    assert found.difference == pytest.approx(((0.5 + 0.1) / 2 - (0.8 + 0.7) / 2 + 0.7 - 0.9) / 2)
