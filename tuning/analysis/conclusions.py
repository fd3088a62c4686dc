"""A comparison's results as sentences that claim no more than the numbers do."""

import math
from itertools import groupby

from search_spaces.dimensions import Value
from tuning.analysis.compare import Comparison, Contrast, Level
from tuning.analysis.statistics import ALPHA, ENOUGH
from tuning.journal.text import shown

NAMES = {
    "train_loss": "training loss",
    "overfitting": "overfitting",
    "best_epoch": "best epoch",
    "seconds": "training time",
}
GREATER_LESS = {"best_epoch": ("later", "earlier"), "seconds": ("longer", "shorter")}
"""Words for the direction of a difference; of all other responses: higher and lower."""
UNITS = {"best_epoch": " epochs", "seconds": " s"}
MEANINGS = {
    "train_loss": "training loss of each trial's last epoch",
    "overfitting": "validation loss of each trial's last epoch minus its lowest",
    "seconds": "training time of each trial on the machine it ran on",
}
LIMITS = (
    "The validation split also selects each trial's epoch, so validation scores are optimistic. The test split is not "
    "used."
)
REASONS = 3
"""Reasons of failure that are listed per level."""

DIGITS, MOST = 4, 8
"""Numbers have four significant digits, and at most eight decimals."""
ORDINARY = range(-2, 1)
"""Powers of ten of numbers that all have four decimals, as metrics on a leaderboard."""


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


def exclusions(comparison: Comparison) -> list[str]:
    """Return which trials are in no mean, and why."""
    lines = []
    for level in comparison.levels:
        name = level_name(comparison, level.value)
        if level.failed:
            reasons = [
                reason if count == level.failed else f"{reason} ({count})" for reason, count in level.failures.items()
            ]
            more = len(reasons) - REASONS
            text = "; ".join(reasons[:REASONS]) + (f"; and {more} more" if more > 0 else "")
            lines.append(f"{name}: {level.failed} of {_trials(level.trials)} failed: {text}")
        if level.stopped:
            lines.append(
                f"{name}: {level.stopped} of {_trials(level.trials)} stopped early at a rung; excluded from the means"
            )
        if (without := level.completed - len(level.values)) > 0:
            lines.append(f"{name}: {without} of {_trials(level.trials)} without a finite {response_name(comparison)}")
    if comparison.reused:
        lines.append(f"{_trials(comparison.reused)} reused the result of a duplicate; counted once")
    return lines


def basis(comparison: Comparison) -> list[str]:
    """Return what the results are based on, and their limits."""
    meaning = {
        "objective": f"{comparison.metric} of each trial's best epoch",
        "best_epoch": f"epoch of each trial's best {comparison.metric}",
    } | MEANINGS
    rows = f"{_range(comparison.train_rows)} training rows and {_range(comparison.valid_rows)} validation rows"
    lines = [
        f"Response: {meaning[comparison.response]}; {_seeds(comparison.seeds)}.",
        f"Data: {comparison.dataset}, {rows} ({_split(comparison)}). {LIMITS} {_varied(comparison)}",
    ]
    if comparison.improving > comparison.stepwise / 2:
        several = "" if comparison.stepwise == sum(x.completed for x in comparison.levels) else " of several epochs"
        of = "" if comparison.by is None else f" of {group_name(comparison)}"
        lines.append(
            f"{comparison.improving} of {_trials(comparison.stepwise)}{several}{of} had their best epoch in the last "
            "tenth of training; more epochs could change the order of the levels."
        )
    if comparison.tests:
        lines.append(_tests(comparison))
    names = [level_name(comparison, level.value) for level in comparison.levels if level.estimate.clipped]
    if names:
        lines.append(
            f"{'Interval' if len(names) == 1 else 'Intervals'} of {', '.join(names)} clipped to the response's range."
        )
    if comparison.by is not None:
        lines.append(
            f"Levels of {comparison.by.rpartition('.')[2]} were analysed separately; significance in only one of them "
            "is not evidence of an interaction."
        )
    return lines


def level_name(comparison: Comparison, value: Value) -> str:
    """Return a level as sentences name it: ``gru``, ``hidden 64``, ``residual no``."""
    return value if isinstance(value, str) else f"{comparison.factor.rpartition('.')[2]} {shown(value)}"


def group_name(comparison: Comparison) -> str:
    """Return the group of a stratified comparison: ``cnn2d``, ``layers 2``."""
    path, value = comparison.by or "", comparison.group
    return value if isinstance(value, str) else f"{path.rpartition('.')[2]} {shown(value)}"


def response_name(comparison: Comparison) -> str:
    """Return the response as sentences name it."""
    return comparison.metric if comparison.response == "objective" else NAMES[comparison.response]


def interval(mean: float | None, low: float | None, high: float | None) -> list[str]:
    """Return a mean and the ends of its interval, with two digits of the interval's half-width."""
    half = (high - low) / 2 if high is not None and low is not None else 0.0
    decimals = min(MOST, max(0, 1 - math.floor(math.log10(half)))) if half else places(mean)
    # An end that is not 0 must not be printed as 0: whether the interval contains 0 is what readers look for.
    while decimals < MOST and any(value and float(_fixed(value, decimals)) == 0 for value in (low, high)):
        decimals += 1
    return ["" if value is None else _fixed(value, decimals) for value in (mean, low, high)]


