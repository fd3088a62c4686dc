import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.configs import CNN1DConfig, CNN2DConfig, MajorityConfig, RecurrentConfig
from search_spaces.dimensions import Bounds, Choice, Integer, Real
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY
from search_spaces.grid import point, size
from search_spaces.space import Space

ONE = Space(
    name="one",
    models=(CNN2DConfig,),
    dimensions={"model.layers": Integer(2, 3), "model.pooling": Choice("max", "average"), "model.blocks": Choice(1, 4)},
)
SEVERAL = Space(
    name="several",
    models=(CNN1DConfig, RecurrentConfig, MajorityConfig),
    dimensions={
        "model.kernel": Choice(3, 5, 7),
        "train.batch_size": Choice(16, 32),
        FAMILY: Choice("recurrent", "cnn1d", "majority"),
        "model.cell": Choice("rnn", "gru"),
        "model.layers": Integer(1, 2),
    },
)


def whole(space: Space) -> list:
    return [point(space, k) for k in range(size(space))]


def test_the_last_dimension_changes_fastest():
    assert [tuple(values.values()) for values in whole(ONE)] == [
        (2, "max", 1),
        (2, "max", 4),
        (2, "average", 1),
        (2, "average", 4),
        (3, "max", 1),
        (3, "max", 4),
        (3, "average", 1),
        (3, "average", 4),
    ]


def test_points_are_plain_python_values():
    assert {type(value) for values in whole(ONE) for value in values.values()} == {int, str}


def test_families_change_slowest_and_each_has_its_own_dimensions_only():
    points = whole(SEVERAL)
    assert [values[FAMILY] for values in points] == ["recurrent"] * 8 + ["cnn1d"] * 12 + ["majority"]
    assert list(points[0]) == ["train.batch_size", FAMILY, "model.cell", "model.layers"]
    assert list(points[8]) == ["model.kernel", "train.batch_size", FAMILY, "model.layers"]
    assert points[-1] == {FAMILY: "majority"}


@pytest.mark.parametrize("space", [ONE, SEVERAL], ids=lambda space: space.name)
def test_every_configuration_stands_in_the_grid_once(space):
    points = [repr(sorted(values.items())) for values in whole(space)]
    assert len(set(points)) == len(points)
    for values in whole(space):
        space.check(values)


@given(st.integers(0, 2**32))
def test_every_sample_is_a_point_of_the_grid(seed):
    assert SEVERAL.sample(np.random.default_rng(seed)) in whole(SEVERAL)


def test_a_space_of_constants_has_one_point():
    fixed = ONE.restricted(fix={"layers": 2, "pooling": "max", "blocks": 1})
    assert whole(fixed) == [{}]


def test_there_is_no_point_behind_the_last():
    with pytest.raises(SpaceError, match="its grid has 8 points, so none has the number 8"):
        point(ONE, 8)


def test_continuous_dimensions_are_named_with_what_to_do():
    space = ONE.with_dimension("model.dropout", Real(0.1, 0.4)).with_dimension("train.learning_rate", Real(1e-4, 1.0))
    with pytest.raises(SpaceError) as caught:
        size(space)
    assert str(caught.value) == (
        'space "one": a grid needs dimensions whose values can be counted, but model.dropout is continuous '
        "(0.1 to 0.4); train.learning_rate is continuous (0.0001 to 1.0). Give each one value with space.fix = "
        '{ "model.dropout" = 0.1, "train.learning_rate" = 0.0001 }, or a list of values in '
        "space.narrow or space.dimensions; or use another search.algorithm"
    )


@pytest.mark.parametrize(
    "cut", [{"fix": {"dropout": 0.2}}, {"narrow": {"dropout": Bounds(low=0.2, high=0.2)}}], ids=["fix", "narrow"]
)
def test_a_continuous_dimension_with_one_value_can_be_counted(cut):
    space = ONE.with_dimension("model.dropout", Real(0.1, 0.4)).restricted(**cut)
    assert size(space) == 8
