"""Means with t-intervals, paired t-tests and Holm's adjustment, as values."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from statistics import NormalDist, fmean, stdev
from statistics import correlation as pearson
from typing import TypeVar

from tuning.campaign.objective import METRICS, OWN

Unit = TypeVar("Unit", bound=Hashable)

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
    "recall": (0.0, 1.0),
    "precision": (0.0, 1.0),
    "best_epoch": (1.0, math.inf),
}
"""The range of each metric and response; ``recall`` of ``recall/CLASS``.  Those of a user's code are in ``OWN``."""


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
class MeanDifference:
    """A difference of means, its unadjusted t-interval and the t-test's p; ``untested``: why there is no p."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    untested: str | None = None


def estimate(
    values: Sequence[float],
    measured: str | None = None,
    *,
    overlap: float = 0.0,
    units: Sequence[Hashable] | None = None,
) -> Estimate:
    """Return the mean of finite values with its t-interval (Student 1908), within the range of what is measured.

    measured: a name of ``RANGES``; None: without bounds.  overlap: of values from resampled splits the rows evaluated
    per row trained on; the variance of the mean is then s2 (1/n + overlap) (Nadeau and Bengio, Machine Learning 52,
    2003), as the splits' training parts share rows.  units: what each value belongs to, such as its split; the
    interval is that of the mean over units.
    """
    if not values:
        return Estimate(n=0)
    means = averaged(values, units)
    mean, n = fmean(means), len(means)
    if n < ENOUGH:
        return Estimate(n=len(values), mean=mean)
    half = quantile(n) * stdev(means) * (1 / n + overlap) ** 0.5
    return clipped(Estimate(n=len(values), mean=mean, low=mean - half, high=mean + half), measured)


@cache
def quantile(n: int) -> float:
    """Return the quantile of Student's t for intervals of the mean of n values."""
    from scipy import stats

    return float(stats.t.ppf(1 - ALPHA / 2, n - 1))


def averaged(values: Sequence[float], units: Sequence[Hashable] | None) -> Sequence[float]:
    """Return the values, or with units the mean of each unit's values."""
    return values if units is None else list(unit_means(values, units).values())


def unit_means(values: Sequence[float], units: Sequence[Unit]) -> dict[Unit, float]:
    """Return the mean of each unit's values, in the order in which the units first occur."""
    grouped: dict[Unit, list[float]] = {}
    for value, unit in zip(values, units, strict=True):
        grouped.setdefault(unit, []).append(value)
    return {unit: fmean(of) for unit, of in grouped.items()}


def clipped(estimated: Estimate, measured: str | None) -> Estimate:
    """Return the estimate with its interval cut to the range of what is measured."""
    own = OWN.get(measured or "")
    ends = RANGES.get((measured or "").partition("/")[0]) if own is None else (own.low, own.high)
    if ends is None or estimated.low is None or estimated.high is None:
        return estimated
    least, most = ends
    low, high = max(least, estimated.low), min(most, estimated.high)
    return replace(estimated, low=low, high=high, clipped=(low, high) != (estimated.low, estimated.high))


def paired(x: Sequence[float], y: Sequence[float], *, overlap: float = 0.0) -> MeanDifference:
    """Test whether x minus y, pair by pair, has mean 0.  overlap: see ``estimate``."""
    from scipy import stats

    if len(x) < ENOUGH:
        return MeanDifference(untested="no complete pair" if not x else "one complete pair")
    differences = [a - b for a, b in zip(x, y, strict=True)]
    mean = fmean(differences)
    rounding = ROUNDING * max(map(abs, [*x, *y]))
    if max(map(abs, differences)) <= rounding:  # scipy returns nan here
        return MeanDifference(difference=0.0, low=0.0, high=0.0, p=1.0)
    if max(differences) - min(differences) <= rounding:  # scipy returns p = 0, for two pairs as for twenty
        return MeanDifference(difference=mean, untested="identical difference in every pair")
    if overlap:
        n = len(differences)
        error = stdev(differences) * (1 / n + overlap) ** 0.5
        half = quantile(n) * error
        p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
        return MeanDifference(difference=mean, low=mean - half, high=mean + half, p=p)
    result = stats.ttest_rel(x, y)
    interval = result.confidence_interval(1 - ALPHA)
    return MeanDifference(difference=mean, low=float(interval.low), high=float(interval.high), p=float(result.pvalue))


def welch(x: Sequence[float], y: Sequence[float], *, overlap: float = 0.0) -> MeanDifference:
    """Test whether two samples, which need not be pairs, have one mean (Welch, Biometrika 34, 1947).

    overlap: see ``estimate``; it enters both variances.
    """
    from scipy import stats

    difference = fmean(x) - fmean(y) if x and y else None
    if min(len(x), len(y)) < ENOUGH:
        return MeanDifference(difference=difference, untested="fewer than two values")
    squares = [stdev(of) ** 2 * (1 / len(of) + overlap) for of in (x, y)]
    if difference is None or not any(squares):
        return MeanDifference(difference=difference, untested="values without variance")
    freedom = sum(squares) ** 2 / sum(square**2 / (len(of) - 1) for square, of in zip(squares, (x, y), strict=True))
    error = sum(squares) ** 0.5
    half = float(stats.t.ppf(1 - ALPHA / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, freedom))
    return MeanDifference(difference=difference, low=difference - half, high=difference + half, p=p)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's interval of a proportion of n (J. Am. Stat. Assoc. 22, 1927, 209-212).

    share: also a mean over several counts of the same n, which is no multiple of 1/n.
    """
    z = NormalDist().inv_cdf(1 - ALPHA / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Return Pearson's correlation of pairs, None of fewer than three or of a constant."""
    if len(x) < ENOUGH + 1 or min(max(of) - min(of) - ROUNDING * max(map(abs, of)) for of in (x, y)) <= 0:
        return None
    return pearson(x, y)


def holm(p: Sequence[float]) -> list[float]:
    """Return Holm-adjusted p-values (S. Holm, Scand. J. Statist. 6, 1979, 65-70), in the given order."""
    order = sorted(range(len(p)), key=p.__getitem__)
    stepped = accumulate(((len(p) - rank) * p[i] for rank, i in enumerate(order)), max)
    adjusted = dict(zip(order, stepped, strict=True))
    return [min(1.0, adjusted[i]) for i in range(len(p))]
