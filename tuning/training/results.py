"""What a trial says while and after it trains."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt

Status = Literal["completed", "stopped", "failed"]
"""``completed``: ran to its budget or to its own patience.  ``stopped``: missed a rung.  ``failed``: has a reason."""


MEASURED = {"seconds", "latency_ms", "latency_batch_ms"}
"""Fields of results that differ when a trial is trained again."""


def _square(counts: list[list[int]]) -> list[list[int]]:
    if any(len(row) != len(counts) for row in counts) or (counts and not any(map(any, counts))):
        raise ValueError("a confusion matrix has as many columns as rows, and at least one count that is not 0")
    return counts


Confusion = Annotated[list[list[NonNegativeInt]], AfterValidator(_square)]
"""(K, K) counts, rows are true classes; empty in a regression."""


class EpochReport(BaseModel):
    """One epoch's figures.

    train_loss: mean over the epoch's rows of the cross-entropy, nats; in a regression of the squared error of the
    standardised target.  train_objective: the objective's metric over the same rows, resampled as they are, each
    predicted with the weights of its moment and dropout on; None where the metric is the loss, and in records older
    than the field.  metrics: over the whole validation split, ``loss`` among them.  weights_sha256: of the weights
    after this epoch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    """1, 2, ..."""
    train_loss: float
    train_objective: float | None = None
    metrics: dict[str, float]
    learning_rate: float
    """0 of a family that is fitted at once."""
    weights_sha256: str
    seconds: float
    """Wall time; the only figure that may differ in a reproduction."""


class HeldOutResult(BaseModel):
    """Figures on the test part, with the weights of the best epoch on the validation part.

    metrics: as those of an epoch.  confusion: (K, K) counts, rows are true classes; empty in a regression.  groups: of
    a part of complete groups, each group's correct rows and rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, float]
    confusion: Confusion = []
    groups: dict[str, tuple[int, int]] = Field(default={}, exclude_if=lambda groups: not groups)


class TrialResult(BaseModel):
    """One trial's end.  ``best_*`` are taken at the epoch with the best objective (the first, where equal)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    reason: str | None = None
    """Why it failed or stopped."""
    epochs: int = 0
    """Epochs trained."""
    best_epoch: int | None = None
    objective: float | None = None
    best_metrics: dict[str, float] = {}
    confusion: Confusion = []
    """(K, K) counts at the best epoch; rows are true classes; empty in a regression."""
    weights_sha256: str | None = None
    """Of the best epoch's weights."""
    parameters: int | None = None
    """Trainable parameters of the model; of a family that is fitted at once, the numbers that its weights hold."""
    weight_bytes: int | None = Field(default=None, exclude_if=lambda value: value is None)
    """Size of the best epoch's weights in memory; None in records older than the field."""
    latency_ms: float | None = Field(default=None, exclude_if=lambda value: value is None)
    """Median time of predicting one row on one thread, in ms; None in older records.  Measured, like ``seconds``."""
    latency_batch_ms: float | None = Field(default=None, exclude_if=lambda value: value is None)
    """The same per row of a batch of 32."""
    seconds: float = 0.0
    test: HeldOutResult | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a confirmation's trial; no other trial is evaluated on the test part."""
