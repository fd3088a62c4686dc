"""Convolutional building blocks that families of models share: Conv -> ReLU -> BatchNorm, with and without a skip.

One-dimensional blocks take the padding mask of a batch and keep one rule: what comes in is zero after each sequence's
end, and what goes out is so again.  A convolution then sees beyond the end the same zeros as at the edge of the array,
normalisation counts valid steps only, and no amount of padding changes a valid step.

Source: the heartbeat study's tables of layers; residual connections after He et al. 2016 (arXiv:1512.03385).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# B batch, C channel, T time, H height, W width


def valid_steps(lengths: Tensor, steps: int) -> Tensor | None:
    """Return the mask (B,T) of steps before each sequence's end; None where every sequence is full."""
    if bool((lengths >= steps).all()):
        return None
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


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


def halved(x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Max pooling over time, kernel 2, stride 2, blind to padding.  (B,C,T), (B,) -> (B,C,max(T // 2, 1)), (B,).

    As for an unpadded sequence an odd last step is dropped; a sequence of one step keeps it.
    """
    mask = valid_steps(lengths, x.shape[2])
    if mask is not None:
        x = x.masked_fill(~mask[:, None], -torch.inf)
    if x.shape[2] == 1:
        return x, lengths
    x, lengths = functional.max_pool1d(x, 2), (lengths // 2).clamp(min=1)
    mask = valid_steps(lengths, x.shape[2])
    return x if mask is None else x.masked_fill(~mask[:, None], 0.0), lengths


def last_valid(states: Tensor, lengths: Tensor) -> Tensor:
    """Return each sequence's state at its last valid step.  (B,T,H), (B,) -> (B,H)."""
    return states[torch.arange(len(lengths), device=states.device), lengths - 1]


class ConvBlock1d(nn.Module):
    """Conv1d (3, 1, 1) -> ReLU -> BatchNorm1d.  (B,in,T), mask (B,T) or None -> (B,out,T)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel_size=3, stride=1, padding=1)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B,out,T)."""
        return normalised_steps(self.norm, functional.relu(self.conv(x)), mask)


class ResidualBlock1d(nn.Module):
    """Two ConvBlock1d plus a skip: identity, or a pointwise projection where widths differ.  Shapes as ConvBlock1d."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = ConvBlock1d(inputs, outputs)
        self.second = ConvBlock1d(outputs, outputs)
        # No bias: it would fill the padding.
        self.skip = nn.Identity() if inputs == outputs else nn.Conv1d(inputs, outputs, kernel_size=1, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B,out,T)."""
        out: Tensor = self.skip(x) + self.second(self.first(x, mask), mask)
        return out


class ConvBlock2d(nn.Module):
    """Conv2d (3x3, 1, 1) -> ReLU -> BatchNorm2d.  (B,in,H,W) -> (B,out,H,W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, stride=1, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,out,H,W)."""
        return normalised(self.norm, functional.relu(self.conv(x)))


class ResidualBlock2d(nn.Module):
    """Two ConvBlock2d plus a skip: identity, or a pointwise projection where widths differ.  Shapes as ConvBlock2d."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = ConvBlock2d(inputs, outputs)
        self.second = ConvBlock2d(outputs, outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,out,H,W)."""
        out: Tensor = self.skip(x) + self.second(self.first(x))
        return out
