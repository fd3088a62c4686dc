"""The comparison that a campaign's file asks for: its answer, the means of the levels, and the tests."""

from dataclasses import dataclass

from tuning.analysis.basis import basis, exclusions
from tuning.analysis.compare import Comparison, compare
from tuning.analysis.conclusions import answer, group_name, interaction_answer, level_name, response_name
from tuning.analysis.formats import interval, p_value
from tuning.analysis.statistics import Estimate
from tuning.journal.record import CampaignRecord
from tuning.journal.text import shown
from tuning.report.drawing import Figure
from tuning.report.levels import drawn, rows
from tuning.report.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The levels of one factor.

    groups: (name, answer) of each value of the stratum; without one a single group without a name.
    """

    question: str
    groups: list[tuple[str, list[str]]]
    interactions: list[str]
    means: Table
    differences: Table
    figure: Figure
    basis: list[str]


def compared(record: CampaignRecord) -> Compared | None:
    """Return the comparison of a campaign's file; None where it asks for none, or no level has two values yet."""
    comparisons = [] if record.config.comparison is None else compare(record)
    if not any(comparison.answered for comparison in comparisons):
        return None
    first = comparisons[0]
    return Compared(
        question=first.question or f"Levels of {first.factor}",
        groups=[(_group(one), [*answer(one), *exclusions(one)]) for one in comparisons],
        interactions=interaction_answer(comparisons),
        means=_means(comparisons),
        differences=_differences(comparisons),
        figure=_figure(comparisons),
        basis=list(dict.fromkeys(text for one in comparisons for text in basis(one))),
    )


def _group(comparison: Comparison) -> str:
    return "" if comparison.by is None else group_name(comparison)


def _means(comparisons: list[Comparison]) -> Table:
    first = comparisons[0]
    groups = [] if first.by is None else [first.by.rpartition(".")[2]]
    found = []
    for one in comparisons:
        for level in one.levels:
            mean, low, high = interval(level.estimate.mean, level.estimate.low, level.estimate.high)
            group = [] if first.by is None else [shown(one.group)]
            values = f"{len(level.values)} of {level.trials}" if len(level.values) < level.trials else f"{level.trials}"
            found.append([*group, shown(level.value), values, mean, f"{low} to {high}" if low else ""])
    head = [*groups, first.factor.rpartition(".")[2], "trials", response_name(first), "95 % interval"]
    return Table(head=head, rows=found, numeric=[False] * (len(groups) + 1) + [True] * 3)


def _differences(comparisons: list[Comparison]) -> Table:
    first = comparisons[0]
    groups = [] if first.by is None else [first.by.rpartition(".")[2]]
    found = []
    for one in comparisons:
        for test in one.contrasts:
            mean, low, high = interval(test.difference, test.low, test.high)
            group = [] if first.by is None else [shown(one.group)]
            names = f"{level_name(one, test.level)} minus {level_name(one, test.best)}"
            p = test.untested or "" if test.p_holm is None else p_value(test.p_holm)
            found.append([*group, names, mean, f"{low} to {high}" if low else "", p, str(test.pairs)])
    head = [*groups, "levels", "difference", "95 % interval", "p, Holm-adjusted", "pairs"]
    return Table(head=head, rows=found, numeric=[False] * (len(groups) + 1) + [True] * 4)


def _figure(comparisons: list[Comparison]) -> Figure:
    first = comparisons[0]
    axis = list(dict.fromkeys(shown(level.value) for one in comparisons for level in one.levels))
    empty: tuple[list[float], Estimate] = ([], Estimate(n=0))
    groups = {}
    for one in comparisons:
        cells = {shown(level.value): (level.values, level.estimate) for level in one.levels}
        groups[_group(one)] = [cells.get(name, empty) for name in axis]
    paths = [first.factor] if first.by is None else [first.by, first.factor]
    over = "" if first.division is None else f" over {first.division}s"
    return Figure(
        name="comparison",
        title="Means of the levels",
        caption=f"Diamonds are means with 95 % t-intervals{over}, dots single trials. Tests are of paired differences, "
        "so intervals of two means may overlap where the difference is significant.",
        plot=drawn(axis, groups, x=first.factor.rpartition(".")[2], y=response_name(first)),
        rows=rows(axis, groups, paths),
    )
