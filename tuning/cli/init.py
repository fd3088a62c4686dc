"""``seqtune init``: a first campaign file for a data set."""

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.inspect import (
    SEED,
    DataArgument,
    GroupOption,
    IgnoreOption,
    TargetOption,
    TestOption,
    data_options,
)
from tuning.cli.options import (
    DatasetsOption,
    LabelOption,
    SequenceOption,
    TextOption,
)
from tuning.cli.printing import say

STDOUT = Path("-")
HEAD = "A first campaign, written by `seqtune init`. `seqtune inspect` shows the same data."


def init(
    *,
    data: DataArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File to write; default: NAME.toml; - prints it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the campaign; default: that of the file.")] = None,
    label: LabelOption = None,
    group: GroupOption = None,
    text: TextOption = None,
    target: TargetOption = None,
    sequence: SequenceOption = None,
    ignore: IgnoreOption = None,
    test: TestOption = None,
    datasets: DatasetsOption = None,
) -> None:
    """Write a commented campaign file for a data set.

    The data is read first.  Columns of a table that no option names are guessed; where several fit, nothing is written,
    and the message lists them.  An existing file is not overwritten.  Example: seqtune init heartbeats --out mine.toml
    """
    from data import inspection
    from tuning.campaign.draft import draft
    from tuning.campaign.errors import CampaignError
    from tuning.campaign.seeds import derive
    from tuning.cli import campaign_text, tables
    from tuning.training.files import write_output

    name = name or _name(data)
    path = out or Path(f"{name}.toml")
    if path != STDOUT:
        campaign_text.check_new(path)
    if data.endswith(".toml"):
        raise CampaignError(f"{data}: is a campaign file already. Start it: seqtune launch {shlex.quote(data)}")
    columns = {"label": label, "group": group, "text": text, "target": target, "sequence": sequence}
    given = {**columns, "ignore": ignore, "test": test}
    with tables.spinner(tables.console(error=True), f"{data}: reading"):
        seen = inspection.inspect(data_options(data, given), datasets, split_seed=derive(SEED, "split"))
        content = campaign_text.written(HEAD, draft(seen, name=name, seed=SEED))
        campaign_text.check(content)
    if path == STDOUT:
        typer.echo(content, nl=False)
        return
    write_output(path, content.encode())
    say(f"{path}: written. Read its comments, then start it:")
    folder = [] if datasets is None else ["--datasets", str(datasets)]
    say(f"  {shlex.join(['seqtune', 'launch', str(path), *folder])}")


def _name(data: str) -> str:
    """Return a campaign's name for a data set: the end of its path, without what a name may not have."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(data).stem).strip("-._")
    return words[:100] or "mine"
