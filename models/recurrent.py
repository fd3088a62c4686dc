"""Recurrent classifier: RNN, GRU or LSTM, with an optional convolution in front and dense layers behind."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.blocks import ConvBlock1d
from models.configs import RecurrentConfig
from models.padding import fitted, front_padded, reversed_steps, valid_steps, zeroed
from models.recurrent_layers import RecurrentLayers

# B batch, T time, C channel, H hidden, D directions, O outputs


class Recurrent(nn.Module):
    """Convolution, recurrent layers, final states of both directions, dense layers.  (B,T,C), (B,) -> (B,O).

    The final state is the forward one at the last step read and the backward one at the first.  With packed padding
    those are each sequence's own ends.  With back or front padding every sequence is padded with zeros to ``steps``,
    whatever its batch is padded to, and all of it is read; a longer sequence is a ValueError.

    summed: the input is that of one-hot words, already the weighted sums of the first layer's gates.

    Sources: the studies of recurrent baselines, of news topics, of tweets, and the laboratory's questions.
    """

    def __init__(
        self, config: RecurrentConfig, *, steps: int, channels: int, outputs: int, summed: bool = False
    ) -> None:
        super().__init__()
        self.steps, self.padding, self.reverse = steps, config.padding, config.reverse
        self.conv: ConvBlock1d | None = None
        if config.conv_channels:
            self.conv = ConvBlock1d(channels, config.conv_channels, kernel=config.conv_kernel, norm=config.conv_norm)
            channels = config.conv_channels
        self.layers = RecurrentLayers(
            config.cell,
            channels,
            config.hidden,
            config.layers,
            bidirectional=config.bidirectional,
            layer_norm=config.layer_norm,
            dropout=config.dropout,
            summed=summed,
        )
        width = config.hidden * (2 if config.bidirectional else 1)
        self.dense = nn.Sequential()
        widths = [config.dense_hidden] + (config.dense_layers - 2) * [config.dense_last or config.dense_hidden]
        for dense in widths[: config.dense_layers - 1]:
            self.dense.extend([nn.Dropout(config.dropout), nn.Linear(width, dense), nn.ReLU()])
            width = dense
        self.dense.extend([nn.Dropout(config.dropout), nn.Linear(width, outputs)])
        if config.tanh_output:
            self.dense.append(nn.Tanh())

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
        _, finals = self.layers(x, lengths)  # (B,D*H)
        logits: Tensor = self.dense(finals)
        return logits
