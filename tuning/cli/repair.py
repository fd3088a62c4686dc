"""``seqtune repair``: keep the sound part of a damaged journal."""

import typer

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home


def repair(*, name: NameArgument, home: HomeOption = VAR) -> None:
    """Keep the sound part of a campaign's damaged journal.

    The damaged file is kept beside it.  What was recorded after the damage is trained again by the next launch, with
    the same bits.  Example: seqtune repair demo
    """
    from tuning.journal.log import repair as cut

    place = existing_home(home)
    place.describe(name)  # it exists
    with place.locked(name):
        done = cut(place.journal(name))
    if done is None:
        typer.echo(f"{name}: the journal is sound; nothing was changed")
        return
    record = place.record(name)
    typer.echo(f"{name}: kept {done.kept} of {done.lines} lines; the damaged file is {done.backup}")
    typer.echo(f"damage: {done.problem}")
    typer.echo(f"{len(record.ended)} of {record.target} trials have ended; the next launch trains the others")
