"""2D-CNN: a sequence folded into an image, so that a 3 x 3 kernel sees far-apart steps at once."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.blocks import ConvBlock2d, ResidualBlock2d, dilations
from models.configs import CNN2DConfig
from models.padding import fitted

# B batch, T time, C channel, H height, W width, F hidden, O outputs

KERNEL = 2
"""Max pooling's kernel and stride."""


def image_size(steps: int) -> tuple[int, int]:
    """Return (height, width) of the image that holds a sequence: 187 steps are padded to 192 = 16 x 12.

    The height is the smallest multiple of 4 that is at least sqrt(steps), so that it halves twice without a rest; the
    width is what is then needed.
    """
    height = 4 * math.ceil(math.sqrt(steps) / 4)
    return height, math.ceil(steps / height)


def folded(x: Tensor, lengths: Tensor, steps: int) -> Tensor:
    """Fold sequences into images row by row, zero after each sequence's end.  (B,T,C), (B,) -> (B,C,H,W).

    A batch may be padded to less or more than ``steps``.

    Raises:
        ValueError: a sequence is longer than ``steps``.
    """
    height, width = image_size(steps)
    x = fitted(x, lengths, steps)
    x = functional.pad(x, (0, 0, 0, height * width - x.shape[1]))
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], height, width)


class CNN2D(nn.Module):
    """Conv block, then stages of residual blocks and pooling, dense head.  (B,T,C), (B,) -> (B,O) logits.

    A sequence's channels are the image's.  A stage pools as long as both sides of the image are at least 2.

    Option: global average pooling of what is left, steps after a sequence's end among it.

    Source: the heartbeat study's table of layers, and its list of what else was explored.
    """

    def __init__(self, config: CNN2DConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.steps = steps
        self.conv = ConvBlock2d(channels, config.hidden)
        self.stages = nn.ModuleList()
        height, width = image_size(steps)
        for _ in range(config.layers):
            stage = nn.Sequential(
                *(
                    ResidualBlock2d(
                        config.hidden,
                        config.hidden,
                        dilation=dilation,
                        residual=config.residual,
                        squeeze_excite=config.squeeze_excite,
                    )
                    for dilation in dilations(config.dilation, config.blocks, steps)
                )
            )
            if min(height, width) >= KERNEL:
                stage.append(nn.MaxPool2d(KERNEL))
                height, width = height // KERNEL, width // KERNEL
            self.stages.append(stage)
        self.average = config.pooling == "average"
        self.dense = nn.Linear(config.hidden * (1 if self.average else height * width), config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.hidden, outputs)
        # Channels last, weights too: an eighth faster a step on CPU (128 x 3, batch 16), and made for GPUs.
        # Such weights have no C-contiguous bytes: call .contiguous() on them before writing safetensors.
        nn.utils.convert_conv2d_weight_memory_format(self, torch.channels_last)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (B,O)."""
        x = self.conv(folded(x, lengths, self.steps))  # (B,F,H,W)
        for stage in self.stages:
            x = stage(x)  # (B,F,H',W')
        x = x.mean(dim=(2, 3)) if self.average else x.flatten(1)  # (B,F) or (B,F*H'*W')
        features = self.dropout(functional.relu(self.dense(x)))  # (B,F)
        logits: Tensor = self.out(features)
        return logits
