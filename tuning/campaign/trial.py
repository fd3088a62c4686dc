"""A trial's configuration: everything that is needed to train it again, beside the data and the package."""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
)

from data.config import DataConfig
from models.registered import TrialModel
from tuning.campaign.code_files import MOST_FILES, CodeFile
from tuning.campaign.frozen import Frozen
from tuning.campaign.objective import ObjectiveConfig

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

MOST = 10**6
"""Bound of counts: trials, epochs, rows of a batch.  Generous, so that it is met only by mistakes and by malice."""

MOST_PROCESSES = 1024
"""Bound of threads, workers and retries; ``check_threads`` compares the first two with the machine."""


def _plain(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("letters, digits and . _ - only, a letter or digit first, at most 100 characters")
    return value


CampaignName = Annotated[str, AfterValidator(_plain)]
"""Also the name of the campaign's folder, so it must lead nowhere else."""


class TrainConfig(Frozen):
    """How one model is trained.  Defaults: the heartbeat report's protocol."""

    epochs: int = Field(default=30, ge=1, le=MOST)
    """Maximum number of epochs."""
    batch_size: int = Field(default=32, ge=1, le=MOST)
    """Rows per batch."""
    epoch_rows: int | None = Field(default=None, ge=1, le=10 * MOST)
    """Rows per epoch of a network, in a shuffled order that the next epoch continues.

    Trials on raw and on balanced data are then trained for equally many steps.  Default: all rows of the training part,
    after balancing."""
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """Optimizer.  ``sgd`` has a momentum of 0.9; all other options are PyTorch's defaults."""
    learning_rate: float = Field(default=1e-3, gt=0.0)
    """Initial learning rate."""
    weight_decay: float = Field(default=1e-5, ge=0.0)
    """Weight decay: an L2 penalty, with ``adamw`` decoupled from the gradient."""
    scheduler: Literal["plateau", "cosine", "none"] = "plateau"
    """Learning-rate schedule.

    ``plateau`` reduces it when the validation loss stops improving, ``cosine`` anneals it over all epochs."""
    plateau_factor: float = Field(default=0.2, gt=0.0, lt=1.0)
    """``scheduler = "plateau"``: factor by which the learning rate is multiplied."""
    plateau_patience: int = Field(default=2, ge=0, le=MOST)
    """``scheduler = "plateau"``: tolerated epochs without a lower validation loss."""
    early_stopping_patience: int = Field(default=15, ge=1, le=MOST)
    """Epochs without a better objective after which a trial ends.  A value of ``epochs`` or more disables it."""
    early_stopping_warmup: bool = False
    """Until the objective improves on its first-epoch value, a lower validation loss also resets the patience.

    For trials on rare classes, whose loss falls for some epochs before their macro recall moves."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Floating-point format of forward and backward pass.  ``bfloat16`` uses autocast.  Results depend on it."""
    batching: Literal["shuffled", "bucketed"] = "shuffled"
    """Shuffled batches, or batches of rows of similar length.  The latter need less padding.  Both are seeded."""


class DeviceConfig(Frozen):
    """What a trial runs on; all of it changes bits."""

    threads: int = Field(default=1, ge=1, le=MOST_PROCESSES)
    """Threads per trial.  Results depend on it.

    At most 64, or four per core of the machine if that is more."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Device on which neural networks are trained.  Results depend on it."""


class Rung(Frozen):
    """A trial ends at ``epoch`` unless its best objective so far is at least as good as ``threshold``."""

    epoch: int = Field(ge=1)
    threshold: float


class TrialConfig(Frozen):
    """One training run, complete: with the data and the package nothing else is needed to train it again."""

    version: Literal[2] = 2
    campaign: CampaignName
    index: int = Field(ge=0, lt=MOST)
    """k, the trial's place in the campaign's order."""
    seed: int = Field(ge=0, lt=2**32)
    space: str
    code: tuple[CodeFile, ...] = Field(default=(), max_length=MOST_FILES, exclude_if=lambda code: not code)
    """The user's code of the campaign, in its order; it precedes ``model``, whose family it may define."""
    model: TrialModel
    train: TrainConfig
    data: DataConfig
    data_sha256: str
    objective: ObjectiveConfig
    device: DeviceConfig
    rungs: tuple[Rung, ...] = ()
    """Early stopping, fixed when the trial was suggested, so that it stops at the same epoch when trained alone."""
