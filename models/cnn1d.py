"""1D-CNN: stages of residual blocks over time, and one global pooling."""

from torch import Tensor, nn
from torch.nn import functional

from models.blocks import ConvBlock1d, ResidualBlock1d, dilations
from models.configs import CNN1DConfig
from models.padding import halved, max_valid, mean_valid, valid_steps, zeroed

# B batch, T time, C channel, F hidden, O outputs


class CNN1D(nn.Module):
    """Conv block, stages of blocks and halving max pooling, global pooling, dense head.  (B,T,C), (B,) -> (B,O).

    Sources: the heartbeat study's list of models; global average pooling after Lin et al. 2014 (arXiv:1312.4400).
    """

    def __init__(self, config: CNN1DConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        width = config.hidden
        self.conv = ConvBlock1d(channels, width, kernel=config.kernel)
        self.stages = nn.ModuleList(
            nn.ModuleList(
                ResidualBlock1d(
                    width,
                    width,
                    kernel=config.kernel,
                    dilation=dilation,
                    residual=config.residual,
                    squeeze_excite=config.squeeze_excite,
                )
                for dilation in dilations(config.dilation, config.blocks, steps)
            )
            for _ in range(config.layers)
        )
        self.pooled = mean_valid if config.pooling == "average" else max_valid
        self.dense = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,O)."""
        mask = valid_steps(lengths, x.shape[1])
        x = self.conv(zeroed(x, mask).transpose(1, 2), mask)  # (B,F,T)
        for stage in self.stages:
            mask = valid_steps(lengths, x.shape[2])
            for block in stage.children():
                x = block(x, mask)  # (B,F,T)
            x, lengths = halved(x, lengths)  # (B,F,T/2)
        features = self.dropout(functional.relu(self.dense(self.pooled(x, lengths))))  # (B,F)
        logits: Tensor = self.out(features)
        return logits
