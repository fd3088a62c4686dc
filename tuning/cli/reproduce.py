"""``seqtune reproduce``: train a recorded trial again and compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import (
    EXIT_NEGATIVE,
    VAR,
    CodeOption,
    DatasetsOption,
    HomeOption,
    JsonOption,
    json_only,
    open_home,
)
from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuning.cli.target import Target
    from tuning.execution.reproduce import Reproduction
    from tuning.journal.home import Home
    from tuning.training.results import EpochReport


def reproduce(
    *,
    target: Annotated[str, typer.Argument(metavar="RUN_ID|NAME|FILE", help="An MLflow run, a campaign, or an export.")],
    trial: Annotated[int | None, typer.Option(help="NAME: the trial's index, from 0.", min=0)] = None,
    seed: Annotated[int | None, typer.Option(help="NAME: the trial's seed.", min=0)] = None,
    rank: Annotated[int | None, typer.Option(help="NAME, FILE: the trial's rank, 1 is the best.", min=1)] = None,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the weights for `seqtune predict` if they equal the record.")
    ] = False,
    code: CodeOption = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a recorded trial again and compare it epoch by epoch.

    Name the trial as RUN_ID, NAME or FILE with --rank R, NAME --trial K, or NAME --seed S.  The verdict is `exact` or
    `within tolerance` (exit code 0), or `differs at epoch e` (exit code 1).  Code of your own is run from the copy of
    your launch, or from --code.  Example: seqtune reproduce demo --trial 3
    """
    from tuning.cli.target import find

    place = open_home(home)
    found = _with_code(find(place, target, trial=trial, seed=seed, rank=rank), home=place, given=code or [])
    if _run(found, home=place, datasets=datasets, keep_weights=keep_weights, as_json=as_json).verdict == "differs":
        raise typer.Exit(EXIT_NEGATIVE)


def _with_code(target: "Target", *, home: "Home", given: "Sequence[Path]") -> "Target":
    """Load the code of a trial, from where the user allowed it."""
    from tuning.execution.recorded_code import changes, sources_of, with_code

    trial = target.recorded.config
    what = f"trial {trial.index} of {trial.campaign!r}"
    sources = sources_of(trial.code, what=what, home=home, given=given, kept=target.code_paths is not None)
    recorded, printed = with_code(target.recorded, sources)
    for line in (*printed, *changes(trial.code, target.code_paths or ())):
        say(line, error=True)
    return target._replace(recorded=recorded)


def _run(target: "Target", *, home: "Home", datasets: Path | None, keep_weights: bool, as_json: bool) -> "Reproduction":
    """Train the trial again, print the comparison, and log it; a store that is away is no more than a warning."""
    from tuning.campaign.errors import StoreError
    from tuning.cli import tables
    from tuning.cli.reproduction_table import ReproductionTable

    out = tables.console(error=as_json)
    table = ReproductionTable(target.recorded, out)
    table.start()
    with (
        json_only(as_json=as_json),
        tables.spinner(out, "loading the data") as show,
    ):  # a spinner on a terminal, nothing elsewhere
        from tuning.execution.reproduce import reproduce as train_again

        def on_epoch(report: "EpochReport") -> None:
            table.epoch(report)
            show(f"epoch {report.epoch + 1} of {len(target.recorded.epochs)}")

        outcome = train_again(
            target.recorded,
            home=home,
            datasets=datasets,
            on_epoch=on_epoch,
            progress=show,
            keep_weights=keep_weights,
        )
    table.end(outcome)
    if keep_weights:
        trial = target.recorded.config
        equal = outcome.result.weights_sha256 == target.recorded.result.weights_sha256
        path = home.owner(target.recorded).trial(trial.campaign, trial.index)
        tables.line(out, f"weights kept in {path}" if equal else "the weights differ from the record: not kept")
    tables.emit(outcome, as_json=as_json, show=lambda: None)
    try:
        from tuning.tracking.reproduction import log_reproduction

        run_id = log_reproduction(
            target.recorded, outcome, uri=home.tracking_uri, artifacts=home.artifacts, run_id=target.run_id
        )
    except StoreError as error:
        tables.line(tables.console(error=True), f"not logged to MLflow: {error}", "yellow")
    else:
        tables.line(out, f"MLflow run {run_id}")
    return outcome
