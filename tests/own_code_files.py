"""Small files of a user's code for tests, and a campaign that names one."""

from functools import partial
from pathlib import Path

from tuning.campaign import file

load = partial(file.load, with_code=True)
"""As ``seqtune launch`` loads a campaign file."""

MODEL = """\
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from models.configs import NeuralConfig
from models.padding import mean_valid, valid_steps, zeroed
from search_spaces.dimensions import Choice
from search_spaces.space import Space


class MeanConfig(NeuralConfig):
    family: Literal["mean"] = "mean"
    hidden: int = Field(default=6, ge=1)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)


class Mean(nn.Module):
    def __init__(self, config, *, steps, channels, outputs):
        super().__init__()
        self.first = nn.Linear(channels, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.hidden, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = zeroed(x, valid_steps(lengths, x.shape[1]))
        return self.out(self.dropout(self.first(mean_valid(x.transpose(1, 2), lengths)).tanh()))


MODELS = {"mean": (MeanConfig, Mean)}
SPACES = {"means": Space(name="means", models=(MeanConfig,), dimensions={"model.hidden": Choice(2, 4, 8)})}
"""

METRICS = """\
from tuning.campaign.objective import Metric

METRICS = {
    "worst_recall": Metric(
        function=lambda counts: (counts.diagonal() / counts.sum(axis=1).clip(min=1)).min(), goal="max", low=0, high=1
    ),
    "brier": Metric(
        function=lambda truth, scores: ((scores[range(len(truth)), truth] - 1) ** 2).mean(), goal="min", of="scores"
    ),
}
"""

CAMPAIGN = """\
name = "own"
seed = 5
code = {code}
[data]
dataset = "{dataset}"
[space]
name = "{space}"
[search]
trials = 3
window = 2
algorithm = "random"
[train]
epochs = 2
[objective]
metric = "{metric}"
[resources]
concurrency = 1
"""


def write_campaign(
    folder: Path,
    files: dict[str, str],
    *,
    dataset: object = "synthetic",
    space: str = "means",
    metric: str = "recall_macro",
) -> Path:
    """Write files of code and a campaign that names them; return the campaign's path."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "own.toml"
    path.write_text(CAMPAIGN.format(code=list(files), dataset=dataset, space=space, metric=metric), encoding="utf-8")
    return path
