"""``seqtune repair``: keep the sound part of damaged journals."""

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home
from tuning.cli.printing import say


def repair(*, name: NameArgument, home: HomeOption = VAR) -> None:
    """Keep the sound part of a campaign's damaged journal.

    That of its confirmation, too.  The damaged file is kept beside it.  What was recorded after the damage is trained
    again by the next launch or `seqtune confirm`, with the same bits.  Example: seqtune repair demo
    """
    from tuning.journal.log import repair as cut

    place = existing_home(home)
    place.describe(name)  # it exists
    sound = []
    with place.locked(name):
        for which, again, of in (("journal", "launch", place), ("confirmation", "confirmation", place.confirmations)):
            if not of.journal(name).exists():
                continue
            done = cut(of.journal(name))
            if done is None:
                sound.append(which)
                continue
            record = of.record(name)
            say(f"{name}, {which}: kept {done.kept} of {done.lines} lines; the damaged file is {done.backup}")
            say(f"damage: {done.problem}")
            say(f"{len(record.ended)} of {record.target} trials have ended; the next {again} trains the others")
    if sound:
        say(f"{name}: {' and '.join(sound)} sound; nothing changed there")
