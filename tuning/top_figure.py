"""The curves of a campaign's best trials, side by side: loss in training and validation, and the objective."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuning.figures import GREY, STYLE, TRAIN, VALID, WIDTH
from tuning.leaderboard import trial_name
from tuning.record import CampaignRecord, TrialRecord
from tuning.tables import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT, LINE = 3.8, 0.13
"""Inches: of the panels, and of a line above them."""
MOST = 5
"""Trials that stand side by side legibly."""


def draw(record: CampaignRecord, k: int) -> "Figure":
    """Return the figure of the best ``k`` completed trials, five at most; there is at least one."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    trials = record.ranked()[: min(k, MOST)]
    metric = record.config.objective.metric
    with rc_context(STYLE):
        lines = 2 + max(len(trial.assignment) for trial in trials)
        figure = Figure(figsize=(WIDTH, HEIGHT + LINE * lines), layout="constrained")  # not pyplot: no window
        figure.suptitle(f"{record.config.name}: the best {len(trials)} of {len(record.ended)} trials", fontsize=10)
        grid = figure.subplots(2, len(trials), sharex="col", sharey="row", squeeze=False)
        for rank, (trial, losses, objectives) in enumerate(zip(trials, *grid, strict=True), start=1):
            losses.set_title(f"{rank}. {trial_name(trial.config.index)}: {_value(trial)}\n{_settings(trial)}".rstrip())
            _line(losses, trial, [report.train_loss for report in trial.epochs], TRAIN, "training")
            _line(losses, trial, [report.metrics["loss"] for report in trial.epochs], VALID, "validation")
            if metric != "loss":
                trained = [report.train_objective for report in trial.epochs if report.train_objective is not None]
                if len(trained) == len(trial.epochs):  # records older than the field lack it
                    _line(objectives, trial, trained, TRAIN, "training")
                _line(objectives, trial, [report.metrics[metric] for report in trial.epochs], VALID, "validation")
            objectives.set_xlabel("epoch")
            objectives.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        grid[0, 0].set_ylabel("loss")
        grid[1, 0].set_ylabel(metric)
        grid[0, 0].legend(frameon=False)
    return figure


def _line(axes: "Axes", trial: TrialRecord, values: Sequence[float], colour: str, label: str) -> None:
    epochs = range(1, len(values) + 1)
    axes.plot(epochs, values, color=colour, label=label, marker="o" if len(values) == 1 else None, markersize=4)
    if trial.result is not None and trial.result.best_epoch is not None and len(values) > 1:
        axes.axvline(trial.result.best_epoch, color=GREY, linestyle="--", linewidth=0.8, zorder=0)


def _value(trial: TrialRecord) -> str:
    objective = trial.result.objective if trial.result else None
    return "" if objective is None else f"{objective:.4f}"


def _settings(trial: TrialRecord) -> str:
    """The searched values, one a line."""
    return "\n".join(f"{path.rpartition('.')[2]} {shown(value)}" for path, value in trial.assignment.items())
