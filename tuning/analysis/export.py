"""Exports: a campaign's best trials, or a trial of each of its best configurations, complete, with how chosen."""

from importlib.metadata import version
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tuning.analysis.configurations import Configuration, configurations
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import RecordError
from tuning.journal.record import CampaignRecord, RecordedTrial, TrialRecord
from tuning.training.environment import Environment


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selection(_Frozen):
    """How the entries were chosen and their figures taken."""

    metric: str
    goal: Literal["max", "min"]
    split: Literal["valid"] = "valid"
    epoch: Literal["best"] = "best"
    ended: int
    """Trials that had ended when the export was made."""
    target: int
    finished: bool


class ExportedConfiguration(_Frozen):
    """The replicates that an entry represents: mean objective of the completed ones, and its 95 % t-interval."""

    trials: tuple[int, ...]
    completed: int
    replicates: int
    """How many it is to have."""
    mean: float
    low: float | None = None
    high: float | None = None


class ExportedTrial(RecordedTrial):
    """One entry: a trial with its rank, 1 is the best.

    With replicates the rank is the configuration's, and the trial its first completed one, whatever its objective.
    """

    rank: int
    configuration: ExportedConfiguration | None = Field(default=None, exclude_if=lambda value: value is None)


class Export(_Frozen):
    """One export file."""

    seqtune_export: Literal[2] = 2
    seqtune: str
    """Version of the package that wrote it."""
    campaign: CampaignConfig
    selection: Selection
    data_sha256: dict[str, str]
    """Variant's key -> identity of the prepared arrays."""
    environment: Environment | None = None
    """Of the last launch."""
    entries: tuple[ExportedTrial, ...]


def export(record: CampaignRecord, k: int) -> Export:
    """Return the best ``k`` completed trials; with replicates one completed trial of each of the best configurations.

    Raises:
        RecordError: no trial has completed.
    """
    entries = _entries(record)[:k]
    if not entries:
        raise RecordError(f"campaign {record.config.name!r}: no trial has completed yet, so there is nothing to export")
    return Export(
        seqtune=version("seqtune"),
        campaign=record.config,
        selection=Selection(
            metric=record.config.objective.metric,
            goal=record.config.objective.goal,
            ended=len(record.ended),
            target=record.target,
            finished=record.finished_at is not None,
        ),
        data_sha256={variant: data.sha256 for variant, data in record.data.items()},
        environment=record.launches[-1].environment if record.launches else None,
        entries=tuple(
            ExportedTrial(rank=rank, configuration=configuration, **dict(record.recorded(trial)))
            for rank, (trial, configuration) in enumerate(entries, start=1)
        ),
    )


def _entries(record: CampaignRecord) -> list[tuple[TrialRecord, ExportedConfiguration | None]]:
    """The trials to export, best first.  Of a configuration the first: its best one would be the luckiest."""
    if record.config.search.replicates == 1:
        return [(trial, None) for trial in record.ranked()]
    return [(one.completed[0], _exported(one)) for one in configurations(record)]


def _exported(one: Configuration) -> ExportedConfiguration:
    trials = tuple(trial.config.index for trial in one.trials)
    return ExportedConfiguration(
        trials=trials, completed=one.n, replicates=one.replicates, mean=one.mean, low=one.low, high=one.high
    )
