from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.cnn2d import CNN2D, folded, image_size
from models.configs import CNN2DConfig


def model(steps: int = 187, channels: int = 1, **config) -> Any:
    small = {"hidden": 6, "layers": 3, "blocks": 1, "dropout": 0.0}
    return CNN2D(CNN2DConfig(**(small | config)), steps=steps, channels=channels, outputs=5)


def pools(network: CNN2D) -> int:
    return sum(isinstance(module, nn.MaxPool2d) for module in network.modules())


def test_187_steps_become_a_16_by_12_image():
    assert image_size(187) == (16, 12)


@given(st.integers(1, 5000))
def test_an_image_holds_its_sequence_and_wastes_less_than_a_column(steps):
    height, width = image_size(steps)
    assert height % 4 == 0
    assert height * height >= steps > (height - 4) ** 2
    assert steps <= height * width < steps + height


def test_a_sequence_is_folded_row_by_row_and_padded_with_zeros():
    image = folded(torch.arange(1.0, 188.0).reshape(1, 187, 1), torch.tensor([187]), 187)
    assert image.shape == (1, 1, 16, 12)
    assert image[0, 0, 1].tolist() == list(range(13, 25))
    assert image[0, 0, 15].tolist() == [181, 182, 183, 184, 185, 186, 187, 0, 0, 0, 0, 0]


def test_the_channels_of_a_sequence_become_those_of_the_image():
    x = torch.randn(2, 10, 3)
    image = folded(x, torch.tensor([10, 10]), 10)
    assert torch.equal(image[:, 2].flatten(1)[:, :10], x[:, :, 2])


def test_a_sequence_longer_than_the_model_was_built_for_is_refused():
    with pytest.raises(ValueError, match="a sequence has 12 steps; this model was built for at most 10"):
        model(steps=10)(torch.randn(2, 12, 1), torch.tensor([12, 4]))


def test_the_best_of_the_study_has_the_layers_of_its_table():
    best: Any = CNN2D(CNN2DConfig(hidden=128, layers=3, blocks=1, dropout=0.3), steps=187, channels=1, outputs=5)
    assert best.conv.conv.weight.shape == (128, 1, 3, 3)
    assert len(best.stages) == 3
    assert [type(layer).__name__ for layer in best.stages[2]] == ["ResidualBlock2d", "MaxPool2d"]
    assert best.stages[2][0].second.conv.weight.shape == (128, 128, 3, 3)
    assert isinstance(best.stages[2][0].skip, nn.Identity)
    assert best.dense.weight.shape == (128, 128 * 2 * 1)  # 16 x 12 -> 8 x 6 -> 4 x 3 -> 2 x 1
    assert best.dropout.p == 0.3
    assert best.out.weight.shape == (5, 128)


def test_a_stage_has_its_number_of_residual_blocks_before_pooling():
    assert [len(stage) for stage in model(blocks=4, layers=2).stages] == [5, 5]


@pytest.mark.parametrize(("steps", "layers", "expected"), [(187, 4, 3), (187, 2, 2), (16, 4, 2), (3, 3, 0)])
def test_pooling_stops_when_the_image_is_too_small(steps, layers, expected):
    network = model(steps=steps, layers=layers)
    assert pools(network) == expected
    assert network(torch.randn(2, steps, 1), torch.tensor([steps, steps])).shape == (2, 5)


def test_a_last_batch_of_one_row_pooled_to_one_pixel_still_trains():
    network = model(steps=16, layers=4).train()
    network(torch.randn(1, 16, 1), torch.tensor([16])).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_convolutions_run_channels_last():
    network, seen = model(), []
    network.stages[0].register_forward_hook(lambda _, __, out: seen.append(out))
    network(torch.randn(2, 187, 1), torch.tensor([187, 187]))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_global_average_pooling_leaves_one_value_a_channel():
    network, seen = model(steps=187, pooling="average").eval(), []
    network.stages[-1].register_forward_hook(lambda _, __, out: seen.append(out))
    network.dense.register_forward_hook(lambda _, arguments, __: seen.append(arguments[0]))
    network(torch.randn(3, 187, 1), torch.tensor([187, 187, 187]))
    assert seen[0].shape == (3, 6, 2, 1)
    assert torch.allclose(seen[1], seen[0].mean(dim=(2, 3)))


def test_blocks_have_their_options_in_every_stage():
    stages = model(blocks=2, residual=False, squeeze_excite=True, dilation=2).stages
    for stage in stages:
        blocks = [layer for layer in stage if not isinstance(layer, nn.MaxPool2d)]
        assert [block.first.conv.dilation for block in blocks] == [(2, 2), (4, 4)]
        assert all(block.skip is None and block.scale is not None for block in blocks)
