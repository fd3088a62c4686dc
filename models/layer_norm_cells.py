"""Recurrent cells with layer normalisation inside, as torch has none, each reading whole sequences.

A step is that of Ba, Kiros and Hinton 2016 (arXiv:1607.06450), section 3.1 (rnn) and supplement (lstm, gru).  LN
normalises over a step's units, with a gain and a bias of its own.

Time is a loop of Python over plain operations.  What does not depend on the state before (the product of the input
with its weights and its normalisation) is computed for all steps at once; a step then costs some ten operations.  A
training step takes 1.5 to 2.5 times that of torch's layer, one of an LSTM up to 5 times (one thread, 100 steps).

Biases begin uniform in +-1/sqrt(H), as those of torch's cells do.  From biases of zero a cell that reads zeros first
(padding at the front) would stay at the state zero, and there each step's LN multiplies gradients by 1/sqrt(eps): 300.
"""

import torch
from torch import Tensor, nn

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
        h = inputs.new_zeros(x.shape[0], self.state.in_features)
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
        h = candidates.new_zeros(x.shape[0], self.state.in_features)
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
        h = c = inputs.new_zeros(x.shape[0], self.state.in_features)
        states = []
        for a in inputs.unbind(dim=1):
            gates, g = torch.split(a + self.state_norm(self.state(h)), self.widths, dim=1)
            f, i, o = torch.sigmoid(gates).chunk(3, dim=1)
            c = f * c + i * torch.tanh(g)
            h = o * torch.tanh(self.cell_norm(c))
            states.append(h)
        return torch.stack(states, dim=1)
