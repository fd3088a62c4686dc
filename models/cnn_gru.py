"""1D-CNN-GRU: convolutions over time, then a recurrent reading of what they found."""

from torch import Tensor, nn
from torch.nn import functional

from models.blocks import ConvBlock1d, ResidualBlock1d, halved, last_valid, valid_steps
from models.configs import CNNGRUConfig

# B batch, T time, C channel, F convolved features, H GRU units, K class


class CNNGRU(nn.Module):
    """Convolutional front end, GRU, last valid state, dense head.  (B,T,C), (B,) -> (B,K) logits.

    The GRU's input width is its own number of units: the study's linear layer maps cnn_hidden -> gru_hidden, so that
    every layer of the GRU has one shape.  Dropout acts between GRU layers only, so a single layer has none.

    Source: the heartbeat study's table of layers.
    """

    def __init__(self, config: CNNGRUConfig, *, steps: int, channels: int, outputs: int) -> None:  # noqa: ARG002 (all families are built alike)
        super().__init__()
        width, hidden = config.cnn_hidden, config.gru_hidden
        self.conv = ConvBlock1d(channels, width)
        self.blocks = nn.ModuleList(ResidualBlock1d(width, width) for _ in range(config.blocks))
        self.linear = nn.Linear(width, hidden)
        dropout = config.dropout if config.gru_layers > 1 else 0.0
        self.gru = nn.GRU(hidden, hidden, config.gru_layers, batch_first=True, dropout=dropout)
        self.dense = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,K)."""
        mask = valid_steps(lengths, x.shape[1])
        if mask is not None:
            x = x.masked_fill(~mask[:, :, None], 0.0)
        x = self.conv(x.transpose(1, 2), mask)  # (B,F,T)
        for block in self.blocks:
            x = block(x, mask)  # (B,F,T)
        x, lengths = halved(x, lengths)  # (B,F,T/2)
        states, _ = self.gru(self.linear(x.transpose(1, 2)))  # (B,T/2,H)
        features = functional.relu(self.dense(last_valid(states, lengths)))  # (B,H)
        logits: Tensor = self.out(features)
        return logits
