"""The events of a campaign, in the words of its journal."""

from typing import Annotated, Any, Literal, get_args
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from tuning.campaign.config import CampaignConfig, ComparisonOptions, ResourceOptions
from tuning.campaign.trial import MOST, TrialConfig
from tuning.training.environment import Environment
from tuning.training.results import EpochReport, TrialResult

Cause = Literal["user", "budget", "failures", "limits", "data", "storage", "ray", "code"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
"""What ended a launch before its campaign: Ctrl-C or SIGTERM, the time budget, trials of which all failed, no
suggestion within the limits, prepared arrays that are damaged or gone, a disk that cannot be written or read, the end
of one of Ray's processes, or the user's code, which a worker cannot load."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataRecord(_Event):
    """One prepared variant of the campaign's data, as far as records need it.

    train, valid, test: rows of each class; of a regression, which has no classes, all rows as ``rows``.
    """

    sha256: str
    classes: tuple[str, ...]
    """Empty for a regression."""
    steps: int
    channels: int
    train: dict[str, int]
    valid: dict[str, int]
    test: dict[str, int]
    epoch: dict[str, int]
    """What one epoch sees after balancing."""
    notes: tuple[str, ...] = ()
    tokens: int | None = None
    """How many different tokens texts have; None where sequences are of numbers."""

    @property
    def outputs(self) -> int:
        """Outputs of a model: a logit per class, or one number for regression."""
        return len(self.classes) or 1


class EarlierResult(_Event):
    """A configuration that was trained before.

    trial: of the source, with replicates the configuration's first.  objective: with replicates their mean.
    """

    trial: int = Field(ge=0, lt=MOST)
    assignment: dict[str, Any]
    """The searched dimensions' values, path -> value."""
    objective: float = Field(allow_inf_nan=False)


class WarmStart(_Event):
    """What the search was told of one source of ``search.warm_start``."""

    source: str
    """As the campaign file names it."""
    campaign: str
    results: tuple[EarlierResult, ...] = Field(min_length=1)
    """In the order of the trials."""
    left_out: dict[str, int] = {}
    """Why other trials of the source were not used -> how many."""


class Opened(_Event):
    """The campaign's first event."""

    kind: Literal["campaign"] = "campaign"
    id: str = Field(default_factory=lambda: uuid4().hex[:12])
    """Tells campaigns of one name apart: of several homes, or begun anew."""
    config: CampaignConfig
    """Complete: with the number of trials that a file may leave open."""
    dimensions: dict[str, str]
    """The searched dimensions, path -> description."""
    data: dict[str, DataRecord]
    """Variant's key (a balance, or as ``raw window=16``) -> prepared data."""
    warm_start: tuple[WarmStart, ...] = Field(default=(), exclude_if=lambda sources: not sources)
    """Earlier results that the search begins with; nothing reads their sources again."""


class ConfirmationRequest(_Event):
    """What ``seqtune confirm`` was asked for.

    trials: of the campaign, one of each configuration that is confirmed, best first.  seeds: trainings of each
    configuration per split.  splits: fresh splits of the data; 0: the campaign's own.  ended: trials of the campaign
    that had ended by then.
    """

    trials: tuple[int, ...] = Field(min_length=1)
    seeds: int = Field(ge=1, le=MOST)
    splits: int = Field(ge=0, le=MOST)
    ended: int = Field(ge=1, le=MOST)


class OpenedTest(_Event):
    """The campaign's test part is about to be evaluated, by a confirmation."""

    kind: Literal["test"] = "test"
    confirmation: ConfirmationRequest


class Launched(_Event):
    """A launch began; the first or a continuation."""

    kind: Literal["launch"] = "launch"
    environment: Environment
    trials: int = Field(ge=1, le=MOST)
    """How many trials the campaign is to have by now."""
    concurrency: int = 1
    datasets: str | None = None
    """The folder of data sets that the launch was given."""
    comparison: ComparisonOptions | None = None
    """The file's comparison, which may be added or changed between launches."""
    resources: ResourceOptions | None = Field(default=None, exclude_if=lambda value: value is None)
    """Those of this launch; None of launches before they were recorded, and of a confirmation."""
    confirmation: ConfirmationRequest | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a confirmation's launch: what it was asked for."""
    data: dict[str, DataRecord] = Field(default={}, exclude_if=lambda value: not value)
    """Of a confirmation's launch: prepared data of its fresh splits."""
    code: tuple[str, ...] = Field(default=(), exclude_if=lambda code: not code)
    """Where the user's code was read, to say later whether it has changed; never to run it."""


class Proposal(_Event):
    """What restores a model-based search to its state after a suggestion, without asking it again."""

    asked: int = Field(ge=1, le=MOST)
    """How often the search was asked; all but the last proposal were withdrawn."""
    values: dict[str, int | float]
    """The last proposal as the algorithm holds it: dimension -> index of a choice or number, inactive ones too."""
    state: str
    """Hash of all that was proposed and told until then, this proposal included."""


class Confirms(_Event):
    """Which training of which configuration a confirmation's trial is.

    trial: of the campaign.  seed: 0, 1, ...; equal seeds of all configurations are paired.  split: 1, 2, ...; 0 is the
    campaign's own.
    """

    trial: int = Field(ge=0, lt=MOST)
    seed: int = Field(ge=0, lt=MOST)
    split: int = Field(ge=0, le=MOST)

    @property
    def fresh_split(self) -> bool:
        """Whether the trial is trained on another split than its campaign."""
        return self.split > 0


class Suggested(_Event):
    """Trial k has its configuration."""

    kind: Literal["suggestion"] = "suggestion"
    trial: TrialConfig
    assignment: dict[str, Any]
    """The searched dimensions' values, path -> value."""
    same_as: int | None = None
    """An earlier trial with equal values: a replicate, or reused where ``reused``."""
    reused: bool = False
    proposal: Proposal | None = None
    """None where the search was not asked, has no state, or was adopted; it is asked again on resuming then."""
    confirms: Confirms | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a confirmation's trial."""
    infeasible: int = Field(default=0, exclude_if=lambda value: value == 0)
    """Suggestions beyond the campaign's limits that this one replaced."""


class Started(_Event):
    """A worker took the trial."""

    kind: Literal["start"] = "start"
    trial: int
    attempt: int
    """1, 2, ..."""
    from_epoch: int = 0
    """The last completed epoch, from which this attempt resumes."""


class EpochEnded(_Event):
    """One epoch's figures."""

    kind: Literal["epoch"] = "epoch"
    trial: int
    report: EpochReport


class Ended(_Event):
    """The trial's end, whatever its status."""

    kind: Literal["end"] = "end"
    trial: int
    result: TrialResult
    environment: Environment | None = None
    """Of the process that trained it; None where no process lived to tell."""


class Retried(_Event):
    """A worker died; the trial is given to another."""

    kind: Literal["retry"] = "retry"
    trial: int
    reason: str


class Noted(_Event):
    """Something that a reader of the record should know and that changes no result."""

    kind: Literal["note"] = "note"
    trial: int | None = None
    text: str


class Interrupted(_Event):
    """The launch ended before the campaign did."""

    kind: Literal["interruption"] = "interruption"
    reason: str
    cause: Cause = "user"


class Finished(_Event):
    """Every trial has ended."""

    kind: Literal["finish"] = "finish"
    trials: int


Event = Annotated[
    Opened
    | Launched
    | Suggested
    | Started
    | EpochEnded
    | Ended
    | Retried
    | Noted
    | Interrupted
    | Finished
    | OpenedTest,
    Field(discriminator="kind"),
]
