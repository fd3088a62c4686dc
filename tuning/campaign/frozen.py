"""The base of every configuration."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
