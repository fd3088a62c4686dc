"""Transformer: attention over what a convolutional front end found."""

from torch import Tensor, nn

from models.attention import Encoder
from models.blocks import ConvBlock1d, ConvBlock2d, ResidualBlock1d, ResidualBlock2d, dilations
from models.cnn2d import folded, image_size
from models.configs import TransformerConfig
from models.padding import halved, mean_valid, valid_steps, zeroed

# B batch, T time, C channel, F convolved features, H encoder's width, O outputs


class ConvFront1d(nn.Module):
    """The front end of the CNN-GRU: conv block, blocks, halving max pooling.  (B,T,C), (B,) -> (B,T/2,F), (B,)."""

    def __init__(self, config: TransformerConfig, *, steps: int, channels: int) -> None:
        super().__init__()
        self.width = config.conv_hidden
        """F, the features of a token."""
        self.conv = ConvBlock1d(channels, self.width)
        self.blocks = nn.ModuleList(
            ResidualBlock1d(
                self.width, self.width, dilation=d, residual=config.residual, squeeze_excite=config.squeeze_excite
            )
            for d in dilations(config.dilation, config.blocks, steps)
        )

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens, one for two steps, and how many of them each sequence has."""
        mask = valid_steps(lengths, x.shape[1])
        x = self.conv(zeroed(x, mask).transpose(1, 2), mask)  # (B,F,T)
        for block in self.blocks:
            x = block(x, mask)  # (B,F,T)
        x, lengths = halved(x, lengths)  # (B,F,T/2)
        return x.transpose(1, 2), lengths


class ConvFront2d(nn.Module):
    """Fold as the 2D-CNN does, conv block, blocks; a row of the image is a token.  (B,T,C), (B,) -> (B,H,F*W), (B,).

    A row holds W steps that follow one another.  Nothing is pooled: 187 steps are 16 rows already.
    """

    def __init__(self, config: TransformerConfig, *, steps: int, channels: int) -> None:
        super().__init__()
        self.steps = steps
        _, self.columns = image_size(steps)
        width = config.conv_hidden
        self.width = width * self.columns
        """F*W, the features of a token."""
        self.conv = ConvBlock2d(channels, width)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock2d(
                    width, width, dilation=d, residual=config.residual, squeeze_excite=config.squeeze_excite
                )
                for d in dilations(config.dilation, config.blocks, steps)
            )
        )

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens, one a row, and how many rows each sequence reaches into."""
        image = self.blocks(self.conv(folded(x, lengths, self.steps)))  # (B,F,H,W)
        rows = (lengths + self.columns - 1) // self.columns
        return image.transpose(1, 2).flatten(2), rows


class Transformer(nn.Module):
    """Convolutional front end, linear, pre-norm encoder, mean over valid tokens, linear.  (B,T,C), (B,) -> (B,O).

    Sources: the heartbeat study's list of models; Vaswani et al. 2017 (arXiv:1706.03762), as in ``models.attention``.
    """

    def __init__(self, config: TransformerConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        front = ConvFront2d if config.front == "2d" else ConvFront1d
        self.front = front(config, steps=steps, channels=channels)
        self.linear = nn.Linear(self.front.width, config.hidden)
        self.encoder = Encoder(config.hidden, config.heads, config.layers, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.hidden, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,O)."""
        x, lengths = self.front(x, lengths)
        x = self.encoder(self.linear(x), lengths)  # (B,T',H)
        x = zeroed(x, valid_steps(lengths, x.shape[1]))
        logits: Tensor = self.out(self.dropout(mean_valid(x.transpose(1, 2), lengths)))
        return logits
