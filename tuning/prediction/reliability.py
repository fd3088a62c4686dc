"""How far a kept trial's probabilities can be believed, before and after temperature scaling."""

from dataclasses import dataclass

import numpy as np

from data.arrays import Part
from data.preparation import find_prepared
from data.prepared import open_arrays
from tuning.campaign.errors import RecordError
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial
from tuning.prediction.calibration import Bin, Calibration, calibrate, reliability, tempered
from tuning.prediction.kept import kept_in_home
from tuning.training.files import WEIGHTS

MOST_ROWS = 2_000
"""Validation rows that are predicted; of more, as many at equal distances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """A trial's calibration on its validation part.  all_rows: of that part.  before, after: the scaling."""

    calibration: Calibration
    all_rows: int
    before: list[Bin]
    after: list[Bin]


def trial_reliability(home: Home, recorded: RecordedTrial) -> Reliability:
    """Predict a trial's validation rows with the weights and the arrays that the home keeps.

    home: with the trial's weights, of campaigns or of confirmations.

    Raises:
        RecordError: weights or arrays are not kept or damaged, or the model is of a user's own code.
        DataError: the preparation of the data is not kept.
    """
    trial = recorded.config
    if trial.code:
        raise RecordError("its model may need code of your own, which a report does not run")
    found = find_prepared(home.arrays, trial.data_sha256)
    if found is None:  # preparing it again may take minutes
        raise RecordError("its prepared data is no longer in this home")
    if not (home.trial(trial.campaign, trial.index) / WEIGHTS).exists():
        raise RecordError("its weights are not kept (seqtune reproduce --keep-weights trains it again)")
    model = kept_in_home(home, recorded, datasets=None, progress=lambda _: None)
    whole = open_arrays(found[0]).valid
    part = _some(whole)
    probabilities = model.predictor.probabilities(model.predictor.raw(part))
    y = part.y.astype(np.int64)
    calibration = calibrate(probabilities, y)
    return Reliability(
        calibration=calibration,
        all_rows=len(whole.y),
        before=reliability(probabilities, y),
        after=reliability(tempered(probabilities, calibration.temperature), y),
    )


def _some(part: Part) -> Part:
    if len(part.y) <= MOST_ROWS:
        return part
    return part.take(np.linspace(0, len(part.y) - 1, MOST_ROWS).astype(np.int64))
