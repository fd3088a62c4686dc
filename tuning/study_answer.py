"""A study's answer in sentences that claim no more than the figures do."""

import math
from itertools import groupby

from search_spaces.dimensions import Value
from tuning.paired import LEVEL
from tuning.study import Contrast, Study
from tuning.tables import shown

WORSE_BETTER = {
    "objective": ("is worse than", "is better than"),
    "train_loss": ("has a higher training loss than", "has a lower training loss than"),
    "overfitting": ("overfits more than", "overfits less than"),
    "best_epoch": ("has its best epoch later than", "has its best epoch earlier than"),
    "seconds": ("takes longer to train than", "takes less time to train than"),
}
NAMES = {
    "train_loss": "training loss",
    "overfitting": "overfitting",
    "best_epoch": "best epoch",
    "seconds": "training time",
}
SCOPE = "on this data, this protocol, validation split"
UNITS = {"best_epoch": " epochs", "seconds": " s"}
CAUTION = (
    "That split also chose each trial's epoch, so what is measured on it is optimistic. Nothing is said about the "
    "test split. Seeds change initial weights and the order of rows, not the split."
)
FAILURES_TOLD = 3
"""Reasons that are told of one setting."""

DIGITS, MOST = 4, 8
"""Figures have four significant digits, and eight decimals at most."""
ORDINARY = range(-2, 1)
"""Powers of ten of figures that all have four decimals, as metrics have on a leaderboard."""


def answer(study: Study) -> list[str]:
    """Return what was found, the best setting first."""
    best = next((s for s in study.settings if s.value == study.best), None)
    if best is None:
        return [
            f"Nothing to answer: no setting of {study.factor} has two completed trials with a {measured_as(study)}."
        ]
    most = "highest" if study.goal == "max" else "lowest"
    mean, low, high = interval(best.estimate.mean, best.estimate.low, best.estimate.high)
    figures = f"{mean} ({low} to {high}), {best.estimate.n} trials"
    told = [f"{name(study, best.value)} has the {most} mean {measured_as(study)}: {figures}."]
    told += [_finding(study, contrast) for contrast in study.contrasts if contrast.p is not None]
    untested = sorted((c for c in study.contrasts if c.p is None), key=lambda c: c.untested or "")
    for why, group in groupby(untested, key=lambda c: c.untested):
        told.append(f"Not tested against {name(study, best.value)}: {_listed(study, list(group))}: {why}.")
    if len(study.settings) == 1:
        told.append(f"No other setting of {study.factor} was tried: there is nothing to compare.")
    return told


def losses(study: Study) -> list[str]:
    """Return which trials are in no mean, and why."""
    told = []
    for setting in study.settings:
        if setting.failed:
            reasons = [
                reason if count == setting.failed else f"{reason} ({count})"
                for reason, count in setting.failures.items()
            ]
            more = len(reasons) - FAILURES_TOLD
            text = "; ".join(reasons[:FAILURES_TOLD]) + (f"; and {more} more" if more > 0 else "")
            told.append(f"{name(study, setting.value)}: {setting.failed} of {setting.trials} failed: {text}")
        if setting.stopped:
            told.append(
                f"{name(study, setting.value)}: {setting.stopped} of {setting.trials} stopped early at a rung: "
                "not in the means, which are of those that passed"
            )
        if (without := setting.completed - len(setting.values)) > 0:
            told.append(
                f"{name(study, setting.value)}: {without} of {setting.trials} have no finite {measured_as(study)}"
            )
    if study.reused:
        trials = "1 trial" if study.reused == 1 else f"{study.reused} trials"
        told.append(f"{trials} took over the result of an equal one: not counted twice")
    return told


