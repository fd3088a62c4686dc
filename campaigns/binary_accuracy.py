"""Accuracy over all outputs, each of which answers yes or no, as the tweet study's tool computes it.

A probability above 0.5 is a yes.  A row that is classified correctly has no wrong output if its probability is above
0.5; a wrong one usually has two, so that of three classes the figure is about 1 - 2/3 (1 - accuracy).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuning.campaign.objective import Metric


def binary_accuracy(truth: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """(N,) true classes, (N, K) probabilities -> share of the N * K outputs that are right."""
    wanted = truth[:, None] == np.arange(probabilities.shape[1])
    return float(((probabilities > 0.5) == wanted).mean())  # noqa: PLR2004 - Keras's threshold


METRICS = {"binary_accuracy": Metric(function=binary_accuracy, goal="max", of="scores", low=0.0, high=1.0)}
