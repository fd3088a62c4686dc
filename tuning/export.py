"""Exports: a campaign's best trials, each complete, with how they were chosen."""

from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tuning.config import CampaignConfig
from tuning.environment import Environment
from tuning.errors import RecordError
from tuning.record import CampaignRecord, TrialRecord
from tuning.recorded import RecordedTrial

VERSION: Literal[1] = 1


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


class ExportedTrial(RecordedTrial):
    """One entry: a trial with its rank, 1 is the best."""

    rank: int


class Export(_Frozen):
    """One export file."""

    seqtune_export: Literal[1] = VERSION
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
    """Return the best ``k`` completed trials.

    Raises:
        RecordError: no trial has completed.
    """
    ranked = record.ranked()[:k]
    if not ranked:
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
        entries=tuple(ExportedTrial(rank=rank, **fields(record, trial)) for rank, trial in enumerate(ranked, start=1)),
    )


def fields(record: CampaignRecord, trial: TrialRecord) -> dict[str, Any]:
    """Return what a journal knows of an ended trial, under the names of ``RecordedTrial``."""
    return {
        "config": trial.config,
        "assignment": trial.assignment,
        "epochs": tuple(trial.epochs),
        "result": trial.result,
        "environment": trial.environment,
        "data": record.data[record.variant(trial.config)],
    }
