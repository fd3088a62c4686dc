"""Ray Tune as the place where trials run: a class Trainable with reused actors, and a Searcher that asks the driver.

Ray's own files, loggers, state snapshots and console output are off: the journal is the only record.
"""

import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tuning.campaign.config import CampaignConfig, ResourceOptions, TrialConfig
from tuning.campaign.errors import StoreError
from tuning.execution.driver import Driver
from tuning.execution.signals import STOP
from tuning.journal.events import Cause
from tuning.journal.home import Home
from tuning.training.results import TrialResult

_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_TRAIN_V2_ENABLED": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}
os.environ.update({name: os.environ.get(name, value) for name, value in _QUIET.items()})

import ray  # noqa: E402 - reads the environment while it is imported
from ray import tune  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

from tuning.execution.worker import TrialWorker, WorkerMessage  # noqa: E402

OBJECT_STORE_BYTES = 128 * 2**20
"""Little goes through Ray's object store: arrays are mapped from the disk."""


BY_USER = "interrupted by the user"


class LaunchInterrupted(Exception):  # noqa: N818 - no error: a wish or a budget
    """The launch ends before the campaign does."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


class TrialTrainable(tune.Trainable):  # type: ignore[misc]
    """A Ray actor that trains one trial after another."""

    run: TrialWorker

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first trial."""
        trial = TrialConfig.model_validate_json(config["trial"])
        self.run = TrialWorker(trial, Path(config["arrays"]), Path(config["folder"]), wall_s=config["wall_s"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch."""
        progress = self.run.step()
        over = progress.result is not None or progress.disk_full is not None
        return {"progress": progress.model_dump_json(), "done": over}


class _DriverSearch(Searcher):  # type: ignore[misc]
    """Carries trials from the driver to Ray and reports back.

    What goes wrong here is kept and raised between Ray's steps, where it reaches the caller unwrapped.
    """

    def __init__(self, driver: Driver, arrays: Mapping[str, Path], home: Home, resources: ResourceOptions) -> None:
        super().__init__(metric="progress", mode="max")
        self.driver = driver
        self.arrays = arrays
        self.home = home
        self.resources = resources
        self.indices: dict[str, int] = {}
        self.live: set[str] = set()
        self.deaths: Counter[int] = Counter()
        self.problem: BaseException | None = None

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        with self._kept():
            busy = self.problem is not None or len(self.live) >= self.resources.concurrency
            trial = None if busy else self.driver.next_trial()
            if trial is not None:
                self.indices[trial_id] = trial.index
                self.live.add(trial_id)
                return {
                    "trial": trial.model_dump_json(),
                    "arrays": str(self.arrays[self.driver.record.variant(trial)]),
                    "folder": str(self.home.trial(trial.campaign, trial.index)),
                    "wall_s": self.resources.trial_wall_s,
                }
        # Ray stops calling `suggest` after FINISHED, so withhold it while a live trial may need a retry.
        return self.FINISHED if self.driver.exhausted and not self.live else None

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        with self._kept():
            self._report(self.indices[trial_id], result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:  # noqa: FBT001, FBT002 - Ray's signature
        self.live.discard(trial_id)
        with self._kept():
            index = self.indices[trial_id]
            if result is None or error:
                self._died(index)
            else:
                progress = self._report(index, result)
                if progress.result is not None:
                    self.driver.ended(index, progress.result, progress.environment)
            if self.driver.record.trials[index].result is not None:
                self.home.tidy(self.driver.record, index)

    def _died(self, index: int) -> None:
        """Hand the trial out again, as often as it may be."""
        self.deaths[index] += 1
        if self.deaths[index] <= self.resources.max_retries:
            self.driver.retried(index, "worker died")
        else:
            reason = f"the worker died in each of {self.deaths[index]} attempts; out of memory?"
            self.driver.ended(index, TrialResult(status="failed", reason=reason), None)

    def _report(self, index: int, result: dict[str, Any]) -> WorkerMessage:
        progress = WorkerMessage.model_validate_json(result["progress"])
        if progress.disk_full is not None:
            raise StoreError(
                f"{self.home.path}: trial {index} cannot be kept: {progress.disk_full}. The campaign stops here; "
                "free some space and launch it again; it resumes from the last checkpoint"
            )
        if progress.note is not None:
            self.driver.noted(index, progress.note)
        self.driver.reported(index, progress.reports)
        return progress

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing: the journal is the search's state."""

    def __getstate__(self) -> dict[str, Any]:
        # Ray pickles the tuner with all its parts, to restore it one day; we never do.
        return {}

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - kept for the next step
            self.problem = self.problem or problem


class _Watch(tune.Callback):  # type: ignore[misc]
    """Tells the driver of starts, and raises between steps what must end the launch."""

    def __init__(self, search: _DriverSearch, wall_s: float | None) -> None:
        self.search = search
        self.wall_s = wall_s
        self.deadline = math.inf if wall_s is None else time.monotonic() + wall_s

    def __getstate__(self) -> dict[str, Any]:
        return {}  # as above

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        with self.search._kept():  # noqa: SLF001 - one adapter, two of Ray's hooks
            self.search.driver.started(self.search.indices[trial.trial_id])

    def on_step_end(self, iteration: int, trials: list[Any], **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        if self.search.problem is not None:
            raise self.search.problem
        _stop_if_requested()
        if time.monotonic() > self.deadline:
            raise LaunchInterrupted("budget", f"the budget of {self.wall_s:g} s is used up")
        if reason := self.search.driver.abort_reason:
            raise LaunchInterrupted("failures", reason)


def run(driver: Driver, arrays: Mapping[str, Path], home: Home, config: CampaignConfig) -> None:
    """Train what the driver hands out until it has no more.  ``arrays``: variant's key -> prepared directory.

    ``config``: of this launch; its concurrency, retries and budget count, not those of the first.

    Raises:
        LaunchInterrupted: Ctrl-C or SIGTERM, the budget's end, or nothing but failures.
        StoreError, JournalError: from the driver.
    """
    resources = config.resources
    # All workers are started at once; Ray's default starts one after the other, each when a trial runs in the last.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(resources.concurrency)
    with _ray(resources), tempfile.TemporaryDirectory(prefix="seqtune-ray-") as scratch:
        search = _DriverSearch(driver, arrays, home, resources)
        gpus = {"gpu": 1 / resources.concurrency} if resources.device == "cuda" else {}
        attempts = driver.record.target * (1 + resources.max_retries)
        tune.Tuner(
            tune.with_resources(TrialTrainable, {"cpu": resources.threads, **gpus}),
            tune_config=tune.TuneConfig(search_alg=search, num_samples=attempts, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=scratch,
                verbose=0,
                callbacks=[_Watch(search, config.budget.wall_s)],
                # Not Ray's own retries: a worker that dies between two trials counts as two failures of the second,
                # and the second failure is final however many are allowed (2.60).
                failure_config=tune.FailureConfig(max_failures=0),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
        if search.problem is not None:
            raise search.problem


def _stop_if_requested() -> None:
    if STOP.requested:
        raise LaunchInterrupted("user", BY_USER)


@contextmanager
def _ray(resources: ResourceOptions) -> Iterator[None]:
    """Ray on this machine for one launch; one that runs in this process already is used, and left running."""
    if ray.is_initialized():
        yield
        return
    _stop_if_requested()  # importing Ray took seconds
    try:
        try:
            with tempfile.TemporaryDirectory(prefix="seqtune-empty-") as empty:
                _start(resources, empty)
        except SystemExit:  # Ray's own handler of SIGTERM, in place for a moment while Ray starts
            raise LaunchInterrupted("user", BY_USER) from None
        STOP.install()
        _stop_if_requested()
        yield
    finally:
        ray.shutdown()


def _start(resources: ResourceOptions, empty: str) -> None:
    ray.init(
        address="local",
        # Otherwise workers look for packages in the user's folder first, and may well find a `data` or `models` there.
        runtime_env={"working_dir": empty},
        num_cpus=resources.concurrency * resources.threads,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=OBJECT_STORE_BYTES,
    )
