"""The command line: one function a verb.  What a verb needs is imported when it runs, so that --help is quick."""

import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from data.errors import DataError
from search_spaces.errors import SpaceError
from tuning.errors import CampaignError, JournalError, RecordError, StoreError

if TYPE_CHECKING:
    from tuning.home import Home

USERS_ERRORS = (CampaignError, DataError, JournalError, RecordError, SpaceError, StoreError)
NO = 1
"""Exit code: it ran, but the answer is no."""
WRONG = 2
"""Exit code: the user's error."""
INTERRUPTED = 130


class Verbs(TyperGroup):
    """The group of commands; a user's error ends as one message and exit code 2."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # typer's own base takes its private class
        """Run the command."""
        try:
            return super().invoke(ctx)
        except USERS_ERRORS as error:
            typer.echo(f"seqtune: {error}", err=True)
            raise typer.Exit(WRONG) from None
        except KeyboardInterrupt:
            typer.echo("seqtune: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Verbs, add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="SEQTUNE_HOME", help="Folder of all that is produced.", metavar="FOLDER")
]
DatasetsOption = Annotated[
    Path | None,
    typer.Option("--datasets", envvar="SEQTUNE_DATASETS", help="Folder of the data sets.", metavar="FOLDER"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A campaign's name.")]
VAR = Path("var")


def main() -> None:
    """Run the command line; an error that no message explains is a bug, and says so."""
    try:
        app()
    except Exception:  # noqa: BLE001 - the last place that can say what this is
        traceback.print_exc()
        sys.stderr.write("\nThis is a bug in seqtune. Please report it with the lines above.\n")
        sys.exit(NO)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"seqtune {version('seqtune')}")
        raise typer.Exit


@app.callback()
def seqtune(
    *,
    _show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Hyperparameter search for sequence classifiers that runs again and comes out the same."""


