from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from models.configs import RecurrentConfig
from models.recurrent import Recurrent
from models.recurrent_layers import RecurrentLayers

TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
LENGTHS = torch.tensor([6, 9, 1, 4])

every_cell = pytest.mark.parametrize("cell", TORCH)
one_way_and_both = pytest.mark.parametrize("bidirectional", [False, True])


def model(steps: int = 9, channels: int = 3, outputs: int = 5, **config) -> Any:
    torch.manual_seed(0)
    return Recurrent(RecurrentConfig(**({"hidden": 4} | config)), steps=steps, channels=channels, outputs=outputs)


def batch(channels: int = 3) -> Tensor:
    x = torch.randn(4, 9, channels, generator=torch.Generator().manual_seed(1))
    return x.masked_fill(torch.arange(9)[None, :, None] >= LENGTHS[:, None, None], 0.0)


def torch_layers(layers: Any, cell: str, *, bidirectional: bool) -> nn.RNNBase:
    """Torch's stack of layers with the weights of ours."""
    count, first = len(layers.layers), layers.layers[0][0].layer
    theirs = TORCH[cell](first.input_size, first.hidden_size, count, batch_first=True, bidirectional=bidirectional)
    for number, layer in enumerate(layers.layers):
        for way, one in zip(("", "_reverse"), layer, strict=False):
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(theirs, f"{kind}_l{number}{way}").data = getattr(one.layer, f"{kind}_l0").data
    return theirs


def finals(layers: nn.RNNBase, read: object) -> Tensor:
    _, last = layers(read)
    hidden = last[0] if isinstance(last, tuple) else last
    return torch.cat([*hidden[-2 if layers.bidirectional else -1 :]], dim=1)


@every_cell
@one_way_and_both
def test_packed_states_are_those_of_torch_s_packed_sequences(cell, bidirectional):
    ours = RecurrentLayers(cell, 3, 4, 2, bidirectional=bidirectional)
    theirs = torch_layers(ours, cell, bidirectional=bidirectional)
    packed = pack_padded_sequence(batch(), LENGTHS, batch_first=True, enforce_sorted=False)
    assert torch.allclose(ours(batch(), LENGTHS)[1], finals(theirs, packed), atol=1e-6)


@every_cell
@one_way_and_both
@pytest.mark.parametrize("padding", ["back", "front"])
def test_padding_to_read_stands_on_its_side_up_to_the_model_s_steps(cell, bidirectional, padding):
    network = model(steps=12, cell=cell, layers=2, bidirectional=bidirectional, padding=padding)
    theirs = torch_layers(network.layers, cell, bidirectional=bidirectional)
    for row, length in enumerate(LENGTHS):
        sequence, zeros = batch()[row, :length], torch.zeros(12 - length, 3)
        read = torch.cat([sequence, zeros] if padding == "back" else [zeros, sequence])[None]
        expected = network.dense(finals(theirs, read))[0]
        assert torch.allclose(network(batch(), LENGTHS)[row], expected, atol=1e-6)


def test_the_three_kinds_of_padding_differ():
    answers = [model(padding=padding)(batch(), LENGTHS) for padding in ("packed", "back", "front")]
    assert not torch.allclose(answers[0][0], answers[1][0])
    assert not torch.allclose(answers[0][0], answers[2][0])
    assert not torch.allclose(answers[1][0], answers[2][0])


@pytest.mark.parametrize("padding", ["back", "front"])
def test_a_sequence_longer_than_the_padding_reaches_is_refused(padding):
    with pytest.raises(ValueError, match="a sequence has 9 steps; this model was built for at most 8"):
        model(steps=8, padding=padding)(batch(), LENGTHS)


@pytest.mark.parametrize("padding", ["packed", "back", "front"])
def test_a_reversed_model_reads_each_sequence_from_its_end(padding):
    backwards = torch.zeros(4, 9, 3)
    for row, length in enumerate(LENGTHS):
        backwards[row, :length] = batch()[row, :length].flip(0)
    forward, reverse = model(padding=padding), model(padding=padding, reverse=True)
    assert torch.equal(reverse(batch(), LENGTHS), forward(backwards, LENGTHS))


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("norm", [True, False])
def test_the_convolution_in_front_has_its_kernel_and_normalisation(kernel, norm):
    network = model(conv_channels=6, conv_kernel=kernel, conv_norm=norm)
    assert network.conv.conv.weight.shape == (6, 3, kernel)
    assert isinstance(network.conv.norm, nn.BatchNorm1d) == norm
    assert network.layers.layers[0][0].layer.input_size == 6


def test_dense_layers_count_the_output_layer_and_have_dropout_before_each():
    network = model(dense_layers=3, dense_hidden=7, bidirectional=True, dropout=0.3)
    kinds = [nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert [type(layer) for layer in network.dense] == kinds
    assert [tuple(layer.weight.shape) for layer in network.dense if isinstance(layer, nn.Linear)] == [
        (7, 8),
        (7, 7),
        (5, 7),
    ]
    assert {layer.p for layer in network.dense if isinstance(layer, nn.Dropout)} == {0.3}


def test_dropout_acts_between_recurrent_layers_alone():
    single, double = RecurrentLayers("gru", 3, 4, 1, dropout=0.5), RecurrentLayers("gru", 3, 4, 2, dropout=0.5)
    assert torch.equal(single(batch())[1], single(batch())[1])
    assert not torch.equal(double(batch())[1], double(batch())[1])
    assert torch.equal(double.eval()(batch())[1], double(batch())[1])


def test_the_news_report_s_models_have_the_sizes_of_its_table():
    network = model(steps=100, channels=64, cell="rnn", hidden=128)
    assert [tuple(value.shape) for value in network.state_dict().values()] == [
        (128, 64),
        (128, 128),
        (128,),
        (128,),
        (5, 128),
        (5,),
    ]
