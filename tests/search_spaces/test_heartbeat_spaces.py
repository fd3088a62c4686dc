import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.catalogue import SPACES, find
from search_spaces.errors import SpaceError
from tuning.config import TrainConfig

ALL = {name: space.cut(also=list(space.second_stage)) for name, space in SPACES.items()}


def table(name: str) -> dict[str, str]:
    return {path: dimension.describe() for path, dimension in SPACES[name].dimensions.items()}


def test_cnn_gru_is_the_space_of_the_study():
    assert table("cnn-gru") == {
        "train.batch_size": "16, 32, 48, 60",
        "model.gru_hidden": "32, 64, 128, 256, 512",
        "model.cnn_hidden": "32, 64, 128, 256, 512",
        "model.gru_layers": "2, 3, 4",
        "model.blocks": "1 to 5",
        "model.dropout": "0.2, 0.3, 0.4",
        "train.plateau_factor": "0.1 to 0.4",
    }


def test_cnn2d_is_the_space_of_the_study():
    assert table("cnn2d") == {
        "train.batch_size": "16, 32, 48",
        "model.hidden": "62 to 256",
        "model.layers": "2, 3, 4",
        "model.blocks": "1 to 7",
        "model.dropout": "0.1 to 0.4",
        "train.plateau_factor": "0.1 to 0.4",
    }


@pytest.mark.parametrize("name", SPACES)
def test_the_second_stage_holds_optimizer_scheduler_and_patience(name):
    assert set(SPACES[name].second_stage) == {
        "train.optimizer",
        "train.scheduler",
        "train.plateau_patience",
        "train.early_stopping_patience",
    }


@pytest.mark.parametrize("name", SPACES)
def test_a_space_is_listed_under_its_own_name_and_family(name):
    assert SPACES[name].name == name
    assert SPACES[name].model().family == name


@given(st.sampled_from(sorted(ALL)), st.integers(0, 2**32))
def test_every_sample_is_a_valid_model_and_training_configuration(name, seed):
    space = ALL[name]
    assignment = space.complete(space.sample(np.random.default_rng(seed)))
    fields = {
        room: {path.removeprefix(f"{room}."): value for path, value in assignment.items() if path.startswith(room)}
        for room in ("model", "train")
    }
    model, train = space.model(**fields["model"]), TrainConfig(**fields["train"])
    assert fields["model"].items() <= model.model_dump().items()
    assert fields["train"].items() <= train.model_dump().items()


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(SpaceError, match=r'Known: cnn-gru, cnn2d\. Did you mean "cnn2d"\?'):
        find("cnn2")
