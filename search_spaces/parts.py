"""Dimensions parted into products: together all different assignments of a space, each once."""

from collections.abc import Callable, Sequence

from search_spaces.conditions import Condition
from search_spaces.dimensions import Choice, Dimension

Part = dict[str, Dimension]

Conditions = Callable[[str], Sequence[Condition]]
"""A path's conditions."""


def part_by_conditions(part: Part, conditions: Conditions) -> list[Part]:
    """Part dimensions where values of one decide whether others are active: first its values without them.

    A dimension that depends on an inactive one is inactive.
    """
    undecided = {path: split for path in part if (split := _undecided(path, part, conditions))}
    for path, condition in undecided.items():
        field = condition.field
        if field in undecided:  # whether the other field is active at all is decided first
            continue
        values = part[field].values() or ()
        kept = [value for value in values if condition.holds(value)]
        rest = [value for value in values if not condition.holds(value)]
        without = _without(path, part, conditions) | {field: Choice(*rest)}
        return [
            *part_by_conditions(without, conditions),
            *(part_by_conditions(part | {field: Choice(*kept)}, conditions) if kept else []),
        ]
    return [part]


def _undecided(path: str, part: Part, conditions: Conditions) -> Condition | None:
    """Return a condition that holds for some values of a dimension and not for others; None: there is none."""
    for condition in conditions(path):
        values = part[condition.field].values() if condition.field in part else None
        if values is not None and not all(map(condition.holds, values)):
            return condition
    return None


def _without(path: str, part: Part, conditions: Conditions) -> Part:
    """Return the dimensions without one and all that depend on it."""
    rest = {other: dimension for other, dimension in part.items() if other != path}
    for other in list(rest):
        if other in rest and any(condition.field == path for condition in conditions(other)):
            rest = _without(other, rest, conditions)
    return rest
