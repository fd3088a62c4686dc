"""The files attached to runs: tables, JSON and the confusion matrix."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tuning.analysis.leaderboard import Leaderboard
from tuning.journal.record import RecordedTrial
from tuning.training.results import EpochReport, TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


UPRIGHT = 4
"""Letters of a class's name that there is room for below its column; longer names are turned."""


def preload() -> None:
    """Import what draws the figure, which takes a second or two."""
    import_module("matplotlib.figure")
    import_module("sklearn.metrics")


def trial_json(recorded: RecordedTrial) -> str:
    """Return a trial complete; ``RecordedTrial.model_validate_json`` gives it back, not-a-numbers included."""
    return json.dumps(recorded.model_dump(mode="json"))


def curves_csv(epochs: Sequence[EpochReport], metric: str) -> str:
    """Return every epoch's figures as a table.  metric: the objective's."""
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


def leaderboard_csv(board: Leaderboard) -> str:
    """Return the ranked trials as a table."""
    rows = []
    for trial in board.ranked:
        row = asdict(trial)
        metrics, searched = row.pop("metrics"), row.pop("settings")
        rows.append(row | metrics | searched)
    return table_csv(rows)


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV, which MLflow's page shows as a table; what a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def confusion_json(result: TrialResult, classes: tuple[str, ...]) -> str:
    """Return the counts at the best epoch; rows are true classes."""
    return json.dumps({"classes": classes, "rows": "true", "columns": "predicted", "counts": result.confusion})


def confusion_figure(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> "Figure":
    """Return a confusion matrix, each true class's row as parts of one: counts alone would show the majority only."""
    import numpy as np
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    rows = np.asarray(counts, dtype=float)
    parts = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    side = 3.0 + 0.5 * len(classes)
    figure = Figure(figsize=(side, side), layout="constrained")  # not pyplot: this may run beside the main thread
    axes = figure.subplots()
    ConfusionMatrixDisplay(parts, display_labels=list(classes)).plot(
        ax=axes,
        values_format=".2f",
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0.0, "vmax": 1.0},
        xticks_rotation="vertical" if max(map(len, classes)) > UPRIGHT else "horizontal",
    )
    axes.set_title("Best epoch, validation: part of each true class")
    return figure
