"""How often random suggestions repeat an earlier one: the birthday problem on a space."""

import math

from search_spaces.space import Space


def expected_repeats(space: Space, draws: int) -> float:
    """Return how many of so many random suggestions are expected to equal an earlier one.

    Exact where dimensions are drawn uniformly: each assignment of a part has one probability p, and occurs among n
    draws with 1 - (1 - p)^n.  Logarithmic dimensions repeat more often.  0 of a space with a continuous dimension.
    """
    if space.size is None:
        return 0.0
    distinct = 0.0
    for part in space.parts():
        count = math.prod(len(dimension.values() or ()) for dimension in part.values())
        rarity = math.prod(len(space.dimensions[path].values() or ()) for path in part)
        distinct -= count * math.expm1(draws * math.log1p(-1 / rarity)) if rarity > 1 else -count
    return max(0.0, draws - distinct)
