"""``seqtune delete``: remove a campaign."""

from typing import Annotated

import typer

from tuning.cli.options import EXIT_NEGATIVE, VAR, HomeOption, NameArgument, existing_home
from tuning.cli.printing import printable, say


def delete(
    *,
    name: NameArgument,
    runs: Annotated[bool, typer.Option("--runs", help="Delete its MLflow runs as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    home: HomeOption = VAR,
) -> None:
    """Delete a campaign: its journal, checkpoints and weights.

    Prepared arrays stay, as other campaigns may share them.  Example: seqtune delete demo --yes
    """
    place = existing_home(home)
    described = place.describe(name)
    what = f"campaign {name} ({described}) in {place.path}{' and its MLflow runs' if runs else ''}"
    if not yes and not typer.confirm(printable(f"Delete {what}?")):
        say("nothing was deleted")
        raise typer.Exit(EXIT_NEGATIVE)
    with place.locked(name):
        if runs:
            from tuning.tracking.publisher import delete_runs

            delete_runs(place, name)
        place.delete(name)
    say(f"deleted: {what}")
