"""What a comparison is based on: which trials are in no mean, the data, the tests, and their limits."""

from tuning.analysis.compare import Comparison
from tuning.analysis.conclusions import borderline, group_name, level_name, response_name, seeds, trials
from tuning.analysis.formats import numbers, p_equals

MEANINGS = {
    "train_loss": "training loss of each trial's last epoch",
    "overfitting": "validation loss of each trial's last epoch minus its lowest",
    "generalisation_gap": "training minus validation score of each trial's last epoch (of losses, the other way round)",
    "seconds": "training time of each trial on the machine it ran on",
}
LIMITS = (
    "The validation split also selects each trial's epoch, so validation scores are optimistic. The test split is not "
    "used."
)
REASONS = 3
"""Reasons of failure that are listed per level."""


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
            lines.append(f"{name}: {level.failed} of {trials(level.trials)} failed: {text}")
        if level.stopped:
            lines.append(
                f"{name}: {level.stopped} of {trials(level.trials)} stopped early at a rung; excluded from the means"
            )
        if (without := level.completed - len(level.values)) > 0:
            lines.append(f"{name}: {without} of {trials(level.trials)} without a finite {response_name(comparison)}")
    if comparison.reused:
        lines.append(f"{trials(comparison.reused)} reused the result of a duplicate; counted once")
    return lines


def basis(comparison: Comparison) -> list[str]:
    """Return what the results are based on, and their limits."""
    meaning = {
        "objective": f"{comparison.metric} of each trial's best epoch",
        "best_epoch": f"epoch of each trial's best {comparison.metric}",
        comparison.scored: f"{comparison.scored} of each trial's epoch with the best {comparison.metric}",
    } | MEANINGS
    rows = f"{_range(comparison.train_rows)} training rows and {_range(comparison.valid_rows)} validation rows"
    lines = [
        f"Response: {meaning[comparison.response]}; {seeds(comparison.seeds)}.",
        f"Data: {comparison.dataset}, {rows} ({_split(comparison)}). {LIMITS} {_varied(comparison)}",
    ]
    if comparison.improving > comparison.stepwise / 2:
        several = "" if comparison.stepwise == sum(x.completed for x in comparison.levels) else " of several epochs"
        of = "" if comparison.by is None else f" of {group_name(comparison)}"
        lines.append(
            f"{comparison.improving} of {trials(comparison.stepwise)}{several}{of} had their best epoch in the last "
            "tenth of training; more epochs could change the order of the levels."
        )
    if comparison.tests:
        lines += [_tests(comparison), *_pairing(comparison)]
    lines += [*borderline(comparison.contrasts), *_step(comparison), *_resampled(comparison)]
    names = [level_name(comparison, level.value) for level in comparison.levels if level.estimate.clipped]
    if names:
        lines.append(
            f"{'Interval' if len(names) == 1 else 'Intervals'} of {', '.join(names)} clipped to the response's range."
        )
    if comparison.by is not None:
        lines.append(
            f"Levels of {comparison.by.rpartition('.')[2]} were analysed separately; significance in only one of them "
            "is not evidence of an interaction, which has tests of its own."
        )
    return lines


def _pairing(comparison: Comparison) -> list[str]:
    """The sentence about pairs that are not correlated, so that pairing does not help."""
    against = [
        f"{level_name(comparison, test.level)} (r = {test.correlation:.2f}, Welch {p_equals(test.p_welch)})"
        for test in comparison.contrasts
        if test.correlation is not None and test.correlation <= 0 and test.p_welch is not None
    ]
    if not against:
        return []
    best = level_name(comparison, comparison.contrasts[0].best)
    which = f"{', '.join(against)}. Few pairs give a rough correlation."
    return [f"Pairing with {best} does not help where the pairs are not positively correlated: {which}"]


def _step(comparison: Comparison) -> list[str]:
    """The rarest class, and differences that are smaller than one of its rows is worth."""
    if comparison.step is None:
        return []
    one = comparison.step
    text = f"The rarest validation class is {one.rarest} with {_rows(one.rows)}"
    if one.step is None:
        return [f"{text}."]
    step = numbers(one.step)[0]
    small = [
        level_name(comparison, contrast.level)
        for contrast in comparison.contrasts
        if contrast.difference is not None and abs(contrast.difference) < one.step
    ]
    of = "" if comparison.scored == "accuracy" else " of it"
    warning = f" Smaller than that: the difference of {', '.join(small)}." if small else ""
    return [f"{text}; one row{of} is worth {step} of {comparison.scored}.{warning}"]


def _resampled(comparison: Comparison) -> list[str]:
    """The sentence about the choice of validation rows."""
    if comparison.resampled is None:
        return []
    deviation = numbers(comparison.resampled)[0]
    several = f"validation rows differ between {comparison.division}s, so the intervals cover this"
    covered = several if comparison.division else "the intervals do not cover this"
    text = f"Other validation rows, as many, would change {comparison.scored} of a trial by {deviation}"
    return [f"{text} (standard deviation of a bootstrap); {covered}."]


def _tests(comparison: Comparison) -> str:
    treated = f"averaged on each {comparison.division}" if comparison.division else "treated as independent"
    blocks = (
        f" and by all other dimensions ({comparison.blocks} combinations, {treated})" if comparison.blocks > 1 else ""
    )
    of = "" if comparison.by is None else f" within each {comparison.by.rpartition('.')[2]}"
    adjusted = (
        f", Holm-adjusted for {comparison.tests} tests (all pairs of levels{of}, since the best was selected by the "
        "same data)"
        if comparison.tests > 1
        else ""
    )
    return (
        f"Paired by {comparison.division or 'seed'}{blocks}; paired t-test{adjusted}. Intervals are unadjusted 95 % "
        "t-intervals. A difference that is not significant is not evidence of equality."
    )


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _split(comparison: Comparison) -> str:
    if comparison.splits is not None:
        return f"{comparison.splits} {comparison.split} splits"
    folds = "" if comparison.folds is None else f", {comparison.folds} folds"
    return f"{comparison.split} split{folds}"


def _varied(comparison: Comparison) -> str:
    word = comparison.division
    if word is None:
        return "Seeds vary initial weights and row order, not the split."
    several = comparison.seeds > (comparison.splits or comparison.folds or 0)
    mean = f" Seeds on one {word} are averaged before." if several else ""
    return (
        f"Each seed belongs to a {word}, so replicates vary the data as well. Variances are corrected for the overlap "
        f"of the {word}s' training parts (Nadeau and Bengio, 2003).{mean}"
    )


def _range(ends: tuple[int, int]) -> str:
    low, high = ends
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
