"""Spaces of several families of models: a configuration holds what its family has, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.configs import CNN1DConfig, MajorityConfig, RecurrentConfig
from search_spaces.dimensions import Choice, Integer
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, has
from search_spaces.hyperopt_space import from_hyperopt, to_hyperopt
from search_spaces.space import Space


def space(**changes) -> Space:
    defaults = {
        "name": "several",
        "models": (CNN1DConfig, RecurrentConfig, MajorityConfig),
        "dimensions": {
            FAMILY: Choice("cnn1d", "recurrent", "majority"),
            "model.hidden": Choice(8, 16),
            "model.kernel": Choice(3, 5),
            "train.batch_size": Choice(16, 32),
        },
        "optional": {"model.cell": Choice("rnn", "gru"), "model.pooling": Choice("max", "average")},
        "constants": {"model.layers": 2, "model.blocks": 1},
    }
    return Space(**(defaults | changes))


@given(st.integers(0, 2**32))
def test_a_sample_holds_its_familys_dimensions_alone(seed):
    sample = space().sample(np.random.default_rng(seed))
    family = space().family(sample)
    assert list(sample) == [path for path in space().dimensions if has(family, path)]
    space().check(sample)


def test_completing_adds_the_constants_of_the_family():
    assert space().complete({FAMILY: "recurrent", "model.hidden": 8, "train.batch_size": 16}) == {
        "model.layers": 2,
        FAMILY: "recurrent",
        "model.hidden": 8,
        "train.batch_size": 16,
    }


def test_a_classical_family_has_nothing_of_training():
    assert space().complete({FAMILY: "majority"}) == {FAMILY: "majority"}


@given(st.sampled_from(["cnn1d", "recurrent", "majority"]))
def test_what_hyperopt_proposes_for_another_family_is_left_out(family):
    proposal = {FAMILY: family, "model.hidden": 16, "model.kernel": 5, "train.batch_size": 32}
    assert set(to_hyperopt(space())) == set(proposal)
    assert from_hyperopt(space(), proposal) == space().active(proposal)
    space().check(from_hyperopt(space(), proposal))


def test_size_counts_a_configuration_once():
    assert space().size == 2 * 2 * 2 + 2 * 2 + 1


def test_a_fixed_family_leaves_its_own_dimensions():
    cut = space().restricted(fix={"family": "recurrent"})
    assert list(cut.dimensions) == ["model.hidden", "train.batch_size"]
    assert list(cut.optional) == ["model.cell"]
    assert cut.constants == {"model.layers": 2, FAMILY: "recurrent"}
    assert cut.family({}) is RecurrentConfig


def test_narrowed_families_leave_their_own_dimensions():
    cut = space().restricted(narrow={"family": ["recurrent", "majority"]})
    assert list(cut.dimensions) == [FAMILY, "model.hidden", "train.batch_size"]
    assert cut.families == (RecurrentConfig, MajorityConfig)


@pytest.mark.parametrize(
    "wish",
    [{"fix": {"kernel": 3}}, {"narrow": {"kernel": [3]}}, {"include": ["pooling"]}],
    ids=["fix", "narrow", "include"],
)
def test_a_wish_for_a_family_that_is_not_drawn_is_refused(wish):
    narrow = {"family": ["recurrent", "majority"]} | wish.get("narrow", {})
    with pytest.raises(
        SpaceError, match=r"is not a parameter of recurrent, majority\. .* model\.family include one of: cnn1d"
    ):
        space().restricted(**wish | {"narrow": narrow})


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ({FAMILY: "lstm"}, "model.family: got 'lstm'; allowed: cnn1d, recurrent, majority"),
        ({}, "model.family: got None"),
        ({FAMILY: "majority", "model.hidden": 8}, "model.hidden is not a dimension. Dimensions: model.family$"),
        ({FAMILY: "recurrent", "model.hidden": 8}, "train.batch_size has no value"),
    ],
)
def test_an_assignment_that_does_not_fit_its_family_is_refused(assignment, message):
    with pytest.raises(SpaceError, match=message):
        space().check(assignment)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dimensions": {"model.hidden": Choice(8)}}, "model.family must be a choice among|a choice needs"),
        ({"dimensions": {FAMILY: Choice("cnn2d")}}, "model.family must be a choice among cnn1d, recurrent, majority"),
        ({"dimensions": {FAMILY: Choice("cnn1d"), "model.heads": Integer(1, 2)}}, "model.heads: no such field"),
    ],
)
def test_a_space_that_does_not_fit_its_families_is_refused(changes, message):
    with pytest.raises(SpaceError, match=message):
        space(**changes)
