"""A study drawn for a page: each setting's loss curves, and the measure with its intervals."""

from collections.abc import Sequence
from itertools import chain
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from tuning.figures import GREY, STYLE, TRAIN, VALID, WIDTH
from tuning.record import CampaignRecord, TrialRecord
from tuning.study import Setting, Study
from tuning.study_answer import group_name, measured_as
from tuning.study_trials import grouped
from tuning.tables import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Groups = dict[str, list[TrialRecord]]
HEAD, CURVES, MEANS = 0.3, 1.9, 2.6
"""Inches: height of a study's title, of a row of curves, and of the panel of means."""
ACROSS, MOST = 4, 12
"""Panels of curves in a row, and in a figure."""
CHARACTERS = 100
"""As many as stand side by side under the panel of means."""
STRAY = 5
"""A loss so many times the 90th percentile runs out of its panel, so that the other curves stay legible."""


def draw(studies: Sequence[Study], record: CampaignRecord) -> "Figure":
    """Return the figure, a study below the other; only completed trials are in it."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawn = [(study, _shown(study)) for study in studies]
    heights = [HEAD + CURVES * _rows(panels) + MEANS for _, panels in drawn]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.3 + sum(heights)), layout="constrained")  # not pyplot: no window
        first = studies[0]
        figure.suptitle(first.question or f"{first.campaign}: settings of {first.factor}", fontsize=10)
        parts = figure.subfigures(len(drawn), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, (study, panels) in zip(parts, drawn, strict=True):
            _draw(part, study, panels, record)
    return figure


def _draw(part: "SubFigure", study: Study, panels: Sequence[Setting], record: CampaignRecord) -> None:
    trials = (t for t in record.trials.values() if study.by is None or t.assignment.get(study.by) == study.group)
    if study.by is not None:
        part.suptitle(group_name(study), fontsize=10, fontweight="bold")
    heights = [CURVES * rows, MEANS] if (rows := _rows(panels)) else [MEANS]
    halves = part.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    if rows:
        _panels(halves[0], panels, grouped(trials, study.factor))
    _means(halves[-1].subplots(), study)


def _shown(study: Study) -> list[Setting]:
    """Settings that have curves; those with most values, so that a wide search shows what says something."""
    kept = sorted(range(len(study.settings)), key=lambda i: -len(study.settings[i].values))[:MOST]
    return [setting for i in sorted(kept) if (setting := study.settings[i]).completed]


def _rows(panels: Sequence[Setting]) -> int:
    return -(-len(panels) // ACROSS)


def _panels(part: "SubFigure", panels: Sequence[Setting], groups: Groups) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    across = -(-len(panels) // (rows := _rows(panels)))
    grid = part.subplots(rows, across, sharex=True, sharey=True, squeeze=False)
    losses: list[float] = []
    for axes, setting in zip(grid.flat, panels, strict=False):
        completed = [trial for trial in groups[repr(setting.value)] if trial.status == "completed"]
        losses += _curves(axes, completed)
        axes.set_title(f"{shown(setting.value)} ({len(completed)} of {setting.trials} trials)")
    for i, axes in enumerate(grid.flat):
        if i >= len(panels):
            axes.remove()
        else:
            axes.tick_params(labelbottom=i + across >= len(panels))
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
    """Draw mean and range over trials, dotted from where the first trial had ended; return the finite losses."""
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
        if longest == 1:  # a family that is fitted at once
            axes.plot(epochs, mean, "o", color=colour, markersize=4)
    best = [trial.result.best_epoch for trial in trials if trial.result and trial.result.best_epoch]
    if best and longest > 1:
        axes.axvline(fmean(best), color=GREY, linestyle="--", linewidth=0.8, zorder=0)
    return finite


def _means(axes: "Axes", study: Study) -> None:
    """Draw every trial, and each setting's mean with its interval."""
    for x, setting in enumerate(study.settings):
        beside = np.full(len(setting.values), x - 0.1)
        axes.plot(beside, setting.values, "o", color=GREY, markersize=3, alpha=0.6, markeredgewidth=0)
        one = setting.estimate
        if one.mean is not None:
            low, high = (one.mean if end is None else end for end in (one.low, one.high))
            ends = [[one.mean - low], [high - one.mean]]
            axes.errorbar(x, one.mean, yerr=ends, fmt="D", color="black", markersize=4, capsize=4)
    failed = [f"\n{s.failed} of {s.trials} failed" if s.failed else "" for s in study.settings]
    labels = [f"{shown(s.value)}{more}" for s, more in zip(study.settings, failed, strict=True)]
    crowded = sum(max(map(len, label.split("\n"))) + 2 for label in labels) > CHARACTERS
    axes.set_xticks(range(len(labels)), labels, rotation=90 if crowded else 0)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_xlabel(study.factor)
    axes.set_ylabel(measured_as(study))
    axes.set_title("Dots: trials.  Diamonds: means with 95 % t-intervals.  The validation split also chose the epoch.")
    axes.grid(axis="y", color="0.9")
