from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.layer_norm_cells import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell

CELLS = {"rnn": LayerNormRNNCell, "gru": LayerNormGRUCell, "lstm": LayerNormLSTMCell}

every_cell = pytest.mark.parametrize("name", CELLS)


def made(name: str, inputs: int = 3, hidden: int = 5) -> Any:
    torch.manual_seed(0)
    return CELLS[name](inputs, hidden).double()


def sequences(steps: int = 7) -> Tensor:
    return torch.randn(2, steps, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def ordered(weight: Tensor, order: str, theirs: str) -> Tensor:
    """Return a stacked weight's parts in torch's order; an upper-case letter's part negated."""
    parts = dict(zip(order, weight.chunk(len(order)), strict=True))
    return torch.cat([-parts[gate.lower()] if gate.isupper() else parts[gate] for gate in theirs])


# Torch's GRU keeps (z) what the paper's replaces (1 - z): the update gate's weights are negated.
@pytest.mark.parametrize(
    ("name", "layer", "order", "theirs"),
    [("rnn", nn.RNN, "n", "n"), ("gru", nn.GRU, "zrn", "rZn"), ("lstm", nn.LSTM, "fiog", "ifgo")],
)
def test_without_its_normalisation_a_cell_is_torch_s(name, layer, order, theirs):
    cell, plain = made(name), layer(3, 5, bias=False, batch_first=True).double()
    plain.weight_ih_l0.data = ordered(cell.input.weight.data, order, theirs)
    plain.weight_hh_l0.data = ordered(cell.state.weight.data, order, theirs)
    for parent in list(cell.modules()):
        for child, module in list(parent.named_children()):
            if isinstance(module, nn.LayerNorm):
                setattr(parent, child, nn.Identity())
    assert torch.allclose(cell(sequences()), plain(sequences())[0], atol=1e-12)


# The paper's RNN normalises the sum of both products, its GRU and LSTM each product.
@pytest.mark.parametrize(
    ("name", "which"),
    [("rnn", ["input", "state"]), ("gru", ["input"]), ("gru", ["state"]), ("lstm", ["input"]), ("lstm", ["state"])],
)
def test_rescaling_the_weights_of_what_is_normalised_changes_nothing(name, which):
    cell = made(name)
    for norm in (module for module in cell.modules() if isinstance(module, nn.LayerNorm)):
        norm.eps = 1e-12
    before = cell(sequences())
    for part in which:
        getattr(cell, part).weight.data *= 3.0
    assert torch.allclose(cell(sequences()), before, atol=1e-6)


@every_cell
def test_a_step_reads_no_later_step(name):
    cell, x = made(name), sequences()
    later = x.clone()
    later[:, 4:] = 9.0
    assert torch.equal(cell(later)[:, :4], cell(x)[:, :4])


@every_cell
def test_gradients_stay_finite_through_a_hundred_zeros_before_a_sequence(name):
    cell = made(name, hidden=16).float()
    x = torch.cat([torch.zeros(2, 100, 3), sequences().float()], dim=1)
    cell(x)[:, -1].sum().backward()
    largest = max(parameter.grad.abs().max() for parameter in cell.parameters())
    assert 0.0 < largest < 1e3