@app.command()
def launch(
    *,
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml", help="A campaign file.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Put a value over the file's, as search.window=4."),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Put search.trials over the file's.", min=1)] = None,
    name: Annotated[str | None, typer.Option(help="Run it under another name.")] = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a campaign, or go on with it where it stands."""
    from tuning.campaign_file import load
    from tuning.launch_command import run

    config = load(campaign, settings=settings or [], trials=trials, name=name)
    record = run(config, home=_home(home), datasets=datasets, as_json=as_json)
    if record.finished_at is None:
        last = record.interruptions[-1]
        typer.echo(f"seqtune: {last.reason}. The same command goes on where it stands", err=True)
        raise typer.Exit({"user": INTERRUPTED, "budget": 0, "failures": NO}[last.cause])
    if not record.ranked():
        typer.echo(f"seqtune: campaign {config.name!r}: no trial has completed", err=True)
        raise typer.Exit(NO)


@app.command()
def status(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A campaign's name; all without it.")] = None,
    events: Annotated[bool, typer.Option("--events", help="Print the campaign's journal.")] = False,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Show all campaigns, or one campaign's trials."""
    from tuning import chronicle, overview, tables
    from tuning.journal import read

    place, out = _home(home), tables.console()
    if name is None:
        if events:
            raise CampaignError("--events: of which campaign? Write seqtune status NAME --events")
        rows = overview.campaigns(place)
        if as_json:
            typer.echo(tables.json_lines(rows))
        elif rows:
            overview.show_campaigns(rows, out)
        else:
            typer.echo(f"no campaigns in {place.path} yet; seqtune launch CAMPAIGN.toml begins one")
        return
    record = place.record(name)
    entries = read(place.journal(name))
    one, trials = overview.campaign(place, name, entries), overview.trials(record)
    if events and as_json:
        typer.echo(tables.json_lines([{"n": e.n, "at": e.at, **e.event.model_dump(mode="json")} for e in entries]))
    elif events:
        for entry in entries:
            tables.line(out, chronicle.line(entry, record.config.objective.metric))
    elif as_json:
        typer.echo(tables.json_lines({"campaign": one, "trials": trials}))
    else:
        overview.show_trials(one, trials, out)


@app.command()
def top(
    *,
    name: NameArgument,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw their curves too, five at most.")] = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Show a campaign's best trials; with replicates its best configurations, by their means."""
    from tuning import figures, tables
    from tuning.leaderboard import leaderboard
    from tuning.leaderboard_table import show

    if plot is not None:
        figures.check_suffix(plot)
    record = _home(home).record(name)
    board = leaderboard(record, k)
    if plot is not None and board.ranked:  # before anything is printed: a reader such as `head` may close the pipe
        from tuning.top_figure import draw

        figures.save(draw(record, k), plot)
    if as_json:
        typer.echo(tables.json_lines(board))
    else:
        show(board, tables.console())
    if not board.ranked:
        typer.echo(f"seqtune: campaign {name!r}: no trial has completed", err=True)
        raise typer.Exit(NO)
    if plot is not None:
        typer.echo(f"Drawn: {plot}", err=as_json)


@app.command()
def study(
    *,
    name: NameArgument,
    factor: Annotated[
        str | None, typer.Option(metavar="PATH", help="The dimension whose settings are compared, as model.cell.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="PATH", help="Answer for each value of this dimension apart.")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(metavar="M", help="objective, train_loss, overfitting, best_epoch or seconds."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw curves and intervals too.")] = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Answer a campaign's question: compare the settings of one dimension.

    Means with 95 % intervals, and each setting tested against the best one.
    """
    from tuning.study_command import run

    made = run(_home(home).record(name), factor=factor, by=by, measure=measure, plot=plot, as_json=as_json)
    if not any(one.answered for one in made):
        typer.echo(f"seqtune: campaign {name!r}: no setting has two completed trials", err=True)
        raise typer.Exit(NO)


@app.command()
def export(
    *,
    name: NameArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to: .json, .toml or .csv.")],
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    home: HomeOption = VAR,
) -> None:
    """Write a campaign's best trials to a file; with replicates one completed trial of each of the best configurations.

    Each entry is complete: `seqtune reproduce FILE --rank R` trains it again without MLflow.
    """
    from tuning import export as exports
    from tuning.export_file import check_suffix, write

    check_suffix(out)
    record = _home(home).record(name)
    if not record.ranked():
        typer.echo(f"seqtune: campaign {name!r}: no trial has completed, so there is nothing to export", err=True)
        raise typer.Exit(NO)
    exported = exports.export(record, k)
    write(exported, out)
    found, replicated = len(exported.entries), record.config.search.replicates > 1
    best, by = (f"{found} configurations", "mean ") if replicated else (f"{found}", "")
    fewer = f" (no more than {found} completed)" if found < k else ""
    typer.echo(f"{out}: the best {best} of {name} by {by}{exported.selection.metric}, validation split{fewer}")
    if record.finished_at is None:
        typer.echo(f"{name} is not finished: {len(record.ended)} of {record.target} trials have ended")
    typer.echo(f"train one again: seqtune reproduce {out} --rank 1")


@app.command()
def reproduce(
    *,
    target: Annotated[str, typer.Argument(metavar="RUN_ID|NAME|FILE", help="An MLflow run, a campaign, an export.")],
    trial: Annotated[int | None, typer.Option(help="NAME: the trial's index, from 0.", min=0)] = None,
    seed: Annotated[int | None, typer.Option(help="NAME: the trial's seed.", min=0)] = None,
    rank: Annotated[int | None, typer.Option(help="FILE: the entry's rank, from 1.", min=1)] = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a recorded trial again and compare.

    Which trial: RUN_ID, NAME --trial K, NAME --seed S, or FILE --rank R.  The verdict is `exact` or `within
    tolerance` (exit code 0), or `differs at epoch e` (exit code 1).
    """
    from tuning.lookup import find
    from tuning.reproduce_command import run

    place = _home(home)
    found = find(place, target, trial=trial, seed=seed, rank=rank)
    raise typer.Exit(NO if run(found, home=place, datasets=datasets, as_json=as_json).verdict == "differs" else 0)


@app.command()
def sync(*, name: NameArgument, home: HomeOption = VAR) -> None:
    """Bring MLflow up to a campaign's journal."""
    from tuning.tracking import sync as bring_up

    place = _home(home)
    bring_up(place, name)
    typer.echo(f"{name}: MLflow has everything that the journal has")


@app.command()
def adopt(
    *,
    name: NameArgument,
    tracking_uri: Annotated[
        str | None, typer.Option("--tracking-uri", metavar="URI", help="The store; by default MLFLOW_TRACKING_URI.")
    ] = None,
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a campaign from its MLflow store alone, as on a new machine."""
    from tuning import adopt as adoption
    from tuning import tables

    place, out = _home(home), tables.console(error=as_json)
    with out.status("reading the store") as status:
        adopted = adoption.adopt(
            place, name, tracking_uri or place.tracking_uri, lambda k, of: status.update(f"trial {k} of {of}")
        )
    if as_json:
        typer.echo(tables.json_lines(adopted))
    else:
        adoption.show(adopted, place, out)


@app.command()
def ui(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 5000,
    home: HomeOption = VAR,
) -> None:
    """Open MLflow on the campaigns of this home; Ctrl-C ends it."""
    from tuning.tracking_ui import ui as serve

    serve(_home(home), host=host, port=port, say=typer.echo)


@app.command()
def spaces(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A space's name; all without it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the search spaces and their dimensions."""
    from search_spaces.catalogue import SPACES, find
    from tuning import tables
    from tuning.catalogues import describe_spaces, show_spaces

    rows = describe_spaces([find(name)] if name is not None else list(SPACES.values()))
    if as_json:
        typer.echo(tables.json_lines(rows))
    else:
        show_spaces(rows, tables.console())


datasets_app = typer.Typer(rich_markup_mode=None)
app.add_typer(datasets_app, name="datasets")


@datasets_app.callback(invoke_without_command=True)
def datasets(ctx: typer.Context, *, datasets: DatasetsOption = None, as_json: JsonOption = False) -> None:
    """Show the data sets known by name, and where they were found; or download one."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = (datasets, as_json)
        return
    from data.catalogue import describe
    from tuning import tables
    from tuning.catalogues import show_datasets

    rows = describe(datasets)
    if as_json:
        typer.echo(tables.json_lines(rows))
    else:
        show_datasets(rows, tables.console())


@datasets_app.command()
def fetch(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="heartbeats-physionet, or ucr/NAME.")],
    datasets: Annotated[
        Path | None, typer.Option("--datasets", help="Where to; by default SEQTUNE_DATASETS.", metavar="FOLDER")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="A mirror of the publisher's folder.", metavar="URL")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Download a data set, or go on with it where it stands.

    heartbeats-physionet: 48 records, 94 MB, from physionet.org.  ucr/NAME: an archive of timeseriesclassification.com.
    """
    from tuning.fetch_command import run

    folder, listed = ctx.obj  # of `seqtune datasets --datasets FOLDER fetch NAME`, and of SEQTUNE_DATASETS
    if not run(name, datasets=datasets or folder, source=source, as_json=as_json or listed):
        raise typer.Exit(INTERRUPTED)


@app.command()
def doctor(*, home: HomeOption = VAR, datasets: DatasetsOption = None, as_json: JsonOption = False) -> None:
    """Check whether this machine and installation are ready."""
    from tuning import tables
    from tuning.doctor import examine, show

    checks = examine(_home(home), datasets)
    if as_json:
        typer.echo(tables.json_lines(checks))
    else:
        show(checks, tables.console())
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(NO)


def _home(path: Path) -> "Home":
    from tuning.home import Home

    return Home(path.expanduser().absolute())
