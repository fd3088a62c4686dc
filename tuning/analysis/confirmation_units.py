"""What a confirmation's means and tests are over: the trainings of each configuration, and their seeds or splits."""

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from tuning.analysis.configurations import SMOTE, divided
from tuning.journal.events import ConfirmationRequest, Confirms
from tuning.journal.record import CampaignRecord, TrialRecord

Part = Literal["valid", "test"]
PARTS: tuple[Part, ...] = ("valid", "test")


class Units:
    """What is averaged and resampled: seeds, or folds or splits with the mean over their seeds."""

    def __init__(self, confirmation: CampaignRecord, request: ConfirmationRequest) -> None:
        self.confirmation = confirmation
        self.by_split = request.splits >= 2  # noqa: PLR2004 - one split has no variance
        data = confirmation.config.data
        self.by_fold = data.divisions is not None and not self.by_split
        self.name = "splits" if self.by_split else f"{data.division}s" if self.by_fold else "seeds"

    def unit(self, trial: TrialRecord) -> int:
        """Return the number of the unit to which a trial belongs."""
        assert trial.confirms is not None  # noqa: S101 - every trial of a confirmation has it
        return trial.confirms.split if self.by_split else trial.config.data.fold or trial.confirms.seed

    def values(self, trials: Sequence[TrialRecord], part: Part, metric: str) -> dict[int, float]:
        """Return unit -> mean over its trials."""
        grouped: dict[int, list[float]] = {}
        for trial in trials:
            grouped.setdefault(self.unit(trial), []).append(metrics(trial, part)[metric])
        return {unit: fmean(values) for unit, values in sorted(grouped.items())}

    def mean(self, trials: Sequence[TrialRecord], part: Part, metric: str) -> float:
        """Return the mean over units."""
        return fmean(self.values(trials, part, metric).values())

    @property
    def share_test(self) -> bool:
        """Whether all units are evaluated on the same test part."""
        return not (self.by_split and draws_test(self.confirmation))

    def ratio(self, trials: Sequence[TrialRecord], part: Part) -> float:
        """Return rows evaluated per row trained on, 0 where units share a split and no variance is corrected.

        A test part that units share has no influence on how much their training parts overlap: the ratio is then that
        of the validation part (``benchmarks/test_power.py``).
        """
        if not self.by_split and not self.by_fold:
            return 0.0
        variant = self.confirmation.variant(trials[0].config)
        data = self.confirmation.data[variant]
        trained: float = sum(data.train.values())
        if SMOTE in variant:  # its synthetic rows are among them
            folds = self.confirmation.config.data.folds if self.by_fold else None
            share = divided(self.confirmation.config.data) if folds is None else 1 / (folds - 1)
            trained = sum(data.valid.values()) / share
        rows = data.valid if part == "valid" or self.share_test else data.test
        return sum(rows.values()) / trained


def draws_test(record: CampaignRecord) -> bool:
    """Return whether the split draws the test part; else the data set has an official one, which seeds do not change.

    Records do not say so.  A part that is drawn has ``test_fraction`` of all rows; that of complete groups may have
    more or less, but of the data sets with groups only tables have an official one, ``data.test``.
    """
    options = record.config.data
    if options.test is not None or not options.test_fraction:
        return False
    if options.split != "stratified":
        return True
    valid = fmean(sum(data.valid.values()) for data in record.data.values())  # the same of each balance
    test = fmean(sum(data.test.values()) for data in record.data.values())
    share = options.valid_fraction if options.folds is None else (1 - options.test_fraction) / options.folds
    expected = options.test_fraction / share * valid
    return abs(test - expected) <= 1 + options.test_fraction / share  # parts are rounded to whole rows


def requested(confirmation: CampaignRecord, request: ConfirmationRequest) -> dict[int, list[TrialRecord]]:
    """Return the trials of the request by the campaign's trial whose configuration they have."""
    splits = range(1, request.splits + 1) if request.splits else (0,)
    wanted = {
        Confirms(trial=source, seed=seed, split=split)
        for source in request.trials
        for seed in range(request.seeds)
        for split in splits
    }
    by_source: dict[int, list[TrialRecord]] = {source: [] for source in request.trials}
    for _, trial in sorted(confirmation.trials.items()):
        if trial.confirms in wanted:
            by_source[trial.confirms.trial].append(trial)
    return by_source


def evaluated(trial: TrialRecord) -> bool:
    """Return whether a training ended without failure, with figures on both parts."""
    return trial.status == "completed" and trial.result is not None and trial.result.test is not None


def metrics(trial: TrialRecord, part: Part) -> dict[str, float]:
    """Return the figures of a complete training on one part."""
    result = trial.result
    if result is None or result.test is None:
        raise TypeError(f"{trial.name} has not ended")
    return result.best_metrics if part == "valid" else result.test.metrics
