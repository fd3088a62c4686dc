"""``seqtune init``: a first campaign file for a data set."""

import re
import shlex
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

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
from tuning.cli.printing import printable, say

if TYPE_CHECKING:
    from tuning.campaign.draft import Entry

STDOUT = Path("-")
HEAD = "# A first campaign, written by `seqtune init`. `seqtune inspect` shows the same data."
COMMENT = 36
"""Column at which comments begin."""
LONGEST = 120
"""Characters of a comment beside a key; a longer one stands above it, in lines of as many."""


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
    from tuning.cli import tables
    from tuning.training.files import write_output

    name = name or _name(data)
    path = out or Path(f"{name}.toml")
    if path != STDOUT and (path.exists() or path.is_symlink()):
        raise CampaignError(f"{path}: exists, and is not overwritten. Choose another --out, or remove it")
    if data.endswith(".toml"):
        raise CampaignError(f"{data}: is a campaign file already. Start it: seqtune launch {shlex.quote(data)}")
    columns = {"label": label, "group": group, "text": text, "target": target, "sequence": sequence}
    given = {**columns, "ignore": ignore, "test": test}
    with tables.spinner(tables.console(error=True), f"{data}: reading"):
        seen = inspection.inspect(data_options(data, given), datasets, split_seed=derive(SEED, "split"))
        content = toml(draft(seen, name=name, seed=SEED))
        _check(content)
    if path == STDOUT:
        typer.echo(content, nl=False)
        return
    write_output(path, content.encode())
    say(f"{path}: written. Read its comments, then start it:")
    folder = [] if datasets is None else ["--datasets", str(datasets)]
    say(f"  {shlex.join(['seqtune', 'launch', str(path), *folder])}")


def toml(entries: Iterable["Entry"]) -> str:
    """Return a campaign file of the entries, tables in the order of their first entries."""
    listed = list(entries)
    order = list(dict.fromkeys(entry.table for entry in listed))
    listed.sort(key=lambda entry: order.index(entry.table))
    lines = [HEAD]
    for table, members in groupby(listed, key=lambda entry: entry.table):
        lines += ["", f"[{table}]"] if table else []
        for entry in members:
            lines += _lines(entry)
    return "\n".join(lines) + "\n"


def _lines(entry: "Entry") -> list[str]:
    import textwrap

    line = f"{'' if entry.active else '# '}{entry.key} = {_value(entry.value)}"
    why = printable(entry.why)
    if not why:
        return [line]
    beside = f"{line:<{COMMENT}}  # {why}"
    if len(beside) <= LONGEST:
        return [beside]
    return [*(f"# {text}" for text in textwrap.wrap(why, LONGEST)), line]


def _value(value: Any) -> str:
    """Return a value as TOML on one line."""
    import tomli_w

    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")


def _check(content: str) -> None:
    """Read the file's content as a launch would.

    Raises:
        CampaignError: it is no campaign, for example with a name that is not allowed.
    """
    from tuning.campaign.errors import CampaignError
    from tuning.campaign.file import load

    with TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.toml"
        path.write_text(content, encoding="utf-8")
        try:
            load(path)
        except CampaignError as error:
            raise CampaignError(*(str(line).removeprefix(f"{path}: ") for line in error.args)) from None


def _name(data: str) -> str:
    """Return a campaign's name for a data set: the end of its path, without what a name may not have."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(data).stem).strip("-._")
    return words[:100] or "mine"
