"""``seqtune check``: hold a file of a user's own code to what campaigns rely on."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import EXIT_NEGATIVE, DatasetsOption, JsonOption, json_only
from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.analysis.code_check import CheckRow

STYLES = {"passed": "", "failed": "bold red", "not checked": "yellow"}
"""Results of a check, and how their rows are printed."""


def check(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A file of your own code; it is run.")],
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file of your own code.

    Models: shapes, padding, gradients, deterministic bits, weights.  Spaces, metrics and data sets too.  Exits with 1
    if a check fails.
    Example: seqtune check examples/inception.py
    """
    from tuning.campaign import own_code
    from tuning.campaign.code_files import read_source
    from tuning.cli import tables

    source = read_source(file)
    with json_only(as_json=as_json), tables.spinner(tables.console(error=True), f"loading {file}") as show:
        for line in own_code.use([source]):
            say(line, error=True)
        show("loading PyTorch")
        from tuning.analysis.code_check import check_code

        rows = check_code(source, datasets=datasets, progress=show)
    tables.emit(rows, as_json=as_json, show=partial(_show, rows, tables.console()))
    if any(row.result == "failed" for row in rows):
        raise typer.Exit(EXIT_NEGATIVE)


def _show(rows: "Sequence[CheckRow]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column

    tables.table(
        target,
        [Column(head="entry"), Column(head="check"), Column(head="result"), Column(head="reason")],
        [[row.entry, row.check, row.result, row.reason] for row in rows],
        [STYLES[row.result] for row in rows],
    )
    passed, failed, unchecked = (sum(row.result == name for row in rows) for name in STYLES)
    ending = f"{passed} of {len(rows)} checks passed" if unchecked else f"all {len(rows)} checks passed"
    if failed:
        ending = f"{failed} of {len(rows)} checks failed"
    tables.line(target, "")
    tables.line(target, f"{ending}, {unchecked} not checked" if unchecked else ending)
