"""Convolutional building blocks that families of models share: Conv -> ReLU -> BatchNorm, with and without a skip.

One-dimensional blocks take the padding mask of a batch and keep one rule: what comes in is zero after each sequence's
end, and what goes out is so again.  A convolution then sees beyond the end the same zeros as at the edge of the array,
normalisation counts valid steps only, and no amount of padding changes a valid step.

Sources: the heartbeat study's tables of layers; residual connections after He et al. 2016 (arXiv:1512.03385);
squeeze-and-excitation after Hu et al. 2018 (arXiv:1709.01507); dilation after Yu and Koltun 2016 (arXiv:1511.07122).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# B batch, C channel, T time, H height, W width

REDUCTION, LEAST = 16, 4
"""Squeeze-and-excitation: a channel's share of a hidden unit (Hu et al., section 6.1), and the fewest units."""


def normalised(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Return the batch normalisation of x (N,C,...).

    A single value per channel (a last batch of one row, pooled to one step) has no variance, and torch refuses it in
    training: it is normalised with the running statistics instead, which it leaves as they are.
    """
    if norm.training and x.numel() == x.shape[1]:
        return functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
    normed: Tensor = norm(x)
    return normed


def normalised_steps(norm: nn.BatchNorm1d, x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the batch normalisation of x (B,C,T) with statistics over valid steps only, zero at all others."""
    if mask is None:
        return normalised(norm, x)
    normed = normalised(norm, x.transpose(1, 2)[mask])  # (valid steps, C)
    out = normed.new_zeros(x.shape[0], x.shape[2], x.shape[1])
    out[mask] = normed
    return out.transpose(1, 2)


def dilations(base: int, blocks: int, steps: int) -> list[int]:
    """Return the dilation of each of a stage's blocks: block i = 1, 2, ... has base ** i.

    None is larger than ``steps``, from where on the outer taps see zeros only.
    """
    return [min(base**i, steps) for i in range(1, blocks + 1)]


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate between 0 and 1, computed from all channels' means.  Shapes stay.

    x (B,C,T) or (B,C,H,W).  mask (B,T) of valid steps, zeros elsewhere in x; None: all are valid.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        units = max(channels // REDUCTION, LEAST)
        self.squeeze = nn.Linear(channels, units)
        self.excite = nn.Linear(units, channels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return x, scaled."""
        means = x.flatten(2).mean(dim=2) if mask is None else x.sum(dim=2) / mask.sum(dim=1, keepdim=True).to(x.dtype)
        gates = torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))  # (B,C)
        return x * gates.reshape(*gates.shape, *(1,) * (x.dim() - 2))


class ConvBlock1d(nn.Module):
    """Conv1d (3, 1, 1) -> ReLU -> BatchNorm1d.  (B,in,T), mask (B,T) or None -> (B,out,T).

    kernel: odd;  the padding keeps T at every kernel and dilation.  norm: whether BatchNorm1d is there.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3, dilation: int = 1, norm: bool = True) -> None:
        super().__init__()
        around = dilation * (kernel - 1) // 2
        self.conv = nn.Conv1d(inputs, outputs, kernel_size=kernel, stride=1, padding=around, dilation=dilation)
        self.norm = nn.BatchNorm1d(outputs) if norm else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B,out,T)."""
        x = functional.relu(self.conv(x))
        if self.norm is not None:
            return normalised_steps(self.norm, x, mask)
        return x if mask is None else x.masked_fill(~mask[:, None], 0.0)


class ResidualBlock1d(nn.Module):
    """Two ConvBlock1d plus a skip: identity, or a pointwise projection where widths differ.  Shapes as ConvBlock1d.

    residual: whether the skip is there.  squeeze_excite: whether the blocks' channels are scaled before the skip is
    added (Hu et al., figure 3).  Both convolutions have the kernel and the dilation.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 3,
        dilation: int = 1,
        residual: bool = True,
        squeeze_excite: bool = False,
    ) -> None:
        super().__init__()
        self.first = ConvBlock1d(inputs, outputs, kernel=kernel, dilation=dilation)
        self.second = ConvBlock1d(outputs, outputs, kernel=kernel, dilation=dilation)
        self.skip: nn.Module | None = None
        if residual:
            # No bias: it would fill the padding.
            self.skip = nn.Identity() if inputs == outputs else nn.Conv1d(inputs, outputs, kernel_size=1, bias=False)
        self.scale = SqueezeExcite(outputs) if squeeze_excite else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B,out,T)."""
        out: Tensor = self.second(self.first(x, mask), mask)
        if self.scale is not None:
            out = self.scale(out, mask)
        return out if self.skip is None else self.skip(x) + out


class ConvBlock2d(nn.Module):
    """Conv2d (3x3, 1, 1) -> ReLU -> BatchNorm2d.  (B,in,H,W) -> (B,out,H,W) at every dilation."""

    def __init__(self, inputs: int, outputs: int, *, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, stride=1, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,out,H,W)."""
        return normalised(self.norm, functional.relu(self.conv(x)))


class ResidualBlock2d(nn.Module):
    """Two ConvBlock2d plus a skip, as ResidualBlock1d.  Shapes as ConvBlock2d."""

    def __init__(
        self, inputs: int, outputs: int, *, dilation: int = 1, residual: bool = True, squeeze_excite: bool = False
    ) -> None:
        super().__init__()
        self.first = ConvBlock2d(inputs, outputs, dilation=dilation)
        self.second = ConvBlock2d(outputs, outputs, dilation=dilation)
        self.skip: nn.Module | None = None
        if residual:
            self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
        self.scale = SqueezeExcite(outputs) if squeeze_excite else None

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,out,H,W)."""
        out: Tensor = self.second(self.first(x))
        if self.scale is not None:
            out = self.scale(out)
        return out if self.skip is None else self.skip(x) + out
