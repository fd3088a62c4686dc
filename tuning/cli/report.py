"""``seqtune report``: a campaign as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home, no_trial
from tuning.cli.printing import say


def report(
    *,
    name: NameArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="File to write; default: NAME.html.")
    ] = None,
    home: HomeOption = VAR,
) -> None:
    """Write a campaign's report, one HTML file.

    Tables and figures need neither a network nor seqtune.  The file is also added to the campaign's run in MLflow, if
    that store can be reached.  Example: seqtune report demo --out demo.html
    """
    from tuning.api import REPORT_SUFFIXES, load
    from tuning.training.files import check_suffix

    if out is not None:
        check_suffix(out, REPORT_SUFFIXES)
    place = existing_home(home)
    campaign = load(name, home=place.path)
    if not campaign.record.ended:
        raise no_trial(name)
    written = campaign.report(out)
    count, size = campaign.record.ended_count, written.size_bytes / 2**20
    say(f"{written.path}: report of {count} trials, {size:.1f} MiB. Open it in a browser")
    if written.problem is not None:
        say(f"not added to MLflow: {written.problem}", error=True)
    elif written.in_mlflow:
        say("added to the campaign's run in MLflow")
    else:
        say(f"not added to MLflow: the campaign is not published. `{place.command('sync', name)}` does so")
    if not campaign.record.ranked():
        raise no_trial(name)
