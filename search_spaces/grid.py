"""The grid of a space: the full product of its dimensions' values, in a fixed order."""

import math
from collections.abc import Sequence

import numpy as np

from search_spaces.dimensions import Dimension, Value
from search_spaces.errors import SpaceError
from search_spaces.space import Assignment, Space


def point(space: Space, index: int) -> Assignment:
    """Return the assignment at a place of the grid, 0 .. ``size(space)`` - 1.

    The last dimension changes fastest; ``model.family`` slowest at any position, and then whether a field has
    values on which others depend.  Each configuration occurs once, however many dimensions are inactive for it.

    Raises:
        SpaceError: a dimension is continuous, or the grid has no such place.
    """
    place = index
    for part in space.parts():
        values = {path: _values(dimension) for path, dimension in part.items()}
        shape = [len(options) for options in values.values()]
        if place < math.prod(shape):
            at = np.unravel_index(place, shape)
            return {path: options[int(i)] for (path, options), i in zip(values.items(), at, strict=True)}
        place -= math.prod(shape)
    raise SpaceError(f'space "{space.name}": its grid has {size(space)} points, so none has the number {index}')


def size(space: Space) -> int:
    """Return how many points the grid has.  SpaceError: a dimension is continuous; all that are, are named."""
    if space.size is not None:
        return space.size
    continuous = {path: d for path, d in space.dimensions.items() if d.values() is None}
    reasons = "; ".join(f"{path} is continuous ({d.describe()})" for path, d in continuous.items())
    example = ", ".join(f'"{path}" = {d.describe().split()[0]}' for path, d in continuous.items())
    raise SpaceError(
        f'space "{space.name}": a grid needs dimensions whose values can be counted, but {reasons}. Give each one '
        f"value with space.fix = {{ {example} }}, or a list of values in space.narrow or space.dimensions; or use "
        "another search.algorithm"
    )


def _values(dimension: Dimension) -> Sequence[Value]:
    return dimension.values() or ()
