"""A search that tries given configurations first: ``search.first``."""

from statistics import fmean

import pytest
from factories import campaign
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import crash, data_record, simulate, story

from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Real
from search_spaces.errors import SpaceError
from search_spaces.given import given_values
from search_spaces.space import Space
from tuning.analysis.leaderboard import notes
from tuning.campaign.config import LimitOptions
from tuning.campaign.errors import CampaignError, LimitsError
from tuning.campaign.file import load
from tuning.campaign.plan import plan
from tuning.campaign.variants import variants
from tuning.execution.adoption import adopt_file
from tuning.journal.home import Home
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.proposers import Outcome, RandomProposer
from tuning.search.suggest import ordered_search

CNN2D = SPACES["cnn2d"]
CONDITIONAL = SPACES["laboratory"].restricted(include=["train.scheduler"])
WHOLE = {"hidden": 128, "layers": 3, "blocks": 1, "dropout": 0.3, "batch_size": 16, "plateau_factor": 0.2}
FIRST = [WHOLE, {"model.hidden": 64}, {"layers": 2, "blocks": 7}]
ALGORITHMS = pytest.mark.parametrize("algorithm", ["hyperopt", "optuna-tpe", "random"])


def proposer(space: Space, algorithm: str, first):
    if algorithm == "random":
        return RandomProposer(space, 5, first)
    engine = HyperOptProposer if algorithm == "hyperopt" else OptunaProposer
    return engine(space, seed=5, startup_trials=6, goal="max", first=first)


def suggested(search: OrderedSearch, trials: int, proposals=()) -> list[Suggestion]:
    told = []
    for k in range(trials):
        told.append(search.suggest(proposals[k] if k < len(proposals) else None))
        search.record(k, Outcome(None if k % 5 == 4 else (k * 7919 % 101) / 101))
    return told


@ALGORITHMS
def test_the_first_configurations_have_the_given_values_and_the_algorithm_suggests_the_others(algorithm):
    config = campaign(space={"name": "cnn2d"}, search={"algorithm": algorithm, "first": FIRST, "trials": 12})
    planned = plan(config)
    told = suggested(ordered_search(planned.complete, planned.space), 12)
    assert told[0].assignment.items() >= given_values(CNN2D, WHOLE).items()
    assert told[1].assignment["model.hidden"] == 64
    assert told[2].assignment.items() >= {"model.layers": 2, "model.blocks": 7}.items()
    assert all(one.assignment.keys() == planned.space.dimensions.keys() for one in told)
    assert len({one.assignment["model.dropout"] for one in told[1:]}) == 11


@ALGORITHMS
@pytest.mark.parametrize(
    ("space", "values"),
    [(CNN2D, {"hidden": 64}), (CONDITIONAL, {"train.scheduler": "plateau", "layers": 2})],
    ids=["cnn2d", "laboratory"],
)
@given(window=st.integers(1, 6), stop=st.integers(1, 16), replicates=st.sampled_from([1, 1, 2]))
@settings(max_examples=6)
def test_a_restored_search_goes_on_as_one_that_never_stopped(space, values, algorithm, *, window, stop, replicates):
    first = [given_values(space, values)] * 3  # equal ones, so that the others' values are drawn again

    def new() -> OrderedSearch:
        return OrderedSearch(proposer(space, algorithm, first), window=window, replicates=replicates)

    undisturbed = suggested(new(), stop + 8)
    assert all(one.assignment.items() >= first[0].items() for one in undisturbed[: 3 * replicates])
    again = suggested(new(), stop + 8, [one.proposal for one in undisturbed[:stop]])
    assert [(one.assignment, one.proposal) for one in again] == [(one.assignment, one.proposal) for one in undisturbed]


@pytest.mark.parametrize("algorithm", ["hyperopt", "optuna-tpe"])
def test_the_model_learns_the_results_of_given_configurations(algorithm):
    """The startup trials are given ones alone, so that the model knows no others when it goes up or down from them."""
    space = Space(name="one", models=CNN2D.models, dimensions={"model.hidden": CNN2D.dimensions["model.hidden"]})
    first = [{"model.hidden": hidden} for hidden in (250, 70, 240, 80, 200, 120, 160)]

    def mean(sign: int) -> float:
        search = OrderedSearch(proposer(space, algorithm, first), window=1)
        told = []
        for k in range(20):
            told.append(search.suggest())
            search.record(k, Outcome(sign * int(told[k].assignment["model.hidden"]) / 256))
        assert [one.assignment for one in told[: len(first)]] == first
        return fmean(int(one.assignment["model.hidden"]) for one in told[len(first) :])

    assert mean(1) > mean(-1) + 30


