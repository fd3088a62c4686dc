"""``seqtune report``: a campaign as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home, no_trial
from tuning.cli.printing import say

SUFFIXES = (".html", ".htm")


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
    from tuning.campaign.errors import CampaignError, StoreError
    from tuning.journal.record import fold
    from tuning.training.files import write_file

    path = out or Path(f"{name}.html")
    if path.suffix.lower() not in SUFFIXES:
        raise CampaignError(f"--out {path}: unknown suffix. Allowed: {', '.join(SUFFIXES)}")
    place = existing_home(home)
    entries = place.entries(name) if name in place.names() else []
    record = fold(entries) if entries else place.record(name)  # which says that there is none
    if not record.ended:
        raise no_trial(name)
    from tuning.report.page import page

    confirmed = place.confirmations.journal(name).exists()
    text = page(entries, place.confirmations.record(name) if confirmed else None)
    try:
        write_file(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another --out") from error
    say(f"{path}: report of {len(record.ended)} trials, {len(text.encode()) / 2**20:.1f} MiB. Open it in a browser")
    from tuning.tracking.campaign_files import add_to_campaign

    try:
        logged = add_to_campaign(place, entries[0], {"report.html": text})
    except StoreError as error:
        say(f"not added to MLflow: {error}", error=True)
    else:
        say(
            "added to the campaign's run in MLflow"
            if logged
            else f"not added to MLflow: the campaign is not published. `{place.command('sync', name)}` does so"
        )
    if not record.ranked():
        raise no_trial(name)
