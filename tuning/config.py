"""Campaign and trial configurations: files to checked values, and back without loss."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.config import Balance, DataConfig, DataOptions
from models.configs import ModelConfig
from tuning.complaints import nearest

METRICS = {
    "accuracy": "max",
    "balanced_accuracy": "max",
    "recall_macro": "max",
    "precision_macro": "max",
    "f1_macro": "max",
    "loss": "min",
    "mae": "min",
    "rmse": "min",
    "r2": "max",
}
"""What an objective may be, and its goal; ``mae``, ``rmse`` and ``r2`` are those of a regression, ``loss`` of both.

``balanced_accuracy`` and ``recall_macro`` differ only where a class is absent from the validation split.
"""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Frozen(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainConfig(Frozen):
    """How one model is trained.  Defaults: the heartbeat report's protocol."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=32, ge=1)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """``sgd`` has a momentum of 0.9."""
    learning_rate: float = Field(default=1e-3, gt=0.0)
    weight_decay: float = Field(default=1e-5, ge=0.0)
    scheduler: Literal["plateau", "cosine", "none"] = "plateau"
    plateau_factor: float = Field(default=0.2, gt=0.0, lt=1.0)
    plateau_patience: int = Field(default=2, ge=0)
    early_stopping_patience: int = Field(default=15, ge=1)
    """Epochs without a better objective after which a trial ends."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: forward and backward under autocast; faster on processors that have it, other bits."""
    batches: Literal["shuffled", "by-length"] = "shuffled"
    """``by-length``: rows of like length share a batch, batches come in random order; less padding, still seeded."""


class ObjectiveConfig(Frozen):
    """The validation metric that ranks trials."""

    metric: str = "recall_macro"

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in METRICS:
            raise ValueError(f"no such metric. Known: {', '.join(METRICS)}.{nearest(value, METRICS)}")
        return value

    @property
    def goal(self) -> Literal["max", "min"]:
        """``max`` or ``min``."""
        return "min" if METRICS[self.metric] == "min" else "max"

    def better(self, a: float, b: float | None) -> bool:
        """Whether ``a`` is strictly better than ``b``; anything is better than None."""
        return b is None or (a > b if self.goal == "max" else a < b)


class DeviceConfig(Frozen):
    """What a trial runs on; all of it changes bits."""

    threads: int = Field(default=1, ge=1)
    device: Literal["cpu", "cuda"] = "cpu"


class Rung(Frozen):
    """A trial ends at ``epoch`` unless its best objective so far is at least as good as ``threshold``."""

    epoch: int = Field(ge=1)
    threshold: float


class TrialConfig(Frozen):
    """One training run, complete: with the data and the package nothing else is needed to train it again."""

    version: Literal[1] = 1
    campaign: str
    index: int = Field(ge=0)
    """k, the trial's place in the campaign's order."""
    seed: int = Field(ge=0, lt=2**32)
    space: str
    model: ModelConfig
    train: TrainConfig
    data: DataConfig
    data_sha256: str
    objective: ObjectiveConfig
    device: DeviceConfig
    rungs: tuple[Rung, ...] = ()
    """Early stopping, fixed when the trial was suggested, so that it stops at the same epoch when trained alone."""


Window = Annotated[int, Field(ge=1)]

VARIED = ("balance", "window")
"""The fields of ``[data]`` that may be lists."""


class CampaignData(DataOptions):
    """``[data]``: as for a trial, but ``balance`` and ``window`` may be lists, which makes them dimensions."""

    balance: Balance | list[Balance] = "raw"
    window: Window | list[Window] = 32  # type: ignore[assignment] # nothing is prepared from a campaign's own options

    @field_validator(*VARIED)
    @classmethod
    def _distinct(cls, value: object) -> object:
        if isinstance(value, list) and (not value or len(set(value)) < len(value)):
            raise ValueError("a list needs at least one value, and none twice")
        return value

    @property
    def options(self) -> dict[str, tuple[str | int, ...]]:
        """Field -> every value that a trial may be given, for the fields that may be lists."""
        listed = {name: getattr(self, name) for name in VARIED}
        return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in listed.items()}


class SpaceOptions(Frozen):
    """``[space]``: which space, and how it is cut for this campaign."""

    name: str
    fix: dict[str, Any] = {}
    """Dimension (path, or last word where unambiguous) -> one value."""
    narrow: dict[str, list[Any]] = {}
    """Dimension -> inclusive [low, high], or a list of choices."""
    also: list[str] = []
    """Second-stage dimensions to switch on."""


class SearchOptions(Frozen):
    """``[search]``: which algorithm asks for how many trials."""

    algorithm: Literal["hyperopt", "random", "grid"] = "hyperopt"
    trials: int | None = Field(default=None, ge=1)
    """Default: 50; with ``grid`` every point of the space, ``replicates`` times."""
    replicates: int = Field(default=1, ge=1)
    """Trials of each configuration, replicate r of all configurations with one seed."""
    window: int = Field(default=8, ge=1)
    """How many trials may be in flight without knowing each other's results."""
    startup_trials: int = Field(default=20, ge=1)
    """Random suggestions before the model-based ones (HyperOpt)."""
    on_duplicate: Literal["resample", "replicate", "reuse"] = "resample"
    stopper: Literal["none", "halving"] = "none"
    grace_epochs: int = Field(default=1, ge=1)
    """The first rung (halving)."""
    reduction_factor: int = Field(default=3, ge=2)
    """Each rung lies this many times later than the one before, and lets one in this many pass (halving)."""


class ResourceOptions(DeviceConfig):
    """``[resources]``."""

    concurrency: int = Field(default=2, ge=1)
    max_retries: int = Field(default=2, ge=0)
    """How often a trial whose worker died is started again."""
    trial_wall_s: float | None = Field(default=None, gt=0)
    """A trial that has trained longer than this, in seconds, ends as failed; looked at after each epoch."""


class BudgetOptions(Frozen):
    """``[budget]``."""

    wall_s: float | None = Field(default=None, gt=0)
    """A launch ends gracefully after this many seconds; launching again goes on."""


class StudyOptions(Frozen):
    """``[study]``: the question that ``seqtune study`` answers."""

    question: str = ""
    factor: str
    """The dimension whose settings are compared (path, or last word where unambiguous)."""
    by: str | None = None
    """A dimension for each value of which the question is answered apart (path, or last word where unambiguous)."""
    measure: Literal["objective", "train_loss", "overfitting", "best_epoch", "seconds"] = "objective"
    """What is tested: the best objective; the last epoch's training loss; how far the validation loss has risen above
    its best by the last epoch; the epoch of the best objective; training time."""


Seed = Annotated[int, Field(ge=0, lt=2**63)]


class CampaignConfig(Frozen):
    """A campaign file.  Only name, seed, data.dataset and space.name are required."""

    name: str
    seed: Seed
    data: CampaignData
    space: SpaceOptions
    search: SearchOptions = SearchOptions()
    train: TrainConfig = TrainConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    resources: ResourceOptions = ResourceOptions()
    budget: BudgetOptions = BudgetOptions()
    study: StudyOptions | None = None

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError("letters, digits and . _ - only, a letter or digit first, at most 100 characters")
        return value

    @model_validator(mode="after")
    def _window_holds_concurrency(self) -> Self:
        if self.search.window < self.resources.concurrency:
            raise ValueError(
                f"search.window = {self.search.window} is smaller than resources.concurrency = "
                f"{self.resources.concurrency}: the campaign would depend on which trial finishes first. "
                f"Set search.window >= {self.resources.concurrency}, or lower the concurrency"
            )
        return self
