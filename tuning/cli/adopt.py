"""``seqtune adopt``: recover a campaign from MLflow, or take it from a file of its journal."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import VAR, CodeOption, HomeOption, JsonOption, json_only, open_home
from tuning.cli.printing import say

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.execution.adoption import Adoption
    from tuning.journal.home import Home


def adopt(
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.jsonl[.gz]", help="Name of a campaign in the store, or a journal.", show_default=False
        ),
    ],
    tracking_uri: Annotated[
        str | None, typer.Option("--tracking-uri", metavar="URI", help="The store; default: MLFLOW_TRACKING_URI.")
    ] = None,
    code: CodeOption = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Recover a campaign from MLflow or a journal.

    Launching it then resumes there.  Code of your own is run from --code alone, never from the store.  A file brings no
    weights; `seqtune reproduce` trains them again.
    Example: seqtune adopt demo --tracking-uri http://127.0.0.1:5000
    """
    from tuning.cli import tables
    from tuning.execution.adoption import is_journal_file

    place, out = open_home(home), tables.console(error=as_json)
    if is_journal_file(name):
        _adopt_file(place, name, code or [], out, tracking_uri=tracking_uri, as_json=as_json)
        return
    with tables.spinner(out, "reading the store") as show:
        from tuning.tracking import adopt as tracking

        uri = tracking_uri or place.tracking_uri
        with json_only(as_json=as_json):
            adopted = tracking.adopt(
                place,
                name,
                uri,
                lambda k, of: show(f"trial {k} of {of}"),
                code=code or [],
                printed=partial(say, error=True),
            )
    elsewhere = uri != place.tracking_uri
    tables.emit(adopted, as_json=as_json, show=lambda: _show(adopted, place, out, elsewhere=elsewhere))


def _adopt_file(
    place: "Home", name: str, code: list[Path], out: "Console", *, tracking_uri: str | None, as_json: bool
) -> None:
    from tuning.campaign.errors import CampaignError
    from tuning.cli import tables
    from tuning.execution.adoption import adopt_file

    if tracking_uri is not None:
        raise CampaignError(f"--tracking-uri does not go with a file: {name}. Leave it out, or name a campaign")
    with json_only(as_json=as_json):
        adopted = adopt_file(place, Path(name).expanduser(), code=code, printed=partial(say, error=True))
    tables.emit(adopted, as_json=as_json, show=lambda: _show(adopted, place, out, elsewhere=False))


def _show(adoption: "Adoption", home: "Home", target: "Console", *, elsewhere: bool) -> None:
    from tuning.cli import tables

    name = adoption.campaign
    tables.line(target, f"{name}: recovered from {adoption.source} into {home.path}", "bold")
    tables.line(
        target, f"{len(adoption.ended)} of {adoption.target} trials had ended; weights of {_names(adoption.weights)}"
    )
    if adoption.to_train:
        tables.line(target, f"to be trained again from epoch 1: {_names(adoption.to_train)}")
    for note in adoption.notes:
        tables.line(target, note, "yellow")
    if adoption.running:
        tables.line(target, "The store says that a launch is still running. End it before you resume here", "yellow")
    if adoption.others:
        tables.line(target, f"The store has {adoption.others} older campaigns of this name; this is the latest")
    tables.line(target, f"Resume: {home.command('launch', adoption.file)}", whole=True)
    if elsewhere:
        tables.line(target, "To write into the same store, set MLFLOW_TRACKING_URI to it")


def _names(indices: list[int]) -> str:
    from tuning.journal.text import trial_name

    return ", ".join(map(trial_name, indices)) or "none"
