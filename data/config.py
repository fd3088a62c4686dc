"""What a campaign and a trial say about their data."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Balance = Literal["raw", "oversample", "semi-oversample", "smote", "weighted"]
"""How the training part, and only the training part, is balanced.

``raw``              as it is.
``oversample``       minority rows repeated until every class is as large as the largest (an index, no copy).
``semi-oversample``  minority rows repeated until all minority classes together are as large as the majority, their
                     proportions kept; ``majority_kept`` < 1 also cuts the majority (an index, no copy).
``smote``            synthetic minority rows until every class is as large as the largest.
``weighted``         rows as they are; the loss weighs classes by inverse frequency.
"""

Unit = Annotated[float, Field(gt=0.0, lt=1.0)]


class DataOptions(BaseModel):
    """Where rows come from and how they are split: the part of ``[data]`` that every trial of a campaign shares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(min_length=1)
    """A catalogue name, ``ucr/NAME``, or a path: a .csv, .parquet, .parq or .npz table, or an archive's .ts file."""
    label: str | None = None
    """Label column of a user's table (default: the catalogue's own, or a column called label, target or class)."""
    group: str | None = None
    """Column of the group (patient, user) that a grouped split never cuts."""
    text: str | None = None
    """Column of a user's table that holds texts: one row is then one text, not one sequence of numbers."""
    target: str | None = None
    """Column of a user's table to forecast: the table is then one series, its rows in order of time."""
    test: str | None = None
    """Path of a second table that is the official test part."""
    split: Literal["stratified", "grouped", "chronological", "de-chazal"] = "stratified"
    """``chronological``: a series, the last rows for testing.  ``de-chazal``: PhysioNet's records, DS1 against DS2."""
    valid_fraction: Unit = 0.2
    test_fraction: Unit = 0.2
    """Used where the data set has no official test part."""
    max_rows: int | None = Field(default=None, ge=1)
    """A stratified sample of this many rows, drawn before the split; an official test part stays whole.

    Of a series the last rows."""
    duplicates: Literal["drop", "keep"] = "drop"
    """Rows with equal sequences: keep the first before splitting, or keep all and be warned."""
    vocabulary: int = Field(default=5000, ge=1)
    """Words that have a token of their own: the most frequent of the training part (texts)."""
    max_length: int = Field(default=100, ge=1)
    """Tokens kept of a text, from its beginning."""
    window: int = Field(default=32, ge=1)
    """Steps of one window (series)."""
    horizon: int = Field(default=1, ge=1)
    """How many steps after a window's last one its target lies (series)."""
    smote_neighbors: int = Field(default=5, ge=1)
    majority_kept: float = Field(default=1.0, gt=0.0, le=1.0)


class DataConfig(DataOptions):
    """One trial's data, complete: these values and the source files give the same arrays, byte for byte."""

    balance: Balance = "raw"
    split_seed: int = Field(ge=0, lt=2**32)
    balance_seed: int = Field(ge=0, lt=2**32)
