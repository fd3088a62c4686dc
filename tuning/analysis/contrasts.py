"""Tests of one level of a factor against another: in pairs, and beside it without them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import TypeVar

from search_spaces.dimensions import Value
from tuning.analysis.factors import measured
from tuning.analysis.statistics import ALPHA, PairedTest, correlation, holm, paired, welch
from tuning.journal.record import TrialRecord

BORDERLINE = 2
"""A p-value within this factor of ``ALPHA`` is borderline."""

Block = tuple[tuple[str, ...], int]
"""``repr`` of the values of all other dimensions, and the unit: trials of one block are paired.

The unit is the fold or split where there are several, else the seed: seeds on one split are not independent of it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested(PairedTest):
    """A paired test among several.

    pairs: complete ones.  seeds: different ones among the pairs, or different folds or splits.  p_holm: Holm-adjusted
    p.  significant: whether it is below 0.05, and borderline: whether it is within a factor of two of 0.05; None
    without a test.
    """

    pairs: int
    seeds: int
    p_holm: float | None = None
    significant: bool | None = None
    borderline: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(Tested):
    """One level minus the best one, over the complete pairs.

    A pair: a trial of each with the same seed and the same values of all other dimensions; with folds or splits the
    means over the seeds of one of them.  incomplete: pairs without two completed trials.  correlation: of the pairs,
    None of fewer than three or constant ones.  p_welch: of Welch's test of the same values without their pairing,
    unadjusted.
    """

    level: Value
    best: Value
    incomplete: int
    correlation: float | None = None
    p_welch: float | None = None


def contrasts(by_level: dict[str, list[TrialRecord]], best: str, factor: str, response: str, ratio: float) -> "Tests":
    """Test all pairs of levels, the best one second.

    by_level: in the order in which pairs are taken; best: one of its keys.  ratio: overlap of the splits.
    """
    ordered = [(b, a) if a == best else (a, b) for a, b in combinations(by_level, 2)]
    return {(a, b): _contrast(by_level[a], by_level[b], factor, response, ratio) for a, b in ordered}


Tests = dict[tuple[str, str], Contrast]
"""``repr`` of two levels -> the first minus the second."""

Key = TypeVar("Key")
Test = TypeVar("Test", bound=Tested)


def adjusted(groups: Sequence[dict[Key, Test]]) -> list[dict[Key, Test]]:
    """Apply Holm's adjustment over the tests of all groups.

    The best level is selected with the same data, so the family is that of all pairs of levels: adjusting for the
    tests against the best alone gives too many false positives (docs/adr/0023).
    """
    ps = iter(holm([test.p for tests in groups for test in tests.values() if test.p is not None]))
    return [
        {key: test if test.p is None else _judged(test, next(ps)) for key, test in tests.items()} for tests in groups
    ]


def _judged(test: Test, p: float) -> Test:
    borderline = ALPHA / BORDERLINE <= p <= ALPHA * BORDERLINE
    return replace(test, p_holm=p, significant=p < ALPHA, borderline=borderline)


def _contrast(
    trials: Sequence[TrialRecord], reference: Sequence[TrialRecord], factor: str, response: str, ratio: float
) -> Contrast:
    shared = shared_dimensions([*trials, *reference], {factor})
    x, y = (blocks(level, shared, lambda trial: measured(trial, response)) for level in (trials, reference))
    complete = sorted(block for block in x.keys() & y.keys() if x[block] and y[block])
    of_x, of_y = ([fmean(values[block]) for block in complete] for values in (x, y))
    test = paired(of_x, of_y, overlap=ratio)
    return Contrast(
        level=trials[0].assignment[factor],
        best=reference[0].assignment[factor],
        pairs=len(complete),
        incomplete=len(x.keys() | y.keys()) - len(complete),
        seeds=len({seed for _, seed in complete}),
        correlation=correlation(of_x, of_y),
        p_welch=None if test.p is None else welch(of_x, of_y, overlap=ratio),
        **asdict(test),
    )


def shared_dimensions(trials: Iterable[TrialRecord], but: set[str]) -> list[str]:
    """Return the dimensions in which trials must agree to be paired.

    Those that only some of them have, as of another model family, cannot agree: within a pair, the mean is taken over
    their values.
    """
    return sorted(set.intersection(*(set(trial.assignment) for trial in trials)) - but)


def blocks(
    trials: Iterable[TrialRecord], shared: Sequence[str], response: Callable[[TrialRecord], float | None]
) -> dict[Block, list[float]]:
    """Return the response of the completed trials in each block; empty where none completed."""
    found: dict[Block, list[float]] = {}
    for trial in trials:
        values = found.setdefault(block(trial, shared), [])
        if (value := response(trial)) is not None:
            values.append(value)
    return {key: sorted(values) for key, values in found.items()}


def block(trial: TrialRecord, shared: Sequence[str]) -> Block:
    """Return the block of a trial.  shared: the dimensions that count."""
    return tuple(repr(trial.assignment[path]) for path in shared), trial.config.data.fold or trial.config.seed
