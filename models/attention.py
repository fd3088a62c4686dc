"""Attention that never looks at padding: a summary of recurrent states, a Transformer's encoder, its positions.

Torch's fast path for evaluation is switched off here: it packs batches by their padding and computes in another order,
so that a row's logits would depend on whether gradients are wanted and on what else is in its batch.

Source: Vaswani et al. 2017 (arXiv:1706.03762); normalisation before each part, Xiong et al. 2020 (arXiv:2002.04745).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from models.padding import last_valid, valid_steps

# B batch, T time, H width

FEEDFORWARD = 4
"""Width of an encoder layer's feed-forward part, in widths of the layer (Vaswani et al., section 3.3)."""


@contextmanager
def slow_path() -> Iterator[None]:
    """Attention computes as it does in training."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def positions(steps: int, width: int, *, like: Tensor) -> Tensor:
    """Return sinusoidal positions (T,H) of the type and device of ``like``: sines first, then cosines.

    They are Vaswani et al.'s (section 3.5), which found learned ones no better.  They have no weights and no longest
    sequence.
    """
    half = (width + 1) // 2
    frequencies = torch.exp(torch.arange(half, device=like.device) * (-math.log(10_000.0) / half))
    angles = torch.arange(steps, device=like.device)[:, None] * frequencies  # (T,H/2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width].to(like.dtype)


class StateAttention(nn.Module):
    """The last valid state, plus what its multi-head attention finds in all valid states.  (B,T,H), (B,) -> (B,H)."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Return the summary (B,H)."""
        mask = valid_steps(lengths, states.shape[1])
        last = last_valid(states, lengths)
        with slow_path():
            found, _ = self.attention(
                last[:, None], states, states, key_padding_mask=None if mask is None else ~mask, need_weights=False
            )
        summary: Tensor = last + found[:, 0]
        return summary


class Encoder(nn.Module):
    """Positions, dropout, then pre-norm Transformer layers and a last normalisation.  (B,T,H), (B,) -> (B,T,H)."""

    def __init__(self, hidden: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        # Not nn.TransformerEncoder: it copies one layer, so that all layers begin with the same weights.
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                hidden, heads, FEEDFORWARD * hidden, dropout=dropout, batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the encoded steps; those after a sequence's end mean nothing."""
        mask = valid_steps(lengths, x.shape[1])
        x = self.dropout(x + positions(x.shape[1], x.shape[2], like=x))
        with slow_path():
            for layer in self.layers:
                x = layer(x, src_key_padding_mask=None if mask is None else ~mask)
        encoded: Tensor = self.norm(x)
        return encoded
