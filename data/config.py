"""The data options of a campaign and of a trial."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Balance = Literal["raw", "oversample", "semi-oversample", "smote", "weighted"]
"""How the training part, and only the training part, is balanced.

``raw``              as it is.
``oversample``       minority rows repeated until every class is as large as the largest (an index, no copy).
``semi-oversample``  minority rows repeated until all minority classes together are as large as the majority, their
                     proportions kept; ``majority_kept`` < 1 also undersamples the majority (an index, no copy).
``smote``            synthetic minority rows until every class is as large as the largest.
``weighted``         rows as they are; the loss weighs classes by inverse frequency.
"""

Unit = Annotated[float, Field(gt=0.0, lt=1.0)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""A list in a file, which strict validation would refuse as a tuple."""


class DataOptions(BaseModel):
    """Where rows come from and how they are split: the part of ``[data]`` that every trial of a campaign shares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(min_length=1)
    """A catalogue name, ``ucr/NAME``, or a path: a .csv, .parquet, .parq or .npz table, or an archive's .ts file."""
    label: str | None = None
    """Label column of a user's table (default: the column called label, target or class)."""
    group: str | None = None
    """Column of the group (patient, user) of a row.  A grouped split keeps each group in one part."""
    text: str | None = None
    """Column of a user's table that holds texts: one row is then one text, not one sequence of numbers."""
    target: str | None = None
    """Column of a user's table to forecast: the table is then one series, its rows in order of time."""
    test: str | None = None
    """Path of a second table that is the official test part."""
    split: Literal["stratified", "grouped", "chronological", "de-chazal"] = "stratified"
    """``chronological``: a series, the last rows for testing.  ``de-chazal``: PhysioNet's records, DS1 against DS2.

    In a campaign file with a ``group`` the default is ``grouped``."""
    valid_fraction: Unit = 0.2
    test_fraction: Unit = 0.2
    """Used where the data set has no official test part."""
    max_rows: int | None = Field(default=None, ge=1)
    """A stratified sample of this many rows, drawn before the split; an official test part stays complete.

    Of a series the last rows."""
    duplicates: Literal["drop", "keep"] = "drop"
    """Rows with equal sequences: keep the first before splitting, or keep all and be warned."""
    vocabulary: int = Field(default=5000, ge=1)
    """Vocabulary size: the most frequent words of the training part (texts)."""
    max_length: int = Field(default=100, ge=1)
    """Tokens kept of a text, from its beginning."""
    window: int = Field(default=32, ge=1)
    """Steps of one window (series)."""
    horizon: int = Field(default=1, ge=1)
    """Steps from a window's last step to its target (series)."""
    smote_neighbors: int = Field(default=5, ge=1)
    majority_kept: float = Field(default=1.0, gt=0.0, le=1.0)
    ignore: Names = ()
    """Columns of a user's table that are left out (sequences and series)."""
    columns: Names = ()
    """Columns of a user's table that are the time steps, in this order (sequences), or the inputs (series).

    All other columns but label, group and target are left out."""


class DataConfig(DataOptions):
    """One trial's data, complete: these values and the source files give the same arrays, byte for byte."""

    balance: Balance = "raw"
    split_seed: int = Field(ge=0, lt=2**32)
    balance_seed: int = Field(ge=0, lt=2**32)
