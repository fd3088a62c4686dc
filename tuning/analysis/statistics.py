"""Means with t-intervals, paired t-tests and Holm's adjustment, as values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from statistics import fmean, stdev

from tuning.campaign.objective import METRICS

ALPHA = 0.05
"""A difference is significant if its adjusted p is below it; intervals have the level 1 - ALPHA."""

ENOUGH = 2
"""Fewer values have no interval, fewer pairs no test."""

ROUNDING = 1e-12
"""Differences that agree to this part of the values are equal."""

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(METRICS, (0.0, 1.0)),
    **dict.fromkeys(("loss", "mae", "rmse", "train_loss", "overfitting", "seconds"), (0.0, math.inf)),
    "r2": (-math.inf, 1.0),
    "best_epoch": (1.0, math.inf),
}
"""The range of each metric and response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean of n values and its t-interval; None where there are too few values.

    clipped: whether the t-interval exceeds the range of what is measured, and was cut there.
    """

    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    clipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A mean difference, its unadjusted paired t-interval and the t-test's p; ``untested``: why there is no p."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    untested: str | None = None


def estimate(values: Sequence[float], measured: str | None = None, *, overlap: float = 0.0) -> Estimate:
    """Return the mean of finite values with its t-interval (Student 1908), within the range of what is measured.

    measured: a name of ``RANGES``; None: without bounds.  overlap: of values from resampled splits the rows evaluated
    per row trained on; the variance of the mean is then s2 (1/n + overlap) (Nadeau and Bengio, Machine Learning 52,
    2003), as the splits' training parts share rows.
    """
    from scipy import stats

    n = len(values)
    if n == 0:
        return Estimate(n=0)
    mean = fmean(values)
    if n < ENOUGH:
        return Estimate(n=n, mean=mean)
    half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * stdev(values) * (1 / n + overlap) ** 0.5
    return clipped(Estimate(n=n, mean=mean, low=mean - half, high=mean + half), measured)


def clipped(estimated: Estimate, measured: str | None) -> Estimate:
    """Return the estimate with its interval cut to the range of what is measured."""
    if measured not in RANGES or estimated.low is None or estimated.high is None:
        return estimated
    least, most = RANGES[measured]
    low, high = max(least, estimated.low), min(most, estimated.high)
    return replace(estimated, low=low, high=high, clipped=(low, high) != (estimated.low, estimated.high))


def paired(x: Sequence[float], y: Sequence[float], *, overlap: float = 0.0) -> PairedTest:
    """Test whether x minus y, pair by pair, has mean 0.  overlap: see ``estimate``."""
    from scipy import stats

    if len(x) < ENOUGH:
        return PairedTest(untested="no complete pair" if not x else "one complete pair")
    differences = [a - b for a, b in zip(x, y, strict=True)]
    mean = fmean(differences)
    rounding = ROUNDING * max(map(abs, [*x, *y]))
    if max(map(abs, differences)) <= rounding:  # scipy returns nan here
        return PairedTest(difference=0.0, low=0.0, high=0.0, p=1.0)
    if max(differences) - min(differences) <= rounding:  # scipy returns p = 0, for two pairs as for twenty
        return PairedTest(difference=mean, untested="identical difference in every pair")
    if overlap:
        n = len(differences)
        error = stdev(differences) * (1 / n + overlap) ** 0.5
        half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * error
        p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
        return PairedTest(difference=mean, low=mean - half, high=mean + half, p=p)
    result = stats.ttest_rel(x, y)
    interval = result.confidence_interval(1 - ALPHA)
    return PairedTest(difference=mean, low=float(interval.low), high=float(interval.high), p=float(result.pvalue))


def holm(p: Sequence[float]) -> list[float]:
    """Return Holm-adjusted p-values (S. Holm, Scand. J. Statist. 6, 1979, 65-70), in the given order."""
    order = sorted(range(len(p)), key=p.__getitem__)
    stepped = accumulate(((len(p) - rank) * p[i] for rank, i in enumerate(order)), max)
    adjusted = dict(zip(order, stepped, strict=True))
    return [min(1.0, adjusted[i]) for i in range(len(p))]
