"""What knows where sequences end: masks, pooling, and states that never depend on the padding of a batch.

Arrays are padded at the back.  The functions that reduce over time expect zeros there, as the blocks leave them.
"""

import torch
from torch import Tensor
from torch.nn import functional

# B batch, C channel, T time, H state


def valid_steps(lengths: Tensor, steps: int) -> Tensor | None:
    """Return the mask (B,T) of steps before each sequence's end; None where every sequence is full."""
    if bool((lengths >= steps).all()):
        return None
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def zeroed(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return x (B,T,C) with zeros after each sequence's end.  mask (B,T) or None."""
    return x if mask is None else x.masked_fill(~mask[:, :, None], 0.0)


def fitted(x: Tensor, lengths: Tensor, steps: int) -> Tensor:
    """Return a batch with zeros after each sequence's end, cut to at most ``steps``.  (B,T,C) -> (B,min(T,steps),C).

    Raises:
        ValueError: a sequence is longer than ``steps``.
    """
    if x.shape[1] > steps:
        longest = int(lengths.max())
        if longest > steps:
            raise ValueError(f"a sequence has {longest} steps; this model was built for at most {steps}")
        x = x[:, :steps]
    return zeroed(x, valid_steps(lengths, x.shape[1]))


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


def mean_valid(x: Tensor, lengths: Tensor) -> Tensor:
    """Return each channel's mean over valid steps.  (B,C,T), zero after each end, (B,) -> (B,C)."""
    return x.sum(dim=2) / lengths[:, None].to(x.dtype)


def max_valid(x: Tensor, lengths: Tensor) -> Tensor:
    """Return each channel's maximum over valid steps.  (B,C,T), (B,) -> (B,C)."""
    mask = valid_steps(lengths, x.shape[2])
    return (x if mask is None else x.masked_fill(~mask[:, None], -torch.inf)).amax(dim=2)


def last_valid(states: Tensor, lengths: Tensor) -> Tensor:
    """Return each sequence's state at its last valid step.  (B,T,H), (B,) -> (B,H)."""
    return states[torch.arange(lengths.shape[0], device=states.device), lengths - 1]


def reversed_steps(x: Tensor, lengths: Tensor) -> Tensor:
    """Return the batch with each sequence's valid steps in reverse; padding stays at the back.  (B,T,C), (B,)."""
    time = torch.arange(x.shape[1], device=x.device)
    return _taken(x, torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time))


def front_padded(x: Tensor, lengths: Tensor) -> Tensor:
    """Return the batch with its padding moved from the back to the front.  (B,T,C), (B,) -> (B,T,C)."""
    steps = x.shape[1]
    return _taken(x, (torch.arange(steps, device=x.device) + lengths[:, None]) % steps)


def _taken(x: Tensor, order: Tensor) -> Tensor:
    """Return x (B,T,C) with row b's steps in the order (B,T) of row b."""
    rows = torch.arange(x.shape[0], device=x.device)[:, None] * x.shape[1]
    # Rows of one flat matrix: on CPU the backward pass adds whole rows, several times faster than single values.
    return x.flatten(0, 1).index_select(0, (rows + order).flatten()).view_as(x)
