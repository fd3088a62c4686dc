"""A small InceptionTime, a space for it, and a metric: a user's own code for a campaign (inception.toml).

Source: Ismail Fawaz et al., "InceptionTime: Finding AlexNet for time series classification", Data Mining and Knowledge
Discovery 34, 1936-1962, 2020.  One network instead of an ensemble of five.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models.blocks import normalised_steps
from models.configs import NeuralConfig
from models.padding import fitted, mean_valid, valid_steps
from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.space import Space
from tuning.campaign.objective import Metric

# B batch, C channel, T time, O output


class InceptionConfig(NeuralConfig):
    """InceptionTime; the defaults are the paper's."""

    family: Literal["inception"] = "inception"
    filters: int = Field(default=32, ge=1, le=512)
    """Of each of a module's four branches."""
    modules: int = Field(default=6, ge=1, le=24)
    kernel: int = Field(default=40, ge=8, le=200)
    """Longest kernel; the others have a half and a quarter of it, each made odd."""
    residual: bool = True
    """Whether every third module has a skip connection."""


class InceptionModule(nn.Module):
    """Bottleneck, three convolutions and max pooling side by side, then batch normalisation.  (B,C,T) -> (B,4F,T)."""

    def __init__(self, inputs: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.bottleneck = nn.Conv1d(inputs, filters, 1, bias=False)
        self.branches = nn.ModuleList(
            nn.Conv1d(filters, filters, length // 2 * 2 + 1, padding=length // 2, bias=False)
            for length in (kernel, kernel // 2, kernel // 4)
        )
        self.pooled = nn.Conv1d(inputs, filters, 1, bias=False)
        self.norm = nn.BatchNorm1d(4 * filters)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B,4F,T), zero after each sequence's end as x is.  mask (B,T) of valid steps; None: all are."""
        narrow = self.bottleneck(x)
        if mask is None:
            highest = functional.max_pool1d(x, 3, stride=1, padding=1)
        else:  # the zeros of the padding are no maximum
            highest = functional.max_pool1d(x.masked_fill(~mask[:, None], -torch.inf), 3, stride=1, padding=1)
            highest = highest.masked_fill(~mask[:, None], 0.0)
        parts = [*(branch(narrow) for branch in self.branches), self.pooled(highest)]
        return normalised_steps(self.norm, torch.cat(parts, dim=1), mask)


class Inception(nn.Module):
    """Inception modules, skips, mean over time, a linear head.  (B,T,C), (B,) -> (B,O)."""

    def __init__(self, config: InceptionConfig, *, steps: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.steps = steps
        width = 4 * config.filters
        sizes = [channels, *[width] * (config.modules - 1)]
        self.stack = nn.ModuleList(InceptionModule(size, config.filters, config.kernel) for size in sizes)
        starts = [channels, *[width] * (config.modules // 3)] if config.residual else []
        self.skips = nn.ModuleList(nn.Conv1d(size, width, 1) for size in starts[: config.modules // 3])
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (B,O)."""
        x = fitted(x, lengths, self.steps)
        mask = valid_steps(lengths, x.shape[1])
        x = skipped = x.transpose(1, 2)  # (B,C,T)
        for number, module in enumerate(self.stack, start=1):
            x = module(x, mask)
            if number % 3 == 0 and len(self.skips) > 0:
                x = x + self.skips[number // 3 - 1](skipped)
            x = functional.relu(x if mask is None else x.masked_fill(~mask[:, None], 0.0))
            skipped = x if number % 3 == 0 else skipped
        out: Tensor = self.head(mean_valid(x, lengths))
        return out


def geometric_mean(counts: NDArray[np.int64]) -> float:
    """(K, K) counts -> geometric mean of the recalls of classes (Kubat and Matwin 1997); rows are true classes."""
    true = counts.sum(axis=1)
    recalls = counts.diagonal()[true > 0] / true[true > 0]
    return float(recalls.prod() ** (1 / len(recalls)))


MODELS = {"inception": (InceptionConfig, Inception)}

SPACES = {
    "inception": Space(
        name="inception",
        models=(InceptionConfig,),
        dimensions={
            "model.filters": Choice(4, 8, 16, 32),
            "model.modules": Integer(1, 6),
            "model.kernel": Choice(20, 40, 60),
            "train.learning_rate": Real(3e-4, 1e-2, log=True),
        },
        optional={"model.residual": Choice(True, False)},
        source="Ismail Fawaz et al. 2020, sections 3 and 5",
    )
}

METRICS = {"geometric_mean": Metric(function=geometric_mean, goal="max", low=0.0, high=1.0)}
