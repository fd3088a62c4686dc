"""The ordered search: suggestion k is a function of the results of trials 0 .. k - window, and of nothing else.

HyperOpt's suggestions depend on the order in which results reach it.  So results wait here and are handed over in
trial order: before suggestion k is asked for, the results of trials 0 .. k - window, and no others.  With at most
``window`` trials in flight a campaign is then the same on any number of workers.

With N replicates trial k is replicate k % N of configuration k // N.  The algorithm is asked once for a configuration
and given the mean of its replicates, or a failure if one failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from search_spaces.space import Assignment
from tuning.campaign.errors import LimitsError
from tuning.journal.events import Proposal
from tuning.search.proposers import Outcome, Proposer

RESAMPLE_LIMIT = 10
"""How often a repeated suggestion is asked for again before it is taken as a replicate."""

INFEASIBLE_LIMIT = 500
"""How many suggestions beyond the limits may precede a configuration: a share of 1 % within them is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Values for trial ``index``.

    same_as: where these values were suggested before, the first such trial; of a replicate the same replicate of that
    configuration.  Replicates of one configuration do not count as repeated.
    replicate: which of its configuration's replicates the trial is; for a repeated configuration the count continues.
    proposal: what restores the search; of a configuration's first trial, where the algorithm has a state.
    infeasible: how many proposals beyond the limits came before this one; 0 where the search was restored.
    """

    index: int
    assignment: Assignment
    same_as: int | None = None
    reused: bool = False
    replicate: int = 0
    proposal: Proposal | None = None
    infeasible: int = 0


class OrderedSearch:
    """Asks a proposer in trial order, and tells it in trial order."""

    def __init__(
        self,
        proposer: Proposer,
        *,
        window: int,
        on_duplicate: Literal["resample", "replicate", "reuse"] = "resample",
        replicates: int = 1,
        infeasible: Callable[[Assignment], str | None] = lambda _: None,
        first: int = 0,
    ) -> None:
        """Begin a search.

        window: how many trials may be in flight without knowing each other's results.  infeasible: why a
        configuration is not to be trained, or None; a function of the configuration alone.  first: how many
        configurations are given by ``search.first``.
        """
        self.proposer = proposer
        self.infeasible = infeasible
        self.first = first
        self.window = window
        self.on_duplicate = on_duplicate
        self.replicates = replicates
        self._suggestions: list[Suggestion] = []
        self._outcomes: dict[int, Outcome] = {}
        self._trials: dict[str, list[int]] = {}
        self._told = 0

    @property
    def index(self) -> int:
        """The trial that the next suggestion is for."""
        return len(self._suggestions)

    def ready(self) -> bool:
        """Whether every result is here that the next suggestion waits for."""
        return all(k in self._outcomes for k in range(self._told * self.replicates, self.index - self.window + 1))

    def suggest(self, recorded: Proposal | None = None) -> Suggestion:
        """Return the suggestion for trial ``index``; only when ``ready``.

        recorded: of an earlier search that was asked and told the same.  The algorithm is then restored, not asked.

        Raises:
            ValueError: that search was not asked and told the same.
            LimitsError: too many proposals in a row were infeasible.
        """
        if not self.ready():
            raise RuntimeError(f"trial {self.index} was asked for before trial {self.index - self.window} ended")
        index, replicate = self.index, self.index % self.replicates
        if replicate:
            first = self._suggestions[index - replicate]
            suggestion = replace(
                first,
                index=index,
                same_as=None if first.same_as is None else first.same_as + replicate,
                replicate=first.replicate + replicate,
                proposal=None,
                infeasible=0,
            )
        else:
            self._tell(index - self.window)
            suggestion = self._configuration(index, recorded)
            self._trials.setdefault(_key(suggestion.assignment), []).append(index)
        self._suggestions.append(suggestion)
        return suggestion

    def record(self, index: int, outcome: Outcome) -> None:
        """Take a trial's outcome, in any order."""
        self._outcomes[index] = outcome

    def _tell(self, last: int) -> None:
        """Tell the proposer of every configuration whose replicates are all among the trials up to ``last``."""
        while (self._told + 1) * self.replicates - 1 <= last:
            start = self._told * self.replicates
            outcomes = [self._outcomes[k] for k in range(start, start + self.replicates)]
            self.proposer.tell(self._told, _mean(outcomes))
            self._told += 1

    def _configuration(self, index: int, recorded: Proposal | None) -> Suggestion:
        """Return the suggestion for a configuration's first trial."""
        configuration = index // self.replicates
        infeasible = 0
        if recorded is None:
            assignment, infeasible = self._distinct(configuration)
        else:
            assignment = self.proposer.restore(configuration, recorded)
        suggestion = Suggestion(index=index, assignment=assignment, proposal=self.proposer.last, infeasible=infeasible)
        before = self._trials.get(_key(assignment))
        if before is None:
            return suggestion
        return replace(
            suggestion,
            same_as=before[0],
            reused=self.on_duplicate == "reuse",
            replicate=len(before) * self.replicates,
        )

    def _distinct(self, configuration: int) -> tuple[Assignment, int]:
        """Ask until a proposal is feasible, and new where the policy resamples; return it and the infeasible ones.

        Infeasible proposals are withdrawn like repeated ones: the algorithm draws from what remains of its space.
        """
        repeated = infeasible = 0
        while True:
            assignment = self.proposer.propose(configuration)
            if reason := self.infeasible(assignment):
                infeasible += 1
                if infeasible == INFEASIBLE_LIMIT:
                    raise LimitsError(self._none_feasible(configuration, reason))
            elif repeated == RESAMPLE_LIMIT or self.on_duplicate != "resample" or _key(assignment) not in self._trials:
                return assignment, infeasible
            else:
                repeated += 1
            self.proposer.withdraw(configuration)

    def _none_feasible(self, configuration: int, reason: str) -> str:
        if configuration < self.first:
            return f"search.first: configuration {configuration + 1}: {reason}. Change its values, or raise [limits]"
        first = f"the first {INFEASIBLE_LIMIT} suggestions"
        which = first if not configuration else f"{INFEASIBLE_LIMIT} suggestions after configuration {configuration}"
        return (
            f"no configuration met the limits in {which}; the last one: {reason}. Raise [limits], or narrow the space"
        )


def _mean(outcomes: Sequence[Outcome]) -> Outcome:
    """The mean of the replicates; a failure where one failed, as the mean of the others would be too good."""
    objectives = [outcome.objective for outcome in outcomes if outcome.objective is not None]
    return Outcome(fmean(objectives) if len(objectives) == len(outcomes) else None)


def _key(assignment: Assignment) -> str:
    return repr(sorted(assignment.items()))
