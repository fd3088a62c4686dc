"""What preparation noted of a campaign's data, the notes of its variants and splits together."""

import re
from collections.abc import Iterable, Sequence

from tuning.journal.events import DataRecord

FEW = 3
"""Notes that differ in numbers alone and are all listed."""

NUMBER = re.compile(r"\d(?:[\d,.]*\d)?")


def data_notes(records: Iterable[DataRecord]) -> list[str]:
    """Return what preparation noted of data variants, each note once.

    Of notes that differ in the count at their beginning one gives the range.  Of more than ``FEW`` that differ in other
    numbers, the first is returned with the number of the others.
    """
    counts: dict[str, list[str]] = {}
    for note in dict.fromkeys(note for data in records for note in data.notes):
        start = NUMBER.match(note)
        of_rest = counts.setdefault(note if start is None else note[start.end() :], [])
        of_rest += [] if start is None else [start.group()]
    kinds: dict[str, list[str]] = {}
    for rest, found in counts.items():
        text = f"{_range(found)}{rest}"
        kinds.setdefault(NUMBER.sub("0", text), []).append(text)
    return [text for texts in kinds.values() for text in _few(texts)]


def _range(counts: Sequence[str]) -> str:
    ordered = sorted(counts, key=lambda count: float(count.replace(",", "")))
    return " to ".join(dict.fromkeys([*ordered[:1], *ordered[-1:]]))


def _few(texts: Sequence[str]) -> list[str]:
    if len(texts) <= FEW:
        return list(texts)
    return [f"{texts[0]} {len(texts) - 1} more such notes differ in their numbers."]
