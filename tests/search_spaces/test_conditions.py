"""Fields that mean something only beside certain values of others: each configuration is one assignment."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.configs import CNN1DConfig, CNNGRUConfig, RecurrentConfig
from search_spaces.catalogue import SPACES
from search_spaces.conditions import CONDITIONS
from search_spaces.dimensions import Choice, Dimension, Integer, Real
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY
from search_spaces.grid import point, size
from search_spaces.hyperopt_space import from_hyperopt
from search_spaces.space import Space

FRONT_END = {
    "model.conv_kernel": Choice(3, 5),
    "model.conv_channels": Choice(0, 16, 32),
    "model.conv_norm": Choice(True, False),
    "model.hidden": Choice(8, 16),
}
BATCHES = {"train.scheduler": Choice("plateau", "cosine", "none"), "train.plateau_factor": Real(0.1, 0.4)}


def space(**dimensions) -> Space:
    return Space(name="conditional", models=(RecurrentConfig,), dimensions=dimensions)


def test_every_condition_is_of_fields_of_a_trial() -> None:
    for path, condition in CONDITIONS.items():
        models = (RecurrentConfig, CNNGRUConfig)
        Space(
            name="both",
            models=models,
            dimensions={path: Choice(2), condition.field: Choice(1)},
            constants={FAMILY: "cnn-gru"},
        )


def test_a_grid_has_each_configuration_once() -> None:
    made = space(**FRONT_END)
    points = [point(made, k) for k in range(size(made))]
    assert points[:2] == [{"model.conv_channels": 0, "model.hidden": hidden} for hidden in (8, 16)]
    rest = [tuple(values[path] for path in FRONT_END) for values in points[2:]]
    assert rest == list(product((3, 5), (16, 32), (True, False), (8, 16)))
    assert len({str(values) for values in points}) == made.size == 2 + 16


def test_two_conditions_part_a_grid_twice() -> None:
    dense = {"model.dense_layers": Integer(1, 3), "model.dense_hidden": Choice(16, 32)}
    assert size(space(**FRONT_END | dense)) == (2 + 16) * (1 + 2 * 2)


def test_a_field_that_never_means_anything_is_no_dimension_of_the_grid() -> None:
    made = space(**FRONT_END | {"model.conv_channels": Choice(0)})
    assert [point(made, k) for k in range(size(made))] == [
        {"model.conv_channels": 0, "model.hidden": hidden} for hidden in (8, 16)
    ]


@given(st.integers(0, 2**32))
def test_a_sample_has_what_means_something_and_no_more(seed: int) -> None:
    made = space(**FRONT_END | BATCHES)
    sample = made.sample(np.random.default_rng(seed))
    made.check(sample)
    assert ("model.conv_kernel" in sample) == ("model.conv_norm" in sample) == (sample["model.conv_channels"] != 0)
    assert ("train.plateau_factor" in sample) == (sample["train.scheduler"] == "plateau")


def test_two_proposals_of_hyperopt_that_differ_in_nothing_that_is_read_are_one_assignment() -> None:
    proposal = {"model.conv_channels": 0, "model.hidden": 8, "model.conv_kernel": 3, "model.conv_norm": True}
    made = space(**FRONT_END)
    assert from_hyperopt(made, proposal) == from_hyperopt(made, proposal | {"model.conv_kernel": 5})


def test_where_the_space_does_not_decide_the_other_field_every_value_means_something() -> None:
    made = space(**{path: d for path, d in FRONT_END.items() if path != "model.conv_channels"})
    assert size(made) == 8


def test_fixing_the_other_field_drops_what_depends_on_it() -> None:
    assert list(space(**FRONT_END).restricted(fix={"conv_channels": 0}).dimensions) == ["model.hidden"]
    assert list(space(**FRONT_END).restricted(fix={"conv_channels": 16}).dimensions) == [
        "model.conv_kernel",
        "model.conv_norm",
        "model.hidden",
    ]


def test_a_wish_that_a_fixed_field_makes_inactive_is_refused() -> None:
    with pytest.raises(
        SpaceError,
        match=r"conv_kernel is inactive: .*where model\.conv_channels is at least 1, and model\.conv_channels is 0\.",
    ):
        space(**FRONT_END).restricted(fix={"conv_channels": 0, "conv_kernel": 3})


def test_what_is_inactive_under_a_value_that_is_not_searched_is_not_a_dimension() -> None:
    made = space(**{"train.plateau_factor": Real(0.1, 0.4), "model.hidden": Choice(8, 16)})
    assert list(made.restricted(given={"train.scheduler": "cosine"}).dimensions) == ["model.hidden"]
    assert list(made.restricted(given={"train.scheduler": "plateau"}).dimensions) == list(made.dimensions)
    with pytest.raises(SpaceError, match=r"train\.scheduler is 'cosine'\. Leave it out, or change train\.scheduler"):
        made.restricted(narrow={"plateau_factor": [0.2, 0.3]}, given={"train.scheduler": "cosine"})


def test_a_value_that_is_searched_does_not_count_as_given() -> None:
    assert list(space(**BATCHES).restricted(given={"train.scheduler": "none"}).dimensions) == list(BATCHES)


def test_an_assignment_with_a_value_that_nothing_reads_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"train\.plateau_factor is not a dimension"):
        space(**BATCHES).check({"train.scheduler": "none", "train.plateau_factor": 0.2})


GRU: dict[str, Dimension] = {"model.gru_layers": Integer(1, 3), "model.dropout": Choice(0.0, 0.1, 0.2)}


def test_one_gru_layer_of_a_cnn_gru_has_no_dropout_to_search() -> None:
    made = Space(name="conditional", models=(CNNGRUConfig,), dimensions=GRU)
    points = [point(made, k) for k in range(size(made))]
    assert points[0] == {"model.gru_layers": 1}
    assert len(points) == 1 + 2 * 3
    with pytest.raises(
        SpaceError, match=r"model\.dropout is inactive: it applies only where model.gru_layers is at least 2"
    ):
        made.restricted(fix={"gru_layers": 1, "dropout": 0.1})


def test_a_condition_on_a_field_that_a_family_lacks_does_not_concern_the_family() -> None:
    made = Space(
        name="both",
        models=(CNNGRUConfig, CNN1DConfig),
        dimensions={FAMILY: Choice("cnn-gru", "cnn1d")} | GRU,
    )
    assert made.size == (1 + 2 * 3) + 3
    assert {FAMILY: "cnn1d", "model.dropout": 0.1} in [point(made, k) for k in range(size(made))]
    made.check({FAMILY: "cnn-gru", "model.gru_layers": 1})
    made.check({FAMILY: "cnn1d", "model.dropout": 0.1})
    with pytest.raises(SpaceError, match=r"model\.dropout is not a dimension"):
        made.check({FAMILY: "cnn-gru", "model.gru_layers": 1, "model.dropout": 0.1})
    fixed = made.restricted(fix={"gru_layers": 1})
    assert fixed.size == 1 + 3
    assert made.restricted(fix={"gru_layers": 1, "dropout": 0.2}).size == 2


def test_all_models_of_the_architectures_differ() -> None:
    found = SPACES["architectures"].restricted(
        narrow={"family": ["cnn-gru"], "cnn_hidden": [16], "gru_hidden": [16], "blocks": [1]}
    )
    assert found.size == 1 + 2 * 5


def test_one_hot_words_have_no_width_of_an_embedding() -> None:
    words = {"model.one_hot": Choice(False, True), "model.embedding": Choice(8, 16)}
    assert space(**words).size == 2 + 1
