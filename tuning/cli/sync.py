"""``seqtune sync``: bring MLflow up to date with a journal."""

from typing import TYPE_CHECKING

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home
from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable


def sync(*, name: NameArgument, home: HomeOption = VAR) -> None:
    """Bring MLflow up to date with a campaign's journal.

    Needed where the MLflow store was away during a launch.  Example: seqtune sync demo
    """
    from tuning.cli import tables

    place = existing_home(home)
    place.record(name)  # before seconds of imports
    from tuning.tracking.publisher import sync as bring_up_to_date

    out = tables.console(error=True)
    with tables.spinner(out, "connecting to the store") as show:
        update: Callable[[int, int], None] = lambda done, of: show(f"run {done} of {of}")  # noqa: E731
        bring_up_to_date(place, name, update)
    say(f"{name}: MLflow is up to date with the journal")
