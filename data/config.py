"""The data options of a campaign and of a trial."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Kind = Literal["sequences", "texts", "series"]
"""The rows of a data set: sequences of numbers, texts, or the time steps of one series."""

Balance = Literal["raw", "oversample", "semi-oversample", "smote", "weighted"]
"""How the training part, and only the training part, is balanced.

``raw``              as it is.
``oversample``       minority rows repeated until every class is as large as the largest (an index, no copy).
``semi-oversample``  minority rows repeated until all minority classes together are as large as the majority, their
                     proportions kept; ``majority_kept`` < 1 also undersamples the majority (an index, no copy).
``smote``            synthetic minority rows until every class is as large as the largest.
``weighted``         rows as they are; the loss weighs classes by inverse frequency.
"""

ScaleMethod = Literal["none", "standard", "robust", "minmax", "per-sequence"]
"""How each channel is scaled; see ``data.scaling``."""

MOST_FOLDS = 1000
"""Bound of folds and splits, each of which is prepared."""

MOST_STEPS = 10**6
"""Bound of words, and of time steps of a window."""

LONGEST_PATH = 1000
"""Characters of a name or path."""

Truncate = Literal["back", "front"]
"""Where words of a long text are cut off."""

Unknown = Literal["token", "drop"]
"""What becomes of a word outside the vocabulary."""

Unit = Annotated[float, Field(gt=0.0, lt=1.0)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""A list in a file, which strict validation would refuse as a tuple."""


class Segment(BaseModel):
    """How labelled recordings are cut into windows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    length: int = Field(ge=1, le=MOST_STEPS)
    """Time steps of a window."""
    step: int | None = Field(default=None, ge=1, le=MOST_STEPS)
    """Time steps from the start of one window to that of the next.  Default: ``length``, without overlap."""
    label: Literal["majority", "last", "all"] = "majority"
    """Label of a window: its most frequent one, that of its last step, or only windows with one label."""


class TextRule(BaseModel):
    """Which words of a text a model reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    truncate: Truncate = "back"
    unknown: Unknown = "token"


