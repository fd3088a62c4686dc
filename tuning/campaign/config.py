"""A campaign's configuration: files to checked values, and back without loss."""

import os
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from data.config import LONGEST_PATH, MOST_STEPS, Balance, DataOptions, ScaleMethod
from search_spaces.dimensions import Bounds
from search_spaces.own import OwnDimension
from tuning.campaign.code_files import MOST_FILES, CodeFile
from tuning.campaign.frozen import Frozen
from tuning.campaign.objective import MetricName, ObjectiveConfig
from tuning.campaign.trial import MOST, MOST_PROCESSES, CampaignName, DeviceConfig, TrainConfig

MOST_SOURCES = 100
"""Bound of the sources of a warm start."""


Window = Annotated[int, Field(ge=1, le=MOST_STEPS)]

VARIED = ("balance", "window", "scale")
"""The fields of ``[data]`` that may be lists."""


class CampaignData(DataOptions):
    """Data set, columns, split and class imbalance."""

    balance: Balance | list[Balance] = "raw"
    """Method against class imbalance, for the training part only.  A list adds a dimension to the search."""
    window: Window | list[Window] = 32  # type: ignore[assignment] # nothing is prepared from a campaign's own options
    """Series: time steps in one window.  A list adds a dimension to the search."""
    scale: ScaleMethod | list[ScaleMethod] | None = None  # type: ignore[assignment] # as window
    """Scaling of each channel by statistics of the training part, or of each sequence by its own (``per-sequence``).

    Default: ``none`` for sequences, ``standard`` for series.  The target of a series is always standardised.  A list
    adds a dimension to the search."""

    @model_validator(mode="before")
    @classmethod
    def _grouped_by_default(cls, fields: Any) -> Any:
        grouping = ("group", "segment")
        if isinstance(fields, dict) and "split" not in fields and any(fields.get(key) is not None for key in grouping):
            return {**fields, "split": "grouped"}
        return fields

    @model_serializer(mode="wrap")
    def _with_split(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keep ``split`` beside ``group`` or ``segment`` even without defaults: its default depends on them."""
        fields: dict[str, Any] = serialize(self)
        return fields if self.group is None and self.segment is None else fields | {"split": self.split}

    @model_validator(mode="after")
    def _divisions_fit_split(self) -> Self:
        if self.folds is not None and self.splits is not None:
            raise ValueError(
                f"data.folds = {self.folds} and data.splits = {self.splits} exclude each other: cross-validation, or "
                "random divisions. Leave one of them out"
            )
        if self.splits is not None and self.split not in {"stratified", "grouped", "de-chazal"}:
            raise ValueError(
                f'data.splits = {self.splits}: data.split = "{self.split}" has nothing to draw at random. Leave '
                "data.splits out"
            )
        if self.split == "leave-one-group-out" and self.folds is None:
            raise ValueError(
                'data.split = "leave-one-group-out" needs data.folds, the number of groups beside the test part. With '
                "few groups, set data.test_fraction = 0 as well: no group is then kept for the test part"
            )
        if self.split == "chronological" and self.folds is not None:
            raise ValueError(
                f"data.folds = {self.folds}: a series is split in order of time and has no folds. Leave the key out"
            )
        return self

    @field_validator(*VARIED)
    @classmethod
    def _distinct(cls, value: object) -> object:
        if isinstance(value, list) and (not value or len(set(value)) < len(value)):
            raise ValueError("a list needs at least one value, and none twice")
        return value

    @property
    def options(self) -> dict[str, tuple[Any, ...]]:
        """Field -> every value that a trial may be given, for the fields that may be lists."""
        listed = {name: getattr(self, name) for name in VARIED}
        return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in listed.items()}


class CampaignTrain(TrainConfig):
    """Hyperparameters of training that the space does not search, and early stopping of weak trials."""

    early_stopping: Literal["none", "successive-halving"] = "none"
    """Early stopping of weak trials: none, or at rungs of successive halving."""
    grace_epochs: int = Field(default=1, ge=1, le=MOST)
    """``early_stopping = "successive-halving"``: the epoch of the first rung."""
    reduction_factor: int = Field(default=3, ge=2, le=MOST)
    """``early_stopping = "successive-halving"``: ratio of successive rungs.  One trial in this many passes a rung."""

    def of_trial(self) -> dict[str, Any]:
        """Return the fields that a trial has; the rungs of successive halving are in its ``rungs``."""
        return {name: value for name, value in self if name in TrainConfig.model_fields}


class SpaceOptions(Frozen):
    """The search space, and how this campaign changes it."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["name"]}, {"required": ["model"]}]})

    name: str | None = None
    """Name of a space, as listed by ``seqtune spaces``."""
    model: str | None = None
    """Instead of ``name``: a model family, of which only ``dimensions`` are searched."""
    fix: dict[str, Any] = Field(default={})
    """Dimensions and other fields of the model to fix, each with its value, for example ``{ layers = 2 }``."""
    narrow: dict[str, Bounds | list[Any]] = Field(default={})
    """Dimensions to narrow, each to bounds or to a list of values.  Bounds are inclusive: ``{ low = 1, high = 2 }``."""
    include: list[str] = Field(default=[])
    """Optional dimensions to search, for example ``["train.optimizer"]``."""
    dimensions: dict[str, OwnDimension | list[Any]] = Field(default={})
    """Further dimensions, and dimensions to replace, each with bounds or a list of values."""

    @model_validator(mode="after")
    def _name_or_model(self) -> Self:
        if self.name is None and self.model is None:
            raise ValueError("needs name, a space (`seqtune spaces`), or model, a family with dimensions of your own")
        if self.name is not None and self.model is not None:
            raise ValueError(
                "name and model exclude each other: search a space, or a family with dimensions of your own"
            )
        return self

    @property
    def title(self) -> str:
        """What trials and tables call the space."""
        return self.name or f"model {self.model}"


Source = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]


