"""Notes on groups and labels that are probably one, written in several ways: 7 and 7.0, p1 and "p1 "."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from data.messages import quoted


def group_spelling_notes(groups: Iterable[Any], name: str) -> tuple[str, ...]:
    """Return a note if groups differ only in spaces, case or the form of a number.  name: of their column."""
    return _notes(
        {str(group) for group in groups},
        _as_meant,
        f"groups ({name})",
        "spaces, case or the form of a number",
        "a split then puts rows of one group into several parts",
    )


def label_spelling_notes(labels: Iterable[str]) -> tuple[str, ...]:
    """Return a note if labels differ only in spaces before or behind them."""
    return _notes(set(labels), str.strip, "labels", "spaces", "rows of one class then have two")


def _notes(texts: set[str], meant: Callable[[str], Any], noun: str, difference: str, effect: str) -> tuple[str, ...]:
    alike: dict[Any, list[str]] = {}
    for text in sorted(texts):
        alike.setdefault(meant(text), []).append(text)
    several = [same for same in alike.values() if len(same) > 1]
    if not several:
        return ()
    first, second = several[0][:2]
    note = (
        f"{len(texts):,} {noun} are {len(alike):,} if {difference} do not count, for example {quoted(first)} and "
        f"{quoted(second)}. If they are the same, write them alike: {effect}."
    )
    return (note,)


def _as_meant(text: str) -> Decimal | str:
    """Return a group's text without differences that are probably none: a number as its value."""
    plain = text.strip().casefold()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return plain
    return number if number.is_finite() and "_" not in plain else plain
