"""What the validation rows of a metric are worth: one row of the rarest class, and their choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from tuning.journal.events import DataRecord
from tuning.journal.record import TrialRecord
from tuning.training.metrics import from_counts

RESAMPLES = 200
MOST_TRIALS = 25
"""Trials whose validation rows are drawn again: enough for a median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The rarest class of the validation part, how many rows it has, and what one of them is worth.

    step: by which the metric changes if one more row of the class is right; None of metrics without a fixed value.
    Where trials have several validation parts, those of the part with the fewest rows of the class, and then in all.
    """

    rarest: str
    rows: int
    step: float | None


def step(parts: Sequence[DataRecord], metric: str) -> Step | None:
    """Return the step of a metric on validation parts; None without classes.

    recall_macro: 1/(n K) with n rows of the class and K classes; balanced_accuracy: K classes that occur; accuracy: one
    of all rows.
    """
    counts = [
        (rows, name, sum(part.valid.values()), part)
        for part in parts
        if part.classes
        for name, rows in part.valid.items()
        if rows
    ]
    if not counts:
        return None
    rows, name, _, part = min(counts, key=lambda item: item[:3])
    occurring = sum(count > 0 for count in part.valid.values())
    one = {
        "recall_macro": 1 / (rows * len(part.classes)),
        "balanced_accuracy": 1 / (rows * occurring),
        "accuracy": 1 / sum(part.valid.values()),
    }
    return Step(rarest=name, rows=rows, step=one.get(metric))


def resampled(trials: Sequence[TrialRecord], metric: str) -> float | None:
    """Return by how much a trial's metric varies with the choice of validation rows.

    That is its standard deviation over bootstrap samples of these rows, which need no predictions: a sample of rows is
    one of the cells of the best epoch's confusion matrix.  The median over trials; None of metrics that do not follow
    from such counts.
    """
    found = []
    every = [trial.result for trial in trials if trial.result and trial.result.confusion]
    for result in every[:: -(-len(every) // MOST_TRIALS) or 1]:
        counts = np.array(result.confusion)
        names = [str(k) for k in range(len(counts))]
        cells = counts.ravel() / counts.sum()
        drawn = np.random.default_rng(0).multinomial(counts.sum(), cells, RESAMPLES).reshape(-1, *counts.shape)
        if metric not in from_counts(counts, names):
            return None
        found.append(float(np.std([from_counts(sample, names)[metric] for sample in drawn], ddof=1)))
    return median(found) if found else None
