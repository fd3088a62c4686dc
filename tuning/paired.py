"""Means with t-intervals, paired t-tests and Holm's correction, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, stdev

LEVEL = 0.95
"""Of every interval; two settings are told apart where the corrected p lies below 1 - LEVEL."""

ENOUGH = 2
"""Values below which there is no interval, and pairs below which there is no test."""

ROUNDING = 1e-12
"""Differences that agree to this part of the values are equal: the rest is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean of n values and its t-interval; None where there are too few of them."""

    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A mean difference, its plain paired t-interval and the t-test's p; ``untested``: why there is no p."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    untested: str | None = None


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of finite values with its t-interval (Student 1908)."""
    from scipy import stats

    n = len(values)
    if n == 0:
        return Estimate(n=0)
    mean = fmean(values)
    if n < ENOUGH:
        return Estimate(n=n, mean=mean)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * stdev(values) / n**0.5
    return Estimate(n=n, mean=mean, low=mean - half, high=mean + half)


def paired(x: Sequence[float], y: Sequence[float]) -> PairedTest:
    """Test whether x minus y, pair by pair, has mean 0."""
    from scipy import stats

    if len(x) < ENOUGH:
        return PairedTest(untested="no complete pair" if not x else "one complete pair")
    differences = [a - b for a, b in zip(x, y, strict=True)]
    mean = fmean(differences)
    rounding = ROUNDING * max(map(abs, [*x, *y]))
    if max(map(abs, differences)) <= rounding:  # scipy gives no number here
        return PairedTest(difference=0.0, low=0.0, high=0.0, p=1.0)
    if max(differences) - min(differences) <= rounding:  # scipy gives p = 0, however few the pairs
        return PairedTest(difference=mean, untested="the same difference in every pair: nothing varies between seeds")
    result = stats.ttest_rel(x, y)
    interval = result.confidence_interval(LEVEL)
    return PairedTest(difference=mean, low=float(interval.low), high=float(interval.high), p=float(result.pvalue))


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several (S. Holm, Scand. J. Statist. 6, 1979, 65-70), in the given order."""
    order = sorted(range(len(p)), key=p.__getitem__)
    stepped = accumulate(((len(p) - rank) * p[i] for rank, i in enumerate(order)), max)
    corrected = dict(zip(order, stepped, strict=True))
    return [min(1.0, corrected[i]) for i in range(len(p))]