@ALGORITHMS
def test_a_campaign_that_is_killed_and_one_that_is_adopted_go_on_with_the_same_trials(tmp_path, algorithm):
    search = {"algorithm": algorithm, "first": [{"hidden": 64, "layers": 3}, {"hidden": 250}], "trials": 8, "window": 3}
    config = campaign(space={"name": "cnn2d"}, search=search)
    whole = simulate(Home(tmp_path / "whole"), config)
    home = Home(tmp_path / "killed")
    crash(home, config, 5)
    assert story(simulate(home, config)) == story(whole)
    assert "the first 2 configurations were given by the campaign file (search.first)." in notes(whole)

    other = Home(tmp_path / "other")
    adopt_file(other, Home(tmp_path / "whole").journal(config.name))
    again = load(other.path / "campaigns" / config.name / "campaign.toml")
    assert (again.config.search, again.trials) == (plan(config).complete.search, 8)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "gives no value"),
        ({"hiden": 64}, r'hiden: no such dimension.* Did you mean "model\.hidden"'),
        ({"hidden": 3}, "model.hidden: got 3; allowed: 62 to 256"),
        ({"hidden": "64"}, "model.hidden: got '64'; allowed: 62 to 256"),
        ({"hidden": True}, "model.hidden: got True; allowed"),
        ({"hidden": 64, "model.hidden": 65}, "model.hidden is named twice"),
        ({"optimizer": "adam"}, r"train\.optimizer is optional: add it to space\.include"),
        ({"dropout": {"low": 0.1, "high": 0.2}}, "model.dropout: got {'low': 0.1, 'high': 0.2}; allowed: 0.1 to 0.4"),
    ],
)
def test_values_that_are_not_of_the_space_are_refused(values, message):
    with pytest.raises(SpaceError, match=message):
        given_values(CNN2D, values)


def test_a_value_that_may_be_without_effect_is_refused():
    space = CONDITIONAL
    with pytest.raises(
        SpaceError, match=r"train\.plateau_factor does not apply to every train\.scheduler\. Give train"
    ):
        given_values(space.restricted(include=["train.plateau_factor"]), {"plateau_factor": 0.5})
    with pytest.raises(SpaceError, match=r"is inactive: it applies only where train\.scheduler is plateau"):
        given_values(
            space.restricted(include=["train.plateau_factor"]), {"plateau_factor": 0.5, "train.scheduler": "none"}
        )
    with pytest.raises(
        SpaceError, match=r"model\.cnn_hidden does not apply to every model\.family\. Give model\.family"
    ):
        given_values(SPACES["architectures"], {"cnn_hidden": 64})


def test_whole_numbers_are_reals_where_the_dimension_is():
    space = Space(name="wide", models=CNN2D.models, dimensions={"model.dropout": Real(0, 2)})
    assert repr(given_values(space, {"dropout": 1})) == "{'model.dropout': 1.0}"


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"first": [{"hidden": 64}, {"layers": 2}, {"model.hidden": 64}]}, "configurations 1 and 3 are the same"),
        (
            {"first": [{"hidden": 64}, {"hidden": 65}], "trials": 2, "replicates": 2},
            "has 2 configurations, and the campaign tries 1",
        ),
        ({"first": [{"hidden": 64}, {"hidden": 6}]}, "configuration 2: model.hidden: got 6"),
    ],
)
def test_a_list_that_a_campaign_cannot_try_is_refused(search, message):
    with pytest.raises(CampaignError, match=f"search.first: .*{message}"):
        plan(campaign(space={"name": "cnn2d"}, search=search))


def test_a_grid_refuses_the_key():
    with pytest.raises(CampaignError, match=r"search\.first: a grid tries every configuration in its own order"):
        plan(campaign(space={"name": "tweets"}, search={"algorithm": "grid", "first": [{"layers": 2}]}))


def test_a_given_configuration_beyond_the_limits_is_named():
    config = campaign(space={"name": "cnn2d"}, search={"first": [{"hidden": 64, "blocks": 1}, {"hidden": 256}]})
    planned = plan(config.model_copy(update={"limits": LimitOptions(parameters=2_500_000)}))
    data = {variant: data_record(variant) for variant in variants(planned.config)}
    search = ordered_search(planned.complete, planned.space, data)
    search.suggest()
    with pytest.raises(LimitsError, match=r"search\.first: configuration 2: [\d,]+ parameters, .* or raise \[limits\]"):
        search.suggest()
