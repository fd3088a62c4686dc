"""One trial inside a worker: train an epoch at a time, keep a checkpoint, never let a failure escape.

Framework-free; the Ray adapter and nothing else calls it.  Imports torch and NumPy, and nothing that makes workers big.
"""

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file

from data.arrays import Arrays, open_arrays
from tuning.config import TrialConfig
from tuning.environment import Environment, current
from tuning.results import EpochReport, TrialResult
from tuning.training import Training, load_checkpoint, save_checkpoint

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.safetensors"

_logger = logging.getLogger(__name__)


class Progress(BaseModel):
    """What a worker tells the driver after an epoch; ``result`` ends the trial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reports: list[EpochReport] = []
    """The new epoch, and at first after a restart every epoch that the checkpoint holds."""
    result: TrialResult | None = None
    environment: Environment | None = None


class TrialRun:
    """A trial in its folder, from its checkpoint where there is one."""

    def __init__(self, trial: TrialConfig, arrays: Path, folder: Path) -> None:
        """Take the trial; nothing is loaded before the first step, so that whatever fails has a trial to fail."""
        self.trial = trial
        self.arrays = arrays
        self.folder = folder
        self.training: Training | None = None

    def step(self) -> Progress:
        """Train one epoch.  An exception is the trial's failure, with its reason, not the worker's."""
        try:
            return self._step()
        except Exception as error:
            _logger.exception("trial %d failed", self.trial.index)
            reports = self.training.history if self.training else []
            return Progress(
                result=TrialResult(
                    status="failed",
                    reason=f"{type(error).__name__}: {error}",
                    epochs=len(reports),
                    seconds=self.training.seconds if self.training else 0.0,
                ),
                environment=current(self.trial.device.device),
            )

    def _step(self) -> Progress:
        resumed: list[EpochReport] = []
        if self.training is None:
            self.training = Training(self.trial, self._open())
            if (self.folder / CHECKPOINT).exists():
                load_checkpoint(self.training, self.folder / CHECKPOINT)
                resumed = list(self.training.history)
        if self.training.done:
            return Progress(reports=resumed, **self._end(self.training))
        report = self.training.run_epoch()
        self.folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self.training, self.folder / CHECKPOINT)
        end = self._end(self.training) if self.training.done else {}
        return Progress(reports=[*resumed, report], **end)

    def _open(self) -> Arrays:
        arrays = open_arrays(self.arrays)
        if arrays.sha256 != self.trial.data_sha256:
            raise ValueError(
                f"{self.arrays}: prepared data {arrays.sha256[:12]} is not the trial's {self.trial.data_sha256[:12]}"
            )
        return arrays

    def _end(self, training: Training) -> dict[str, TrialResult | Environment]:
        fresh = self.folder / f"{WEIGHTS}.new"
        save_file({name: value.contiguous() for name, value in training.best_weights.items()}, fresh)
        fresh.replace(self.folder / WEIGHTS)
        return {"result": training.result(), "environment": current(self.trial.device.device)}
