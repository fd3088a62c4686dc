"""Whether a model fits into memory, before it is built."""

import torch

from data.arrays import Arrays
from data.memory import machine_bytes
from models.catalogue import build
from models.configs import ModelConfig

BYTES_PER_WEIGHT = 12
"""A weight, its gradient and one moment of the optimizer as float32: less than any optimizer but plain SGD takes."""


def check_size(model: ModelConfig, arrays: Arrays) -> None:
    """Raise ValueError where the weights, their gradients and the optimizer's state exceed the machine's memory.

    What layers compute in between comes on top, so this refuses what cannot work, not all that will not.
    """
    weights = count_weights(model, arrays)
    needed, there = weights * BYTES_PER_WEIGHT, machine_bytes()
    if needed > there:
        raise ValueError(
            f"the model has {weights:,} weights: with gradients and optimizer at least {needed / 2**30:,.0f} GiB, and "
            f"this machine has {there / 2**30:,.0f} GiB of memory. Lower its widths or its number of layers"
        )


def count_weights(model: ModelConfig, arrays: Arrays) -> int:
    """Return the number of a network's weights.  On torch's meta device, which allocates and draws nothing."""
    with torch.device("meta"):
        built = build(model, steps=arrays.steps, channels=arrays.channels, outputs=arrays.outputs, tokens=arrays.tokens)
    return sum(weight.numel() for weight in built.parameters())
