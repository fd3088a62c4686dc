"""The command ``seqtune``: its subcommands, and how errors end."""

import gc
import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from data.errors import DataError
from search_spaces.errors import SpaceError
from tuning.campaign.errors import CampaignError, JournalError, RecordError, StoreError
from tuning.cli.adopt import adopt
from tuning.cli.check import check
from tuning.cli.compare import compare
from tuning.cli.confirm import confirm
from tuning.cli.datasets import datasets_app
from tuning.cli.delete import delete
from tuning.cli.diff import diff
from tuning.cli.doctor import doctor
from tuning.cli.evaluate import evaluate
from tuning.cli.export import export
from tuning.cli.init import init
from tuning.cli.inspect import inspect
from tuning.cli.launch import launch
from tuning.cli.options import EXIT_INTERRUPTED, EXIT_NEGATIVE, EXIT_USAGE
from tuning.cli.plan import plan
from tuning.cli.predict import predict
from tuning.cli.printing import say_error, say_lines
from tuning.cli.repair import repair
from tuning.cli.report import report
from tuning.cli.reproduce import reproduce
from tuning.cli.schema import schema
from tuning.cli.spaces import spaces
from tuning.cli.status import status
from tuning.cli.sync import sync
from tuning.cli.top import top
from tuning.cli.ui import ui
from tuning.execution.signals import STOP

USER_ERRORS = (CampaignError, DataError, JournalError, RecordError, SpaceError, StoreError)


class Commands(TyperGroup):
    """The group of commands; a user's error ends as one message and exit code 2."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # typer's own base takes its private class
        """Run the command."""
        try:
            return super().invoke(ctx)
        except USER_ERRORS as error:
            say_error(error)
            raise typer.Exit(EXIT_USAGE) from None
        except MemoryError as error:
            typer.echo(f"seqtune: out of memory: {error}. Use a smaller file, or a larger machine", err=True)
            raise typer.Exit(EXIT_USAGE) from None
        except KeyboardInterrupt:
            typer.echo("seqtune: interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(inspect, init, plan, launch, status, top, report, compare, diff, confirm, export, reproduce, predict, evaluate),
    *(sync, adopt, repair, delete),
    *(ui, spaces, check, schema, doctor),
):
    app.command()(command)
app.add_typer(datasets_app, name="datasets")


COLLECT_AFTER = 100_000
"""New objects after which Python looks for garbage; by default 700, which is a quarter of reading a long journal."""


def main() -> None:
    """Run the command line; an error that no message explains is a bug, and is reported as one."""
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    STOP.install()
    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("seqtune: interrupted\n")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader, `head` for example, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_NEGATIVE)
    except Exception:  # noqa: BLE001 - the last place that can say what this is
        if STOP.requested:  # an interrupted import may fail in any way
            sys.stderr.write("seqtune: interrupted\n")
            sys.exit(EXIT_INTERRUPTED)
        say_lines(traceback.format_exc(), error=True)
        sys.stderr.write("\nThis is a bug in seqtune. Please report it with the lines above.\n")
        sys.exit(EXIT_NEGATIVE)
    finally:
        gc.freeze()  # Python's end looks through a million objects for garbage several times: 2 s after a launch


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
    """Reproducible hyperparameter search for sequence models."""
