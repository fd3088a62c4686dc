"""Whether models accept the combinations of values in a space, such as heads that divide a width."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from search_spaces.dimensions import Choice
from search_spaces.errors import SpaceError
from search_spaces.grid import point
from search_spaces.space import Assignment, Space

MOST_CHECKED = 1_000
"""Combinations of the model's dimensions that are checked: all, or of a larger space a sample with many ends."""


def check_combinations(space: Space) -> None:
    """Raise SpaceError where a family refuses values that the space combines; each value alone is allowed."""
    model = {path: dimension for path, dimension in space.dimensions.items() if path.startswith("model.")}
    for assignment in _assignments(replace(space, dimensions=model)):
        fields = space.active({**space.constants, **assignment})
        family = space.family(fields)
        named = {path.removeprefix("model."): value for path, value in fields.items() if path.startswith("model.")}
        try:
            family.model_validate(named)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            reason = detail.get("ctx", {}).get("error", detail["msg"])
            values = ", ".join(f"{path} = {value}" for path, value in fields.items() if path in model)
            raise SpaceError(
                f'space "{space.name}": {values or "fixed values"}: {reason}. Restrict the dimensions so that the '
                "model accepts every combination"
            ) from None


def _assignments(space: Space) -> Iterator[Assignment]:
    size = space.size
    if size is not None and size <= MOST_CHECKED:
        yield from (point(space, k) for k in range(size))
        return
    rng = np.random.default_rng(0)
    for _ in range(MOST_CHECKED):
        drawn: Assignment = {}
        for path, dimension in space.dimensions.items():
            if isinstance(dimension, Choice):
                drawn[path] = dimension.sample(rng)
            else:
                drawn[path] = dimension.at(float(rng.choice([0.0, 1.0, rng.random(), rng.random()])))
        yield space.active(drawn)