def numbers(*values: float | None) -> list[str]:
    """Return numbers as text, all with as many decimals as ``places`` gives them."""
    return ["" if value is None else _fixed(value, places(*values)) for value in values]


def places(*values: float | None) -> int:
    """Return the number of decimals that give the largest value four digits; four for all from 0.01 to 10."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    exponent = math.floor(math.log10(largest)) if largest else 0
    return DIGITS if exponent in ORDINARY else min(MOST, max(0, DIGITS - 1 - exponent))


def p_value(p: float) -> str:
    """Return ``0.41``, ``0.012`` or ``< 0.001``."""
    if p < 0.001:  # noqa: PLR2004 - smaller ones depend too much on normality
        return "< 0.001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"  # noqa: PLR2004 - two digits either way


def _fixed(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # never -0.00


def _best(comparison: Comparison, best: Level) -> str:
    """The sentence about the best level; levels with too few values to be the best are named."""
    most = "highest" if comparison.goal == "max" else "lowest"
    mean, low, high = interval(best.estimate.mean, best.estimate.low, best.estimate.high)
    claim = f"{level_name(comparison, best.value)} has the {most} mean {response_name(comparison)}"
    result = f"{mean} ({low} to {high}), {_trials(best.estimate.n)}"
    single = [
        f"{level_name(comparison, level.value)} ({_trials(level.estimate.n)}, {numbers(level.estimate.mean)[0]})"
        for level in comparison.levels
        if 0 < level.estimate.n < ENOUGH
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
        f"{_trials(level.trials)} failed or stopped)"
        for level in comparison.levels
        if level.selected and sign * (level.estimate.mean or 0.0) < sign * (best.estimate.mean or 0.0) and level.values
    ]
    return [f"Not ranked first, since only some of their trials completed: {', '.join(names)}."] if names else []


def _difference(comparison: Comparison, contrast: Contrast) -> str:
    name, best = level_name(comparison, contrast.level), level_name(comparison, contrast.best)
    unit = UNITS.get(comparison.response, "")
    test = f"paired t-test, {_p(comparison, contrast)}{_pairs(contrast)}"
    mean, low, high = interval(contrast.difference, contrast.low, contrast.high)
    if not contrast.significant:
        ends = f"{100 * (1 - ALPHA):.0f} % interval {low} to {high}"
        return f"{name} and {best} do not differ significantly ({name} minus {best}: {mean}{unit}, {ends}; {test})."
    less = (contrast.difference or 0.0) < 0
    if less:
        mean, low, high = mean.lstrip("-"), high.lstrip("-"), low.lstrip("-")
    direction = GREATER_LESS.get(comparison.response, ("higher", "lower"))[less]
    if comparison.response == "objective" and comparison.goal == "max":
        return f"{name} scores {mean} {direction} than {best} ({low} to {high}; {test})."
    response = response_name(comparison)
    return f"The {response} of {name} is {mean}{unit} {direction} than that of {best} ({low} to {high}; {test})."


def _p(comparison: Comparison, contrast: Contrast) -> str:
    p = p_value(contrast.p_holm or 0.0)
    return f"{'Holm-adjusted p' if comparison.tests > 1 else 'p'} {p if p.startswith('<') else f'= {p}'}"


def _pairs(contrast: Contrast) -> str:
    """The number of pairs where it is not that of the seeds, or where some are incomplete."""
    of_seeds = f" of {_seeds(contrast.seeds)}" if contrast.pairs != contrast.seeds else ""
    incomplete = f" ({contrast.incomplete} incomplete excluded)" if contrast.incomplete else ""
    return f", {contrast.pairs} pairs{of_seeds}{incomplete}" if of_seeds or incomplete else ""


def _tests(comparison: Comparison) -> str:
    blocks = (
        f" and by all other dimensions ({comparison.blocks} combinations, treated as independent)"
        if comparison.blocks > 1
        else ""
    )
    of = "" if comparison.by is None else f" within each {comparison.by.rpartition('.')[2]}"
    adjusted = (
        f", Holm-adjusted for {comparison.tests} tests (all pairs of levels{of}, since the best was selected by the "
        "same data)"
        if comparison.tests > 1
        else ""
    )
    return (
        f"Paired by seed{blocks}; paired t-test{adjusted}. Intervals are unadjusted 95 % t-intervals. A difference "
        "that is not significant is not evidence of equality."
    )


def _trials(count: int) -> str:
    return f"{count} {'trial' if count == 1 else 'trials'}"


def _seeds(count: int) -> str:
    return f"{count} {'seed' if count == 1 else 'seeds'}"


def _split(comparison: Comparison) -> str:
    if comparison.splits is not None:
        return f"{comparison.splits} {comparison.split} splits"
    folds = "" if comparison.folds is None else f", {comparison.folds} folds"
    return f"{comparison.split} split{folds}"


def _varied(comparison: Comparison) -> str:
    if comparison.folds is None and comparison.splits is None:
        return "Seeds vary initial weights and row order, not the split."
    word = "split" if comparison.folds is None else "fold"
    return (
        f"Each seed belongs to a {word}, so replicates vary the data as well. Variances are corrected for the overlap "
        f"of the {word}s' training parts (Nadeau and Bengio, 2003)."
    )


def _range(ends: tuple[int, int]) -> str:
    low, high = ends
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
