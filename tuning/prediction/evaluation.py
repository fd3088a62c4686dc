"""Predictions beside true classes or targets: metrics, calibration, and rows that were trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part, Scale
from data.duplicates import sequence_digests
from tuning.campaign.objective import OWN
from tuning.prediction.calibration import calibration_error, log_loss
from tuning.prediction.predictions import Predictions
from tuning.training.metrics import confusion, from_counts, from_errors
from tuning.training.own_metrics import value

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

    metrics: first the objective if it is of a user's code, None where it is undefined on these rows; then of classes
    accuracy, macro recall and others, ``log_loss`` (nats) and ``calibration_error``; of forecasts mae and rmse in the
    target's own unit, and r2.  undefined: why the objective is.  classes, confusion: empty of forecasts; rows of the
    (K, K) counts are true classes.  trained_on: rows equal to one of the training part; None where that part is not
    here.
    """

    rows: int
    metrics: dict[str, float | None]
    classes: list[ClassScores]
    confusion: list[list[int]]
    trained_on: int | None
    undefined: str | None


def evaluate(predictions: Predictions, *, objective: str, training: Part | None) -> Evaluation:
    """Return the figures of predictions that were read with their truth.

    objective: metric of the trials.  training: the part that the first of the models was trained on; None where it is
    not here.
    """
    names, rows = predictions.class_names, len(predictions.values)
    trained_on = None if training is None else equal_rows(predictions.part, training)
    if predictions.probabilities is None:
        scale = predictions.scale or Scale(mean=0.0, std=1.0)
        truth, values = ((column - scale.mean) / scale.std for column in (predictions.truth, predictions.values))
        own, undefined = _own(objective, numbers=(predictions.truth, predictions.values))
        return Evaluation(
            rows=rows,
            metrics={**own, **from_errors(truth, values, scale)},
            classes=[],
            confusion=[],
            trained_on=trained_on,
            undefined=undefined,
        )
    y = predictions.truth.astype(np.int64)
    counts = confusion(y, predictions.values, len(names))
    figures = from_counts(counts, names)
    own, undefined = _own(objective, counts=(counts,), scores=(y, predictions.probabilities.astype(np.float32)))
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
    return Evaluation(
        rows=rows,
        metrics={**own, **metrics},
        classes=classes,
        confusion=counts.tolist(),
        trained_on=trained_on,
        undefined=undefined,
    )


def _own(objective: str, **given: tuple[NDArray[Any], ...]) -> tuple[dict[str, float | None], str | None]:
    """Return the objective if it is of a user's code, and why it is undefined.  given: arguments, by ``Metric.of``."""
    metric = OWN.get(objective)
    if metric is None:
        return {}, None
    try:
        return {objective: value(objective, metric, *given[metric.of])}, None
    except ValueError as error:
        return {objective: None}, str(error)


def equal_rows(rows: Part, training: Part) -> int:
    """Return how many rows equal a row of a training part: the same values, prepared in the same way, and length."""
    known = set(sequence_digests(training))
    return sum(digest in known for digest in sequence_digests(rows))
