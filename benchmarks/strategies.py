"""The searches that the benchmarks compare: the ordered search, and other searches in their usual form."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from ray.tune.search.hyperopt import HyperOptSearch
from recorded_table import METRIC, PATHS, Point, point, space
from trial_table import EPOCHS, GRID

from search_spaces.dimensions import Choice, Integer
from search_spaces.space import Assignment, Space
from tuning.campaign.config import CampaignConfig
from tuning.search.halving import rungs
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import OrderedSearch
from tuning.search.proposers import Outcome, RandomProposer
from tuning.training.results import EpochReport

STARTUP = 20
"""Random suggestions before model-based ones: the default of HyperOptSearch."""
FACTOR = 3


class Ordered:
    """The ordered search, with or without successive halving."""

    def __init__(
        self,
        seed: int,
        *,
        window: int,
        model: bool = True,
        halving: bool = False,
        startup: int = STARTUP,
        earlier: Sequence[tuple[Assignment, float]] = (),
    ) -> None:
        self.startup, self.earlier = startup, earlier
        self.search = OrderedSearch(self._proposer(seed) if model else RandomProposer(space(), seed), window=window)
        self.window = window
        self.config = _campaign(halving=halving)
        self.curves: list[Sequence[float]] = []
        self.rungs: list[dict[int, float]] = []

    def _proposer(self, seed: int) -> HyperOptProposer:
        return HyperOptProposer(space(), seed=seed, startup_trials=self.startup, goal="max", earlier=self.earlier)

    def ask(self, index: int) -> Point | None:
        if not self.search.ready():
            return None
        suggestion = self.search.suggest()
        known = [_reports(curve) for curve in self.curves[: max(0, index - self.window + 1)]]
        self.rungs.append({rung.epoch: rung.threshold for rung in rungs(self.config, known)})
        self.curves.append(())
        return self.point(suggestion.assignment)

    def point(self, assignment: dict[str, Any]) -> Point:
        return point(assignment)

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        self.curves[index] = tuple(curve)
        return max(curve) >= self.rungs[index].get(len(curve), -np.inf)

    def tell(self, index: int, objective: float | None) -> None:
        self.search.record(index, Outcome(objective))


class OrderedOptuna(Ordered):
    """The ordered search with Optuna's TPE."""

    def _proposer(self, seed: int) -> OptunaProposer:
        return OptunaProposer(space(), seed=seed, startup_trials=STARTUP, goal="max")


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

    def __init__(self, seed: int) -> None:
        domains = HyperOptSearch.convert_search_space(
            {name: tune.choice(list(values)) for name, values in GRID.items()}
        )
        self.search = HyperOptSearch(domains, metric=METRIC, mode="max", random_state_seed=seed)

    def ask(self, index: int) -> Point:
        proposed = self.search.suggest(str(index))
        return tuple(str(proposed[name]) for name in GRID)

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


class OptunaTPE(Unstopped):
    """Optuna's TPESampler with its defaults, but as many random trials as the other searches."""

    def __init__(self, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.states = optuna.trial.TrialState
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        self.trials: dict[int, Any] = {}

    def ask(self, index: int) -> Point:
        trial = self.trials[index] = self.study.ask()
        return tuple(str(trial.suggest_categorical(name, list(values))) for name, values in GRID.items())

    def tell(self, index: int, objective: float | None) -> None:
        state = self.states.FAIL if objective is None else self.states.COMPLETE
        self.study.tell(self.trials[index], objective, state=state)


class UnderASHA:
    """A search with Ray's ASHA, whose decisions depend on the order of reports."""

    def __init__(self, search: PlainHyperOpt | Random) -> None:
        self.search = search
        self.scheduler = AsyncHyperBandScheduler(
            time_attr="epoch", metric=METRIC, mode="max", max_t=EPOCHS, grace_period=1, reduction_factor=FACTOR
        )

    def ask(self, index: int) -> Point:
        self.scheduler.on_trial_add(None, _named(index))
        return self.search.ask(index)

    def continues(self, index: int, curve: Sequence[float]) -> bool:
        report = {"epoch": len(curve), METRIC: curve[-1]}
        return bool(self.scheduler.on_trial_result(None, _named(index), report) != TrialScheduler.STOP)

    def tell(self, index: int, objective: float | None) -> None:
        self.search.tell(index, objective)


def _named(index: int) -> Any:
    return SimpleNamespace(trial_id=str(index))  # the only attribute that ASHA reads


def _ranks() -> Space:
    dimensions = {
        path: Choice(*values) if isinstance(values[0], str) else Integer(0, len(values) - 1)
        for path, values in zip(PATHS, GRID.values(), strict=True)
    }
    return Space(name="ranks", models=space().models, dimensions=dimensions)


def _campaign(*, halving: bool) -> CampaignConfig:
    return CampaignConfig.model_validate(
        {
            "name": "table",
            "seed": 0,
            "data": {"dataset": "heartbeats"},
            "space": {"name": "cnn2d"},
            "train": {
                "epochs": EPOCHS,
                "early_stopping": "successive-halving" if halving else "none",
                "grace_epochs": 1,
                "reduction_factor": FACTOR,
            },
            "objective": {"metric": METRIC},
        }
    )


def _reports(curve: Sequence[float]) -> list[EpochReport]:
    return [
        EpochReport(
            epoch=i + 1, train_loss=0.0, metrics={METRIC: value}, learning_rate=0.0, weights_sha256="", seconds=0.0
        )
        for i, value in enumerate(curve)
    ]
