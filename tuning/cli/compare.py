"""``seqtune compare``: the levels of one dimension, compared."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import EXIT_NEGATIVE, VAR, HomeOption, JsonOption, NameArgument, existing_home
from tuning.cli.printing import say


def compare(
    *,
    name: NameArgument,
    factor: Annotated[
        str | None, typer.Option(metavar="PATH", help="Dimension whose levels are compared, e.g. model.cell.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="PATH", help="Analyse each value of this dimension separately.")
    ] = None,
    response: Annotated[
        str | None,
        typer.Option(metavar="R", help="objective, train_loss, overfitting, generalisation_gap, best_epoch, seconds."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Plot learning curves and intervals.")] = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Compare the levels of one dimension by paired tests.

    Defaults are those of [comparison] in the campaign file.  Example: seqtune compare cell-type --factor cell
    """
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
