"""Infeasible suggestions are replaced before they become trials; the search stays a function of its file."""

import numpy as np
import pytest
from factories import campaign
from journals import data_record

from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.heartbeat import CNN2D
from search_spaces.space import Space
from tuning.campaign.errors import CampaignError, LimitsError
from tuning.campaign.plan import plan
from tuning.campaign.variants import variants
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.ordered import INFEASIBLE_LIMIT, OrderedSearch
from tuning.search.proposers import Outcome, RandomProposer
from tuning.search.repeats import expected_repeats
from tuning.search.suggest import ordered_search, trial_config
from tuning.training.size import beyond, count_weights

WIDE = Space(
    name="wide",
    models=CNN2D.models,
    dimensions={"model.hidden": Integer(1, 256), "model.dropout": Real(0.0, 0.9)},
)


def too_wide(assignment):
    return f"hidden {assignment['model.hidden']}" if assignment["model.hidden"] > 60 else None


def objective(assignment):
    return assignment["model.hidden"] / 256


def run(search, trials, window, recorded=()):
    told = []
    for k in range(trials):
        told.append(search.suggest(recorded[k] if k < len(recorded) else None))
        if k >= window - 1:
            done = told[k - window + 1]
            search.record(done.index, Outcome(objective(done.assignment)))
    return told


def new(window=3):
    proposer = HyperOptProposer(WIDE, seed=5, startup_trials=6, goal="max")
    return OrderedSearch(proposer, window=window, infeasible=too_wide)


def test_every_suggestion_is_feasible_though_the_objective_is_best_beyond_the_limit():
    told = run(new(), 30, 3)
    assert all(too_wide(s.assignment) is None for s in told)
    assert sum(s.infeasible for s in told) > 20
    assert max(s.assignment["model.hidden"] for s in told) > 50


def test_a_restored_search_goes_on_as_one_that_never_stopped():
    whole = run(new(), 25, 3)
    again = run(new(), 25, 3, [s.proposal for s in whole[:15]])
    assert [(s.assignment, s.proposal) for s in again] == [(s.assignment, s.proposal) for s in whole]


def test_without_infeasible_ones_a_limit_changes_no_suggestion():
    limited = OrderedSearch(RandomProposer(WIDE, 1), window=2, infeasible=lambda _: None)
    assert run(limited, 10, 2) == run(OrderedSearch(RandomProposer(WIDE, 1), window=2), 10, 2)


def test_limits_that_nothing_meets_are_an_error_after_the_first_draws():
    search = OrderedSearch(RandomProposer(WIDE, 1), window=2, infeasible=lambda _: "1 parameter")
    with pytest.raises(LimitsError, match=f"met the limits in the first {INFEASIBLE_LIMIT} suggestions.*1 parameter"):
        search.suggest()


@pytest.mark.parametrize("limit", [{"parameters": 6_000_000}, {"memory_mb": 600}])
def test_limits_of_a_campaign_file_are_those_of_its_networks(limit):
    planned = plan(campaign(limits=limit, space={"name": "cnn2d"}, search__trials=8))
    data = {variant: data_record(variant) for variant in variants(planned.config)}
    search = ordered_search(planned.complete, planned.space, data)
    told = []
    for k in range(8):
        told.append(search.suggest())
        search.record(k, Outcome(0.5))
    assert sum(s.infeasible for s in told) > 0
    for suggestion in told:
        trial = trial_config(planned.complete, planned.space, suggestion, data_sha256=dict.fromkeys(data, "0" * 64))
        assert beyond(planned.config.limits, trial, data_record()) is None
        if "parameters" in limit:
            assert count_weights(trial.model, data_record()) <= limit["parameters"]


def test_a_grid_and_a_space_of_classical_models_have_no_limits():
    with pytest.raises(CampaignError, match="a grid tries every configuration"):
        plan(campaign(limits={"parameters": 10}, search__algorithm="grid", space={"name": "laboratory"}))
    with pytest.raises(CampaignError, match="apply to networks"):
        plan(campaign(limits={"parameters": 10}, space={"name": "baselines", "fix": {"family": "linear"}}))


@pytest.mark.parametrize("draws", [1, 7, 40])
def test_the_expected_repeats_are_those_of_simulated_draws(draws):
    space = Space(
        name="some", models=CNN2D.models, dimensions={"model.layers": Choice(2, 3, 4), "model.blocks": Integer(1, 7)}
    )
    rng = np.random.default_rng(0)
    counts = [draws - len({str(space.sample(rng)) for _ in range(draws)}) for _ in range(1500)]
    expected = expected_repeats(space, draws)
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / 1500**0.5 + 1e-9)


def test_repeats_of_a_space_with_conditions_count_each_configuration_with_its_own_probability():
    space = Space(
        name="some",
        models=CNN2D.models,
        dimensions={"train.scheduler": Choice("plateau", "none"), "train.plateau_patience": Integer(1, 4)},
    )
    rng = np.random.default_rng(0)
    counts = [8 - len({str(space.sample(rng)) for _ in range(8)}) for _ in range(1500)]
    assert expected_repeats(space, 8) == pytest.approx(np.mean(counts), abs=4 * np.std(counts) / 1500**0.5)
