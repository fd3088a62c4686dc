"""The search spaces as rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.conditions import CONDITIONS
from search_spaces.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRow:
    """One dimension.  optional: searched only where ``space.include`` names it.  where: its condition, if any."""

    path: str
    values: str
    optional: bool
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow:
    """One space."""

    name: str
    source: str
    dimensions: list[DimensionRow]


def describe_spaces(spaces: Sequence[Space]) -> list[SpaceRow]:
    """Return the spaces with their dimensions, optional ones last."""
    return [
        SpaceRow(
            name=space.name,
            source=space.source,
            dimensions=[
                DimensionRow(path=path, values=dimension.describe(), optional=optional, where=_where(path))
                for optional, part in ((False, space.dimensions), (True, space.optional))
                for path, dimension in part.items()
            ],
        )
        for space in spaces
    ]


def _where(path: str) -> str | None:
    condition = CONDITIONS.get(path)
    return condition.words if condition else None
