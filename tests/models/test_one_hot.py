"""One-hot words go into the recurrent layer as a matrix product of one-hot vectors would, at the cost of a look-up."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.catalogue import build
from models.configs import RecurrentConfig
from models.recurrent_layers import GATES

TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
WORDS = 11


def model(**config) -> Any:
    fields = {"hidden": 4, "one_hot": True, "dense_layers": 3, "dense_hidden": 6, "dense_last": 5} | config
    return build(RecurrentConfig(**fields), steps=9, channels=1, outputs=3, tokens=WORDS)


@pytest.mark.parametrize("cell", TORCH)
def test_states_and_gradients_are_those_of_torch_s_layer_on_one_hot_vectors(cell):
    ours = model(cell=cell)
    layer = ours.model.layers.layers[0][0].layer
    theirs = TORCH[cell](WORDS, 4, batch_first=True)
    theirs.load_state_dict(
        {
            "weight_ih_l0": ours.embedding.weight.detach().T.clone(),
            "weight_hh_l0": layer.weight_hh_l0.detach().clone(),
            "bias_ih_l0": torch.zeros(4 * GATES[cell]),
            "bias_hh_l0": layer.bias_hh_l0.detach().clone(),
        }
    )
    x = torch.randint(1, WORDS, (6, 9, 1), dtype=torch.int32)
    states, _ = theirs(functional.one_hot(x[:, :, 0].long(), WORDS).float())
    expected = ours.model.dense(states[:, -1])
    found = ours(x, torch.full((6,), 9))
    assert torch.allclose(found, expected, atol=1e-6)
    found.square().sum().backward()
    expected.square().sum().backward()
    assert torch.allclose(ours.embedding.weight.grad, theirs.weight_ih_l0.grad.T, atol=1e-5)
    assert torch.allclose(layer.weight_hh_l0.grad, theirs.weight_hh_l0.grad, atol=1e-5)


def test_the_tweet_report_s_first_lstm_has_the_parameters_of_its_summary():
    report = RecurrentConfig(
        cell="lstm", hidden=32, layers=2, one_hot=True, dense_layers=4, dense_hidden=32, dense_last=16
    )
    built: Any = build(report, steps=30, channels=1, outputs=3, tokens=22_020)
    first, second = ([p for p in layer.parameters() if p.requires_grad] for layer in built.model.layers.layers)
    assert built.embedding.weight.numel() + sum(p.numel() for p in first) == 2_822_784 == 4 * 32 * (22_020 + 32 + 1)
    assert sum(p.numel() for p in second) == 8_320 + 4 * 32  # torch's layers have two biases
    dense = [layer for layer in built.model.dense if isinstance(layer, nn.Linear)]
    assert [sum(p.numel() for p in layer.parameters()) for layer in dense] == [1_056, 528, 272, 51]


def test_what_is_not_learned_stays_as_it_is():
    ours = model()
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    optimizer = torch.optim.Adam(ours.parameters(), lr=0.1, weight_decay=0.1)
    x = torch.randint(1, WORDS, (6, 9, 1), dtype=torch.int32)
    ours(x, torch.full((6,), 9)).square().sum().backward()
    optimizer.step()
    same = {name for name, value in ours.state_dict().items() if torch.equal(value, before[name])}
    assert same == {"model.layers.layers.0.0.layer.weight_ih_l0", "model.layers.layers.0.0.layer.bias_ih_l0"}


def test_without_dense_last_all_dense_layers_have_one_width():
    for last in (0, 7):
        built: Any = build(
            RecurrentConfig(hidden=4, dense_layers=4, dense_hidden=7, dense_last=last), steps=9, channels=1, outputs=3
        )
        assert [layer.out_features for layer in built.dense if isinstance(layer, nn.Linear)] == [7, 7, 7, 3]


def test_a_tanh_keeps_the_outputs_within_bounds_and_changes_no_weight():
    x, lengths = torch.full((2, 9, 1), 3, dtype=torch.int32), torch.tensor([9, 4])
    torch.manual_seed(0)
    plain = model(one_hot=False)
    torch.manual_seed(0)
    bounded = model(one_hot=False, tanh_output=True)
    assert plain.state_dict().keys() == bounded.state_dict().keys()
    assert torch.equal(bounded(x, lengths), torch.tanh(plain(x, lengths)))
