import math

import numpy as np
import pytest
from hyperopt import Domain, Trials, rand
from hyperopt.base import spec_from_misc
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.tune.search.hyperopt import HyperOptSearch

from models.configs import CNN2DConfig
from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Choice, Dimension, Integer, Real, Stepped
from search_spaces.families import has
from search_spaces.hyperopt_space import from_hyperopt, to_hyperopt
from search_spaces.space import Space


def one(dimension: Dimension) -> Space:
    return Space(name="one", models=(CNN2DConfig,), dimensions={"model.hidden": dimension})


def draws(dimension: Dimension, count: int, seed: int = 0) -> list:
    """Random proposals, all in one batch: a thousand take milliseconds."""
    space, trials = one(dimension), Trials()
    domain = Domain(lambda proposal: proposal, to_hyperopt(space))
    raw = [spec_from_misc(doc["misc"]) for doc in rand.suggest(trials.new_trial_ids(count), domain, trials, seed)]
    if isinstance(dimension, Choice):  # HyperOpt's own record holds the index
        raw = [{path: dimension.options[index] for path, index in proposal.items()} for proposal in raw]
    return [from_hyperopt(space, proposal)["model.hidden"] for proposal in raw]


def search(space: Space, seed: int, startup: int = 5) -> HyperOptSearch:
    return HyperOptSearch(
        to_hyperopt(space), metric="score", mode="max", random_state_seed=seed, n_initial_points=startup
    )


def proposals(space: Space, seed: int, trials: int, score) -> list:
    searcher, assignments = search(space, seed), []
    for k in range(trials):
        assignments.append(from_hyperopt(space, searcher.suggest(str(k))))
        searcher.on_trial_complete(str(k), {"score": score(assignments[-1])})
    return assignments


def drawn(space: Space, seed: int) -> dict:
    """A value of every dimension, as HyperOpt draws them, also of those that the drawn family lacks."""
    rng = np.random.default_rng(seed)
    return {path: dimension.sample(rng) for path, dimension in space.dimensions.items()}


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    space = SPACES[draw(st.sampled_from(sorted(SPACES)))]
    sample = space.sample(np.random.default_rng(draw(st.integers(0, 2**32))))
    fixed = draw(st.lists(st.sampled_from(sorted(sample)), unique=True, max_size=len(sample) - 1))
    switchable = sorted(path for path in space.optional if has(space.family(sample), path))
    also = draw(st.lists(st.sampled_from(switchable), unique=True)) if switchable else []
    logs = {"train.plateau_patience": Integer(1, 100, log=True), "train.epochs": Integer(1, 100, log=True)}
    cut = space.restricted(fix={path: sample[path] for path in fixed}, include=also)
    for path in draw(st.lists(st.sampled_from([p for p in logs if p not in space.optional]), unique=True)):
        cut = cut.with_dimension(path, logs[path])
    if draw(st.booleans()):
        cut = cut.with_dimension("data.majority_kept", Real(0.01, 1.0, log=True))
    return cut


@settings(max_examples=15, deadline=None)
@given(spaces(), st.integers(0, 2**31), st.sampled_from([1.0, -1.0]))
def test_every_proposal_of_hyperopt_lies_in_its_space(space, seed, sign):
    def score(assignment):
        return sign * sum(value for value in assignment.values() if not isinstance(value, str))

    for assignment in proposals(space, seed, 12, score):
        space.check(assignment)


@settings(max_examples=30, deadline=None)
@given(spaces(), st.integers(0, 2**32))
def test_an_assignment_comes_back_from_hyperopt_as_it_went(space, seed):
    values = drawn(space, seed)
    assignment = space.active(values)
    searcher = HyperOptSearch(to_hyperopt(space), metric="score", mode="max", points_to_evaluate=[values])
    again = from_hyperopt(space, searcher.suggest("first"))
    assert again == assignment
    assert [type(value) for value in again.values()] == [type(value) for value in assignment.values()]


@pytest.mark.parametrize("log", [False, True])
def test_every_whole_number_is_proposed_both_ends_too(log):
    assert set(draws(Integer(1, 7, log=log), 500)) == set(range(1, 8))


