"""The rows of a campaign's data by class and part, of all its folds or splits together."""

import re
from collections.abc import Mapping, Sequence

from tuning.journal.events import DataRecord

_DIVISION = re.compile(r" (fold|split)=\d+$")
"""The end of the name of a variant with one fold or split of several."""

Fewest = tuple[int, int]
"""The fewest and the most rows among folds or splits."""


def division(data: Mapping[str, DataRecord]) -> str | None:
    """Return ``fold`` or ``split`` where the data has several; data: variant -> its rows."""
    found = _DIVISION.search(next(iter(data)))
    return None if found is None else found[1]


def undivided(data: Mapping[str, DataRecord]) -> dict[str, list[DataRecord]]:
    """Return the folds or splits of each variant, under its name without them."""
    together: dict[str, list[DataRecord]] = {}
    for variant, one in data.items():
        together.setdefault(_DIVISION.sub("", variant), []).append(one)
    return together


def by_class(divisions: Sequence[DataRecord], part: str) -> dict[str, Fewest]:
    """Return the rows of each class in one part: train, valid, test or epoch."""
    counts: list[dict[str, int]] = [getattr(one, part) for one in divisions]
    names = dict.fromkeys(name for count in counts for name in count)
    return {name: _fewest([count.get(name, 0) for count in counts]) for name in names}


def total(divisions: Sequence[DataRecord], part: str) -> Fewest:
    """Return all rows of one part."""
    return _fewest([sum(getattr(one, part).values()) for one in divisions])


def text(rows: Fewest) -> str:
    """Return ``1,950``, or ``140 to 147`` where folds or splits differ."""
    fewest, most = rows
    return f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"


def _fewest(counts: Sequence[int]) -> Fewest:
    return min(counts), max(counts)
