"""Values as text: trial names, settings, scores and durations, spelled the same in every output.

For reading only: what is recorded, published or exported keeps every digit.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic_core import to_json

from tuning.journal.events import WarmStart

SHORT = 5
"""Characters of a number that is shown as it is: 0.2, 1e-05."""

SMALL = 0.001
"""Metrics below it are shown with four digits: the error of a regression is in the data's own unit."""

Cell = bool | int | float | str | None


def trial_name(index: int) -> str:
    """Return ``t007``."""
    return f"t{index:03d}"


def trial_spans(indices: Iterable[int]) -> str:
    """Return ``t010-t014, t030``, of ascending indices."""
    runs = [[i for _, i in run] for _, run in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])]
    return ", ".join("-".join(trial_name(i) for i in dict.fromkeys((run[0], run[-1]))) for run in runs)


def shown(value: Cell) -> str:
    """Return a value as a table shows it: a real number with four digits where that is shorter."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and len(str(value)) > SHORT:
        return min(str(value), f"{value:#.4g}", key=len)
    return str(value)


def score(value: float | None) -> str:
    """Return a metric with four decimals, or four digits where it is so small that they would say little."""
    if value is None:
        return ""
    return f"{value:.4f}" if value == 0 or abs(value) >= SMALL else f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """Return a time span in two units at most: ``41 s``, ``3 min 20 s``, ``2 h 5 min``, ``4 d 3 h``."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next(i for i, (_, size) in enumerate(units) if whole >= size)
    parts = []
    for unit, size in units[first : first + 2]:
        if count := whole // size:
            parts.append(f"{count} {unit}")
        whole %= size
    return " ".join(parts)


def warm_start_text(sources: Iterable[WarmStart]) -> str:
    """Return how many results of each source a search began with: ``9 of first (3 failed: left out), 4 of t.json``."""
    texts = []
    for one in sources:
        reasons = ", ".join(f"{count} {reason}" for reason, count in one.left_out.items())
        texts.append(f"{len(one.results)} of {one.source}" + (f" ({reasons}: left out)" if reasons else ""))
    return ", ".join(texts)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return path -> last word, or the whole path where two end alike."""
    whole = list(paths)
    last = [path.rpartition(".")[2] for path in whole]
    return {path: word if last.count(word) == 1 else path for path, word in zip(whole, last, strict=True)}


def settings(assignment: Mapping[str, Cell]) -> str:
    """Return ``hidden=64 balance=smote``."""
    names = short_names(assignment)
    return " ".join(f"{names[path]}={shown(value)}" for path, value in assignment.items())


def json_text(data: Any) -> str:
    """Return data as indented JSON; what is no finite number is null."""
    return to_json(data, indent=2, inf_nan_mode="null").decode()


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with every digit; missing values are empty, and lines end with LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().replace("\r\n", "\n")  # the writer's own line ends: with others it would not quote a CR


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return next(iter(str(error).splitlines()), type(error).__name__)
