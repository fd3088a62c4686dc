"""Interaction of a factor with the groups of a comparison: whether a difference is another one in another group."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean

from search_spaces.dimensions import Value
from tuning.analysis.contrasts import Tested, adjusted, blocks, matched, shared_dimensions
from tuning.analysis.factors import grouped, measured
from tuning.analysis.statistics import paired
from tuning.campaign.objective import Goal, cost
from tuning.journal.record import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction(Tested):
    """How much larger the difference between two levels is in one group than in another, over the complete pairs.

    (level - reference in the first group) - (level - reference in the second), for each seed and each combination of
    the other dimensions' values.  reference: the level with the best mean over the groups' means.
    """

    level: Value
    reference: Value
    first: Value
    second: Value


Key = tuple[str, str, str, str]
"""``repr`` of two levels and of two groups."""


def interactions(
    groups: Sequence[Sequence[TrialRecord]], factor: str, by: str, response: str, *, goal: Goal, ratio: float
) -> tuple[list[Interaction], int]:
    """Return the tests against the reference level between all groups, and for how many their p is adjusted.

    The reference is selected with the same data, so Holm's adjustment covers all pairs of levels.  groups: trials of
    each value of ``by``, at least one each.  ratio: overlap of the splits.
    """
    tables = [grouped(group, factor) for group in groups]
    common = [level for level in tables[0] if all(level in table for table in tables)] if tables else []
    responses: Callable[[TrialRecord], float | None] = lambda trial: measured(trial, response)  # noqa: E731
    means = {level: _mean([table[level] for table in tables], responses) for level in common}
    usable = [level for level in common if means[level] is not None]
    if len(usable) < 2 or len(tables) < 2:  # noqa: PLR2004 - nothing to compare
        return [], 0
    reference = min(usable, key=lambda level: cost(means[level] or 0.0, goal))
    tests: dict[Key, Interaction] = {}
    for a, b in combinations(usable, 2):
        level, other = (b, a) if a == reference else (a, b)
        for first, second in combinations(tables, 2):
            cells = [first[level], first[other], second[level], second[other]]
            test = _interaction(cells, factor, by, responses, ratio)
            tests[level, other, repr(test.first), repr(test.second)] = test
    (judged,) = adjusted([tests])
    shown = [test for (_, other, _, _), test in judged.items() if other == reference]
    return shown, sum(test.p is not None for test in judged.values())


def _mean(cells: Sequence[Sequence[TrialRecord]], response: Callable[[TrialRecord], float | None]) -> float | None:
    """Return the mean of the groups' means; None where one has no value."""
    values = [[value for trial in cell if (value := response(trial)) is not None] for cell in cells]
    return fmean(map(fmean, values)) if all(values) else None


def _interaction(
    cells: Sequence[Sequence[TrialRecord]],
    factor: str,
    by: str,
    response: Callable[[TrialRecord], float | None],
    ratio: float,
) -> Interaction:
    """cells: level and reference in the first group, level and reference in the second."""
    shared = shared_dimensions([trial for cell in cells for trial in cell], {factor, by})
    units, means = matched([blocks(cell, shared, response) for cell in cells], divided=ratio > 0)
    of_first, of_second = ([a - b for a, b in zip(*pair, strict=True)] for pair in (means[:2], means[2:]))
    return Interaction(
        level=cells[0][0].assignment[factor],
        reference=cells[1][0].assignment[factor],
        first=cells[0][0].assignment[by],
        second=cells[2][0].assignment[by],
        pairs=len(units),
        seeds=len(set(units)),
        **asdict(paired(of_first, of_second, overlap=ratio)),
    )
