"""``seqtune export``: the best trials as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuning.cli.options import VAR, HomeOption, NameArgument, existing_home, no_trial
from tuning.cli.printing import say

if TYPE_CHECKING:
    from tuning.journal.record import CampaignRecord


def export(
    *,
    name: NameArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="File to write: .json, .toml or .csv; .db for a study.")
    ],
    form: Annotated[
        Literal["optuna"] | None,
        typer.Option("--format", help="optuna: a study of all ended trials, for optuna-dashboard; default: by suffix."),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    home: HomeOption = VAR,
) -> None:
    """Write a campaign's best trials to a file.

    Entries of .json and .toml are complete: `seqtune reproduce FILE --rank R` trains them again without MLflow.  A .csv
    is a table to read.  With replicates an entry is the first completed trial of each of the best configurations.
    `--format optuna` writes all ended trials as a study, a SQLite file that `optuna-dashboard sqlite:///FILE` opens.
    Example: seqtune export demo -k 10 --out top10.json
    """
    from tuning.analysis.export import export as best_trials
    from tuning.analysis.export_file import COMPLETE, check_suffix, write
    from tuning.campaign.code_files import copy_path

    if form is None:
        check_suffix(out)
    place = existing_home(home)
    record = place.record(name)
    if form == "optuna":
        _study(record, out)
        return
    if not record.ranked():
        raise no_trial(name)
    exported = best_trials(record, k)
    write(exported, out)
    count, replicated = len(exported.entries), record.config.search.replicates > 1
    best, by = (f"{count} configurations", "mean ") if replicated else (f"{count} trials", "")
    fewer = f" (no more than {count} completed)" if count < k else ""
    say(f"{out}: the best {best} of {name} by {by}{exported.selection.metric}, validation split{fewer}")
    if record.finished_at is None:
        say(f"{name} is not finished: {len(record.ended)} of {record.target} trials have ended")
    if out.suffix.lower() in COMPLETE:
        files = record.config.code_files
        named = [file.name if file.kind == "package" else copy_path(place.code, file) for file in files]
        code = [word for name in named for word in ("--code", name)]
        command = place.command("reproduce", out, "--rank", 1, *code, datasets=record.datasets)
        say(f"train one again: {command}")


def _study(record: "CampaignRecord", out: Path) -> None:
    from tuning.report.storage import check_storage, write_storage

    check_storage(out)
    if not record.ended:
        raise no_trial(record.config.name)
    count = write_storage(record, out)
    say(f"{out}: Optuna study {record.config.name!r} of {count} trials")
    say(f"look at it: optuna-dashboard sqlite:///{out}")