def test_the_ends_are_proposed_as_often_as_the_middle():
    values = draws(Integer(1, 5), 4000)
    assert [values.count(value) / 4000 for value in range(1, 6)] == pytest.approx([0.2] * 5, abs=0.03)


def test_a_logarithmic_whole_number_is_proposed_as_often_as_it_is_sampled():
    dimension, rng = Integer(1, 8, log=True), np.random.default_rng(0)
    sampled = [dimension.sample(rng) for _ in range(4000)]
    proposed = draws(dimension, 4000)
    shares = [[values.count(value) / 4000 for value in range(1, 9)] for values in (sampled, proposed)]
    assert shares[0] == pytest.approx(shares[1], abs=0.03)


@pytest.mark.parametrize("dimension", [Stepped(8, 40, 8), Stepped(0.1, 0.55, 0.1)])
def test_every_step_is_proposed_equally_often_both_ends_too(dimension):
    values = draws(dimension, 4000)
    assert {type(value) for value in values} == {type(dimension.low)}
    assert [values.count(value) / 4000 for value in dimension.values()] == pytest.approx([0.2] * 5, abs=0.03)


def test_a_logarithmic_real_is_proposed_alike_in_each_decade_and_never_outside():
    values = draws(Real(1e-4, 1e-1, log=True), 3000)
    assert min(values) >= 1e-4
    assert max(values) <= 1e-1
    shares = [sum(math.floor(math.log10(value)) == decade for value in values) / 3000 for decade in (-4, -3, -2)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.03)


@pytest.mark.parametrize(("wanted", "sign"), [(8, -1), (512, 1)])
def test_a_search_that_is_rewarded_at_an_end_of_steps_gets_there(wanted, sign):
    space = one(Stepped(8, 512, 8))
    found = proposals(space, 1, 40, lambda assignment: sign * assignment["model.hidden"])
    assert wanted in [assignment["model.hidden"] for assignment in found]


@pytest.mark.parametrize(("wanted", "sign"), [(62, -1), (256, 1)])
def test_a_search_that_is_rewarded_at_an_end_gets_there(wanted, sign):
    space = one(Integer(62, 256))
    found = proposals(space, 1, 60, lambda assignment: sign * assignment["model.hidden"])
    assert wanted in [assignment["model.hidden"] for assignment in found]


def test_a_proposal_just_outside_is_decoded_to_the_end():
    assert from_hyperopt(one(Integer(3, 7)), {"model.hidden": 8.0}) == {"model.hidden": 7}
    assert from_hyperopt(one(Integer(3, 7)), {"model.hidden": 2.0}) == {"model.hidden": 3}
    over = math.nextafter(0.1, 1.0)
    assert from_hyperopt(one(Real(1e-4, 0.1, log=True)), {"model.hidden": over}) == {"model.hidden": 0.1}


@pytest.mark.parametrize("dimension", [Choice("a", "b"), Choice(True, False), Choice(0.2, 0.3), Choice(1, 1.0)])
def test_a_choice_comes_back_with_its_type(dimension):
    searcher = search(one(dimension), 0, startup=20)
    values = [from_hyperopt(one(dimension), searcher.suggest(str(k)))["model.hidden"] for k in range(20)]
    assert all(dimension.contains(value) for value in values)
    assert {type(value) for value in values} == {type(value) for value in dimension.options}


@pytest.mark.parametrize(
    ("dimension", "value"), [(Choice(32), 32), (Choice(False), False), (Integer(3, 3), 3), (Real(0.3, 0.3), 0.3)]
)
def test_a_dimension_with_one_value_is_not_asked_for(dimension, value):
    assert to_hyperopt(one(dimension)) == {}
    assert from_hyperopt(one(dimension), {}) == {"model.hidden": value}


def test_the_same_seed_proposes_the_same():
    def score(assignment):
        return float(assignment["model.hidden"])

    assert proposals(SPACES["cnn2d"], 7, 15, score) == proposals(SPACES["cnn2d"], 7, 15, score)
