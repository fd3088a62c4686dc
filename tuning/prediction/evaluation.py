"""Predictions beside true classes or targets: metrics, calibration, and rows that were trained on."""

from dataclasses import dataclass

import numpy as np

from data.arrays import Part, Scale
from data.duplicates import sequence_digests
from tuning.prediction.calibration import calibration_error, log_loss
from tuning.prediction.predictions import Predictions
from tuning.training.metrics import confusion, from_counts, from_errors

FIGURES = ("accuracy", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScores:
    """One class.  rows: with this true class."""

    name: str
    rows: int
    recall: float
    precision: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures over N rows.

    metrics: of classes accuracy, macro recall and others, ``log_loss`` (nats) and ``calibration_error``; of forecasts
    mae and rmse in the target's own unit, and r2.  classes, confusion: empty of forecasts; rows of the (K, K) counts
    are true classes.  trained_on: rows equal to one of the training part; None where that part is not here.
    """

    rows: int
    metrics: dict[str, float]
    classes: list[ClassScores]
    confusion: list[list[int]]
    trained_on: int | None


def evaluate(predictions: Predictions, *, training: Part | None) -> Evaluation:
    """Return the figures of predictions that were read with their truth.

    training: the part that the first of the models was trained on; None where it is not here.
    """
    names, rows = predictions.class_names, len(predictions.values)
    trained_on = None if training is None else equal_rows(predictions.part, training)
    if predictions.probabilities is None:
        scale = predictions.scale or Scale(mean=0.0, std=1.0)
        truth, values = ((column - scale.mean) / scale.std for column in (predictions.truth, predictions.values))
        metrics = from_errors(truth, values, scale)
        return Evaluation(rows=rows, metrics=metrics, classes=[], confusion=[], trained_on=trained_on)
    y = predictions.truth.astype(np.int64)
    counts = confusion(y, predictions.values, len(names))
    figures = from_counts(counts, names)
    metrics = {name: figures[name] for name in FIGURES} | {
        "log_loss": log_loss(predictions.probabilities, y),
        "calibration_error": calibration_error(predictions.probabilities, y),
    }
    classes = [
        ClassScores(
            name=name,
            rows=int(counts[k].sum()),
            recall=figures[f"recall/{name}"],
            precision=figures[f"precision/{name}"],
        )
        for k, name in enumerate(names)
    ]
    return Evaluation(rows=rows, metrics=metrics, classes=classes, confusion=counts.tolist(), trained_on=trained_on)


def equal_rows(rows: Part, training: Part) -> int:
    """Return how many rows equal a row of a training part: the same values, prepared in the same way, and length."""
    known = set(sequence_digests(training))
    return sum(digest in known for digest in sequence_digests(rows))
