"""A comparison plotted: loss curves of each level, and the response with its intervals."""

from collections.abc import Sequence
from itertools import chain
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from tuning.analysis.compare import Comparison, Level
from tuning.analysis.conclusions import group_name, response_name
from tuning.analysis.factors import grouped
from tuning.cli.plots import GREY, STYLE, TRAIN, VALID, WIDTH
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Groups = dict[str, list[TrialRecord]]
HEAD, CURVES, MEANS = 0.3, 1.9, 2.6
"""Inches: height of a group's title, of a row of curves, and of the panel of means."""
ACROSS, MOST = 4, 12
"""Panels of curves per row, and per group."""
CHARACTERS = 100
"""As many fit side by side under the panel of means."""
STRAY = 5
"""A loss of more than so many times the 90th percentile is cut off, so that the other curves stay legible."""


def draw(comparisons: Sequence[Comparison], record: CampaignRecord) -> "Figure":
    """Return the figure of the completed trials, one comparison below the other."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawn = [(comparison, _with_curves(comparison)) for comparison in comparisons]
    heights = [HEAD + CURVES * _rows(levels) + MEANS for _, levels in drawn]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.3 + sum(heights)), layout="constrained")  # not pyplot: no window
        first = comparisons[0]
        figure.suptitle(first.question or f"{first.campaign}: levels of {first.factor}", fontsize=10)
        parts = figure.subfigures(len(drawn), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, (comparison, levels) in zip(parts, drawn, strict=True):
            _draw(part, comparison, levels, record)
    return figure


def _draw(part: "SubFigure", comparison: Comparison, levels: Sequence[Level], record: CampaignRecord) -> None:
    by, group = comparison.by, comparison.group
    trials = (trial for trial in record.trials.values() if by is None or trial.assignment.get(by) == group)
    if by is not None:
        part.suptitle(group_name(comparison), fontsize=10, fontweight="bold")
    heights = [CURVES * rows, MEANS] if (rows := _rows(levels)) else [MEANS]
    halves = part.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    if rows:
        _panels(halves[0], levels, grouped(trials, comparison.factor))
    _means(halves[-1].subplots(), comparison)


def _with_curves(comparison: Comparison) -> list[Level]:
    """Levels with completed trials; of many, those with most values."""
    levels = comparison.levels
    kept = sorted(range(len(levels)), key=lambda i: -len(levels[i].values))[:MOST]
    return [levels[i] for i in sorted(kept) if levels[i].completed]


def _rows(levels: Sequence[Level]) -> int:
    return -(-len(levels) // ACROSS)


def _panels(part: "SubFigure", levels: Sequence[Level], groups: Groups) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    across = -(-len(levels) // (rows := _rows(levels)))
    grid = part.subplots(rows, across, sharex=True, sharey=True, squeeze=False)
    losses: list[float] = []
    for axes, level in zip(grid.flat, levels, strict=False):
        completed = [trial for trial in groups[repr(level.value)] if trial.status == "completed"]
        losses += _curves(axes, completed)
        axes.set_title(f"{shown(level.value)} ({len(completed)} of {level.trials} trials)")
    for i, axes in enumerate(grid.flat):
        if i >= len(levels):
            axes.remove()
        else:
            axes.tick_params(labelbottom=i + across >= len(levels))
    if losses:
        top = min(max(losses), STRAY * float(np.quantile(losses, 0.9)))
        grid[0, 0].set_ylim(min(0.0, *losses), 1.05 * top or None)
    for row in grid:
        row[0].set_ylabel("loss")
    grid[0, 0].xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    part.supxlabel("epoch", fontsize=8)
    lines = [
        Line2D([], [], color=TRAIN, label="training, mean and range"),
        Line2D([], [], color=VALID, label="validation, mean and range"),
        Line2D([], [], color=GREY, linestyle=":", label="some trials have ended"),
        Line2D([], [], color=GREY, linestyle="--", linewidth=0.8, label="mean best epoch"),
    ]
    part.legend(handles=lines, loc="outside upper center", ncols=len(lines), frameon=False)


def _curves(axes: "Axes", trials: Sequence[TrialRecord]) -> list[float]:
    """Draw mean and range over trials, dotted after the first trial has ended; return the finite losses."""
    train = [[report.train_loss for report in trial.epochs] for trial in trials]
    valid = [[report.metrics.get("loss", np.nan) for report in trial.epochs] for trial in trials]
    longest, shortest = max(map(len, train), default=0), min(map(len, train), default=0)
    finite: list[float] = []
    for curves, colour in ((train, TRAIN), (valid, VALID)):
        at = [[c[e] for c in curves if e < len(c) and np.isfinite(c[e])] for e in range(longest)]
        finite += chain.from_iterable(at)
        drawn = [values or [np.nan] for values in at]
        epochs, mean = np.arange(1, longest + 1), np.array([fmean(values) for values in drawn])
        axes.fill_between(epochs, [*map(min, drawn)], [*map(max, drawn)], color=colour, alpha=0.25, linewidth=0)
        axes.plot(epochs[:shortest], mean[:shortest], color=colour)
        if shortest:
            axes.plot(epochs[shortest - 1 :], mean[shortest - 1 :], color=colour, linestyle=":")
        if longest == 1:  # a classical model
            axes.plot(epochs, mean, "o", color=colour, markersize=4)
    best = [trial.result.best_epoch for trial in trials if trial.result and trial.result.best_epoch]
    if best and longest > 1:
        axes.axvline(fmean(best), color=GREY, linestyle="--", linewidth=0.8, zorder=0)
    return finite


def _means(axes: "Axes", comparison: Comparison) -> None:
    """Draw every trial, and each level's mean with its interval."""
    levels = comparison.levels
    for x, level in enumerate(levels):
        beside = np.full(len(level.values), x - 0.1)
        axes.plot(beside, level.values, "o", color=GREY, markersize=3, alpha=0.6, markeredgewidth=0)
        mean = level.estimate.mean
        if mean is not None:
            low, high = (mean if end is None else end for end in (level.estimate.low, level.estimate.high))
            ends = [[mean - low], [high - mean]]
            axes.errorbar(x, mean, yerr=ends, fmt="D", color="black", markersize=4, capsize=4)
    failed = [f"\n{level.failed} of {level.trials} failed" if level.failed else "" for level in levels]
    labels = [f"{shown(level.value)}{more}" for level, more in zip(levels, failed, strict=True)]
    crowded = sum(max(map(len, label.split("\n"))) + 2 for label in labels) > CHARACTERS
    axes.set_xticks(range(len(labels)), labels, rotation=90 if crowded else 0)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_xlabel(comparison.factor)
    axes.set_ylabel(response_name(comparison))
    clipped = (
        "\nIntervals are clipped to the response's range." if any(level.estimate.clipped for level in levels) else ""
    )
    legend = "Dots: trials.  Diamonds: means with 95 % t-intervals.  The validation split also selects the epoch."
    axes.set_title(f"{legend}{clipped}")
    axes.grid(axis="y", color="0.9")
