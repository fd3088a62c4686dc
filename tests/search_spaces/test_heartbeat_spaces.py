import pytest

from search_spaces.catalogue import SPACES


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


@pytest.mark.parametrize("name", ["cnn-gru", "cnn2d", "cnn1d", "transformer"])
def test_the_second_stage_begins_with_optimizer_scheduler_and_patience(name):
    assert list(SPACES[name].optional)[:4] == [
        "train.optimizer",
        "train.scheduler",
        "train.plateau_patience",
        "train.early_stopping_patience",
    ]


@pytest.mark.parametrize(
    ("name", "explored"),
    [
        ("cnn-gru", "residual squeeze_excite dilation layer_norm attention_heads"),
        ("cnn2d", "residual squeeze_excite dilation pooling"),
        ("cnn1d", "residual squeeze_excite dilation pooling"),
        ("transformer", "residual squeeze_excite dilation"),
    ],
)
def test_what_the_study_also_explored_can_be_switched_on(name, explored):
    assert [path for path in SPACES[name].optional if path.startswith("model.")] == [
        f"model.{field}" for field in explored.split()
    ]
