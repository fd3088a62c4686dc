"""Campaign and trial configurations: files to checked values, and back without loss."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from data.config import Balance, DataConfig, DataOptions
from models.configs import ModelConfig
from search_spaces.dimensions import Bounds
from tuning.campaign.frozen import Frozen
from tuning.campaign.objective import ObjectiveConfig

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


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
    batching: Literal["shuffled", "bucketed"] = "shuffled"
    """``bucketed``: rows of similar length share a batch, batches come in random order; less padding, still seeded."""


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

    version: Literal[2] = 2
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

    @model_validator(mode="before")
    @classmethod
    def _grouped_by_default(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and fields.get("group") is not None and "split" not in fields:
            return {**fields, "split": "grouped"}
        return fields

    @model_serializer(mode="wrap")
    def _with_split(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keep ``split`` beside a ``group`` even without defaults: its default depends on the group."""
        fields: dict[str, Any] = serialize(self)
        return fields if self.group is None else fields | {"split": self.split}

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


class CampaignTrain(TrainConfig):
    """``[train]``: as for a trial, and how weak trials are stopped early."""

    early_stopping: Literal["none", "successive-halving"] = "none"
    """``successive-halving``: a trial ends at a rung unless it is among the best of the trials known before it."""
    grace_epochs: int = Field(default=1, ge=1)
    """Successive halving: the epoch of the first rung."""
    reduction_factor: int = Field(default=3, ge=2)
    """Successive halving: each rung is this many times later than the one before and lets one in this many continue."""

    def of_trial(self) -> dict[str, Any]:
        """Return the fields that a trial has; the rungs of successive halving are in its ``rungs``."""
        return {name: value for name, value in self if name in TrainConfig.model_fields}


class SpaceOptions(Frozen):
    """``[space]``: which space, and how it is restricted for this campaign."""

    name: str
    fix: dict[str, Any] = {}
    """Dimension (path, or last word where unambiguous) -> one value."""
    narrow: dict[str, Bounds | list[Any]] = {}
    """Dimension -> inclusive bounds ``{ low = 1, high = 2 }``, or a list of values."""
    include: list[str] = []
    """Optional dimensions to search as well."""


class SearchOptions(Frozen):
    """``[search]``: which algorithm suggests how many trials."""

    algorithm: Literal["hyperopt", "random", "grid"] = "hyperopt"
    trials: int | None = Field(default=None, ge=1)
    """Default: 50; with ``grid`` every point of the space, ``replicates`` times."""
    replicates: int = Field(default=1, ge=1)
    """Trials per configuration; replicate r has the same seed in every configuration."""
    window: int = Field(default=8, ge=1)
    """Maximum number of pending trials; at least the concurrency, ideally twice that, so that no worker idles."""
    startup_trials: int | None = Field(default=None, ge=1)
    """Random suggestions before the model-based ones (HyperOpt).  Default: 20, at most 40 % of the configurations."""
    on_duplicate: Literal["resample", "replicate", "reuse"] = "resample"
    """A suggestion seen before: ask again, train it with its own seed, or reuse the earlier result."""


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


class ComparisonOptions(Frozen):
    """``[comparison]``: the question that ``seqtune compare`` answers."""

    question: str = ""
    factor: str
    """The searched dimension whose levels are compared (path, or last word where unambiguous)."""
    by: str | None = None
    """A searched dimension by which the comparison is stratified: one answer per value."""
    response: Literal["objective", "train_loss", "overfitting", "best_epoch", "seconds"] = "objective"
    """What is compared: the best objective; the last epoch's training loss; the last validation loss minus the lowest
    one; the epoch of the best objective; training time."""


Seed = Annotated[int, Field(ge=0, lt=2**63)]


class CampaignConfig(Frozen):
    """A campaign file.  Only name, seed, data.dataset and space.name are required."""

    name: str
    seed: Seed
    data: CampaignData
    space: SpaceOptions
    search: SearchOptions = SearchOptions()
    train: CampaignTrain = CampaignTrain()
    objective: ObjectiveConfig = ObjectiveConfig()
    resources: ResourceOptions = ResourceOptions()
    budget: BudgetOptions = BudgetOptions()
    comparison: ComparisonOptions | None = None

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
