from typing import Any

import torch
from torch import nn

from models.cnn_gru import CNNGRU
from models.configs import CNNGRUConfig


def model(channels: int = 1, **config) -> Any:
    small = {"cnn_hidden": 6, "gru_hidden": 8, "gru_layers": 2, "blocks": 1}
    return CNNGRU(CNNGRUConfig(**(small | config)), steps=20, channels=channels, outputs=5)


def test_the_best_of_the_study_has_the_layers_of_its_table():
    config = CNNGRUConfig(cnn_hidden=64, gru_hidden=256, gru_layers=2, blocks=5, dropout=0.4)
    best = CNNGRU(config, steps=187, channels=1, outputs=5)
    assert best.conv.conv.weight.shape == (64, 1, 3)
    assert len(best.blocks) == 5
    assert best.blocks[4].second.conv.weight.shape == (64, 64, 3)
    assert best.linear.weight.shape == (256, 64)
    assert (best.gru.input_size, best.gru.hidden_size, best.gru.num_layers) == (256, 256, 2)
    assert (best.gru.dropout, best.gru.batch_first, best.gru.bidirectional) == (0.4, True, False)
    assert best.dense.weight.shape == (256, 256)
    assert best.out.weight.shape == (5, 256)


def test_pooling_halves_the_sequence_that_the_gru_reads():
    network, seen = model(), []
    network.gru.register_forward_hook(lambda _, arguments, __: seen.append(arguments[0].shape))
    network(torch.randn(2, 17, 1), torch.tensor([17, 17]))
    assert seen == [(2, 8, 8)]


def test_a_single_gru_layer_has_no_dropout_to_apply():
    assert model(gru_layers=1, dropout=0.4).gru.dropout == 0.0


def test_a_network_without_residual_blocks_works():
    assert model(blocks=0)(torch.randn(2, 9, 1), torch.tensor([9, 4])).shape == (2, 5)


def test_a_batch_of_full_sequences_is_a_plain_network():
    network = model().eval()
    x = torch.randn(3, 16, 1)
    block = network.blocks[0]
    plain = nn.Sequential(network.conv.conv, nn.ReLU(), network.conv.norm)
    inner = nn.Sequential(
        block.first.conv, nn.ReLU(), block.first.norm, block.second.conv, nn.ReLU(), block.second.norm
    )
    features = plain(x.transpose(1, 2))
    pooled = nn.MaxPool1d(2)(features + inner(features))
    states, _ = network.gru(network.linear(pooled.transpose(1, 2)))
    expected = network.out(torch.relu(network.dense(states[:, -1])))
    assert torch.allclose(network(x, torch.full((3,), 16)), expected, atol=1e-6)


def test_blocks_have_their_options():
    blocks = model(blocks=3, residual=False, squeeze_excite=True, dilation=2).blocks
    assert [block.second.conv.dilation for block in blocks] == [(2,), (4,), (8,)]
    assert all(block.skip is None and block.scale is not None for block in blocks)


def test_layer_normalisation_and_attention_replace_the_gru_and_the_last_state():
    network, seen = model(layer_norm=True, attention_heads=2).eval(), []
    network.dense.register_forward_hook(lambda _, arguments, __: seen.append(arguments[0]))
    x, lengths = torch.randn(2, 20, 1), torch.tensor([20, 20])
    network(x, lengths)
    features = network.blocks[0](network.conv(x.transpose(1, 2), None), None)
    inputs = network.linear(torch.max_pool1d(features, 2).transpose(1, 2))
    lower, upper = (layer[0] for layer in network.gru.layers)
    assert type(lower).__name__ == "LayerNormGRUCell"
    assert torch.allclose(seen[0], network.attention(upper(lower(inputs)), lengths // 2))


def test_without_options_there_is_nothing_more_to_learn():
    options = {"squeeze_excite": "scale", "layer_norm": "norms", "attention_heads": "attention"}
    for option, name in options.items():
        assert [n for n in model(**{option: 2 if option == "attention_heads" else True}).state_dict() if name in n]
        assert not [n for n in model().state_dict() if name in n]
