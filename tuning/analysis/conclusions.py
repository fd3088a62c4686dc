"""A comparison's results as sentences that claim no more than the numbers do."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from search_spaces.dimensions import Value
from tuning.analysis.compare import Comparison, Level
from tuning.analysis.contrasts import Contrast, Tested
from tuning.analysis.formats import interval, numbers, p_equals
from tuning.analysis.interactions import Interaction
from tuning.analysis.statistics import ALPHA
from tuning.journal.text import shown

NAMES = {
    "train_loss": "training loss",
    "overfitting": "overfitting",
    "generalisation_gap": "generalisation gap",
    "best_epoch": "best epoch",
    "seconds": "training time",
}
GREATER_LESS = {"best_epoch": ("later", "earlier"), "seconds": ("longer", "shorter")}
"""Words for the direction of a difference; of all other responses: higher and lower."""
UNITS = {"best_epoch": " epochs", "seconds": " s"}
MOST = 12
"""Interactions that are listed."""
BORDERLINE = (
    "Borderline: p is within a factor of two of 0.05. Other seeds, another split or another processor may change the "
    "verdict."
)


def answer(comparison: Comparison) -> list[str]:
    """Return the results: the best level, then the difference of each other level."""
    best = next((level for level in comparison.levels if level.value == comparison.best), None)
    if best is None:
        return [f"No level of {comparison.factor} has two completed trials with a {response_name(comparison)}."]
    sentences = [_best(comparison, best), *_incomplete(comparison, best)]
    sentences += [_difference(comparison, contrast) for contrast in comparison.contrasts if contrast.p is not None]
    untested = sorted((c for c in comparison.contrasts if c.p is None), key=lambda c: c.untested or "")
    for reason, group in groupby(untested, key=lambda c: c.untested):
        names = ", ".join(level_name(comparison, contrast.level) for contrast in group)
        sentences.append(f"Not tested against {level_name(comparison, best.value)}: {names} ({reason}).")
    if len(comparison.levels) == 1:
        sentences.append(f"Only one level of {comparison.factor} was tried; there is nothing to compare.")
    return sentences


def interaction_answer(comparisons: Sequence[Comparison]) -> list[str]:
    """Return what the interaction tests between the groups of a comparison found; of many those with the lowest p."""
    tested = [
        (comparison, test) for comparison in comparisons for test in comparison.interactions if test.p is not None
    ]
    said = tested if len(tested) <= MOST else sorted(tested, key=lambda pair: pair[1].p or 0.0)[:MOST]
    more = [f"{len(tested) - MOST} further interactions have a higher p."] if len(tested) > MOST else []
    return [
        *(_interaction(comparison, test) for comparison, test in said),
        *more,
        *borderline(test for _, test in said),
    ]


def borderline(tests: Iterable[Tested]) -> list[str]:
    """Return a sentence where the verdict of one of the tests is borderline."""
    return [BORDERLINE] if any(test.borderline for test in tests) else []


def level_name(comparison: Comparison, value: Value) -> str:
    """Return a level as sentences name it: ``gru``, ``hidden 64``, ``residual no``."""
    return value if isinstance(value, str) else f"{comparison.factor.rpartition('.')[2]} {shown(value)}"


def group_name(comparison: Comparison) -> str:
    """Return the group of a stratified comparison: ``cnn2d``, ``layers 2``."""
    return _group(comparison, comparison.group)


def _group(comparison: Comparison, value: Value | None) -> str:
    return value if isinstance(value, str) else f"{(comparison.by or '').rpartition('.')[2]} {shown(value)}"


def response_name(comparison: Comparison) -> str:
    """Return the response as sentences name it."""
    return comparison.scored or NAMES[comparison.response]


def _best(comparison: Comparison, best: Level) -> str:
    """The sentence about the best level; levels with too few values to be the best are named."""
    most = "highest" if comparison.goal == "max" else "lowest"
    mean, low, high = interval(best.estimate.mean, best.estimate.low, best.estimate.high)
    claim = f"{level_name(comparison, best.value)} has the {most} mean {response_name(comparison)}"
    on = "" if comparison.division is None else f" on {comparison.splits or comparison.folds} {comparison.division}s"
    result = f"{mean} ({low} to {high}), {trials(best.estimate.n)}{on}"
    single = [
        f"{level_name(comparison, level.value)} ({trials(level.estimate.n)}, {numbers(level.estimate.mean)[0]})"
        for level in comparison.levels
        if level.values and level.estimate.low is None
    ]
    if not single:
        return f"{claim}: {result}."
    return f"{claim} among levels with at least two completed trials: {result}; left out: {', '.join(single)}."


def _incomplete(comparison: Comparison, best: Level) -> list[str]:
    """The sentence about levels of which trials failed or were stopped, where it matters for the best one."""
    if best.selected:
        return ["Trials of every such level failed or were stopped; the means of those that remain may be too good."]
    sign = -1 if comparison.goal == "max" else 1
    names = [
        f"{level_name(comparison, level.value)} ({numbers(level.estimate.mean)[0]}, {level.failed + level.stopped} of "
        f"{trials(level.trials)} failed or stopped)"
        for level in comparison.levels
        if level.selected and sign * (level.estimate.mean or 0.0) < sign * (best.estimate.mean or 0.0) and level.values
    ]
    return [f"Not ranked first, since only some of their trials completed: {', '.join(names)}."] if names else []


def _difference(comparison: Comparison, contrast: Contrast) -> str:
    return difference(
        level_name(comparison, contrast.level),
        level_name(comparison, contrast.best),
        contrast,
        f"paired t-test, {p_text(contrast, comparison.tests)}{_pairs(comparison, contrast)}",
        score=comparison.response == "objective" and comparison.goal == "max",
        response=comparison.response,
        response_name=response_name(comparison),
    )


def difference(
    name: str, best: str, tested: Tested, how: str, *, score: bool, response: str, response_name: str
) -> str:
    """Return the sentence about a test.  how: the test in words.  score: whether higher is better."""
    unit = UNITS.get(response, "")
    mean, low, high = interval(tested.difference, tested.low, tested.high)
    if not tested.significant:
        ends = f"{100 * (1 - ALPHA):.0f} % interval {low} to {high}"
        return f"{name} and {best} do not differ significantly ({name} minus {best}: {mean}{unit}, {ends}; {how})."
    less = (tested.difference or 0.0) < 0
    if less:
        mean, low, high = mean.lstrip("-"), high.lstrip("-"), low.lstrip("-")
    direction = GREATER_LESS.get(response, ("higher", "lower"))[less]
    if score:
        return f"{name} scores {mean} {direction} than {best} ({low} to {high}; {how})."
    return f"The {response_name} of {name} is {mean}{unit} {direction} than that of {best} ({low} to {high}; {how})."


def _interaction(comparison: Comparison, test: Interaction) -> str:
    level, reference = level_name(comparison, test.level), level_name(comparison, test.reference)
    first, second = _group(comparison, test.first), _group(comparison, test.second)
    unit = UNITS.get(comparison.response, "")
    said = f"interaction, paired t-test, {p_text(test, comparison.interaction_tests)}{_pairs(comparison, test)}"
    mean, low, high = interval(test.difference, test.low, test.high)
    what = f"{level} minus {reference}"
    if not test.significant:
        ends = f"{100 * (1 - ALPHA):.0f} % interval {low} to {high}"
        return (
            f"The difference {what} is not significantly another one for {first} than for {second} ({first} minus "
            f"{second}: {mean}{unit}, {ends}; {said})."
        )
    if less := (test.difference or 0.0) < 0:
        mean, low, high = mean.lstrip("-"), high.lstrip("-"), low.lstrip("-")
    direction = "lower" if less else "higher"
    return f"The difference {what} is {mean}{unit} {direction} for {first} than for {second} ({low} to {high}; {said})."


def p_text(test: Tested, tests: int) -> str:
    """Return the p-value as sentences give it.  tests: how many Holm's adjustment covers."""
    borderline = ", borderline" if test.borderline else ""
    return f"{'Holm-adjusted ' if tests > 1 else ''}{p_equals(test.p_holm or 0.0)}{borderline}"


def _pairs(comparison: Comparison, test: Tested) -> str:
    """The number of pairs where it is not that of the seeds or splits, or where some are incomplete."""
    without = test.incomplete if isinstance(test, Contrast) else 0
    units = seeds(test.seeds) if comparison.division is None else f"{test.seeds} {comparison.division}s"
    of_seeds = f" of {units}" if test.pairs != test.seeds else ""
    incomplete = f" ({without} incomplete excluded)" if without else ""
    return f", {test.pairs} pairs{of_seeds}{incomplete}" if of_seeds or incomplete else ""


def trials(count: int) -> str:
    """Return ``1 trial``, ``5 trials``."""
    return f"{count} {'trial' if count == 1 else 'trials'}"


def seeds(count: int) -> str:
    """Return ``1 seed``, ``5 seeds``."""
    return f"{count} {'seed' if count == 1 else 'seeds'}"
