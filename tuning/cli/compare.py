"""``seqtune compare``: the levels of one dimension, or several confirmed campaigns, compared."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import EXIT_NEGATIVE, VAR, HomeOption, JsonOption, NameArgument, completed_names, existing_home
from tuning.cli.printing import say


def compare(
    *,
    name: NameArgument,
    others: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OTHER",
            help="Further campaigns: compare the confirmed best configuration of each.",
            autocompletion=completed_names,
            show_default=False,
        ),
    ] = None,
    factor: Annotated[
        str | None, typer.Option(metavar="PATH", help="Dimension whose levels are compared, e.g. model.cell.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="PATH", help="Analyse each value of this dimension separately.")
    ] = None,
    response: Annotated[
        str | None,
        typer.Option(
            metavar="R",
            help="objective, train_loss, overfitting, generalisation_gap, best_epoch, seconds, or a metric.",
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Plot learning curves and intervals.")] = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Compare the levels of one dimension, or confirmed campaigns.

    Of one campaign: the levels of a dimension by paired tests; defaults are those of [comparison] in the campaign file.
    Of several: the best configuration of each on the test part, as `seqtune confirm` trained it.  Example: seqtune
    compare cell-type --factor cell
    """
    if others:
        given = {"--factor": factor, "--by": by, "--response": response, "--plot": plot}
        _confirmed([name, *others], [option for option, value in given.items() if value is not None], home, as_json)
        return
    from dataclasses import asdict

    from tuning.analysis.basis import basis, exclusions
    from tuning.analysis.compare import compare as compared
    from tuning.analysis.conclusions import answer, interaction_answer
    from tuning.cli import plots, tables
    from tuning.cli.compare_table import show

    if plot is not None:
        plots.check_suffix(plot)
    record = existing_home(home).record(name)
    comparisons = compared(record, factor=factor, by=by, response=response)
    if plot is not None:  # before anything is printed: a reader such as `head` may close the pipe
        from tuning.cli.compare_plot import draw

        plots.save(draw(comparisons, record), plot)
    groups = [asdict(c) | {"answer": answer(c), "excluded": exclusions(c), "basis": basis(c)} for c in comparisons]
    stratum = comparisons[0].by
    found = interaction_answer(comparisons)
    document = groups[0] if stratum is None else {"by": stratum, "groups": groups, "interaction": found}
    tables.emit(document, as_json=as_json, show=lambda: show(comparisons, tables.console()))
    if plot is not None:
        say(f"plot: {plot}", error=as_json)
    if not any(comparison.answered for comparison in comparisons):
        say(f"seqtune: campaign {name!r}: no level has two completed trials", error=True)
        raise typer.Exit(EXIT_NEGATIVE)


def _confirmed(names: list[str], options: list[str], folder: Path, as_json: bool) -> None:  # noqa: FBT001 - private
    """Compare the confirmations of several campaigns."""
    from dataclasses import asdict

    from tuning.analysis.campaigns import campaigns_answer, compare_campaigns
    from tuning.campaign.errors import CampaignError
    from tuning.cli import tables
    from tuning.cli.campaigns_table import show
    from tuning.cli.confirm import confirmation_of

    if options:
        raise CampaignError(f"{options[0]} is for the levels of one campaign. Name one campaign, or leave it out")
    home = existing_home(folder)
    found = compare_campaigns([(home.record(name), confirmation_of(home, name)) for name in names])
    document = asdict(found) | {"answer": campaigns_answer(found)}
    tables.emit(document, as_json=as_json, show=lambda: show(found, tables.console()))
