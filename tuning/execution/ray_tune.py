"""Ray Tune as the place where trials run: a Searcher that asks the driver, and reused actors.

The Searcher withholds and hands out trials as the driver says; Ray's own retries and checkpoints are off.
"""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher

from tuning.campaign.config import CampaignConfig, ResourceOptions
from tuning.campaign.errors import CampaignError
from tuning.execution.cluster import check_nodes, needed
from tuning.execution.driver import Driver, LaunchInterrupted
from tuning.execution.node_files import packed_arrays, packed_code
from tuning.execution.nodes import Nodes
from tuning.execution.ray_session import State, session, stop_if_requested, supervise
from tuning.execution.trainable import FILE, TrialTrainable
from tuning.execution.trial_files import TrialFiles
from tuning.execution.worker import WorkerMessage
from tuning.journal.home import Home
from tuning.search.ray_settings import chosen_address
from tuning.training.files import CHECKPOINT, write_file
from tuning.training.results import TrialResult


class _DriverSearch(Searcher):  # type: ignore[misc]
    """Carries trials from the driver to Ray and reports back.

    What goes wrong here is kept and raised between Ray's steps, where it reaches the caller unwrapped.  Ray calls from
    a thread of its own, which is abandoned if Ray dies: from then on no call reaches the driver.
    """

    def __init__(
        self,
        driver: Driver,
        arrays: Mapping[str, Path],
        home: Home,
        resources: ResourceOptions,
        *,
        on_cluster: bool,
        test: bool,
    ) -> None:
        super().__init__(metric="progress", mode="max")
        self.driver = driver
        self.arrays = arrays
        self.home = home
        self.files = TrialFiles(home, driver.record)
        self.resources = resources
        self.nodes = Nodes(resources, noted=self._noted) if on_cluster else None
        """Of a cluster; None on this machine alone."""
        self.test = test
        self.indices: dict[str, int] = {}
        self.live: set[str] = set()
        self.deaths: Counter[int] = Counter()
        self.problem: BaseException | None = None
        self.last_report = time.monotonic()
        self._lock = threading.Lock()
        self._abandoned = False

    def state(self) -> State:
        """Return how far the launch is."""
        return State(len(self.live), time.monotonic() - self.last_report)

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
                folder = self.home.trial(trial.campaign, trial.index)
                return {
                    "trial": trial.model_dump_json(),
                    "arrays": str(self.arrays[self.driver.record.variant(trial)]),
                    "folder": str(folder),
                    "code": str(self.home.code),
                    "checkpoint": self._sent(folder / CHECKPOINT),
                    "wall_s": self.resources.trial_wall_s,
                    "test": self.test,
                }
        # Ray stops calling `suggest` after FINISHED, so withhold it while a live trial may need a retry.  After a
        # problem the launch ends: while no trial runs, Ray would ask for ten minutes before its next step.
        ending = self.problem is not None or (self.driver.exhausted and not self.live)
        return self.FINISHED if ending else None

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
                self.files.ended(self.driver.record, index)

    def _sent(self, checkpoint: Path) -> ray.ObjectRef | None:
        """Ray's reference to a checkpoint for another node; None where there is none, and on this machine alone."""
        return ray.put(checkpoint.read_bytes()) if self.nodes and checkpoint.exists() else None

    def _noted(self, text: str) -> None:
        with self.kept():
            self.driver.noted(None, text)

    def _died(self, index: int) -> None:
        """Hand the trial out again, as often as it may be."""
        self.deaths[index] += 1
        if self.nodes:
            self.nodes.unchecked = True  # a node that lacks something kills each trial
        if self.deaths[index] <= self.resources.max_retries:
            self.driver.retried(index, "worker died")
        else:
            reason = f"the worker died in each of {self.deaths[index]} attempts; out of memory?"
            self.driver.ended(index, TrialResult(status="failed", reason=reason), None)

    def _report(self, index: int, result: dict[str, Any]) -> WorkerMessage:
        progress = WorkerMessage.model_validate_json(result["progress"])
        self.last_report = time.monotonic()
        trial = self.driver.record.trials[index].config
        for key, content in result.items():
            if key.startswith(FILE):  # on disk before the journal tells of the epoch
                path = self.home.trial(trial.campaign, index) / key.removeprefix(FILE)
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_file(path, content)
                except OSError as error:
                    raise LaunchInterrupted("storage", f"trial {index} cannot be kept: {error}") from error
        if progress.blocked is not None:
            where = f" on node {result['node_ip']}" if self.nodes else ""
            raise LaunchInterrupted(progress.blocked, f"trial {index} cannot be trained{where}: {progress.note}")
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

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        for key in [key for key in trial.last_result or {} if key.startswith(FILE)]:
            del trial.last_result[key]  # Ray keeps the last result of every trial

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        with self.search.kept():
            self.search.driver.started(self.search.indices[trial.trial_id])
        if nodes := self.search.nodes:
            nodes.unchecked = True
            nodes.heard(trial)

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        if self.search.nodes:
            self.search.nodes.heard(trial)

    def on_step_end(self, iteration: int, trials: list[Any], **_: Any) -> None:  # noqa: ARG002 - Ray's signature
        if self.search.problem is not None:
            raise self.search.problem
        if nodes := self.search.nodes:
            try:
                nodes.check()
            except CampaignError as problem:
                raise LaunchInterrupted("ray", f"{problem}") from problem
            nodes.step(self.search.live)
        stop_if_requested()
        if time.monotonic() > self.deadline:
            raise LaunchInterrupted("budget", f"the budget of {self.wall_s:g} s is used up")
        if reason := self.search.driver.abort_reason:
            raise LaunchInterrupted("failures", reason)


