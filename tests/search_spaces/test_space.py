import numpy as np
import pytest

from models.configs import CNN2DConfig
from search_spaces.dimensions import Bounds, Choice, Integer, Real
from search_spaces.errors import SpaceError
from search_spaces.space import Space


def space(**changes) -> Space:
    defaults = {
        "name": "small",
        "models": (CNN2DConfig,),
        "dimensions": {
            "train.batch_size": Choice(16, 32),
            "model.hidden": Integer(8, 16),
            "model.dropout": Real(0.0, 0.4),
        },
        "optional": {"train.optimizer": Choice("adam", "adamw"), "train.plateau_patience": Integer(1, 5)},
    }
    return Space(**(defaults | changes))


@pytest.mark.parametrize("name", ["model.dropout", "dropout"])
def test_a_dimension_is_found_by_its_path_and_by_its_last_word(name):
    assert space().resolve(name) == "model.dropout"


def test_a_last_word_that_two_paths_share_is_refused():
    both = space(optional={"train.dropout": Real(0.0, 0.1)})
    with pytest.raises(SpaceError, match=r"model\.dropout, train\.dropout"):
        both.resolve("dropout")


def test_a_part_of_a_word_is_no_name():
    with pytest.raises(SpaceError, match="no such dimension"):
        space().resolve("size")


def test_an_unknown_dimension_names_the_nearest_and_the_known_ones():
    with pytest.raises(SpaceError, match=r"Known: train\.batch_size.*Did you mean \"model\.dropout\"") as error:
        space().resolve("droput")
    assert 'space "small": droput' in str(error.value)


def test_a_fixed_dimension_becomes_a_constant():
    cut = space().restricted(fix={"hidden": 12})
    assert cut.constants == {"model.hidden": 12}
    assert list(cut.dimensions) == ["train.batch_size", "model.dropout"]


def test_a_whole_number_fixes_a_real_dimension_as_a_float():
    value = space().restricted(fix={"dropout": 0}).constants["model.dropout"]
    assert value == 0.0
    assert type(value) is float


def test_a_second_stage_dimension_can_be_fixed_without_searching_it():
    cut = space().restricted(fix={"optimizer": "adamw"})
    assert cut.constants == {"train.optimizer": "adamw"}
    assert list(cut.optional) == ["train.plateau_patience"]


def test_include_searches_an_optional_dimension():
    cut = space().restricted(include=["optimizer"])
    assert cut.dimensions["train.optimizer"] == Choice("adam", "adamw")
    assert list(cut.optional) == ["train.plateau_patience"]


def test_an_optional_dimension_can_be_included_and_narrowed_at_once():
    cut = space().restricted(include=["plateau_patience"], narrow={"plateau_patience": Bounds(low=2, high=3)})
    assert cut.dimensions["train.plateau_patience"] == Integer(2, 3)


def test_the_order_of_wishes_changes_nothing():
    one = space().restricted(include=["optimizer", "plateau_patience"])
    other = space().restricted(include=["plateau_patience", "optimizer"])
    assert list(one.dimensions) == list(other.dimensions)


def test_cutting_leaves_the_first_space_as_it_was():
    first = space()
    first.restricted(fix={"hidden": 8}, narrow={"batch_size": [16]}, include=["optimizer"])
    assert first == space()


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"fix": {"hidden": 17}}, "model.hidden: value outside the space: got 17; allowed: 8 to 16"),
        ({"fix": {"hidden": 12.0}}, "got 12.0; allowed: 8 to 16"),
        ({"fix": {"hidden": [8, 9]}}, "got \\[8, 9\\]; allowed: 8 to 16"),
        ({"fix": {"optimizer": "sgd"}}, "got 'sgd'; allowed: adam, adamw"),
        (
            {"narrow": {"hidden": [4, 12]}},
            "narrow: model.hidden: outside the space: got \\[4, 12\\]; allowed: .* 8 to 16",
        ),
        ({"narrow": {"hidden": Bounds(low=4, high=12)}}, "got { low = 4, high = 12 }; allowed: .* 8 to 16"),
        ({"narrow": {"batch_size": [16, 64]}}, "outside the space: got \\[16, 64\\]"),
        ({"narrow": {"optimizer": ["adam"]}}, "train.optimizer is optional: add it to space.include too"),
        ({"fix": {"hidden": 8}, "narrow": {"hidden": [8, 9]}}, "keep one of the two"),
        ({"fix": {"optimizer": "adam"}, "include": ["optimizer"]}, "keep one of the two"),
        ({"fix": {"hidden": 8, "model.hidden": 9}}, "named twice"),
        ({"include": ["hidden"]}, "model.hidden is searched anyway; leave it out"),
        ({"include": ["momentum"]}, "no such dimension"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_its_reason(wishes, message):
    with pytest.raises(SpaceError, match=message):
        space().restricted(**wishes)


def test_what_is_fixed_stays_fixed():
    with pytest.raises(SpaceError, match="already fixed to 8"):
        space().restricted(fix={"hidden": 8}).restricted(fix={"hidden": 9})


def test_a_space_may_consist_of_constants_only():
    fixed = space().restricted(fix={"batch_size": 16, "hidden": 8, "dropout": 0.1})
    assert fixed.size == 1
    assert fixed.complete(fixed.sample(np.random.default_rng(0))) == {
        "train.batch_size": 16,
        "model.hidden": 8,
        "model.dropout": 0.1,
    }


def test_size_counts_the_grid_or_is_none_where_a_dimension_is_continuous():
    assert space().size is None
    assert space().restricted(fix={"dropout": 0.1}).size == 2 * 9


def test_a_dimension_can_be_added():
    assert space().with_dimension("data.balance", Choice("raw", "smote")).resolve("balance") == "data.balance"


@pytest.mark.parametrize(
    ("path", "message"), [("model.hidden", "a dimension already"), ("train.optimizer", "listed twice")]
)
def test_a_dimension_cannot_be_added_twice(path, message):
    with pytest.raises(SpaceError, match=f"{path} is {message}"):
        space().with_dimension(path, Choice(8))


@pytest.mark.parametrize("path", ["model.width", "model.family", "hidden", "model", "objective.metric"])
def test_a_path_that_is_no_field_of_a_trial_is_refused(path):
    with pytest.raises(SpaceError, match="no such field"):
        space(dimensions={path: Choice(1)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.hidden": 7}, "model.hidden: got 7; allowed: 8 to 16"),
        ({"model.hidden": 8.0}, "got 8.0"),
        ({"model.layers": 2}, "model.layers is not a dimension"),
    ],
)
def test_an_assignment_outside_the_space_is_refused(changes, message):
    assignment = {"train.batch_size": 16, "model.hidden": 8, "model.dropout": 0.1} | changes
    with pytest.raises(SpaceError, match=message):
        space().check(assignment)


def test_an_assignment_that_lacks_a_dimension_is_refused():
    with pytest.raises(SpaceError, match=r"model\.dropout has no value"):
        space().check({"train.batch_size": 16, "model.hidden": 8})