class SearchOptions(Frozen):
    """Search algorithm and number of trials."""

    algorithm: Literal["hyperopt", "optuna-tpe", "random", "grid"] = "hyperopt"
    """Tree-structured Parzen estimator of HyperOpt or of Optuna (multivariate), random search, or grid."""
    trials: int | None = Field(default=None, ge=1, le=MOST)
    """Number of trials, a multiple of ``replicates``.

    Default: 50, rounded down to a multiple of ``replicates`` but at least one configuration; with ``grid``, every
    configuration times ``replicates``."""
    replicates: int = Field(default=1, ge=1, le=MOST)
    """Trials per configuration, each with another seed.  The seeds are the same for all configurations.

    With ``data.folds`` or ``data.splits`` it must be a multiple of their number, its default.  Replicate r uses fold or
    split r; after the last one it starts again at the first."""
    window: int = Field(default=8, ge=1, le=MOST)
    """Maximum number of pending trials.  At least the concurrency.  With three times that, workers rarely idle."""
    startup_trials: int | None = Field(default=None, ge=1, le=MOST)
    """Random suggestions before ``hyperopt``'s or ``optuna-tpe``'s TPE.

    Default: 20, at most 40 % of the configurations."""
    on_duplicate: Literal["resample", "replicate", "reuse"] = "resample"
    """How to treat a suggestion equal to an earlier one.

    ``resample`` draws again, ``replicate`` trains it with another seed, ``reuse`` copies the earlier result."""
    warm_start: list[Source] = Field(default=[], max_length=MOST_SOURCES, exclude_if=lambda sources: not sources)
    """``hyperopt`` and ``optuna-tpe``: earlier results that the search learns before its first suggestion.

    Names of other campaigns of the same home, and paths of exports (``.json`` or ``.toml``), relative to this file."""

    first: list[dict[str, Any]] = Field(default=[], max_length=MOST, exclude_if=lambda first: not first)
    """Configurations to try first, each a table of values.  The algorithm suggests the dimensions that are left out."""

    @model_validator(mode="after")
    def _warm_start_teaches(self) -> Self:
        if self.warm_start and self.algorithm in ("random", "grid"):
            raise ValueError(
                f"search.warm_start: {self.algorithm} search learns nothing from results. Leave the key out, or set "
                'search.algorithm to "hyperopt" or "optuna-tpe"'
            )
        plain = [os.path.normpath(source) for source in self.warm_start]
        if twice := [source for source, path in zip(self.warm_start, plain, strict=True) if plain.count(path) > 1]:
            raise ValueError(f'search.warm_start: "{twice[0]}" is listed twice. Keep one')
        return self


class ResourceOptions(DeviceConfig):
    """Workers, threads and time limits of trials."""

    concurrency: int = Field(default=2, ge=1, le=MOST_PROCESSES)
    """Trials that run at the same time, each in its own process.  At most ``search.window``.

    ``concurrency`` times ``threads`` is at most 64, or four per core of the machine if that is more."""
    address: str | None = Field(default=None, min_length=1, max_length=300)
    """Ray cluster on which trials run: ``auto`` for that of the Ray node on this machine, or its head's HOST:PORT.

    Default: ``RAY_ADDRESS``, or this machine alone."""
    gpus: float | None = Field(default=None, gt=0, le=MOST_PROCESSES)
    """``device = "cuda"``: GPUs per trial, also a fraction.  Default: one; on this machine alone one for all trials."""
    mixed_processors: bool = False
    """Accept nodes with other processors than this machine.  Their trials may have other bits."""
    max_retries: int = Field(default=2, ge=0, le=MOST_PROCESSES)
    """Maximum number of restarts of a trial whose worker died."""
    trial_wall_s: float | None = Field(default=None, gt=0)
    """Maximum training time of a trial in seconds.  Checked after each epoch; a longer trial fails.  Default: none."""


