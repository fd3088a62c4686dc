"""The ordered search: suggestion k is a function of the results of trials 0 .. k - window, and of nothing else.

HyperOpt's suggestions depend on the order in which results reach it.  So results wait here and are handed over in
trial order: before suggestion k is asked for, the results of trials 0 .. k - window, and no others.  With at most
``window`` trials in flight a campaign is then the same on any number of workers.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from search_spaces.space import Assignment, Space
from tuning.seeds import derive

RESAMPLE_LIMIT = 10
"""How often a repeated suggestion is asked for again before it is taken as a replicate."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search learns of a trial.  objective: None where the trial failed."""

    objective: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Values for trial ``index``; ``same_as`` names the first trial with equal values, if any."""

    index: int
    assignment: Assignment
    same_as: int | None = None
    reused: bool = False


class Proposer(Protocol):
    """A search algorithm, told of results in trial order."""

    def propose(self, index: int) -> Assignment:
        """Values for trial ``index``; asked again for one index, other values."""
        ...

    def withdraw(self, index: int) -> None:
        """Forget the last proposal for ``index``: it will not be trained."""
        ...

    def tell(self, index: int, outcome: Outcome) -> None:
        """Learn the outcome of a trial proposed before."""
        ...


class RandomProposer:
    """Independent draws; trial k's from a generator of its own, so that nothing shifts anything."""

    def __init__(self, space: Space, seed: int) -> None:
        """Draw from ``space``."""
        self.space = space
        self.seed = seed
        self._drawn: tuple[int, np.random.Generator] | None = None

    def propose(self, index: int) -> Assignment:
        """Draw once more for ``index``."""
        if self._drawn is None or self._drawn[0] != index:
            self._drawn = (index, np.random.default_rng(derive(self.seed, "proposal", index)))
        return self.space.sample(self._drawn[1])

    def withdraw(self, index: int) -> None:
        """Nothing to forget."""

    def tell(self, index: int, outcome: Outcome) -> None:
        """Learns nothing."""


class OrderedSearch:
    """Asks a proposer in trial order, and tells it in trial order."""

    def __init__(
        self, proposer: Proposer, *, window: int, on_duplicate: Literal["resample", "replicate", "reuse"] = "resample"
    ) -> None:
        """``window``: how many trials may be in flight without knowing each other's results."""
        self.proposer = proposer
        self.window = window
        self.on_duplicate = on_duplicate
        self._suggestions: list[Suggestion] = []
        self._outcomes: dict[int, Outcome] = {}
        self._first: dict[str, int] = {}
        self._told = 0

    @property
    def index(self) -> int:
        """The trial that the next suggestion is for."""
        return len(self._suggestions)

    def ready(self) -> bool:
        """Whether every result is here that the next suggestion waits for."""
        return all(k in self._outcomes for k in range(self._told, self.index - self.window + 1))

    def suggest(self) -> Suggestion:
        """Return the suggestion for trial ``index``; only when ``ready``."""
        if not self.ready():
            raise RuntimeError(f"trial {self.index} was asked for before trial {self.index - self.window} ended")
        index = self.index
        while self._told <= index - self.window:
            self.proposer.tell(self._told, self._outcomes[self._told])
            self._told += 1
        suggestion = self._distinct(index)
        self._first.setdefault(_key(suggestion.assignment), index)
        self._suggestions.append(suggestion)
        return suggestion

    def record(self, index: int, outcome: Outcome) -> None:
        """Take a trial's outcome, in any order."""
        self._outcomes[index] = outcome

    def _distinct(self, index: int) -> Suggestion:
        for _ in range(RESAMPLE_LIMIT):
            assignment = self.proposer.propose(index)
            same_as = self._first.get(_key(assignment))
            if same_as is None or self.on_duplicate != "resample":
                break
            self.proposer.withdraw(index)
        else:
            assignment = self.proposer.propose(index)
            same_as = self._first.get(_key(assignment))
        reused = same_as is not None and self.on_duplicate == "reuse"
        return Suggestion(index=index, assignment=assignment, same_as=same_as, reused=reused)


def _key(assignment: Assignment) -> str:
    return repr(sorted(assignment.items()))
