"""Recurrent layers with layer normalisation inside the cell, as torch has none.

A step is that of Ba, Kiros and Hinton 2016 (arXiv:1607.06450), section 3.1 (rnn) and supplement (lstm, gru).  LN
normalises over a step's units, with a gain and a bias of its own.

Time is a loop of Python over plain operations.  What does not depend on the state before (the product of the input
with its weights and its normalisation) is computed for all steps at once; a step then costs some ten operations.
Padding needs no care inside the loop: it stands at the back, where nothing valid is read any more.

Biases begin uniform in +-1/sqrt(H), as those of torch's cells do.  From biases of zero a cell that reads zeros first
(padding at the front) would stay at the state zero, and there each step's LN multiplies gradients by 1/sqrt(eps): 300.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.padding import last_valid, reversed_steps

# B batch, T time, C input channel, H hidden units


def normalisation(units: int, hidden: int) -> nn.LayerNorm:
    """Return LN over the units of a cell of width ``hidden``."""
    norm = nn.LayerNorm(units)
    nn.init.uniform_(norm.bias, -(hidden**-0.5), hidden**-0.5)
    return norm


class LayerNormRNNCell(nn.Module):
    """h' = tanh(LN(W x + U h))."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(inputs, hidden, bias=False)
        self.state = nn.Linear(hidden, hidden, bias=False)
        self.norm = normalisation(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states after every step.  (B,T,C) -> (B,T,H)."""
        inputs = self.input(x)  # (B,T,H)
        h = inputs.new_zeros(len(x), self.state.in_features)
        states = []
        for a in inputs.unbind(dim=1):
            h = torch.tanh(self.norm(a + self.state(h)))
            states.append(h)
        return torch.stack(states, dim=1)


class LayerNormGRUCell(nn.Module):
    """z, r = sigmoid(LN(W x) + LN(U h));  n = tanh(LN(W' x) + r * LN(U' h));  h' = (1 - z) h + z n."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.widths = [2 * hidden, hidden]
        self.input = nn.Linear(inputs, 3 * hidden, bias=False)
        self.state = nn.Linear(hidden, 3 * hidden, bias=False)
        self.input_norms = nn.ModuleList(normalisation(width, hidden) for width in self.widths)
        self.state_norms = nn.ModuleList(normalisation(width, hidden) for width in self.widths)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states after every step.  (B,T,C) -> (B,T,H)."""
        gates, candidates = self._normed(self.input(x), self.input_norms)  # (B,T,2H), (B,T,H)
        h = candidates.new_zeros(len(x), self.state.in_features)
        states = []
        for gate, candidate in zip(gates.unbind(dim=1), candidates.unbind(dim=1), strict=True):
            gate_h, candidate_h = self._normed(self.state(h), self.state_norms)
            z, r = torch.sigmoid(gate + gate_h).chunk(2, dim=1)
            h = h + z * (torch.tanh(candidate + r * candidate_h) - h)
            states.append(h)
        return torch.stack(states, dim=1)

    def _normed(self, x: Tensor, norms: nn.ModuleList) -> tuple[Tensor, Tensor]:
        gates, candidate = torch.split(x, self.widths, dim=-1)
        return norms[0](gates), norms[1](candidate)


class LayerNormLSTMCell(nn.Module):
    """f, i, o, g = LN(W x) + LN(U h);  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(LN(c'))."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.widths = [3 * hidden, hidden]
        self.input = nn.Linear(inputs, 4 * hidden, bias=False)
        self.state = nn.Linear(hidden, 4 * hidden, bias=False)
        self.input_norm, self.state_norm = normalisation(4 * hidden, hidden), normalisation(4 * hidden, hidden)
        self.cell_norm = normalisation(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states h after every step.  (B,T,C) -> (B,T,H)."""
        inputs = self.input_norm(self.input(x))  # (B,T,4H)
        h = c = inputs.new_zeros(len(x), self.state.in_features)
        states = []
        for a in inputs.unbind(dim=1):
            gates, g = torch.split(a + self.state_norm(self.state(h)), self.widths, dim=1)
            f, i, o = torch.sigmoid(gates).chunk(3, dim=1)
            c = f * c + i * torch.tanh(g)
            h = o * torch.tanh(self.cell_norm(c))
            states.append(h)
        return torch.stack(states, dim=1)


CELLS: dict[str, type[LayerNormRNNCell | LayerNormGRUCell | LayerNormLSTMCell]] = {
    "rnn": LayerNormRNNCell,
    "gru": LayerNormGRUCell,
    "lstm": LayerNormLSTMCell,
}


class LayerNormRecurrent(nn.Module):
    """Layers of such cells, in one or both directions (D = 1 or 2), with dropout between layers.

    (B,T,C), lengths (B,) or None -> states of the last layer (B,T,D*H), final states (B,D*H): forward at each
    sequence's last valid step, backward at its first.  None: every step counts.
    """

    def __init__(
        self,
        cell: Literal["rnn", "gru", "lstm"],
        inputs: int,
        hidden: int,
        layers: int,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        directions = 2 if bidirectional else 1
        widths = [inputs, *[directions * hidden] * (layers - 1)]
        self.layers = nn.ModuleList(nn.ModuleList(CELLS[cell](w, hidden) for _ in range(directions)) for w in widths)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return states and final states."""
        if lengths is None:
            lengths = torch.full((len(x),), x.shape[1], device=x.device)
        finals: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            if number:
                x = functional.dropout(x, self.dropout, self.training)
            forward, *backward = layer.children()
            states = forward(x)
            finals, outputs = [last_valid(states, lengths)], [states]
            for cell in backward:
                states = cell(reversed_steps(x, lengths))
                finals.append(last_valid(states, lengths))
                outputs.append(reversed_steps(states, lengths))
            x = torch.cat(outputs, dim=2)
        return x, torch.cat(finals, dim=1)
