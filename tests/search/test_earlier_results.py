"""A search that begins with earlier results: what it learns, and that it depends on them alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Choice, Real, Stepped
from search_spaces.errors import SpaceError
from search_spaces.heartbeat import CNN2D
from search_spaces.hyperopt_space import hyperopt_values, to_hyperopt
from search_spaces.optuna_space import from_optuna, optuna_numbers
from search_spaces.space import Assignment, Space
from tuning.journal.events import EarlierResult, Proposal, WarmStart
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import OrderedSearch
from tuning.search.proposers import Outcome, chained
from tuning.search.suggest import ordered_search

WIDE = Space(
    name="wide",
    models=CNN2D.models,
    dimensions={"model.dropout": Real(0.0, 0.9), "train.learning_rate": Real(1e-5, 1e-1, log=True)},
)
ENGINES = pytest.mark.parametrize("engine", [HyperOptProposer, OptunaProposer])
LAYERS = Space(name="layers", models=CNN2D.models, dimensions={"model.layers": Choice(*range(2, 12))})


def earlier(space: Space, count: int, seed: int = 0) -> list[tuple[Assignment, float]]:
    rng = default_rng(seed)
    return [(space.sample(rng), float(rng.random())) for _ in range(count)]


def proposer(
    space: Space, told: list[tuple[Assignment, float]], *, startup: int = 5, goal: str = "max", engine=HyperOptProposer
):
    return engine(space, seed=3, startup_trials=startup, goal=goal, earlier=told)


@pytest.mark.parametrize("name", ["cnn2d", "laboratory", "architectures", "baselines", "recurrent", "transformer"])
def test_an_assignment_is_encoded_as_hyperopt_draws_it(name):
    """HyperOpt proposes the encoded values, and any for the fields that the family lacks; decoding gives them again."""
    space = SPACES[name]
    search = proposer(space, [])
    search.propose(0)
    for assignment, _ in earlier(space, 30):
        values = hyperopt_values(space, assignment)
        assert values.keys() <= to_hyperopt(space).keys()
        again = proposer(space, []).restore(0, recorded(space, search.last.values | values))
        assert {path: pytest.approx(value) for path, value in again.items()} == assignment


def recorded(space: Space, values: dict[str, float]) -> Proposal:
    """The first proposal of a search, if these were its values."""
    before = chained(dict(space.dimensions), 3, 5, "max")
    return Proposal(asked=1, values=values, state=chained(before, 0, 1, values))


@pytest.mark.parametrize("name", ["cnn2d", "laboratory", "architectures", "baselines", "recurrent", "transformer"])
def test_optunas_numbers_of_an_assignment_mean_it_again(name):
    space = SPACES[name]
    drawn = OptunaProposer(space, seed=1, startup_trials=1, goal="max")
    drawn.propose(0)
    assert drawn.last is not None
    for assignment, _ in earlier(space, 30):
        assert from_optuna(space, drawn.last.values | optuna_numbers(space, assignment)) == assignment


def test_stepped_values_are_encoded_by_their_position():
    stepped = Stepped(8, 64, 8)
    space = Space(name="s", models=CNN2D.models, dimensions={"model.hidden": stepped})
    for hidden in stepped.values():
        assert from_optuna(space, optuna_numbers(space, {"model.hidden": hidden})) == {"model.hidden": hidden}
        values = hyperopt_values(space, {"model.hidden": hidden})
        assert proposer(space, []).restore(0, recorded(space, values)) == {"model.hidden": hidden}


@ENGINES
@pytest.mark.parametrize("goal", ["max", "min"])
def test_enough_earlier_results_replace_the_random_suggestions(goal, engine):
    """Only small dropouts were good: the model knows it in the first suggestions, and without them it does not."""
    sign = -1 if goal == "max" else 1
    told = [({"model.dropout": k / 40, "train.learning_rate": 1e-3}, sign * k / 40) for k in range(36)]

    def first(told):
        search = OrderedSearch(proposer(WIDE, told, startup=20, goal=goal, engine=engine), window=8)
        return [search.suggest().assignment["model.dropout"] for _ in range(8)]

    assert max(first(told)) < 0.45
    assert max(first([])) > 0.45


@ENGINES
def test_fewer_results_than_startup_trials_leave_the_rest_random(engine):
    told: list[tuple[Assignment, float]] = [({"model.layers": 2 + k % 2}, 0.5) for k in range(3)]
    search = OrderedSearch(proposer(LAYERS, told, startup=12, engine=engine), window=1, on_duplicate="replicate")
    drawn = []
    for k in range(9):
        drawn.append(search.suggest().assignment["model.layers"])
        search.record(k, Outcome(0.5))
    assert len(set(drawn)) > 4


@ENGINES
def test_an_earlier_result_is_no_duplicate(engine):
    told: list[tuple[Assignment, float]] = [
        ({"model.layers": layers}, 0.5 + 0.4 * (layers == 7)) for _ in range(3) for layers in range(2, 12)
    ]
    search = OrderedSearch(proposer(LAYERS, told, startup=1, engine=engine), window=1)
    suggestions = []
    for k in range(10):
        suggestions.append(search.suggest())
        search.record(k, Outcome(0.9 if suggestions[-1].assignment["model.layers"] == 7 else 0.5))
    assert 7 in [s.assignment["model.layers"] for s in suggestions]
    assert all(s.same_as is None for s in suggestions)


@ENGINES
@pytest.mark.parametrize("space", [WIDE, SPACES["laboratory"], SPACES["architectures"]], ids=lambda space: space.name)
@given(told=st.integers(1, 12), window=st.integers(1, 6), stop=st.integers(1, 20))
@settings(max_examples=6)
def test_a_restored_search_goes_on_as_one_that_never_stopped(space, engine, *, told, window, stop):
    def run(recorded_until: int, proposals: list[Proposal | None]):
        search = OrderedSearch(proposer(space, earlier(space, told), engine=engine), window=window)
        suggested = []
        for k in range(stop + 8):
            suggested.append(search.suggest(proposals[k] if k < recorded_until else None))
            search.record(k, Outcome(None if k % 5 == 4 else (k * 7919 % 101) / 101))
        return suggested

    undisturbed = run(0, [])
    assert run(stop, [one.proposal for one in undisturbed]) == undisturbed


@ENGINES
def test_other_results_give_other_suggestions_and_another_state(engine):
    told = earlier(WIDE, 8)
    changed = [*told[:-1], (told[-1][0], told[-1][1] + 1e-9)]
    one, other = (proposer(WIDE, results, engine=engine) for results in (told, changed))
    one.propose(0), other.propose(0)
    assert one.last is not None
    with pytest.raises(ValueError, match="told otherwise"):
        proposer(WIDE, changed, engine=engine).restore(0, one.last)


@ENGINES
def test_a_result_outside_the_space_is_refused(engine):
    with pytest.raises(SpaceError, match=r"model\.layers"):
        proposer(LAYERS, [({"model.layers": 50}, 0.5)], engine=engine)


def test_random_suggestions_of_an_equally_seeded_campaign_do_not_come_again():
    from factories import campaign

    from tuning.campaign.plan import plan

    planned = plan(campaign(search__startup_trials=4))
    before = ordered_search(planned.complete, planned.space).suggest().assignment
    warm = plan(campaign(search__startup_trials=4, search__warm_start=["first"]))
    result = EarlierResult(trial=0, assignment=before, objective=0.5)
    told = (WarmStart(source="first", campaign="first", results=(result,)),)
    assert ordered_search(warm.complete, warm.space, None, told).suggest().assignment != before
    with pytest.raises(TypeError):
        ordered_search(warm.complete, warm.space)
