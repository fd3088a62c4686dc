"""The searches that the benchmarks compare: the ordered search, and other searches in their usual form."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import optuna
from ray import tune
from ray.tune.search.hyperopt import HyperOptSearch
from recorded_table import CNN2D, METRIC, PATHS, Point, point, space
from stopping import Stopper
from trial_table import GRID, Grid

from search_spaces.dimensions import Choice, Integer
from search_spaces.space import Assignment, Space
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import OrderedSearch
from tuning.search.proposers import Outcome, RandomProposer

STARTUP = 20
"""Random suggestions before model-based ones: the default of HyperOptSearch."""


class Ordered:
    """The ordered search, with or without early stopping.

    told: what the model learns of a stopped trial.  "best": its best objective, as in a campaign; "failed": that it
    failed; "gain": its best objective, plus what known full trials gained between that epoch and their end (median).
    """

    engine: Any = HyperOptProposer

    def __init__(
        self,
        seed: int,
        *,
        window: int,
        model: bool = True,
        startup: int = STARTUP,
        earlier: Sequence[tuple[Assignment, float]] = (),
        grid: Grid = CNN2D,
        stopper: Stopper | None = None,
        told: Literal["best", "failed", "gain"] = "best",
    ) -> None:
        self.startup, self.earlier, self.grid = startup, earlier, grid
        proposer = self._proposer(seed) if model else RandomProposer(space(grid), seed)
        self.search = OrderedSearch(proposer, window=window)
        self.window = window
        self.stopper = stopper or Stopper()
        self.told = told
        self.curves: list[Sequence[float]] = []

    def _proposer(self, seed: int) -> Any:
        return self.engine(space(self.grid), seed=seed, startup_trials=self.startup, goal="max", earlier=self.earlier)

    def ask(self, index: int) -> Point | None:
        if not self.search.ready():
            return None
        suggestion = self.search.suggest()
        self.stopper.begin(index, self._known(index))
        self.curves.append(())
        return self.point(suggestion.assignment)

    def _known(self, index: int) -> list[Sequence[float]]:
        return self.curves[: max(0, index - self.window + 1)]

    def point(self, assignment: dict[str, Any]) -> Point:
        return point(assignment, self.grid)

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        self.curves[index] = tuple(curve)
        return self.stopper.continues(index, curve)

    def tell(self, index: int, objective: float | None) -> None:
        epoch = len(self.curves[index])
        stopped = epoch < self.grid.epochs
        self.stopper.end(index, completed=objective is not None and not stopped)
        if objective is not None and stopped:
            objective = None if self.told == "failed" else objective + self._gain(index, epoch)
        self.search.record(index, Outcome(objective))

    def _gain(self, index: int, epoch: int) -> float:
        full = [curve for curve in self._known(index) if len(curve) == self.grid.epochs]
        if self.told != "gain" or not full:
            return 0.0
        return float(np.median([max(curve) - max(curve[:epoch]) for curve in full]))


class OrderedOptuna(Ordered):
    """The ordered search with Optuna's TPE."""

    engine = OptunaProposer


class OrderedOrdinals(Ordered):
    """The ordered search with numeric choices passed to TPE by rank, instead of as categories."""

    def _proposer(self, seed: int) -> HyperOptProposer:
        return HyperOptProposer(_ranks(), seed=seed, startup_trials=STARTUP, goal="max")

    def point(self, assignment: dict[str, Any]) -> Point:
        values = {
            path: options[assignment[path]] if isinstance(options[0], int | float) else assignment[path]
            for path, options in zip(PATHS, GRID.values(), strict=True)
        }
        return point(values)


class Unstopped:
    """All trials are trained to the end."""

    def continues(self, index: int, curve: Sequence[float]) -> bool:  # noqa: ARG002
        return True


class PlainHyperOpt(Unstopped):
    """HyperOptSearch as Ray Tune drives it: results in order of completion, failures as errors."""

    def __init__(self, seed: int, *, grid: Grid = CNN2D) -> None:
        self.grid = grid
        domains = HyperOptSearch.convert_search_space(
            {name: tune.choice(list(values)) for name, values in grid.values.items()}
        )
        self.search = HyperOptSearch(domains, metric=METRIC, mode="max", random_state_seed=seed)

    def ask(self, index: int) -> Point:
        proposed = self.search.suggest(str(index))
        return tuple(str(proposed[name]) for name in self.grid.values)

    def tell(self, index: int, objective: float | None) -> None:
        if objective is None:
            self.search.on_trial_complete(str(index), error=True)
        else:
            self.search.on_trial_complete(str(index), result={METRIC: objective})


class Random(Unstopped):
    """Random search."""

    def __init__(self, seed: int) -> None:
        self.proposer = RandomProposer(space(), seed)

    def ask(self, index: int) -> Point:
        return point(self.proposer.propose(index))

    def tell(self, index: int, objective: float | None) -> None:
        """Ignore the result."""


class OptunaTPE:
    """Optuna's TPESampler with its defaults, but as many random trials as the other searches, and with a pruner."""

    def __init__(self, seed: int, *, grid: Grid = CNN2D, pruner: optuna.pruners.BasePruner | None = None) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.grid = grid
        self.states = optuna.trial.TrialState
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        self.study = optuna.create_study(
            study_name=str(seed), direction="maximize", sampler=sampler, pruner=pruner or optuna.pruners.NopPruner()
        )
        self.trials: dict[int, optuna.Trial] = {}
        self.pruned: set[int] = set()

    def ask(self, index: int) -> Point:
        trial = self.trials[index] = self.study.ask()
        return tuple(str(trial.suggest_categorical(name, list(values))) for name, values in self.grid.values.items())

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        self.trials[index].report(curve[-1], len(curve))
        if len(curve) < self.grid.epochs and self.trials[index].should_prune():
            self.pruned.add(index)
        return index not in self.pruned

    def tell(self, index: int, objective: float | None) -> None:
        if index in self.pruned:
            self.study.tell(self.trials[index], state=self.states.PRUNED)
        else:
            state = self.states.FAIL if objective is None else self.states.COMPLETE
            self.study.tell(self.trials[index], objective, state=state)


class Under:
    """A search with a rule of early stopping that it does not know."""

    def __init__(self, search: PlainHyperOpt | Random, stopper: Stopper) -> None:
        self.search, self.stopper = search, stopper

    def ask(self, index: int) -> Point:
        self.stopper.begin(index, ())
        return self.search.ask(index)

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        return self.stopper.continues(index, curve)

    def tell(self, index: int, objective: float | None) -> None:
        self.search.tell(index, objective)


def _ranks() -> Space:
    dimensions = {
        path: Choice(*values) if isinstance(values[0], str) else Integer(0, len(values) - 1)
        for path, values in zip(PATHS, GRID.values(), strict=True)
    }
    return Space(name="ranks", models=space().models, dimensions=dimensions)
