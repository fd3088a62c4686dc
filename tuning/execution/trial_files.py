"""The files of a campaign's trials: what ended trials no longer need is removed."""

from tuning.analysis.selection import kept_weights
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord
from tuning.training.files import CHECKPOINT, WEIGHTS


class TrialFiles:
    """Removes checkpoints of ended trials, weights that are not kept, and what killed processes left.

    Hold the campaign's lock.
    """

    def __init__(self, home: Home, record: CampaignRecord) -> None:
        """Remove what former launches left; not weights, which `seqtune reproduce --keep-weights` may have written."""
        self.home = home
        self.name = record.config.name
        for index, trial in record.trials.items():
            self._remove(index, checkpoint=trial.result is not None)
        self.weights = kept_weights(record)
        """Trials whose weights are kept until others push them out."""

    def ended(self, record: CampaignRecord, index: int) -> None:
        """After a trial's end: remove its checkpoint, and the weights that are no longer kept."""
        self._remove(index, checkpoint=True)
        self.weights.add(index)
        self._prune(record)

    def _remove(self, index: int, *, checkpoint: bool) -> None:
        """Remove temporary files of a trial whose process was killed while it wrote, and its checkpoint."""
        folder = self.home.trial(self.name, index)
        for path in [*folder.glob(f".{CHECKPOINT}.*"), *folder.glob(f".{WEIGHTS}.*")]:
            path.unlink(missing_ok=True)
        if checkpoint:
            (folder / CHECKPOINT).unlink(missing_ok=True)

    def _prune(self, record: CampaignRecord) -> None:
        kept = kept_weights(record)
        for index in self.weights - kept:
            (self.home.trial(self.name, index) / WEIGHTS).unlink(missing_ok=True)
            self.weights.discard(index)