class DataOptions(BaseModel):
    """Where rows come from and how they are split: the part of ``[data]`` that every trial of a campaign shares."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dataset: str = Field(min_length=1, max_length=LONGEST_PATH)
    """Known name, ``ucr/NAME``, or path of a file.  Files are .csv, .parquet, .parq, .npz or .ts."""
    label: str | None = None
    """Label column of a table.  Default: the column called ``label``, ``target`` or ``class``."""
    group: str | None = None
    """Column with the group of each row, for example the patient."""
    text: str | None = None
    """Text column of a table.  Each row is then one text instead of one sequence of numbers."""
    target: str | None = None
    """Column of a table to forecast.  The table is then one series, with one row per time step in order of time."""
    sequence: str | None = None
    """Column of a long table with the id of each row's sequence.  A long table has one row per time step."""
    time: str | None = None
    """Long tables: column by which the rows of a sequence are sorted: numbers or times.  Default: order of the file."""
    channels: Names = ()
    """Long tables: columns that are the channels, in this order.  Default: all columns without another role."""
    segment: Segment | None = None
    """Long tables: cut recordings into windows.

    Each window has ``length`` steps, the next one begins ``step`` steps later (default: ``length``).  Its ``label`` is
    the most frequent one (``majority``, the default), that of its last step (``last``), or it has only one (``all``:
    others are left out).  The split is then ``grouped``: by ``data.group``, or by recording."""
    classes: Names = ()
    """Classes to keep; rows of others are left out of all parts before they are sampled and split.  Default: all."""
    test: str | None = Field(default=None, max_length=LONGEST_PATH)
    """Path of a second file, used as the official test part."""
    split: Literal["stratified", "grouped", "leave-one-group-out", "chronological", "de-chazal"] = "stratified"
    """How rows are divided into training, validation and test part.

    Default with ``data.group`` or ``data.segment``: ``grouped``.
    ``leave-one-group-out`` needs ``folds``, one for each group.
    A series needs ``chronological``; ``de-chazal`` is for heartbeats."""
    folds: int | None = Field(default=None, ge=2, le=MOST_FOLDS)
    """Cross-validation: number of folds, each the validation part of one replicate of every configuration.

    ``search.replicates`` is then a multiple of it, by default ``folds`` itself; ``valid_fraction`` is unused.  The
    test part is cut off before.  Default: one validation part."""
    splits: int | None = Field(default=None, ge=2, le=MOST_FOLDS)
    """Number of random divisions into training and validation part, one for each replicate of every configuration.

    ``search.replicates`` is then a multiple of it, by default ``splits`` itself.  All have the same test part, that of
    a campaign without this key.  Default: one."""
    valid_fraction: Unit = 0.2
    """Fraction of the rows in the validation part.  Beside an official test part: of the rows of the training file."""
    test_fraction: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Fraction of the rows in the test part; 0: no test part.  Unused beside an official test part."""
    max_rows: int | None = Field(default=None, ge=1)
    """Maximum number of rows.  A stratified sample is drawn before the split; a series keeps its last rows.

    An official test part is not sampled.  Default: all rows."""
    duplicates: Literal["drop", "keep"] = "drop"
    """Drop rows equal to an earlier row before the split, or keep them."""
    vocabulary: int = Field(default=5000, ge=1, le=MOST_STEPS)
    """Texts: words in the vocabulary, the most frequent of the training part."""
    max_length: int = Field(default=100, ge=1, le=MOST_STEPS)
    """Texts: number of words to which a longer text is truncated."""
    truncate: Truncate = "back"
    """Texts: where a longer text is cut off.  ``back`` keeps its first words, ``front`` its last, as Keras does."""
    unknown: Unknown = "token"
    """Texts: words outside the vocabulary share one token, or are dropped before the text is truncated, as Keras does.

    A text without any other word keeps that token once."""
    window: int = Field(default=32, ge=1, le=MOST_STEPS)
    """Series: time steps in one window."""
    horizon: int = Field(default=1, ge=1, le=MOST_STEPS)
    """Series: time steps between the last step of a window and its target."""
    smote_neighbors: int = Field(default=5, ge=1, le=MOST_STEPS)
    """``balance = "smote"``: nearest neighbours from which a row is synthesised."""
    majority_kept: float = Field(default=1.0, gt=0.0, le=1.0)
    """``balance = "semi-oversample"``: fraction of the majority class that is kept."""
    scale: ScaleMethod | None = None
    """Scaling of each channel by statistics of the training part, or of each sequence by its own (``per-sequence``).

    Default: ``none`` for sequences, ``standard`` for series.  The target of a series is always standardised."""
    ignore: Names = ()
    """Columns of a table to leave out, for example an id (sequences and series)."""
    columns: Names = ()
    """Columns of a table to read, in this order: time steps (sequences), inputs (series) or channels (long tables).

    All other columns except label, group and target are left out.  Default: all columns."""

    @property
    def divisions(self) -> int | None:
        """How many validation parts replicates take in turn, those of ``folds`` or ``splits``; None: one for all."""
        return self.splits if self.folds is None else self.folds

    @property
    def division(self) -> Literal["fold", "split"]:
        """The word for one of ``divisions``."""
        return "split" if self.folds is None else "fold"

    @property
    def text_rule(self) -> TextRule:
        """Which words of a text are read."""
        return TextRule(truncate=self.truncate, unknown=self.unknown)


class DataConfig(DataOptions):
    """One trial's data, complete: these values and the source files give the same arrays, byte for byte."""

    balance: Balance = "raw"
    fold: int | None = Field(default=None, ge=1, le=MOST_FOLDS)
    """Which of ``folds`` is the validation part, 1 .. folds, or which of ``splits`` is used, 1 .. splits."""
    split_seed: int = Field(ge=0, lt=2**32)
    balance_seed: int = Field(ge=0, lt=2**32)
