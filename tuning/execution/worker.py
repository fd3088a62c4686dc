"""One trial inside a worker: train an epoch at a time, keep a checkpoint, never let a failure escape.

Framework-free; the Ray adapter and nothing else calls it.  Imports torch and NumPy, and nothing that makes workers big.
"""

import errno
import logging
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data.arrays import Arrays
from data.errors import DataError
from data.prepared import open_arrays, verify
from tuning.campaign.trial import TrialConfig
from tuning.training.begin import TrialRun, begin
from tuning.training.checkpoint import load_checkpoint, save_checkpoint
from tuning.training.environment import Environment, current
from tuning.training.files import CHECKPOINT, WEIGHTS
from tuning.training.held_out import evaluate_test
from tuning.training.latency import latencies_ms
from tuning.training.results import EpochReport, TrialResult
from tuning.training.weights import save_weights

_logger = logging.getLogger(__name__)


class WorkerMessage(BaseModel):
    """What a worker tells the driver after an epoch; ``result`` ends the trial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reports: list[EpochReport] = []
    """The new epoch, and at first after a restart every epoch that the checkpoint holds."""
    result: TrialResult | None = None
    blocked: Literal["data", "storage", "code"] | None = None
    """Arrays, files or the user's code cannot be used, for which ``note`` has the reason.  The trial has not failed;
    the launch ends."""
    note: str | None = None
    environment: Environment | None = None


class TrialWorker:
    """A trial in its folder, from its checkpoint where there is one."""

    def __init__(
        self, trial: TrialConfig, arrays: Path, folder: Path, *, wall_s: float | None = None, test: bool = False
    ) -> None:
        """Take the trial; nothing is loaded before the first step, so that whatever fails has a trial to fail.

        ``wall_s``: the trial fails when it has trained longer than this.  ``test``: evaluate it on the test part, too.
        """
        self.trial = trial
        self.arrays = arrays
        self.folder = folder
        self.wall_s = wall_s
        self.test = test
        self.training: TrialRun | None = None

    def step(self) -> WorkerMessage:
        """Train one epoch.  An exception is the trial's failure, with its reason, not the worker's.

        But not if the arrays or a file cannot be used: those are no fault of the configuration.
        """
        try:
            try:
                return self._step()
            except DataError:
                raise
            except Exception as error:
                # Any error of a file or its disk: full, read-only, gone, stale.  Too little memory is the trial's own.
                if isinstance(error, OSError) and error.errno not in {None, errno.ENOMEM}:
                    return WorkerMessage(blocked="storage", note=str(error))
                verify(self.arrays)  # what looks like a bad configuration may come of damaged arrays
                _logger.exception("trial %d failed", self.trial.index)
                return WorkerMessage(**self._failure(f"{type(error).__name__}: {error}"))
        except DataError as error:
            return WorkerMessage(blocked="data", note=str(error))

    def _step(self) -> WorkerMessage:
        resumed: list[EpochReport] = []
        note = None
        if self.training is None:
            self.training, note = self._begin()
            resumed = list(self.training.history)
        training = self.training
        if not training.done:
            training.run_epoch()
            verify(self.arrays)  # looks at sizes and times alone where nothing was written since
            save_checkpoint(training, self.folder / CHECKPOINT)
            resumed.append(training.history[-1])
        end: dict[str, TrialResult | Environment] = {}
        if training.done:
            end = self._end(training)
        elif self.wall_s is not None and training.seconds > self.wall_s:
            end = self._failure(f"trained for {training.seconds:.0f} s, more than trial_wall_s = {self.wall_s:g}")
        return WorkerMessage(reports=resumed, note=note, **end)

    def _begin(self) -> tuple[TrialRun, str | None]:
        """Resume from the checkpoint; where it cannot be used, start from epoch 1, which gives the same bits."""
        arrays = self._open()
        training = begin(self.trial, arrays)
        path = self.folder / CHECKPOINT
        if not path.exists():
            return training, None
        try:
            load_checkpoint(training, path)
        except Exception as error:  # noqa: BLE001 - a damaged file fails in many ways
            return begin(self.trial, arrays), f"checkpoint not used, trained from epoch 1 again: {error}"
        return training, None

    def _open(self) -> Arrays:
        arrays = open_arrays(self.arrays)
        if arrays.sha256 != self.trial.data_sha256:
            raise DataError(
                f"{self.arrays}: prepared data {arrays.sha256[:12]} is not the trial's {self.trial.data_sha256[:12]}"
            )
        return arrays

    def _end(self, training: TrialRun) -> dict[str, TrialResult | Environment]:
        self.folder.mkdir(parents=True, exist_ok=True)
        save_weights(training.best_weights, self.folder / WEIGHTS)
        result = training.result()
        if self.test:
            result = result.model_copy(update={"test": evaluate_test(training, self.arrays)})
        result = result.model_copy(update=latencies_ms(training))
        return {"result": result, "environment": current(self.trial.device.device)}

    def _failure(self, reason: str) -> dict[str, TrialResult | Environment]:
        training = self.training
        result = TrialResult(
            status="failed",
            reason=reason,
            epochs=len(training.history) if training else 0,
            seconds=training.seconds if training else 0.0,
        )
        return {"result": result, "environment": current(self.trial.device.device)}
