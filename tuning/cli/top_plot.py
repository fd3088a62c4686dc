"""The curves of a campaign's best trials, side by side: loss in training and validation, and the objective.

With replicates each panel is a configuration: its completed trials thin, their mean bold.
"""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from tuning.analysis.configurations import configurations
from tuning.cli.plots import GREY, STYLE, TRAIN, VALID, WIDTH
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import score, shown, trial_name, trial_spans
from tuning.training.results import EpochReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, LINE = 1.9, 0.13
"""Inches: of a row of panels, and of a line above them."""
MOST = 5
"""Panels that stand side by side legibly."""


def draw(record: CampaignRecord, k: int) -> "Figure":
    """Return the figure of the best ``k`` completed trials or configurations, five at most; there is at least one."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels = _panels(record)
    best, metric = panels[: min(k, MOST)], record.config.objective.metric
    what = f"{len(record.ended)} trials"
    if record.config.search.replicates > 1:
        what = f"{len(panels)} configurations (thin: trials, bold: their mean)"
    with rc_context(STYLE):
        lines = 2 + max(title.count("\n") + len(trials[0].assignment) for title, trials in best)
        rows = 1 if metric == "loss" else 2
        figure = Figure(figsize=(WIDTH, ROW * rows + LINE * lines), layout="constrained")  # not pyplot: no window
        figure.suptitle(f"{record.config.name}: the best {len(best)} of {what}", fontsize=10)
        grid = figure.subplots(rows, len(best), sharex="col", sharey="row", squeeze=False)
        for rank, ((title, trials), losses, lowest) in enumerate(zip(best, grid[0], grid[-1], strict=True), start=1):
            losses.set_title(f"{rank}. {title}\n{_settings(trials[0])}".rstrip())
            _line(losses, trials, lambda report: report.train_loss, TRAIN, "training")
            _line(losses, trials, lambda report: report.metrics["loss"], VALID, "validation")
            if lowest is not losses:
                _line(lowest, trials, _trained, TRAIN, "training")
                _line(lowest, trials, lambda report: report.metrics[metric], VALID, "validation")
            lowest.set_xlabel("epoch")
            lowest.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        for row, name in zip(grid, ("loss", metric), strict=False):
            row[0].set_ylabel(name)
        grid[0, 0].legend(frameon=False)
    return figure


def _panels(record: CampaignRecord) -> list[tuple[str, list[TrialRecord]]]:
    """Title and trials of each panel, best first."""
    if record.config.search.replicates == 1:
        return [(f"{trial_name(trial.config.index)}: {_value(trial)}", [trial]) for trial in record.ranked()]
    return [
        (
            f"{trial_spans(t.config.index for t in one.trials)}\n{score(one.mean)}, {one.n} of {one.replicates} trials",
            one.completed,
        )
        for one in configurations(record)
    ]


def _line(
    axes: "Axes", trials: Sequence[TrialRecord], value: Callable[[EpochReport], float], colour: str, label: str
) -> None:
    """Draw a curve; of several trials their mean too, dotted from where the first of them had ended."""
    curves = [[value(report) for report in trial.epochs] for trial in trials]
    shortest, longest = min(map(len, curves)), max(map(len, curves))
    mean = [fmean(curve[e] for curve in curves if e < len(curve)) for e in range(longest)]
    epochs = range(1, longest + 1)
    for curve in curves if len(curves) > 1 else []:
        axes.plot(epochs[: len(curve)], curve, color=colour, linewidth=0.5, alpha=0.5)
    marker = "o" if longest == 1 else None
    axes.plot(epochs[:shortest], mean[:shortest], color=colour, label=label, marker=marker, markersize=4)
    if longest > shortest:
        axes.plot(epochs[shortest - 1 :], mean[shortest - 1 :], color=colour, linestyle=":")
    best = [trial.result.best_epoch for trial in trials if trial.result and trial.result.best_epoch]
    if best and longest > 1:
        axes.axvline(fmean(best), color=GREY, linestyle="--", linewidth=0.8, zorder=0)


def _trained(report: EpochReport) -> float:
    """The objective in training; no number in records that lack it, which draws nothing."""
    return math.nan if report.train_objective is None else report.train_objective


def _value(trial: TrialRecord) -> str:
    objective = trial.result.objective if trial.result else None
    return "" if objective is None else f"{objective:.4f}"


def _settings(trial: TrialRecord) -> str:
    """The searched values, one a line."""
    return "\n".join(f"{path.rpartition('.')[2]} {shown(value)}" for path, value in trial.assignment.items())
