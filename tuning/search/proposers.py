"""Search algorithms: what each proposes, and what it learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import numpy as np

from search_spaces import grid
from search_spaces.space import Assignment, Space
from tuning.campaign.seeds import derive
from tuning.journal.events import Proposal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search learns of a trial, or of a configuration.  objective: None where it failed."""

    objective: float | None


class Proposer(Protocol):
    """A search algorithm that learns results in the order of its proposals.  ``index`` counts configurations."""

    last: Proposal | None
    """What ``restore`` needs of the last proposal; None of an algorithm without state."""

    def propose(self, index: int) -> Assignment:
        """Values for configuration ``index``; asked again for one index, other values."""
        ...

    def restore(self, index: int, recorded: Proposal) -> Assignment:
        """Bring the algorithm to the state that it had with its last proposal for ``index``; return that proposal.

        Raises:
            ValueError: it was recorded in another state than the present one.
        """
        ...

    def withdraw(self, index: int) -> None:
        """Forget the last proposal for ``index``: it will not be trained."""
        ...

    def tell(self, index: int, outcome: Outcome) -> None:
        """Learn the outcome of a configuration proposed before."""
        ...


def chained(*parts: object) -> str:
    """Return a hash of a state and of what is added to it."""
    return sha256(repr(parts).encode()).hexdigest()[:16]


class _WithoutState:
    """An algorithm that learns nothing: no proposal depends on a former one."""

    last: Proposal | None = None

    def restore(self, index: int, recorded: Proposal) -> Assignment:
        """Nothing is ever recorded."""
        raise ValueError(f"configuration {index}: {type(self).__name__} has no state to restore from {recorded}")

    def withdraw(self, index: int) -> None:
        """Nothing to forget."""

    def tell(self, index: int, outcome: Outcome) -> None:
        """Learns nothing."""


class GridProposer(_WithoutState):
    """Every point of the grid, in its order."""

    def __init__(self, space: Space) -> None:
        """SpaceError: the space has a continuous dimension."""
        grid.size(space)
        self.space = space

    def propose(self, index: int) -> Assignment:
        """Return point ``index``, the same whenever it is asked for."""
        return grid.point(self.space, index)


class RandomProposer(_WithoutState):
    """Independent draws; each configuration's from a generator of its own, so that nothing shifts anything."""

    def __init__(self, space: Space, seed: int, first: Sequence[Assignment] = ()) -> None:
        """Draw from ``space``.  first: values that the first configurations have, each of some dimensions."""
        self.space = space
        self.seed = seed
        self.first = first
        self._drawn: tuple[int, np.random.Generator] | None = None

    def propose(self, index: int) -> Assignment:
        """Draw once more for ``index``."""
        if self._drawn is None or self._drawn[0] != index:
            self._drawn = (index, np.random.default_rng(derive(self.seed, "proposal", index)))
        return self.space.sample(self._drawn[1], self.first[index] if index < len(self.first) else {})
