"""Layers of recurrent cells, in one or both directions, that never read the padding of a batch.

Padding is at the back, so a forward layer has passed every valid step before it reaches any; its states there are not
used.  A backward layer is a forward one over each sequence's valid steps in reverse.  The states are
those of torch's packed sequences, which take two (rnn, gru) to five times (lstm) as long on a CPU (a training step of
128 units, 32 rows of 25 to 100 steps): each packed step's backward pass fills an array as long as all of them.

Sources: Hochreiter and Schmidhuber 1997 (lstm), Cho et al. 2014 (arXiv:1406.1078, gru), Schuster and Paliwal 1997
(both directions), Zaremba et al. 2014 (arXiv:1409.2329, dropout between layers alone).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layer_norm_cells import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell
from models.padding import last_valid, reversed_steps

# B batch, T time, C channel, H hidden, D directions


class Plain(nn.Module):
    """One layer of torch's own cells, in one direction.  (B,T,C) -> (B,T,H)."""

    def __init__(self, family: type[nn.RNN | nn.GRU | nn.LSTM], inputs: int, hidden: int) -> None:
        super().__init__()
        self.layer = family(inputs, hidden, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states after every step."""
        states: Tensor = self.layer(x)[0]
        return states


PLAIN: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Units of a cell per hidden unit whose inputs are weighted sums."""


class Summed(Plain):
    """A layer whose input is already the weighted sum of each gate: it has no input weights.  (B,T,G*H) -> (B,T,H).

    Its ``weight_ih`` is the identity and stays so: a product with it is exact, and torch's fast kernels take it.
    """

    def __init__(self, family: type[nn.RNN | nn.GRU | nn.LSTM], gates: int, hidden: int) -> None:
        super().__init__(family, gates * hidden, hidden)
        given = dict(self.layer.named_parameters())
        nn.init.eye_(given["weight_ih_l0"]).requires_grad_(False)
        nn.init.zeros_(given["bias_ih_l0"]).requires_grad_(False)  # bias_hh does the same


LAYER_NORM: dict[str, type[LayerNormRNNCell | LayerNormGRUCell | LayerNormLSTMCell]] = {
    "rnn": LayerNormRNNCell,
    "gru": LayerNormGRUCell,
    "lstm": LayerNormLSTMCell,
}


class RecurrentLayers(nn.Module):
    """Recurrent layers in D = 1 or 2 directions, with dropout between layers.

    (B,T,C), lengths (B,) or None -> states of the last layer (B,T,D*H), final states (B,D*H): forward at each
    sequence's last valid step, backward at its first.  None: every step is valid.  States at padding mean nothing.
    """

    def __init__(
        self,
        cell: Literal["rnn", "gru", "lstm"],
        inputs: int,
        hidden: int,
        layers: int,
        *,
        bidirectional: bool = False,
        layer_norm: bool = False,
        dropout: float = 0.0,
        summed: bool = False,
    ) -> None:
        """summed: the input is the gates' weighted sums (C = G*H); one direction, without layer normalisation."""
        super().__init__()
        self.dropout = dropout
        directions = 2 if bidirectional else 1
        self.layers = nn.ModuleList()
        if summed:
            self.layers.append(nn.ModuleList([Summed(PLAIN[cell], GATES[cell], hidden)]))
        for number in range(len(self.layers), layers):
            width = directions * hidden if number else inputs
            self.layers.append(
                nn.ModuleList(
                    LAYER_NORM[cell](width, hidden) if layer_norm else Plain(PLAIN[cell], width, hidden)
                    for _ in range(directions)
                )
            )

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
