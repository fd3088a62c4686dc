"""1D-CNN-GRU: convolutions over time, then a recurrent reading of what they found."""

from torch import Tensor, nn
from torch.nn import functional

from models.attention import StateAttention
from models.blocks import ConvBlock1d, ResidualBlock1d, dilations
from models.configs import CNNGRUConfig
from models.padding import halved, last_valid, valid_steps, zeroed
from models.recurrent_layers import RecurrentLayers

# B batch, T time, C channel, F convolved features, H GRU units, O outputs


class CNNGRU(nn.Module):
    """Convolutional front end, GRU, last valid state, dense head.  (B,T,C), (B,) -> (B,O) logits.

    The GRU's input width is its own number of units: the study's linear layer maps cnn_hidden -> gru_hidden, so that
    every layer of the GRU has one shape.  Dropout acts between GRU layers only, so a single layer has none.

    Options: layer normalisation inside the GRU; attention over its states, added to the last one.

    Source: the heartbeat study's table of layers, and its list of what else was explored.
    """

    def __init__(self, config: CNNGRUConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        width, hidden = config.cnn_hidden, config.gru_hidden
        self.conv = ConvBlock1d(channels, width)
        self.blocks = nn.ModuleList(
            ResidualBlock1d(width, width, dilation=d, residual=config.residual, squeeze_excite=config.squeeze_excite)
            for d in dilations(config.dilation, config.blocks, steps)
        )
        self.linear = nn.Linear(width, hidden)
        dropout = config.dropout if config.gru_layers > 1 else 0.0
        self.gru: nn.GRU | RecurrentLayers
        if config.layer_norm:
            self.gru = RecurrentLayers("gru", hidden, hidden, config.gru_layers, layer_norm=True, dropout=dropout)
        else:
            self.gru = nn.GRU(hidden, hidden, config.gru_layers, batch_first=True, dropout=dropout)
        self.attention = StateAttention(hidden, config.attention_heads) if config.attention_heads else None
        self.dense = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,O)."""
        mask = valid_steps(lengths, x.shape[1])
        x = self.conv(zeroed(x, mask).transpose(1, 2), mask)  # (B,F,T)
        for block in self.blocks:
            x = block(x, mask)  # (B,F,T)
        x, lengths = halved(x, lengths)  # (B,F,T/2)
        states, _ = self.gru(self.linear(x.transpose(1, 2)))  # (B,T/2,H)
        # Padding is at the back: no valid state depends on it.
        summary = last_valid(states, lengths) if self.attention is None else self.attention(states, lengths)  # (B,H)
        logits: Tensor = self.out(functional.relu(self.dense(summary)))
        return logits
