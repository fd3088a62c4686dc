"""Whether a table is a long one, with a row per time step, by the names and values of its columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.datasets.columns import read_columns
from data.table_profile import ColumnProfile

SEQUENCE = re.compile(
    r"(?i)(.*[ _.-])?(beat|case|episode|gesture|id|instance|record|recording|run|sample|sequence|seq|series|session|"
    r"trace|trial)([ _.-]?(id|no|nr|num|number|name))?"
)
"""Names that columns of sequences have."""
STEP = re.compile(r"(?i)(.*[ _.-])?(date|datetime|frame|idx|index|ms|ns|seconds|step|t|tick|time|timestamp)s?")
"""Names that columns of time steps have."""
STEPS = 4
"""Mean rows of a sequence, at least."""
CHANNELS = 16
"""A table with as many columns of numbers has a row per sequence."""
WINDOWS = 10
"""Windows per recording that are suggested, where labels change within recordings; more of long recordings."""
LONGEST_WINDOW = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTable:
    """The columns of the sequences' ids and of the time steps."""

    sequence: ColumnProfile
    time: ColumnProfile | None


def find_long(columns: Sequence[ColumnProfile], named: str | None) -> LongTable | None:
    """Return the columns of a long table, None of another one.  named: the column of ids, where the user named it."""
    times = [one for one in columns if _steps(one) and one.name != named]
    time = times[0] if len(times) == 1 else None
    if named is not None:
        found = [one for one in columns if one.name == named]
        return LongTable(sequence=found[0], time=time) if found else None
    ids = [one for one in columns if _repeats(one)]
    numbers = [one for one in columns if one.kind in {"number", "integer"} and one not in times and one not in ids]
    if not ids or not times or not 0 < len(numbers) < CHANNELS:
        return None
    return LongTable(sequence=max(ids, key=lambda one: one.distinct or 0), time=time)


def window(path: Path, long: LongTable, label: str) -> int | None:
    """Return the length of windows to suggest where labels change within recordings; None where they do not."""
    _, columns = read_columns(path, numbers=[], others=list(dict.fromkeys([long.sequence.name, label])))
    _, ids = np.unique(columns[long.sequence.name].astype(np.str_), return_inverse=True)
    _, labels = np.unique(columns[label].astype(np.str_), return_inverse=True)
    if len(np.unique(np.stack([ids, labels]), axis=1).T) == ids.max() + 1:
        return None
    return int(np.clip(np.median(np.bincount(ids)) // WINDOWS, 2, LONGEST_WINDOW))


def _steps(one: ColumnProfile) -> bool:
    return one.kind == "time" or (one.kind in {"number", "integer"} and STEP.fullmatch(one.name) is not None)


def _repeats(one: ColumnProfile) -> bool:
    """Whether a column is named like a sequence and has several rows per value."""
    named = one.kind in {"integer", "text"} and SEQUENCE.fullmatch(one.name) is not None
    return named and 2 <= (one.distinct or 0) <= one.rows / STEPS  # noqa: PLR2004 - at least two sequences
