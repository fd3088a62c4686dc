"""``seqtune spaces``: the search spaces, and the fields of a model family."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from tuning.analysis.spaces import DimensionRow, ModelDetails, SpaceDetails, SpaceRow
    from tuning.journal.text import Cell


def _names(incomplete: str) -> list[str]:
    """Complete a space's name in a shell."""
    from search_spaces.catalogue import SPACES

    return [name for name in SPACES if name.startswith(incomplete)]


def _families(incomplete: str) -> list[str]:
    """Complete a family's name in a shell."""
    from search_spaces.families import families

    return [name for name in families() if name.startswith(incomplete)]


def spaces(
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A space to show in detail; default: a list.", autocompletion=_names),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY", help="Show the fields of a model family that can be searched.", autocompletion=_families
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List search spaces, or show one, or a model family.

    Spaces of installed packages are listed by name; shown in detail, the package is imported.
    Example: seqtune spaces cnn2d
    """
    from search_spaces.catalogue import SPACES, find
    from tuning.analysis.spaces import describe_model, describe_space, list_spaces
    from tuning.campaign import own_code, packages
    from tuning.campaign.errors import CampaignError
    from tuning.cli import tables

    if name is not None and model is not None:
        raise CampaignError("a space and --model exclude each other: show one of the two")
    if model is not None:
        fields = describe_model(model)
        tables.emit(fields, as_json=as_json, show=lambda: _show_model(fields, tables.console()))
    elif name is not None:
        if name not in SPACES:
            own_code.use(packages.offered([("seqtune.spaces", name)]))
        space = describe_space(find(name))
        tables.emit(space, as_json=as_json, show=lambda: _show_space(space, tables.console()))
    else:
        rows, offered = list_spaces(SPACES.values()), packages.entries("seqtune.spaces")
        tables.emit(rows, as_json=as_json, show=lambda: _show_list(rows, offered, tables.console()))


def _show_list(rows: "Sequence[SpaceRow]", offered: "Mapping[str, str]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column

    columns = [
        Column(head="space"),
        Column(head="for"),
        Column(head="dimensions", right=True),
        Column(head="optional", right=True, spare=2),
        Column(head="models", spare=1),
    ]
    cells: list[list[Cell]] = [
        [row.name, row.advice, row.dimensions, row.optional, ", ".join(row.models)] for row in rows
    ]
    tables.hidden_columns(target, tables.table(target, columns, cells))
    tables.line(target, "")
    if offered:
        names = ", ".join(f"{name} ({package})" for name, package in sorted(offered.items()))
        tables.line(target, f"Of installed packages: {names}")
    tables.line(target, "One in detail: seqtune spaces NAME. All fields of a model: seqtune spaces --model FAMILY")


def _show_space(space: "SpaceDetails", target: "Console") -> None:
    from tuning.campaign.config import VARIED
    from tuning.cli import tables
    from tuning.cli.tables import Column

    tables.line(target, f"{space.name}: {space.advice}", "bold")
    tables.line(target, f"models: {', '.join(space.models)}; source: {space.source}")
    tables.line(target, "")
    columns = [
        Column(head="dimension"),
        Column(head="values, bounds included"),
        Column(head="searched"),
        Column(head="meaning", spare=1),
    ]
    cells = [[d.path, d.values, _searched(d), d.about] for d in space.dimensions]
    tables.hidden_columns(target, tables.table(target, columns, cells))
    if space.constants:
        fixed = ", ".join(f"{path} = {value}" for path, value in space.constants.items())
        tables.line(target, f"constant: {fixed}")
    *most, last = (f"data.{name}" for name in VARIED)
    listed = f"{', '.join(most)} and {last}"
    tables.line(target, f"{listed} are dimensions as well where [data] lists several values.")
    _show_example("To change it, for example:", space.example, target)
    tables.line(target, f"All fields: {', '.join(f'seqtune spaces --model {model}' for model in space.models)}")


def _show_model(model: "ModelDetails", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column

    tables.line(target, f"{model.model}: {model.about}", "bold")
    tables.line(target, "")
    columns = [Column(head="field"), Column(head="allowed"), Column(head="default"), Column(head="meaning", spare=1)]
    cells = [[f.path, f.allowed, "" if f.default is None else json.dumps(f.default), f.about] for f in model.fields]
    tables.hidden_columns(target, tables.table(target, columns, cells))
    _show_example("To search some of them, for example:", model.example, target)


def _show_example(head: str, example: str, target: "Console") -> None:
    from tuning.cli import tables

    tables.line(target, "")
    tables.line(target, head)
    tables.line(target, "")
    for text in example.splitlines():
        tables.line(target, f"    {text}" if text else "", whole=True)
    tables.line(target, "")


def _searched(row: "DimensionRow") -> str:
    when = "with space.include" if row.optional else "always"
    return f"{when}, if {row.where}" if row.where else when
