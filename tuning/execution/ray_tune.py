"""Ray Tune as the place where trials run: a class Trainable with reused actors, and a Searcher that asks the driver.

The Searcher withholds and hands out trials as the driver says; Ray's own retries and checkpoints are off.
"""

import tuning.search.ray_settings  # noqa: F401 - before ray

# isort: split

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from tuning.campaign.config import CampaignConfig, ResourceOptions, TrialConfig
from tuning.execution.driver import Driver, LaunchInterrupted
from tuning.execution.ray_session import session, stop_if_requested, supervise
from tuning.execution.worker import TrialWorker, WorkerMessage
from tuning.journal.home import Home
from tuning.training.results import TrialResult


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
        over = progress.result is not None or progress.blocked is not None
        return {"progress": progress.model_dump_json(), "done": over}


class _DriverSearch(Searcher):  # type: ignore[misc]
    """Carries trials from the driver to Ray and reports back.

    What goes wrong here is kept and raised between Ray's steps, where it reaches the caller unwrapped.  Ray calls from
    a thread of its own, which is abandoned if Ray dies: from then on no call reaches the driver.
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
        self.last_report = time.monotonic()
        self._lock = threading.Lock()
        self._abandoned = False

    def abandon(self) -> None:
        """Let no further call reach the driver."""
        with self._lock:
            self._abandoned = True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        with self.kept():
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
        with self.kept():
            self._report(self.indices[trial_id], result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:  # noqa: FBT001, FBT002 - Ray's signature
        self.live.discard(trial_id)
        with self.kept():
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
        self.last_report = time.monotonic()
        if progress.blocked is not None:
            raise LaunchInterrupted(progress.blocked, f"trial {index} cannot be trained: {progress.note}")
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
    def kept(self) -> Iterator[None]:
        """Keep what goes wrong in a block that calls the driver, until the step ends."""
        with self._lock:
            if self._abandoned:
                raise SystemExit  # ends the abandoned thread
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
        with self.search.kept():
            self.search.driver.started(self.search.indices[trial.trial_id])

    def on_step_end(self, iteration: int, trials: list[Any], **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        if self.search.problem is not None:
            raise self.search.problem
        stop_if_requested()
        if time.monotonic() > self.deadline:
            raise LaunchInterrupted("budget", f"the budget of {self.wall_s:g} s is used up")
        if reason := self.search.driver.abort_reason:
            raise LaunchInterrupted("failures", reason)


def run(driver: Driver, arrays: Mapping[str, Path], home: Home, config: CampaignConfig) -> None:
    """Train what the driver hands out until it has no more.  ``arrays``: variant's key -> prepared directory.

    ``config``: of this launch; its concurrency, retries and budget count, not those of the first.

    Raises:
        LaunchInterrupted: Ctrl-C or SIGTERM, the budget's end, nothing but failures, arrays or a disk that cannot be
            used, or the end of Ray's processes.
        StoreError, JournalError: from the driver.
    """
    resources = config.resources
    # All workers are started at once; Ray's default starts one after the other, each when a trial runs in the last.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(resources.concurrency)
    with session(resources) as scratch:
        search = _DriverSearch(driver, arrays, home, resources)
        gpus = {"gpu": 1 / resources.concurrency} if resources.device == "cuda" else {}
        attempts = driver.record.target * (1 + resources.max_retries)
        tuner = tune.Tuner(
            tune.with_resources(TrialTrainable, {"cpu": resources.threads, **gpus}),
            tune_config=tune.TuneConfig(search_alg=search, num_samples=attempts, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=str(scratch),
                verbose=0,
                callbacks=[_Watch(search, config.budget.wall_s)],
                # Not Ray's own retries: a worker that dies between two trials counts as two failures of the second,
                # and the second failure is final however many are allowed (2.60).
                failure_config=tune.FailureConfig(max_failures=0),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            supervise(tuner.fit, idle_s=lambda: time.monotonic() - search.last_report)
        finally:
            search.abandon()
        if search.problem is not None:
            raise search.problem
