"""``seqtune repair``: keep the sound part of a damaged journal."""

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home
from tuning.cli.printing import say


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
        say(f"{name}: the journal is sound; nothing was changed")
        return
    record = place.record(name)
    say(f"{name}: kept {done.kept} of {done.lines} lines; the damaged file is {done.backup}")
    say(f"damage: {done.problem}")
    say(f"{len(record.ended)} of {record.target} trials have ended; the next launch trains the others")
