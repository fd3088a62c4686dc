"""Intervals and tests agree with scipy; Holm's adjustment and the range of a metric are kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tuning.analysis.statistics import Estimate, estimate, holm, paired, wilson

FLOATS = st.floats(0.0, 1.0).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=12))
def test_a_paired_test_is_scipys(rows: list[tuple[float, float]]) -> None:
    x, y = (list(column) for column in zip(*rows, strict=True))
    test = paired(x, y)
    if np.ptp(np.subtract(x, y)) < 1e-9:
        assert test.p in {None, 1.0}
        return
    expected = stats.ttest_rel(x, y)
    interval = expected.confidence_interval(0.95)
    assert (test.p, test.low, test.high) == pytest.approx((expected.pvalue, *interval))


@given(st.lists(FLOATS, min_size=2, max_size=12).filter(lambda values: len(set(values)) > 1))
def test_an_interval_is_scipys(values: list[float]) -> None:
    result = estimate(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (result.low, result.high) == pytest.approx(expected, abs=1e-9)


@given(st.lists(FLOATS, max_size=12))
def test_an_interval_of_a_proportion_lies_in_0_to_1_and_holds_the_mean(values: list[float]) -> None:
    result, free = estimate(values, "recall_macro"), estimate(values)
    assert result.mean == free.mean
    if result.low is None or result.high is None or free.low is None or free.high is None:
        return
    assert 0 <= result.low <= (result.mean or 0.0) <= result.high <= 1
    assert result.clipped == (free.low < 0 or free.high > 1)


@pytest.mark.parametrize(
    "metric", ["accuracy", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro", "r2"]
)
def test_the_interval_of_a_proportion_is_clipped(metric: str) -> None:
    result = estimate([0.95, 1.0], metric)
    assert (result.high, result.clipped) == (1.0, True)
    assert result.low == estimate([0.95, 1.0]).low


@pytest.mark.parametrize("metric", ["loss", "mae", "rmse", None])
def test_other_intervals_are_not_clipped(metric: str | None) -> None:
    result = estimate([0.95, 1.0], metric)
    assert (result.high or 0.0) > 1
    assert not result.clipped


def test_too_few_values_have_no_interval() -> None:
    assert estimate([], "accuracy") == Estimate(n=0)
    assert estimate([0.5], "accuracy") == Estimate(n=1, mean=0.5)


def test_a_difference_is_not_clipped() -> None:
    test = paired([1.0, 0.6], [0.0, 0.1])
    assert (test.high or 0.0) > 1


def test_equal_values_have_p_1() -> None:
    test = paired([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (test.difference, test.low, test.high, test.p) == (0.0, 0.0, 0.0, 1.0)


def test_identical_differences_are_not_tested() -> None:
    test = paired([0.1, 0.2, 0.7], [0.4, 0.5, 1.0])
    assert test.difference == pytest.approx(-0.3)
    assert (test.p, test.untested) == (None, "identical difference in every pair")


def test_holm_multiplies_the_smallest_most_and_is_monotone() -> None:
    assert holm([0.01, 0.04, 0.03, 0.9]) == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(counts: tuple[int, int]) -> None:
    hits, n = counts
    expected = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-9)
