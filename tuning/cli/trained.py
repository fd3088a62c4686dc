"""The trained models that a command line names: of a campaign, an export or an MLflow run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuning.journal.home import Home
    from tuning.journal.record import RecordedTrial
    from tuning.prediction.calibration import Calibration
    from tuning.prediction.kept import KeptTrial

TrainedArgument = Annotated[
    str,
    typer.Argument(metavar="NAME|RUN_ID|FILE", help="A campaign, an MLflow run, or an export.", show_default=False),
]
RankOption = Annotated[
    int | None, typer.Option("--rank", help="NAME, FILE: rank of the trial, 1 is the best and the default.", min=1)
]
TopOption = Annotated[
    int | None,
    typer.Option("--top", help="NAME, FILE: average the probabilities or forecasts of so many of the best.", min=1),
]
CalibrateOption = Annotated[
    bool, typer.Option("--calibrate", help="Scale probabilities by a temperature fitted on the validation part.")
]
TimeOption = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="Long table: column to sort by.")]


def trained(
    home: "Home",
    target: str,
    *,
    rank: int | None,
    top: int | None,
    code: Sequence[Path],
    datasets: Path | None,
    progress: "Callable[[str], None]",
) -> "list[KeptTrial]":
    """Return the models, best first.

    Raises:
        RecordError: there is no such trial, or its weights are not kept.
        CampaignError: the user's code cannot be run.
        DataError, JournalError, StoreError: data, journal or store cannot be used.
    """
    from tuning.campaign.errors import RecordError
    from tuning.cli.target import RUN_ID
    from tuning.prediction.kept import kept_in_home

    if rank is not None and top is not None:
        raise RecordError("--rank and --top exclude each other: one trial, or the average of the best")
    if RUN_ID.fullmatch(target) and (rank is not None or top is not None):
        raise RecordError(f"{target}: an MLflow run is one trial. Leave --rank and --top out, or give a campaign")
    found, of_campaign = _recorded(home, target, rank=rank or 1, top=top)
    found = _with_code(home, found, given=code, kept=of_campaign)
    if RUN_ID.fullmatch(target):  # of a confirmation's trial the home has none under its index
        from tuning.tracking.model_files import kept_trial

        model = kept_trial(found[0], target, home.tracking_uri)
        if model is not None:
            return [model]
    return [kept_in_home(home, recorded, datasets=datasets, progress=progress) for recorded in found]


def calibrated(
    home: "Home",
    models: "Sequence[KeptTrial]",
    *,
    datasets: Path | None,
    progress: "Callable[[str], None]",
) -> "Calibration":
    """Fit a temperature to the mean of models on the validation part that they were selected on.

    Raises:
        RecordError: forecasts have no probabilities.
        DataError: the validation part is not here.
    """
    from tuning.campaign.errors import RecordError
    from tuning.prediction.kept import arrays_of
    from tuning.prediction.predictions import calibration

    if not models[0].preparation.class_names:
        raise RecordError("--calibrate: forecasts have no probabilities. Leave it out")
    progress("calibrating on the validation part")
    parts = [arrays_of(home, one.recorded.config, datasets=datasets, progress=progress).valid for one in models]
    if any(part.y.tolist() != parts[0].y.tolist() for part in parts):
        raise RecordError("--calibrate: the trials have different validation parts. Choose one with --rank")
    return calibration(models, parts)


def _recorded(home: "Home", target: str, *, rank: int, top: int | None) -> "tuple[list[RecordedTrial], bool]":
    """Return the trials, and whether they are of a campaign of this home."""
    from tuning.analysis.export import export
    from tuning.analysis.export_file import EXPORT_SUFFIXES, read
    from tuning.analysis.selection import best_configurations
    from tuning.campaign.errors import RecordError
    from tuning.cli.target import RUN_ID, check_run_id

    if RUN_ID.fullmatch(target):
        check_run_id(target, home.tracking_uri)
        from tuning.tracking.read import recorded_trial  # brings MLflow, which takes seconds

        return [recorded_trial(target, home.tracking_uri)], False
    file = Path(target)
    if file.suffix.lower() in EXPORT_SUFFIXES:
        entries: list[RecordedTrial] = list(read(file))
        where, of_campaign = target, False
    else:
        record = home.record(target)
        where, of_campaign = f"campaign {target!r}", True
        if not record.ranked():
            raise RecordError(f"{where}: no trial has completed, so there is nothing to predict with")
        if top is not None:
            return [record.recorded(trial) for trial in best_configurations(record, top)], True
        entries = list(export(record, rank).entries)
    if top is not None:
        return entries[:top], of_campaign
    if rank > len(entries):
        raise RecordError(f"{where}: no rank {rank}; it has {len(entries)}")
    return [entries[rank - 1]], of_campaign


def _with_code(
    home: "Home", found: "list[RecordedTrial]", *, given: Sequence[Path], kept: bool
) -> "list[RecordedTrial]":
    """Run the user's code that the trials need, from where the user allowed it."""
    from tuning.execution.recorded_code import sources_of, with_code

    ready: list[RecordedTrial] = []
    for recorded in found:
        trial = recorded.config
        what = f"trial {trial.index} of {trial.campaign!r}"
        own, printed = with_code(recorded, sources_of(trial.code, what=what, home=home, given=given, kept=kept))
        for line in printed if not ready else []:
            say(line, error=True)
        ready.append(own)
    return ready
