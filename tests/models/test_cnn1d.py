from typing import Any

import pytest
import torch

from models.cnn1d import CNN1D
from models.configs import CNN1DConfig


def model(**config) -> Any:
    small = {"hidden": 6, "layers": 3, "blocks": 2, "dropout": 0.0}
    return CNN1D(CNN1DConfig(**(small | config)), steps=20, channels=2, outputs=5).eval()


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_every_convolution_has_the_kernel(kernel):
    network = model(kernel=kernel)
    blocks = [block for stage in network.stages for block in stage]
    convolutions = [network.conv, *(conv for block in blocks for conv in (block.first, block.second))]
    assert {conv.conv.kernel_size for conv in convolutions} == {(kernel,)}
    assert len(convolutions) == 1 + 3 * 2 * 2


def test_dilation_grows_within_a_stage():
    assert [[block.second.conv.dilation for block in stage] for stage in model(dilation=3).stages] == [[(3,), (9,)]] * 3


@pytest.mark.parametrize(("pooling", "reduced"), [("average", lambda x: x.mean(2)), ("max", lambda x: x.amax(2))])
def test_each_stage_halves_and_the_rest_is_pooled_globally(pooling, reduced):
    network, x = model(pooling=pooling), torch.randn(1, 17, 2)
    features = network.conv(x.transpose(1, 2), None)
    for stage in network.stages:
        for block in stage:
            features = block(features, None)
        features = torch.max_pool1d(features, 2)
    assert features.shape == (1, 6, 2)
    expected = network.out(torch.relu(network.dense(reduced(features))))
    assert torch.allclose(network(x, torch.tensor([17])), expected, atol=1e-6)
