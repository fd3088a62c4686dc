from itertools import pairwise

import numpy as np
import pytest

from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.heartbeat import CNN2D
from search_spaces.space import Space
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.proposers import Outcome, RandomProposer

SMALL = Space(
    name="small",
    models=CNN2D.models,
    dimensions={"model.layers": Choice(2, 3), "model.blocks": Choice(1, 2)},
)
WIDE = Space(
    name="wide",
    models=CNN2D.models,
    dimensions={"model.hidden": Integer(1, 256), "model.dropout": Real(0.0, 0.9), "model.layers": Choice(2, 3, 4)},
)


ENGINES = pytest.mark.parametrize("engine", [HyperOptProposer, OptunaProposer])


def model_based(engine, space, seed=3, startup=5):
    return engine(space, seed=seed, startup_trials=startup, goal="max")


def objective(assignment):
    return -abs(assignment["model.hidden"] - 100) / 100 - abs(assignment["model.dropout"] - 0.3)


def campaign(search, trials, *, order_seed):
    """Simulated workers: ``window`` in flight, ending in random order."""
    rng = np.random.default_rng(order_seed)
    flying: list[Suggestion] = []
    told: list[Suggestion] = []
    while len(told) < trials or flying:
        while len(told) < trials and search.ready():
            told.append(search.suggest())
            flying.append(told[-1])
        ended = flying.pop(rng.integers(len(flying)))
        search.record(ended.index, Outcome(objective(ended.assignment)))
    return [s.assignment for s in told]


@ENGINES
def test_suggestions_do_not_depend_on_the_order_in_which_trials_end(engine):
    runs = [campaign(OrderedSearch(model_based(engine, WIDE), window=4), 30, order_seed=seed) for seed in (1, 2)]
    assert runs[0] == runs[1]


@ENGINES
def test_a_search_told_as_trials_end_does_depend_on_it(engine):
    """The control: what the ordered search protects from does happen without it."""

    class Unordered:
        def __init__(self):
            self.proposer, self.asked, self.flying = model_based(engine, WIDE), 0, set()

        def ready(self):
            return len(self.flying) < 4

        def suggest(self):
            index, self.asked = self.asked, self.asked + 1
            self.flying.add(index)
            return Suggestion(index=index, assignment=self.proposer.propose(index))

        def record(self, index, outcome):
            self.flying.remove(index)
            self.proposer.tell(index, outcome)

    runs = [campaign(Unordered(), 30, order_seed=seed) for seed in (1, 2)]
    assert runs[0] != runs[1]


def test_a_suggestion_waits_for_the_results_it_may_know():
    search = OrderedSearch(RandomProposer(WIDE, 1), window=2)
    search.suggest()
    search.suggest()
    assert not search.ready()
    search.record(1, Outcome(0.1))
    assert not search.ready()
    search.record(0, Outcome(0.1))
    assert search.ready()
    with pytest.raises(RuntimeError, match="before trial"):
        [search.suggest() for _ in range(3)]


def test_duplicates_are_resampled_until_the_space_is_used_up():
    search = OrderedSearch(RandomProposer(SMALL, 1), window=1)
    seen = []
    for k in range(4):
        seen.append(search.suggest())
        search.record(k, Outcome(0.5))
    assert sum(s.same_as is None for s in seen) >= 3
    last = search.suggest()
    assert last.same_as is not None
    assert not last.reused


@pytest.mark.parametrize(("policy", "reused"), [("replicate", False), ("reuse", True)])
def test_duplicates_are_marked_as_the_policy_says(policy, reused):
    search = OrderedSearch(RandomProposer(SMALL, 1), window=20, on_duplicate=policy)
    found = [s for s in (search.suggest() for _ in range(20)) if s.same_as is not None]
    assert found
    assert all(s.reused is reused for s in found)


@ENGINES
def test_a_search_is_not_drawn_to_a_failing_value(engine):
    space = Space(
        name="failing",
        models=CNN2D.models,
        dimensions={"model.layers": Choice(1, 2, 3, 4, 5, 6), "model.dropout": Real(0.0, 0.9)},
    )
    modelled, lost = 0, 0
    for seed in range(4):
        search = OrderedSearch(model_based(engine, space, seed=seed, startup=10), window=2)
        for k in range(50):
            assignment = search.suggest().assignment
            failed = assignment["model.layers"] == 4
            search.record(k, Outcome(None if failed else 0.5 - float(assignment["model.dropout"]) / 2))
            if k >= 10:
                modelled, lost = modelled + 1, lost + failed
    assert lost / modelled < 0.25


@ENGINES
def test_a_search_is_not_drawn_to_a_value_with_which_most_replicates_fail(engine):
    search = OrderedSearch(model_based(engine, CNN2D, startup=20), window=10, replicates=5)
    lost = 0
    for k in range(300):
        suggestion = search.suggest()
        hard = suggestion.assignment["model.layers"] == 4
        search.record(k, Outcome((None if k % 5 else 0.85) if hard else 0.80))
        lost += hard and k >= 100
    assert lost / 200 < 0.3


@ENGINES
def test_the_model_based_part_finds_better_values_than_the_random_part(engine):
    space = Space(name="line", models=CNN2D.models, dimensions={"model.dropout": Real(0.0, 0.9)})
    early: list[float] = []
    late: list[float] = []
    for seed in range(5):
        search = OrderedSearch(model_based(engine, space, seed=seed, startup=10), window=1)
        for k in range(50):
            distance = abs(float(search.suggest().assignment["model.dropout"]) - 0.3)
            (early if k < 10 else late).append(distance)
            search.record(k, Outcome(-distance))
    assert np.mean(late) < np.mean(early) * 0.8


def test_random_draws_of_one_trial_do_not_shift_the_next():
    a, b = RandomProposer(WIDE, 9), RandomProposer(WIDE, 9)
    a.propose(0), a.propose(0), b.propose(0)
    assert a.propose(1) == b.propose(1)
    draws = [a.propose(2) for _ in range(3)]
    assert all(x != y for x, y in pairwise(draws))