def basis(study: Study) -> list[str]:
    """Return what the figures rest on, and what they do not say."""
    measured = {
        "objective": f"{study.metric} of each trial's best epoch",
        "train_loss": "training loss of each trial's last epoch",
        "overfitting": "validation loss of each trial's last epoch minus its lowest",
        "best_epoch": f"epoch of each trial's best {study.metric}",
        "seconds": "training time of each trial on the machine it ran on",
    }[study.measure]
    rows = f"{_range(study.train_rows)} rows to train on and {_range(study.valid_rows)} in the validation split"
    seeds = f"{study.seeds} {'seed' if study.seeds == 1 else 'seeds'}"
    told = [
        f"Measured: {measured}; {seeds}.",
        f"Data: {study.dataset}, {rows} ({study.split} split). {CAUTION}",
    ]
    if study.improving > study.stepwise / 2:
        of = "trials" if study.stepwise == sum(s.completed for s in study.settings) else "trials of several epochs"
        group = "" if study.by is None else f" of {group_name(study)}"
        told.append(
            f"{study.improving} of {study.stepwise} {of}{group} had their best epoch among the last: they were still "
            "improving, and with more epochs the order of the settings may be another."
        )
    if study.tests:
        blocks = (
            f" and all other dimensions ({study.blocks} combinations, counted as independent)"
            if study.blocks > 1
            else ""
        )
        of = "" if study.by is None else f" of every {study.by.rpartition('.')[2]}"
        holm = (
            f" Holm's correction is for {study.tests} tests, those between all settings{of}, because the best one was "
            "found by looking."
            if study.tests > 1
            else ""
        )
        told.append(
            f"Pairs agree in the seed{blocks}; p is of the paired t-test. Intervals are 95 % t-intervals; that of a "
            f"difference is the plain paired one, not corrected.{holm} Not told apart is not the same as equal."
        )
    if study.by is not None:
        told.append(
            f"Each {study.by.rpartition('.')[2]} was asked apart. That settings are told apart for one and not for "
            "another does not show that the two differ."
        )
    return told


def name(study: Study, value: Value) -> str:
    """Return a setting as a sentence has it: ``gru``, ``hidden 64``, ``residual no``."""
    return value if isinstance(value, str) else f"{study.factor.rpartition('.')[2]} {shown(value)}"


def group_name(study: Study) -> str:
    """Return which trials a study is of, where it is not of all: ``cnn2d``, ``layers 2``."""
    path, value = study.by or "", study.group
    return value if isinstance(value, str) else f"{path.rpartition('.')[2]} {shown(value)}"


def measured_as(study: Study) -> str:
    """Return the measure's name in a sentence."""
    return study.metric if study.measure == "objective" else NAMES[study.measure]


def interval(mean: float | None, low: float | None, high: float | None) -> list[str]:
    """Return a mean and its interval's ends, with the two digits of their uncertainty that mean anything."""
    half = (high - low) / 2 if high is not None and low is not None else 0.0
    decimals = min(MOST, max(0, 1 - math.floor(math.log10(half)))) if half else places(mean)
    return ["" if value is None else f"{value + 0.0:.{decimals}f}" for value in (mean, low, high)]


def numbers(*values: float | None) -> list[str]:
    """Return figures all with as many decimals as ``places`` gives them."""
    return [f"{value:.{places(*values)}f}" if value is not None else "" for value in values]


def places(*values: float | None) -> int:
    """Return how many decimals give the largest figure four digits; four for all from 0.01 to 10."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    exponent = math.floor(math.log10(largest)) if largest else 0
    return DIGITS if exponent in ORDINARY else min(MOST, max(0, DIGITS - 1 - exponent))


def p_value(p: float) -> str:
    """Return ``0.41``, ``0.012`` or ``< 0.001``."""
    if p < 0.001:  # noqa: PLR2004 - smaller ones stand on more normality than anyone has shown
        return "< 0.001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"  # noqa: PLR2004 - two digits either way


def _finding(study: Study, contrast: Contrast) -> str:
    ours, best = name(study, contrast.setting), name(study, contrast.best)
    p = f"p {p_value(contrast.p_holm or 0.0)}{' after Holm' if study.tests > 1 else ''}"
    unit, pairs = UNITS.get(study.measure, ""), _pairs(contrast)
    mean, low, high = interval(contrast.difference, contrast.low, contrast.high)
    if not contrast.told_apart:
        ends = f"{100 * LEVEL:.0f} % interval {low} to {high}"
        return f"{ours} and {best} are not told apart ({ours} minus {best}: {mean}{unit}, {ends}, {p}, {pairs})."
    below = (contrast.difference or 0.0) < 0
    if below:
        mean, low, high = mean.lstrip("-"), high.lstrip("-"), low.lstrip("-")
    words = WORSE_BETTER[study.measure][below == (study.goal == "min")]
    return f"{ours} {words} {best} by {mean}{unit} ({low} to {high}), {p}, {pairs}, {SCOPE}."


def _pairs(contrast: Contrast) -> str:
    seeds = f"{contrast.seeds} {'seed' if contrast.seeds == 1 else 'seeds'}"
    pairs = seeds if contrast.pairs == contrast.seeds else f"{contrast.pairs} pairs of {seeds}"
    return (
        f"{pairs} ({contrast.incomplete} incomplete {'pair' if contrast.incomplete == 1 else 'pairs'} left out)"
        if contrast.incomplete
        else pairs
    )


def _listed(study: Study, contrasts: list[Contrast]) -> str:
    return ", ".join(name(study, contrast.setting) for contrast in contrasts)


def _range(ends: tuple[int, int]) -> str:
    low, high = ends
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
