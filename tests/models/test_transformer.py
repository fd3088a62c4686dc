from typing import Any

import pytest
import torch

from models.configs import TransformerConfig
from models.transformer import Transformer


def model(steps: int = 187, **config) -> Any:
    small = {"conv_hidden": 6, "hidden": 8, "heads": 2, "blocks": 2, "dropout": 0.0}
    return Transformer(TransformerConfig(**(small | config)), steps=steps, channels=1, outputs=5).eval()


def tokens(network: Transformer, length: int) -> tuple[tuple[int, ...], int]:
    read, valid = network.front(torch.randn(1, 187, 1), torch.tensor([length]))
    return tuple(read.shape), int(valid)


@pytest.mark.parametrize(("length", "valid"), [(187, 93), (100, 50), (1, 1)])
def test_in_one_dimension_two_steps_are_a_token(length, valid):
    assert tokens(model(), length) == ((1, 93, 6), valid)


@pytest.mark.parametrize(("length", "valid"), [(187, 16), (12, 1), (13, 2), (1, 1)])
def test_in_two_dimensions_a_row_of_the_image_is_a_token(length, valid):
    assert tokens(model(front="2d"), length) == ((1, 16, 6 * 12), valid)


@pytest.mark.parametrize("front", ["1d", "2d"])
def test_the_front_end_has_its_blocks_with_their_options(front):
    blocks = model(front=front, residual=False, squeeze_excite=True, dilation=2).front.blocks
    assert [block.first.conv.dilation[0] for block in blocks] == [2, 4]
    assert all(block.skip is None and block.scale is not None for block in blocks)
    assert all(block.skip is not None and block.scale is None for block in model(front=front).front.blocks)


def test_the_logits_are_those_of_the_mean_over_valid_tokens():
    network, x, lengths = model(), torch.randn(1, 187, 1), torch.tensor([40])
    read, _ = network.front(x[:, :40], lengths)
    encoded = network.encoder(network.linear(read), torch.tensor([20]))
    assert torch.allclose(network(x, lengths), network.out(encoded.mean(dim=1)), atol=1e-6)


def test_the_order_of_steps_matters():
    network, x, lengths = model(blocks=0), torch.zeros(2, 187, 1), torch.tensor([187, 187])
    x[0, 40], x[1, 140] = 1.0, 1.0
    first, second = network(x, lengths)
    assert not torch.allclose(first, second, atol=1e-5)
