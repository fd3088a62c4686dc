"""Optuna's multivariate TPE as a proposer.

Each proposal is drawn by a sampler of its own, whose seed is derived from the configuration's number: the only state
between proposals is the list of trials, and a search is restored by listing them again.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from search_spaces.optuna_space import encoded, from_optuna, optuna_numbers, to_optuna
from search_spaces.space import Assignment, Space
from tuning.campaign.seeds import derive
from tuning.journal.events import Proposal
from tuning.search.proposers import Outcome, chained

CANDIDATES = 24
"""Draws from the density of good values, of which the best becomes the proposal: Optuna's default."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's log and its warnings of experimental features."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)


class OptunaProposer:
    """Multivariate tree-structured Parzen estimator (Watanabe 2023, arXiv:2304.11127).

    Configurations whose results are not known yet count as poor ones, so that pending trials are spread out.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        startup_trials: int,
        goal: str,
        earlier: Sequence[tuple[Assignment, float]] = (),
        first: Sequence[Assignment] = (),
    ) -> None:
        """``startup_trials`` random suggestions come before the model's, less those that are known.

        earlier: assignments with their objectives, learned before the first suggestion, the oldest first.
        first: values that the first configurations have, each of some dimensions.

        Raises:
            SpaceError: an earlier assignment is not of this space.
        """
        self.space = space
        self.first = [encoded(space, values) for values in first]
        self.seed = seed
        self.startup_trials = startup_trials - len(earlier)
        self.distributions = to_optuna(space)
        with quiet():
            self.study = optuna.create_study(direction="maximize" if goal == "max" else "minimize")
        self.last: Proposal | None = None
        self._numbers: dict[int, int] = {}
        self._index: int | None = None
        self._state = chained(dict(space.dimensions), seed, startup_trials, goal)
        for number, (assignment, objective) in enumerate(earlier):
            drawn = self._random_numbers(derive(seed, "earlier", number))  # of inactive dimensions, as in a proposal
            values = drawn | optuna_numbers(space, assignment)
            self.study.add_trial(create_trial(params=values, distributions=self.distributions, value=objective))
            self._state = chained(self._state, values, objective)
        self._before = self._state

    def propose(self, index: int) -> Assignment:
        """Ask Optuna for values; asked again for one index, a single draw from its density of good values."""
        asked = 1
        if self.last and self._index == index:
            asked += self.last.asked
        else:
            self._index, self._before = index, self._state
        with quiet():
            self.study.sampler = self._sampler(index, asked)
            trial = self.study.ask(self.distributions)
        self._numbers[index], values = trial.number, trial.params
        if index < len(self.first):
            values |= self.first[index]
            self.withdraw(index)
            self._list(index, values)
        self._state = chained(self._before, index, asked, values)
        self.last = Proposal(asked=asked, values=values, state=self._state)
        return from_optuna(self.space, values)

    def _random_numbers(self, seed: int) -> dict[str, int | float]:
        with quiet():
            study = optuna.create_study(sampler=RandomSampler(seed=seed))
            return study.ask(self.distributions).params

    def _sampler(self, index: int, asked: int) -> BaseSampler:
        seed = derive(derive(self.seed, "proposal", index), "asked", asked)
        if index < self.startup_trials:
            return RandomSampler(seed=seed)
        candidates = CANDIDATES if asked == 1 else 1
        return TPESampler(seed=seed, n_startup_trials=1, n_ei_candidates=candidates)

    def restore(self, index: int, recorded: Proposal) -> Assignment:
        """List the recorded proposal.  Withdrawn ones are not listed: Optuna ignores them.

        Raises:
            ValueError: space, seed, an earlier proposal or a result differs from when this was recorded.
        """
        if recorded.state != chained(self._state, index, recorded.asked, recorded.values):
            raise ValueError(f"configuration {index}: the search was asked or told otherwise than is recorded")
        self._list(index, recorded.values)
        self._index, self._before, self._state, self.last = index, self._state, recorded.state, recorded
        return from_optuna(self.space, recorded.values)

    def _list(self, index: int, values: Mapping[str, int | float]) -> None:
        """Add a trial with given values, as if Optuna had proposed them."""
        self._numbers[index] = len(self.study.get_trials(deepcopy=False))
        self.study.add_trial(
            create_trial(state=TrialState.RUNNING, params=dict(values), distributions=self.distributions)
        )

    def withdraw(self, index: int) -> None:
        """Let Optuna ignore the proposal: TPE does not learn from trials that failed."""
        self.study.tell(self._numbers[index], state=TrialState.FAIL)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Report a configuration's outcome.  A failed one is pruned without a value: TPE ranks it last."""
        if outcome.objective is None:
            self.study.tell(self._numbers[index], state=TrialState.PRUNED)
        else:
            self.study.tell(self._numbers[index], outcome.objective)
        self._state = chained(self._state, index, outcome.objective)
