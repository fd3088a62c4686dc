"""HyperOptSearch of Ray Tune as a proposer: native spaces, and failures that HyperOpt keeps."""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Trials
from hyperopt.base import JOB_VALID_STATES
from hyperopt.fmin import generate_trial
from ray.tune.search.hyperopt import HyperOptSearch

from search_spaces.hyperopt_space import encoded, from_hyperopt, hyperopt_values, to_hyperopt
from search_spaces.space import Assignment, Space
from tuning.journal.events import Proposal
from tuning.search.proposers import Outcome, chained

_LOSS = "loss"
_FAILED = "failed"


class _GrowingTrials(Trials):  # type: ignore[misc]
    """HyperOpt's trials, whose ``refresh`` looks at new ones and at the last alone.

    HyperOpt's own looks at all of them, several times a trial, which would make up most of restoring a long search.
    Only the last proposal is ever withdrawn, that is, leaves the valid states.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, dict[str, Any]] = {}
        self._trials: list[dict[str, Any]] = []
        self._seen = 0
        super().__init__()

    def refresh(self) -> None:
        """Bring ``trials`` up to date."""
        for trial in self._dynamic_trials[self._seen :]:
            self._trials.append(trial)
            self.by_id[trial["tid"]] = trial
        self._seen = len(self._dynamic_trials)
        while self._trials and self._trials[-1]["state"] not in JOB_VALID_STATES:
            self._trials.pop()


class _Search(HyperOptSearch):  # type: ignore[misc]
    """Tells HyperOpt of a failed trial as completed with ``STATUS_FAIL``, and finds a trial without a search.

    Ray marks it errored instead; HyperOpt then forgets it and is drawn to the failing region (83 % of the model-based
    suggestions went to the one failing value of six, against 10 % this way).
    """

    def _setup_hyperopt(self) -> None:
        super()._setup_hyperopt()
        self._hpopt_trials = _GrowingTrials()

    def _get_hyperopt_trial(self, trial_id: str) -> dict[str, Any] | None:
        live = self._live_trial_mapping.get(trial_id)
        return None if live is None else self._hpopt_trials.by_id[live[0]]

    def observe(self, values: Mapping[str, float], loss: float) -> None:
        """Let HyperOpt learn a result that it did not propose; of dimensions without a value it learns nothing."""
        [number] = self._hpopt_trials.new_trial_ids(1)
        trial = generate_trial(number, values)
        for absent in self.domain.params.keys() - values.keys():
            trial["misc"]["idxs"][absent], trial["misc"]["vals"][absent] = [], []
        trial |= {"state": JOB_STATE_DONE, "result": {"status": STATUS_OK, _LOSS: loss}}
        self._hpopt_trials.insert_trial_docs([trial])
        self._hpopt_trials.refresh()

    def _to_hyperopt_result(self, result: dict[str, Any]) -> dict[str, Any]:
        if result.get(_FAILED):
            return {"status": STATUS_FAIL}
        converted: dict[str, Any] = super()._to_hyperopt_result(result)
        return converted


class HyperOptProposer:
    """Tree-structured Parzen estimator (Bergstra et al. 2011), minimising."""

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
        self.sign = -1.0 if goal == "max" else 1.0
        self.search = _Search(
            to_hyperopt(space),
            metric=_LOSS,
            mode="min",
            n_initial_points=startup_trials,
            random_state_seed=seed,
        )
        self.last: Proposal | None = None
        self._tpe = self.search.algo
        self._again = partial(self._tpe, n_EI_candidates=1)
        self._index: int | None = None
        self._state = chained(dict(space.dimensions), seed, startup_trials, goal)
        for assignment, objective in earlier:
            values, loss = hyperopt_values(space, assignment), self.sign * objective
            self.search.observe(values, loss)
            self._state = chained(self._state, values, loss)
        self._before = self._state

    def propose(self, index: int) -> Assignment:
        """Ask HyperOpt for values; asked again for one index, a draw from its density of good values.

        At first it proposes the best of 24 such draws.  Late in a small space that is the same point however often it
        is asked; a single draw is a new point nearby.
        """
        asked = 1
        if self.last and self._index == index:
            asked += self.last.asked
        else:
            self._index, self._before = index, self._state
        assignment = self._suggest(index, self._tpe if asked == 1 else self._again)
        # HyperOpt's own document: an assignment lacks the values of inactive dimensions, from which TPE learns too.
        drawn = self.search.get_state()["hyperopt_trials"].trials[-1]["misc"]["vals"]
        values = {path: number.item() if isinstance(number, np.generic) else number for path, [number] in drawn.items()}
        if index < len(self.first):
            values |= self.first[index]
            self.withdraw(index)
            asked += 1
            assignment = self._suggest(index, partial(_repeat, values=values))
        self._state = chained(self._before, index, asked, values)
        self.last = Proposal(asked=asked, values=values, state=self._state)
        return assignment

    def restore(self, index: int, recorded: Proposal) -> Assignment:
        """Let Ray and HyperOpt do all that they did for ``index``, except for the evaluation of the model.

        Each proposal, a withdrawn one too, takes one number from their generator and one id.  HyperOpt ignores the
        values of withdrawn ones, so that those of the last stand in for them.

        Raises:
            ValueError: space, seed, an earlier proposal or a result differs from when this was recorded.
        """
        if recorded.state != chained(self._state, index, recorded.asked, recorded.values):
            raise ValueError(f"configuration {index}: the search was asked or told otherwise than is recorded")
        repeat = partial(_repeat, values=recorded.values)
        for _ in range(recorded.asked - 1):
            self._suggest(index, repeat)
            self.withdraw(index)
        self._index, self._before, self._state, self.last = index, self._state, recorded.state, recorded
        return self._suggest(index, repeat)

    def _suggest(self, index: int, algorithm: Any) -> Assignment:
        self.search.algo = algorithm
        return from_hyperopt(self.space, self.search.suggest(str(index)))

    def withdraw(self, index: int) -> None:
        """Let HyperOpt drop the proposal."""
        self.search.on_trial_complete(str(index), error=True)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Report a configuration's outcome; a failure is reported as one."""
        result = {_FAILED: True} if outcome.objective is None else {_LOSS: self.sign * outcome.objective}
        self.search.on_trial_complete(str(index), result=result)
        self._state = chained(self._state, index, result)


def _repeat(new_ids: list[int], *_: object, values: Mapping[str, float]) -> list[Any]:
    """Propose given values: a suggestion algorithm as HyperOpt calls it."""
    return [generate_trial(new_ids[0], values)]
