"""Every space of every study: listed under its name, and made of values that configurations accept."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.configs import Classical, Neural
from search_spaces.catalogue import SPACES, find
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, family_name
from search_spaces.grid import point
from tuning.campaign.trial import TrainConfig

ALL = {name: space.restricted(include=list(space.optional)) for name, space in SPACES.items()}


def under(room: str, values: dict) -> dict:
    return {path.removeprefix(f"{room}."): value for path, value in values.items() if path.startswith(f"{room}.")}


@pytest.mark.parametrize("name", SPACES)
def test_a_space_is_listed_under_its_own_name_with_its_source(name):
    assert SPACES[name].name == name
    assert SPACES[name].source


def test_every_family_of_models_is_in_a_space():
    families = {family_name(family) for space in SPACES.values() for family in space.families}
    assert families == {family_name(config) for config in get_args(Neural) + get_args(Classical)}


@given(st.sampled_from(sorted(ALL)), st.integers(0, 2**32))
def test_every_sample_is_a_valid_model_and_training_configuration(name, seed):
    space = ALL[name]
    values = space.complete(space.sample(np.random.default_rng(seed)))
    fields = under("model", values)
    model, train = space.family(values)(**fields), TrainConfig(**under("train", values))
    assert fields.items() <= model.model_dump().items()
    assert under("train", values).items() <= train.model_dump().items()


def test_tweets_is_a_grid_of_32_for_each_cell_type():
    for cell in ("rnn", "lstm"):
        space = SPACES["tweets"].restricted(fix={"cell": cell})
        points = [space.complete(point(space, k)) for k in range(32)]
        assert space.size == 32
        assert {(values["model.cell"], values["model.hidden"]) for values in points} == {(cell, 32)}
        assert list(space.dimensions) == [
            "model.layers",
            "model.dense_layers",
            "model.dropout",
            "train.weight_decay",
            "train.learning_rate",
        ]


@pytest.mark.parametrize("name", ["recurrent", "laboratory"])
def test_widths_of_recurrent_networks_are_powers_of_two(name):
    assert all(int(width) & (int(width) - 1) == 0 for width in SPACES[name].dimensions["model.hidden"].values())


def test_the_laboratory_has_widths_from_1_to_256():
    widths = SPACES["laboratory"].dimensions["model.hidden"].values()
    assert (widths[0], widths[-1]) == (1, 256)


def test_baselines_stand_next_to_a_recurrent_network():
    families = SPACES["baselines"].dimensions[FAMILY].values()
    assert families == ("recurrent", "majority", "linear", "random-forest", "minirocket")


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(SpaceError, match=r'Known: cnn-gru, cnn2d, .*baselines\. Did you mean "cnn2d"\?'):
        find("cnn2")
