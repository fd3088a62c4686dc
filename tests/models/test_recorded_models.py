"""With default options the models of recorded trials keep names, initial weights and arithmetic to the bit."""

import hashlib
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.catalogue import build
from models.cnn2d import folded
from models.configs import CNN2DConfig, CNNGRUConfig

CNN_GRU = CNNGRUConfig(cnn_hidden=6, gru_hidden=8, gru_layers=2, blocks=2)
CNN_2D = CNN2DConfig(hidden=6, layers=3, blocks=2)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CNNGRUConfig(), "1a5de5079e197ff7b608a583e215d8fecd28ab45bfa489b2ad85f43d982fed65"),
        (CNN_GRU, "667fe149769d86e31e8595cd6f6a43194dd33540e2a601554f6348eda6c54cd8"),
        (CNN2DConfig(), "a8f6cdb27a0829a42784cb181d6fb2c7aa1b69fa905f2c250b77f63315836f7d"),
        (CNN_2D, "64008231dfbd158393cff5fc18daaa9a3bff0f9409f82639eb5c7e9a05d8f257"),
    ],
)
def test_names_order_and_initial_weights_are_those_of_version_0_1(config, expected):
    torch.manual_seed(0)
    digest = hashlib.sha256()
    for name, value in build(config, steps=187, channels=1, outputs=5).state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    assert digest.hexdigest() == expected


def convolved(block: Any, x: torch.Tensor) -> torch.Tensor:
    return block.norm(functional.relu(block.conv(x)))


def residual(block: Any, x: torch.Tensor) -> torch.Tensor:
    return x + convolved(block.second, convolved(block.first, x))


def trained_alike(config: CNNGRUConfig | CNN2DConfig, forward) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of the model, and of ``forward`` over a second one, after two steps of training without dropout."""
    found = []
    for plain in (False, True):
        torch.manual_seed(0)
        changes = {"dropout": 0.0}
        network = build(config.model_copy(update=changes), steps=40, channels=2, outputs=5)
        optimizer = torch.optim.Adam(network.parameters())
        for _ in range(3):
            x, y = torch.randn(4, 40, 2), torch.arange(4)
            logits = forward(network, x) if plain else network(x, torch.full((4,), 40))
            optimizer.zero_grad()
            functional.cross_entropy(logits, y).backward()
            optimizer.step()
        found.append(logits)
    return found[0], found[1]


def test_the_cnn_gru_computes_what_its_table_says():
    def forward(network: Any, x: torch.Tensor) -> torch.Tensor:
        x = convolved(network.conv, x.transpose(1, 2))
        for block in network.blocks:
            x = residual(block, x)
        states, _ = network.gru(network.linear(functional.max_pool1d(x, 2).transpose(1, 2)))
        return network.out(functional.relu(network.dense(states[torch.arange(4), torch.full((4,), 19)])))

    ours, plain = trained_alike(CNN_GRU, forward)
    assert torch.equal(ours, plain)


def test_the_2d_cnn_computes_what_its_table_says():
    def forward(network: Any, x: torch.Tensor) -> torch.Tensor:
        x = convolved(network.conv, folded(x, torch.full((4,), 40), 40))
        for stage in network.stages:
            for layer in stage:
                x = layer(x) if isinstance(layer, nn.MaxPool2d) else residual(layer, x)
        return network.out(functional.relu(network.dense(x.flatten(1))))

    ours, plain = trained_alike(CNN_2D, forward)
    assert torch.equal(ours, plain)
