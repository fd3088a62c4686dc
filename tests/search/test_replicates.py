"""Replicates: N trials of each configuration, replicate r of every configuration with one seed."""

from statistics import fmean

import numpy as np
import pytest
from factories import campaign
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.dimensions import Choice, Integer
from search_spaces.grid import point
from search_spaces.heartbeat import CNN2D
from search_spaces.space import Space
from tuning.campaign.plan import plan
from tuning.campaign.seeds import derive
from tuning.campaign.variants import variants
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.proposers import GridProposer, Outcome, RandomProposer
from tuning.search.suggest import ordered_search, trial_config

SPACE = Space(
    name="small",
    models=CNN2D.models,
    dimensions={"model.layers": Choice(2, 3), "model.blocks": Integer(1, 7), "model.dilation": Integer(1, 9)},
)
TINY = Space(name="tiny", models=CNN2D.models, dimensions={"model.layers": Choice(2, 3)})


class Listening:
    """Proposes by all that it was told, and keeps a list of that."""

    def __init__(self, space=SPACE):
        self.space, self.told, self.last = space, [], None

    def propose(self, index):
        heard = hash(tuple((k, outcome.objective) for k, outcome in self.told)) % 2**32
        return self.space.sample(np.random.default_rng([index, heard]))

    def restore(self, index, recorded):
        raise ValueError(index, recorded)

    def withdraw(self, index):
        pass

    def tell(self, index, outcome):
        self.told.append((index, outcome))


def score(suggestion):
    """An objective of its own for each trial; every fifth trial fails."""
    return None if suggestion.index % 5 == 2 else suggestion.index % 7 / 7


def run(search, trials, *, order_seed):
    """Simulated workers: as many in flight as the search allows, ending in random order."""
    rng = np.random.default_rng(order_seed)
    flying: list[Suggestion] = []
    suggested: list[Suggestion] = []
    while len(suggested) < trials or flying:
        while len(suggested) < trials and search.ready():
            suggested.append(search.suggest())
            flying.append(suggested[-1])
        ended = flying.pop(rng.integers(len(flying)))
        search.record(ended.index, Outcome(score(ended)))
    return suggested


@given(
    st.integers(1, 5),
    st.integers(1, 9),
    st.sampled_from(["resample", "replicate", "reuse"]),
    st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)),
)
def test_suggestions_do_not_depend_on_the_order_in_which_trials_end(replicates, window, on_duplicate, orders):
    def story(order):
        search = OrderedSearch(Listening(), window=window, replicates=replicates, on_duplicate=on_duplicate)
        return run(search, 30, order_seed=order)

    assert story(orders[0]) == story(orders[1])


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 40), st.floats(0, 1))
def test_a_suggestion_knows_no_result_after_k_minus_window(replicates, window, k, other):
    """Whatever the later results are: all that are there already change nothing of suggestion k."""

    def suggestion(later):
        search = OrderedSearch(Listening(), window=window, replicates=replicates)
        for index in range(60):
            search.record(index, Outcome(index % 7 / 7 if index <= k - window else later))
        return [search.suggest() for _ in range(k + 1)][-1]

    assert suggestion(0.5) == suggestion(other)


def test_trial_k_has_configuration_k_by_n_and_replicate_k_modulo_n():
    suggested = run(OrderedSearch(GridProposer(SPACE), window=4, replicates=3), 12, order_seed=0)
    assert [s.assignment for s in suggested] == [point(SPACE, k // 3) for k in range(12)]
    assert [s.replicate for s in suggested] == [0, 1, 2] * 4
    assert all(s.same_as is None for s in suggested)


def test_the_algorithm_is_told_the_mean_of_the_replicates_or_a_failure_if_one_failed():
    proposer = Listening()
    search = OrderedSearch(proposer, window=1, replicates=3)
    outcomes = [0.1, 0.2, 0.6, None, 0.4, 0.5, None, None, None, 0.3]
    for k, objective in enumerate(outcomes):
        assert search.suggest().index == k
        search.record(k, Outcome(objective))
    assert proposer.told == [(0, Outcome(fmean([0.1, 0.2, 0.6]))), (1, Outcome(None)), (2, Outcome(None))]


def test_a_configuration_is_told_when_its_last_replicate_may_be_known():
    proposer = Listening()
    search = OrderedSearch(proposer, window=3, replicates=2)
    known = []
    for k in range(9):
        search.suggest()
        search.record(k, Outcome(0.5))
        known.append(len(proposer.told))
    assert known == [0, 0, 0, 0, 1, 1, 2, 2, 3]


@given(st.integers(1, 5), st.integers(1, 9))
def test_a_plan_counts_the_configurations_that_are_suggested_before_a_result(replicates, window):
    proposer = Listening()
    search = OrderedSearch(proposer, window=window, replicates=replicates)
    k = 0
    while not proposer.told:
        search.record(k, Outcome(0.5))
        k = search.suggest().index + 1
    blind = (k - 1) // replicates  # the last one knew a result
    changes = {"search__window": window, "search__replicates": replicates, "search__startup_trials": 1}
    plans = [
        plan(campaign(**changes, resources__concurrency=1, search__trials=count * replicates))
        for count in (blind, blind + 1)
    ]
    assert [p.random_suggestions() for p in plans] == [blind, blind]
    reasons = [p.random_only for p in plans]
    assert reasons[0] is not None
    assert reasons[1] is None


@pytest.mark.parametrize("replicates", [1, 3])
def test_of_a_repeated_configuration_each_replicate_names_its_own_counterpart(replicates):
    search = OrderedSearch(RandomProposer(TINY, 1), window=99, on_duplicate="reuse", replicates=replicates)
    suggested = [search.suggest() for _ in range(8 * replicates)]
    repeated = [s for s in suggested if s.same_as is not None]
    assert len(repeated) == 6 * replicates
    for s in repeated:
        assert s.reused
        assert s.assignment == suggested[s.same_as].assignment
        assert s.same_as % replicates == s.index % replicates
        assert suggested[s.same_as].same_as is None


def test_a_repeated_configuration_that_is_trained_has_further_replicates():
    search = OrderedSearch(RandomProposer(TINY, 1), window=99, on_duplicate="replicate", replicates=2)
    suggested = [search.suggest() for _ in range(12)]
    for layers in (2, 3):
        numbers = [s.replicate for s in suggested if s.assignment["model.layers"] == layers]
        assert numbers == list(range(len(numbers)))


def seeds(**changes):
    config = campaign(search__algorithm="random", space__fix={}, **changes)
    planned = plan(config)
    space = planned.space
    search = ordered_search(planned.complete, space)
    sha = dict.fromkeys(variants(config), "0" * 64)
    return [trial_config(config, space, s, data_sha256=sha).seed for s in run(search, planned.trials, order_seed=0)]


def test_replicate_r_of_every_configuration_has_one_seed():
    found = seeds(search__replicates=3, search__trials=12)
    assert found == [derive(11, "replicate", r) for r in range(3)] * 4
    assert len(set(found)) == 3


def test_without_replicates_every_trial_has_a_seed_of_its_own():
    assert seeds(search__trials=12) == [derive(11, "trial", k) for k in range(12)]
