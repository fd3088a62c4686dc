"""Figures of one trial for MLflow's artifact page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuning.results import EpochReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        ax=axes, values_format=".2f", cmap="Blues", colorbar=False, im_kw={"vmin": 0.0, "vmax": 1.0}
    )
    axes.set_title("Best epoch, validation: part of each true class")
    return figure


def curves_figure(epochs: Sequence[EpochReport], metric: str) -> "Figure":
    """Return the losses and the objective by epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.5), layout="constrained")
    losses, objective = figure.subplots(1, 2)
    steps = [report.epoch for report in epochs]
    losses.plot(steps, [report.train_loss for report in epochs], label="train")
    losses.plot(steps, [report.metrics["loss"] for report in epochs], label="validation")
    losses.set(xlabel="epoch", ylabel="loss, nats")
    losses.legend()
    objective.plot(steps, [report.metrics[metric] for report in epochs])
    objective.set(xlabel="epoch", ylabel=f"{metric}, validation")
    return figure
