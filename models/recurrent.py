"""Recurrent classifier: RNN, GRU or LSTM, with an optional convolution in front and dense layers behind."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from models.blocks import ConvBlock1d
from models.configs import RecurrentConfig
from models.layer_norm_cells import LayerNormRecurrent
from models.padding import fitted, front_padded, reversed_steps, valid_steps, zeroed

# B batch, T time, C channel, H hidden, D directions, O outputs

LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(nn.Module):
    """Convolution, recurrent layers, final states of both directions, dense layers.  (B,T,C), (B,) -> (B,O).

    The final state is the forward one at the last step read and the backward one at the first.  With packed padding
    those are each sequence's own ends.  With back or front padding every sequence is padded with zeros to ``steps``,
    whatever its batch is padded to, and all of it is read; a longer sequence is a ValueError.

    Sources: the studies of recurrent baselines, news topics and tweets; Hochreiter and Schmidhuber 1997 (lstm),
    Cho et al. 2014 (arXiv:1406.1078, gru), Schuster and Paliwal 1997 (both directions).
    """

    def __init__(self, config: RecurrentConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.steps, self.padding, self.reverse = steps, config.padding, config.reverse
        self.conv: ConvBlock1d | None = None
        if config.conv_channels:
            self.conv = ConvBlock1d(channels, config.conv_channels, kernel=config.conv_kernel, norm=config.conv_norm)
            channels = config.conv_channels
        self.layers = _layers(config, channels)
        width = config.hidden * (2 if config.bidirectional else 1)
        self.dense = nn.Sequential()
        for _ in range(config.dense_layers - 1):
            self.dense.extend([nn.Dropout(config.dropout), nn.Linear(width, config.dense_hidden), nn.ReLU()])
            width = config.dense_hidden
        self.dense.extend([nn.Dropout(config.dropout), nn.Linear(width, outputs)])

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,O)."""
        mask = valid_steps(lengths, x.shape[1])
        x = zeroed(x, mask)
        if self.reverse:
            x = reversed_steps(x, lengths)
        if self.conv is not None:
            x = self.conv(x.transpose(1, 2), mask).transpose(1, 2)  # (B,T,C')
        if self.padding != "packed":
            x = fitted(x, lengths, self.steps)
            x = functional.pad(x, (0, 0, 0, self.steps - x.shape[1]))  # (B,steps,C')
            if self.padding == "front":
                x = front_padded(x, lengths)
            lengths = torch.full_like(lengths, self.steps)
        logits: Tensor = self.dense(self._read(x, lengths))
        return logits

    def _read(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the final states (B,D*H)."""
        if isinstance(self.layers, LayerNormRecurrent):
            final: Tensor = self.layers(x, lengths)[1]
            return final
        full = valid_steps(lengths, x.shape[1]) is None
        # Packing wants lengths on the CPU, wherever the rest is.
        read = x if full else pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.layers(read)
        states = last[0] if isinstance(last, tuple) else last  # an LSTM's is (h, c);  (layers*D,B,H)
        directions = 2 if self.layers.bidirectional else 1
        return torch.cat([*states[-directions:]], dim=1)


def _layers(config: RecurrentConfig, channels: int) -> nn.RNNBase | LayerNormRecurrent:
    # Torch warns of a dropout between layers where there is one layer.
    dropout = config.dropout if config.layers > 1 else 0.0
    if config.layer_norm:
        return LayerNormRecurrent(
            config.cell, channels, config.hidden, config.layers, bidirectional=config.bidirectional, dropout=dropout
        )
    return LAYERS[config.cell](
        channels,
        config.hidden,
        config.layers,
        batch_first=True,
        dropout=dropout,
        bidirectional=config.bidirectional,
    )
