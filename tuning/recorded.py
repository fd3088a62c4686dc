"""A recorded trial, complete: what exports carry, the store returns, and a reproduction is compared with."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from tuning.config import TrialConfig
from tuning.environment import Environment
from tuning.events import DataRecord
from tuning.results import EpochReport, TrialResult


class RecordedTrial(BaseModel):
    """One ended trial with all that is known of it; JSON and back is the identity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: TrialConfig
    assignment: dict[str, Any]
    """The searched dimensions' values, path -> value."""
    epochs: tuple[EpochReport, ...]
    result: TrialResult
    environment: Environment | None = None
    """Of the process that trained it; None where no process lived to tell."""
    data: DataRecord