class BudgetOptions(Frozen):
    """Time limit of a launch."""

    wall_s: float | None = Field(default=None, gt=0)
    """Maximum duration of a launch in seconds.  The same command resumes the campaign.  Default: no limit."""


class LimitOptions(Frozen):
    """Largest networks that are trained.  A suggestion beyond a limit is replaced before it becomes a trial."""

    parameters: int | None = Field(default=None, ge=1)
    """Maximum number of trainable parameters of a network.  Default: no limit."""
    memory_mb: float | None = Field(default=None, gt=0)
    """Maximum estimated memory of training a network, in MiB.  Default: no limit.

    Counts weights, gradients, optimizer, the kept best weights, and the activations of one batch or a checkpoint,
    whichever is larger; not the data, Python and its libraries."""


Response = Literal["objective", "train_loss", "overfitting", "generalisation_gap", "best_epoch", "seconds"]


class ComparisonOptions(Frozen):
    """The question that ``seqtune compare`` answers."""

    question: str = ""
    """Question to print above the answer."""
    factor: str
    """Searched dimension whose levels are compared."""
    by: str | None = None
    """Second searched dimension: its values are analysed separately.  Default: all trials together."""
    response: Literal[Response, MetricName] = "objective"
    """Quantity that is compared.  A metric is that of each trial's best epoch."""


Seed = Annotated[int, Field(ge=0, lt=2**63)]


class CampaignConfig(Frozen):
    """A campaign file.  Only name, seed, data.dataset, and space.name or space.model are required."""

    name: CampaignName
    """Name of the campaign.  Up to 100 letters, digits and ``.``, ``_``, ``-``; a letter or digit first."""
    seed: Seed
    """Seed from which all seeds of the campaign are derived."""
    code: list[str | SkipJsonSchema[CodeFile]] = Field(
        default=[], max_length=MOST_FILES, exclude_if=lambda code: not code
    )
    """Python files with models, spaces, metrics and data sets of your own, relative to this file.  They are run."""
    data: CampaignData
    space: SpaceOptions
    search: SearchOptions = SearchOptions()
    train: CampaignTrain = CampaignTrain()
    objective: ObjectiveConfig = ObjectiveConfig()
    resources: ResourceOptions = ResourceOptions()
    budget: BudgetOptions = BudgetOptions()
    limits: LimitOptions = LimitOptions()
    comparison: ComparisonOptions | None = None

    @property
    def code_files(self) -> tuple[CodeFile, ...]:
        """The campaign's code, once it was read."""
        return tuple(file for file in self.code if isinstance(file, CodeFile))

    @model_validator(mode="before")
    @classmethod
    def _replicates_by_default(cls, fields: Any) -> Any:
        data, search = (fields.get(table) for table in ("data", "search")) if isinstance(fields, dict) else (None, None)
        given = [data.get("folds"), data.get("splits")] if isinstance(data, dict) else []
        divisions = next((number for number in given if type(number) is int), None)
        if divisions is None or not isinstance(search, dict | None) or "replicates" in (search or {}):
            return fields
        return {**fields, "search": {**(search or {}), "replicates": divisions}}

    @model_validator(mode="after")
    def _replicates_cover_divisions(self) -> Self:
        divisions, replicates, words = self.data.divisions, self.search.replicates, f"{self.data.division}s"
        if divisions is not None and replicates % divisions:
            raise ValueError(
                f"search.replicates = {replicates} is no multiple of data.{words} = {divisions}: configurations would "
                f"be evaluated more often on some {words} than on others. Set search.replicates to a multiple of "
                f"{divisions}, or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _warm_start_from_others(self) -> Self:
        if self.name in self.search.warm_start:
            raise ValueError(
                f'search.warm_start: "{self.name}" is this campaign itself, which resumes by itself. Leave it out, or '
                "choose another name (--name)"
            )
        return self

    @model_validator(mode="after")
    def _window_holds_concurrency(self) -> Self:
        if self.search.window < self.resources.concurrency:
            raise ValueError(
                f"search.window = {self.search.window} is smaller than resources.concurrency = "
                f"{self.resources.concurrency}: the campaign would depend on which trial finishes first. "
                f"Set search.window >= {self.resources.concurrency}, or lower the concurrency"
            )
        return self
