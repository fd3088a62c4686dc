"""A space as native HyperOpt expressions, and HyperOpt's proposals back as assignments.

Not through Ray's own conversion of ``tune`` domains, which loses ends and rounds out of range.  What HyperOpt 0.3.0
does, and what is done about it here:

- ``hp.uniformint(low, high)`` rounds a draw from [low, high], so both ends come up half as often as the others; and
  ``hp.randint`` has no order for TPE.  Whole numbers are ``hp.quniform`` from half a step below to half a step above.
- ``numpy.round`` rounds halves to even and ``exp(log(high))`` may miss ``high`` by one unit in the last place, so a
  proposal can fall just outside.  It is decoded to the nearest value inside.
- ``hp.quniform(low, high, step)`` proposes multiples of the step, not steps from ``low``.  So the numbers of a stepped
  dimension are proposed by their place, a whole number.
- A distribution of no width is refused: a dimension with a single value is left out, and filled in on decoding.

Spaces of several families of models are flat for HyperOpt too: it also draws values for fields that the drawn family
lacks, and they are left out on decoding.  Its own conditional spaces would spare it that noise, at the price of
labels of their own for each family, so that nothing learned of a shared dimension would carry over.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from hyperopt import hp

from search_spaces.dimensions import Choice, Dimension, Integer, Stepped, Value, equal
from search_spaces.space import Assignment, Space


def to_hyperopt(space: Space) -> dict[str, Any]:
    """Return path -> HyperOpt expression labelled by the path, flat, for ``HyperOptSearch(space=...)``.

    Empty where the space has no dimension with more than one value: HyperOptSearch refuses that, so ask it nothing
    then; ``from_hyperopt(space, {})`` is the only assignment.
    """
    return {path: _expression(path, d) for path, d in space.dimensions.items() if _only_value(d) is None}


def from_hyperopt(space: Space, proposal: Mapping[str, Any]) -> Assignment:
    """Return HyperOpt's proposal as an assignment of plain Python values, each inside its dimension.

    Raises:
        KeyError: the proposal lacks a dimension.
    """
    assignment: Assignment = {}
    for path, dimension in space.dimensions.items():
        only = _only_value(dimension)
        assignment[path] = _decoded(dimension, proposal[path]) if only is None else only
    return space.active(assignment)


def hyperopt_values(space: Space, assignment: Assignment) -> dict[str, int | float]:
    """Return an assignment as HyperOpt draws it: path -> number, of a choice its index; active dimensions alone.

    Raises:
        SpaceError: the assignment is not of this space.
    """
    space.check(assignment)
    return encoded(space, assignment)


def encoded(space: Space, values: Assignment) -> dict[str, int | float]:
    """Return values of some dimensions as HyperOpt draws them."""
    searched = {path: d for path, d in space.dimensions.items() if path in values and _only_value(d) is None}
    return {path: _encoded(dimension, values[path]) for path, dimension in searched.items()}


def _only_value(dimension: Dimension) -> Value | None:
    values = dimension.values()
    return values[0] if values is not None and len(values) == 1 else None


def _expression(label: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return hp.choice(label, list(dimension.options))
    if isinstance(dimension, Integer):
        low, high = dimension.low - 0.5, dimension.high + 0.5
        if dimension.log:
            return hp.qloguniform(label, math.log(low), math.log(high), 1)
        return hp.quniform(label, low, high, 1)
    if isinstance(dimension, Stepped):
        return _expression(label, dimension.positions)
    if dimension.log:
        return hp.loguniform(label, math.log(dimension.low), math.log(dimension.high))
    return hp.uniform(label, dimension.low, dimension.high)


def _decoded(dimension: Dimension, raw: Any) -> Value:
    if isinstance(dimension, Choice):
        return cast("Value", raw)
    if isinstance(dimension, Stepped):
        return dimension.values()[dimension.positions.nearest(float(raw))]
    return dimension.nearest(float(raw))


def _encoded(dimension: Dimension, value: Value) -> int | float:
    if isinstance(dimension, Choice):
        return next(i for i, option in enumerate(dimension.options) if equal(option, value))
    if isinstance(dimension, Stepped):
        return float(dimension.positions.low + dimension.values().index(value))
    return float(value)
