"""Tests of one level of a factor against another: in pairs, and beside it without them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import TypeVar

from search_spaces.dimensions import Value
from tuning.analysis.configurations import unit
from tuning.analysis.factors import measured
from tuning.analysis.statistics import ALPHA, MeanDifference, correlation, holm, paired, unit_means, welch
from tuning.journal.record import TrialRecord

BORDERLINE = 2
"""A p-value within this factor of ``ALPHA`` is borderline."""

Block = tuple[tuple[str, ...], int]
"""``repr`` of the values of all other dimensions, and the unit: trials of one block are paired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested(MeanDifference):
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
    means over such trials on one of them.  incomplete: blocks that a level lacks.  correlation: of the pairs,
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
    units, (of_x, of_y) = matched([x, y], divided=ratio > 0)
    test = paired(of_x, of_y, overlap=ratio)
    return Contrast(
        level=trials[0].assignment[factor],
        best=reference[0].assignment[factor],
        pairs=len(units),
        incomplete=sum(not (x.get(block) and y.get(block)) for block in x.keys() | y.keys()),
        seeds=len(set(units)),
        correlation=correlation(of_x, of_y),
        p_welch=None if test.p is None else welch(of_x, of_y, overlap=ratio).p,
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


def matched(tables: Sequence[Mapping[Block, list[float]]], *, divided: bool) -> tuple[list[int], list[list[float]]]:
    """Return the unit of each pair and each table's values, from the blocks in which all tables have values.

    divided: there are folds or splits.  The blocks of one of them are averaged, since they share its rows.
    """
    complete = sorted(block for block in tables[0] if all(table.get(block) for table in tables))
    units = [of for _, of in complete]
    values = [[fmean(table[block]) for block in complete] for table in tables]
    if not divided:
        return units, values
    return list(dict.fromkeys(units)), [list(unit_means(of, units).values()) for of in values]


def block(trial: TrialRecord, shared: Sequence[str]) -> Block:
    """Return the block of a trial.  shared: the dimensions that count."""
    return tuple(repr(trial.assignment[path]) for path in shared), unit(trial)