def check_cluster(resources: ResourceOptions) -> None:
    """Join the cluster for a moment.

    Raises:
        CampaignError: it cannot be joined, or its nodes cannot run the trials.
        KeyboardInterrupt: a signal came.
    """
    try:
        with session(resources, chosen_address(resources.address)):
            check_nodes(resources)
    except LaunchInterrupted:
        raise KeyboardInterrupt from None


def run(
    driver: Driver,
    arrays: Mapping[str, Path],
    home: Home,
    config: CampaignConfig,
    *,
    before_test: Callable[[], None] | None = None,
) -> None:
    """Train what the driver hands out until it has no more.  ``arrays``: variant's key -> prepared directory.

    ``config``: of this launch; its concurrency, retries and budget count, not those of the first.
    ``before_test``: evaluate every trial on the test part, too; called when Ray runs and no trial has begun.

    Raises:
        CampaignError: the cluster cannot be joined, or its nodes cannot run the trials.
        LaunchInterrupted: Ctrl-C or SIGTERM, the budget's end, nothing but failures, arrays or a disk that cannot be
            used, or the end of Ray's processes.
        StoreError, JournalError: from the driver.
    """
    resources = config.resources
    # All workers are started at once; Ray's default starts one after the other, each when a trial runs in the last.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(resources.concurrency)
    address = chosen_address(resources.address)
    with session(resources, address) as scratch:
        on_cluster, test = address is not None, before_test is not None
        search = _DriverSearch(driver, arrays, home, resources, on_cluster=on_cluster, test=test)
        trainable: Any = TrialTrainable
        if search.nodes is not None:
            search.nodes.check()
            sent = {str(directory): ray.put(packed_arrays(directory, test=test)) for directory in arrays.values()}
            code = packed_code(home.code, config.code_files)
            trainable = tune.with_parameters(TrialTrainable, arrays=sent, code=code)
        attempts = driver.record.target * (1 + resources.max_retries)
        tuner = tune.Tuner(
            tune.with_resources(trainable, needed(resources, on_cluster=on_cluster)),
            tune_config=tune.TuneConfig(search_alg=search, num_samples=attempts, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=str(scratch),
                verbose=0,
                progress_reporter=tune.CLIReporter(),  # silent; in notebooks the default would leave an empty output
                callbacks=[_Watch(search, config.budget.wall_s)],
                # Not Ray's own retries: a worker that dies between two trials counts as two failures of the second,
                # and the second failure is final however many are allowed (2.60).
                failure_config=tune.FailureConfig(max_failures=0),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        if before_test is not None:
            before_test()
        try:
            supervise(tuner.fit, state=search.state, on_cluster=on_cluster)
        finally:
            search.abandon()
        if search.problem is not None:
            raise search.problem
