"""The search spaces and data sets known by name, as tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from data.catalogue import Description
from search_spaces.conditions import CONDITIONS
from search_spaces.space import Space
from tuning import tables
from tuning.tables import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRow:
    """One dimension.  stage: 1 is always searched, 2 where a campaign's ``space.also`` names it.

    where: the condition under which it means something; None: always.
    """

    path: str
    values: str
    stage: int
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow:
    """One space."""

    name: str
    source: str
    dimensions: list[DimensionRow]


def describe_spaces(spaces: Sequence[Space]) -> list[SpaceRow]:
    """Return the spaces with their dimensions, those of the second stage last."""
    return [
        SpaceRow(
            name=space.name,
            source=space.source,
            dimensions=[
                DimensionRow(path=path, values=dimension.describe(), stage=stage, where=_where(path))
                for stage, part in ((1, space.dimensions), (2, space.second_stage))
                for path, dimension in part.items()
            ],
        )
        for space in spaces
    ]


def show_spaces(rows: list[SpaceRow], target: Console) -> None:
    """Print each space as a table."""
    for row in rows:
        tables.line(target, f"{row.name}  ({row.source})", "bold")
        tables.table(
            target,
            [Column(head="dimension"), Column(head="values, bounds included"), Column(head="searched")],
            [[d.path, d.values, _searched(d)] for d in row.dimensions],
        )
        tables.line(target, "")
    tables.line(target, "data.balance is a dimension as well where a campaign lists several values for it.")


def _where(path: str) -> str | None:
    condition = CONDITIONS.get(path)
    return condition.words if condition else None


def _searched(row: DimensionRow) -> str:
    stage = "always" if row.stage == 1 else "with space.also"
    return f"{stage}, where {row.where}" if row.where else stage


def show_datasets(rows: Sequence[Description], target: Console) -> None:
    """Print each data set on a line of its own and, below it, where it is."""
    for row in rows:
        tables.line(target, f"{row.name}  {row.size}", "bold")
        tables.line(target, f"  {row.about}")
        tables.line(target, f"  found: {row.where}" if row.found else f"  {row.where}")
    tables.line(target, "")
    tables.line(target, "Any table works too: data.dataset = the path of a .csv, .parquet or .npz, one row a sequence.")
    tables.line(target, "Archives of timeseriesclassification.com are called ucr/NAME; any .ts file by its path.")
    tables.line(target, "`seqtune datasets fetch NAME` downloads heartbeats-physionet or ucr/NAME.")
