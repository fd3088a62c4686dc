"""The base of every configuration."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Frozen; unknown keys are refused.  A field's docstring is its description in the JSON Schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
