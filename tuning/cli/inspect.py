"""``seqtune inspect``: what a data set holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuning.cli.options import EXIT_USAGE, DatasetsOption, JsonOption, LabelOption, SequenceOption, TextOption
from tuning.cli.printing import say, say_error

if TYPE_CHECKING:
    from data.config import DataOptions
    from data.inspection import Inspection

GroupOption = Annotated[
    str | None, typer.Option("--group", metavar="COLUMN", help="Column of groups, for example the patient.")
]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="COLUMN", help="Column to forecast: the table is one series.")
]
IgnoreOption = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="COLUMN", help="Column to leave out; repeatable.")
]
TestOption = Annotated[str | None, typer.Option("--test", metavar="FILE", help="Second file, the official test part.")]
DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="Known name, ucr/NAME, or path of a file.", show_default=False)
]
SEED = 1
"""Of the split that is shown, and of a campaign file that is written."""


def inspect(
    *,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Known name, ucr/NAME, path of a file, or a campaign file.", show_default=False
        ),
    ],
    label: LabelOption = None,
    group: GroupOption = None,
    text: TextOption = None,
    target: TargetOption = None,
    sequence: SequenceOption = None,
    ignore: IgnoreOption = None,
    test: TestOption = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Plot a few sequences per class, or the series.")
    ] = None,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a data set holds, before a search.

    Rows, classes, lengths, ranges, groups, duplicates, the parts of the split, and what to do about problems.  Columns
    of a table that no option names are guessed.  Of a campaign file its [data] is shown.  Texts are printed, not
    plotted.  Example: seqtune inspect heartbeats --plot beats.png
    """
    from tuning.cli import plots, tables

    if plot is not None:
        plots.check_suffix(plot)
    columns = {"label": label, "group": group, "text": text, "target": target, "sequence": sequence}
    given = {**columns, "ignore": ignore, "test": test}
    with tables.spinner(tables.console(error=True), f"{data}: reading"):
        seen = _inspected(data, given, datasets)
    texts = seen.overview is not None and seen.overview.kind == "texts"
    if plot is not None and seen.opened is not None and not texts:  # before anything is printed
        from tuning.cli.inspect_plot import draw

        plots.save(draw(seen.opened), plot)

    def show() -> None:
        from tuning.cli.inspect_tables import show as show_tables

        show_tables(seen, tables.console(), examples=plot is not None)

    tables.emit(_as_json(seen), as_json=as_json, show=show)
    if seen.error is not None:
        say_error(seen.error)
        raise typer.Exit(EXIT_USAGE)
    if plot is not None:
        say(f"{plot}: not written, since texts have no curves" if texts else f"plot: {plot}", error=as_json)


def data_options(data: str, given: dict[str, Any]) -> "DataOptions":
    """Return the options of a data set that a command line names.  given: key of ``[data]`` -> value or None."""
    from pydantic import ValidationError

    from data.config import DataOptions
    from data.errors import DataError
    from tuning.campaign.messages import messages

    named = {key: value for key, value in given.items() if value is not None}
    try:
        return DataOptions(dataset=data, **named)
    except ValidationError as error:
        document = {"dataset": data, **named}
        raise DataError(*(text for _, text in messages(error, document, DataOptions))) from None


def _inspected(data: str, given: dict[str, Any], datasets: Path | None) -> "Inspection":
    from data import inspection
    from tuning.campaign.seeds import derive

    if not data.endswith(".toml"):
        options = data_options(data, given)
        return inspection.inspect(options, datasets, split_seed=derive(SEED, "split"))
    from data.config import DataOptions
    from tuning.campaign.errors import CampaignError
    from tuning.campaign.file import load
    from tuning.campaign.variants import data_config

    named = [f"--{key}" for key, value in given.items() if value is not None]
    if named:
        raise CampaignError(f"{', '.join(named)}: {data} is a campaign file and has its own [data]. Change it there")
    config = load(Path(data)).config
    one = data_config(config, {})
    keys = {key: value for key, value in one if key in DataOptions.model_fields and key in config.data.model_fields_set}
    options = DataOptions(**keys | {"split": one.split})
    return inspection.inspect(options, datasets, split_seed=one.split_seed, guess=False)


def _as_json(seen: "Inspection") -> dict[str, Any]:
    return {
        "data": seen.keys,
        "files": [str(path) for path in seen.paths],
        "overview": seen.overview,
        "findings": seen.findings,
        "columns": seen.columns,
        "error": None if seen.error is None else str(seen.error),
    }
