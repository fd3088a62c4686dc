"""The artifacts of runs: tables, JSON and the confusion matrix."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING

from tuning.analysis.confirmation import ConfirmationSummary
from tuning.analysis.confirmation_units import PARTS
from tuning.analysis.leaderboard import Leaderboard
from tuning.journal.record import RecordedTrial
from tuning.journal.text import table_csv
from tuning.training.results import EpochReport, TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MAX_HORIZONTAL = 4
"""Longest class name, in letters, that fits horizontally below its column; longer ones are rotated."""


LARGEST_INCHES = 16.0
"""Side of the largest confusion matrix."""

MOST_VALUES = 26
"""Classes beyond which a confusion matrix shows colours without values."""


def preload() -> None:
    """Import the plotting libraries, which takes a second or two."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where the user's folder cannot be written
    import_module("matplotlib.figure")
    import_module("sklearn.metrics")


def trial_json(recorded: RecordedTrial) -> str:
    """Return a complete trial; ``RecordedTrial.from_json`` reads it back, NaN included."""
    return json.dumps(recorded.model_dump(mode="json"))


def curves_csv(epochs: Sequence[EpochReport], metric: str) -> str:
    """Return every epoch's metrics as CSV.  metric: the objective's."""
    rows = [
        {
            "epoch": report.epoch,
            "train_loss": report.train_loss,
            **({} if report.train_objective is None else {f"train_{metric}": report.train_objective}),
            **{f"valid_{name}": value for name, value in report.metrics.items()},
            "learning_rate": report.learning_rate,
            "seconds": report.seconds,
        }
        for report in epochs
    ]
    return table_csv(rows)


def confirmation_csv(summary: ConfirmationSummary) -> str:
    """Return the confirmed configurations as CSV."""
    return table_csv(
        [
            {
                "rank": row.rank,
                "trial": row.trial,
                "search_rank": row.search_rank,
                "search": row.search,
                "completed": row.completed,
                **{
                    f"{part}_{name}{suffix}": value
                    for part in PARTS
                    for name, figure in getattr(row, part).metrics.items()
                    for suffix, value in (("", figure.mean), ("_low", figure.low), ("_high", figure.high))
                },
                "gap": row.gap,
                **row.settings,
            }
            for row in summary.configurations
        ]
    )


def leaderboard_csv(board: Leaderboard) -> str:
    """Return the ranked trials as CSV."""
    rows = []
    for trial in board.ranked:
        row = asdict(trial)
        metrics, searched = row.pop("metrics"), row.pop("settings")
        first = {name: row[name] for name in ("rank", "trial", "objective")}
        rows.append(first | row | metrics | searched)
    return table_csv(rows)


def confusion_json(result: TrialResult, classes: tuple[str, ...]) -> str:
    """Return the confusion matrix at the best epoch, as counts; rows are true classes."""
    return json.dumps({"classes": classes, "rows": "true", "columns": "predicted", "counts": result.confusion})


def confusion_figure(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> "Figure":
    """Plot a confusion matrix, normalised per true class: counts would show the majority class only."""
    import numpy as np
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    absolute = np.asarray(counts, dtype=float)
    normalised = absolute / np.maximum(absolute.sum(axis=1, keepdims=True), 1.0)
    side = min(3.0 + 0.5 * len(classes), LARGEST_INCHES)
    names = [name.replace("$", r"\$") for name in classes]  # a pair of $ would be read as mathematics
    figure = Figure(figsize=(side, side), layout="constrained")  # not pyplot, which is not thread-safe
    axes = figure.subplots()
    ConfusionMatrixDisplay(normalised, display_labels=names).plot(
        ax=axes,
        include_values=len(classes) <= MOST_VALUES,
        values_format=".2f",
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0.0, "vmax": 1.0},
        xticks_rotation="vertical" if max(map(len, classes)) > MAX_HORIZONTAL else "horizontal",
    )
    axes.set_title("Validation split, best epoch, normalised per true class")
    return figure
