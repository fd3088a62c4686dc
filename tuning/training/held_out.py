"""The figures of a trial that is done on the test part of its prepared data."""

from pathlib import Path

import numpy as np

from data.prepared import open_test, open_test_groups
from tuning.training.begin import TrialRun
from tuning.training.results import HeldOutResult


def evaluate_test(run: TrialRun, directory: Path) -> HeldOutResult:
    """Return the figures on the test part, and each group's where it consists of complete groups.

    Raises:
        DataError: the prepared files are damaged or gone.
    """
    part, groups = open_test(directory), open_test_groups(directory)
    result, predicted = run.held_out(part)
    if groups is None:
        return result
    # Counts alone: a metric of the user's code may be undefined on the rows of one group.
    names, numbers = np.unique(groups, return_inverse=True)
    right = np.bincount(numbers[predicted == part.y], minlength=len(names)).tolist()
    rows = np.bincount(numbers).tolist()
    counts = dict(zip(map(str, names), zip(right, rows, strict=True), strict=True))
    return result.model_copy(update={"groups": counts})
