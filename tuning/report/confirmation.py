"""A confirmation as a table and sentences."""

from collections import Counter
from collections.abc import Sequence

from tuning.analysis.confirmation import ConfirmationSummary, ConfirmedConfiguration
from tuning.analysis.formats import interval as interval_texts
from tuning.analysis.formats import p_value, signed
from tuning.analysis.statistics import ALPHA, Estimate
from tuning.journal.text import score, settings, trial_name
from tuning.report.tables import Table


def confirmed(summary: ConfirmationSummary) -> Table:
    """Return the configurations, best confirmed mean first."""
    metric = summary.metric
    beside = [name for name in summary.configurations[0].test.metrics if name != metric]
    head = ["rank", "trial", "search score", "validation, 95 % interval", "test, 95 % interval", "p, Holm-adjusted"]
    head += [*(f"test {name}" for name in beside), "completed", "values"]
    rows = [
        [
            str(row.rank),
            trial_name(row.trial),
            score(row.search),
            interval(row.valid.metrics[metric]),
            interval(row.test.metrics[metric]),
            "" if row.valid.p_adjusted is None else p_value(row.valid.p_adjusted),
            *(score(row.test.metrics[name].mean) for name in beside),
            f"{row.completed}/{row.planned}",
            settings(row.settings),
        ]
        for row in summary.configurations
    ]
    return Table(head=head, rows=rows, numeric=[True, False, *[True] * (5 + len(beside)), False])


def recalls(summary: ConfirmationSummary) -> Table | None:
    """Return the recall of each class on the test part; None of a regression."""
    classes = list(summary.configurations[0].test.recall)
    if not classes:
        return None
    rows = [
        [str(row.rank), trial_name(row.trial), *(score(row.test.recall.get(name)) for name in classes)]
        for row in summary.configurations
    ]
    return Table(head=["rank", "trial", *classes], rows=rows, numeric=[True, False, *[True] * len(classes)])


def units(summary: ConfirmationSummary) -> str:
    """Return what was trained, in one phrase, and of an unfinished confirmation how much of it."""
    count, many = len(summary.configurations), summary.splits > 1
    splits = f" on {f'each of {summary.splits} fresh splits' if many else 'a fresh split'}" if summary.splits else ""
    best = "best configuration" if count == 1 else f"best {count} configurations"
    state = "" if summary.ended == summary.planned else f", {summary.ended} of {summary.planned} trials ended"
    return f"{best}, {summary.seeds} fresh {'seed' if summary.seeds == 1 else 'seeds'}{splits}{state}"


def interval(figure: Estimate) -> str:
    """Return a mean with its interval."""
    return score(figure.mean) + ("" if figure.low is None else f" ({score(figure.low)} to {score(figure.high)})")


def remarks(summary: ConfirmationSummary) -> list[str]:
    """Return what a reader should conclude, and what to keep in mind."""
    gap, first, others = summary.gap, summary.configurations[0], summary.configurations[1:]
    sentences = []
    if gap.mean is not None:
        mean, low, high = map(signed, interval_texts(gap.mean, gap.low, gap.high))
        over = "" if gap.low is None else f", 95 % interval over {summary.units} {low} to {high}"
        sentences.append(
            f"Search scores minus confirmed validation means: {mean} on average{over}"
            f"{', in the direction of better' if summary.goal == 'min' else ''}."
        )
    if others:
        sentences.append(_tests(first, others))
    if len(first.groups) > 1:
        low, high = min(first.groups, key=first.groups.__getitem__), max(first.groups, key=first.groups.__getitem__)
        sentences.append(
            f"Test accuracy of {trial_name(first.trial)} by group: from {score(first.groups[low])} (group {low}) to "
            f"{score(first.groups[high])} (group {high}), {len(first.groups)} groups."
        )
    if summary.tau is not None:
        sentences.append(f"Rank correlation of search and confirmation: Kendall's tau {summary.tau:.2f}.")
    if summary.failed:
        sentences.append(f"Failed trials of the confirmation: {', '.join(map(trial_name, summary.failed))}.")
    return sentences + [f"Note: {note}" for note in summary.notes]


def _tests(first: ConfirmedConfiguration, others: Sequence[ConfirmedConfiguration]) -> str:
    p = [row.valid.p_adjusted for row in others if row.valid.p_adjusted is not None]
    reasons = Counter(_untested(row) for row in others if row.valid.p_adjusted is None)
    untested = [f"{count} not tested ({reason})" for reason, count in reasons.items()]
    if not p:
        return f"Differences to {trial_name(first.trial)}: {', '.join(untested)}."
    equal = sum(value >= ALPHA for value in p)
    text = (
        f"Not significantly different from {trial_name(first.trial)}: {equal} of {len(p)} others "
        "(paired t-test on the validation part, Holm-adjusted over all pairs)"
    )
    return ", ".join([text, *untested]) + "."


def _untested(row: ConfirmedConfiguration) -> str:
    test = row.valid.difference
    return "incomplete" if row.completed < row.planned or test is None else test.untested or "incomplete"
