"""``seqtune export``: the best trials as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tuning.cli.options import (
    VAR,
    CodeOption,
    DatasetsOption,
    HomeOption,
    NameArgument,
    existing_home,
    no_trial,
)
from tuning.cli.printing import say
from tuning.cli.trained import RankOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuning.journal.home import Home
    from tuning.journal.record import CampaignRecord


def export(
    *,
    name: NameArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="File to write: .json, .toml or .csv; .onnx; .db for a study.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    form: Annotated[
        Literal["trials", "campaign", "onnx", "optuna"],
        typer.Option(
            "--format",
            help="trials: the best trials; campaign: a campaign file that trains the best; onnx: the network of one "
            "trial (extra onnx); optuna: a study of all trials.",
        ),
    ] = "trials",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change the campaign file: train.epochs=30. KEY= removes it. Repeatable."
        ),
    ] = None,
    rank: RankOption = None,
    code: CodeOption = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
) -> None:
    """Write a campaign's best trials to a file.

    Entries of .json and .toml are complete: `seqtune reproduce FILE --rank R` trains them again without MLflow.  A .csv
    is a table to read.  With replicates an entry is the first completed trial of each of the best configurations.
    --format campaign writes a campaign file that trains the best configurations again, to change by --set or by hand.
    --format onnx writes the trained network of the trial of --rank, which takes prepared rows and their lengths.
    --format optuna writes all ended trials as a study, a SQLite file that `optuna-dashboard sqlite:///FILE` opens.
    Example: seqtune export demo -k 10 --out top10.json
    """
    from tuning.campaign.errors import CampaignError

    if settings and form != "campaign":
        raise CampaignError("--set changes a campaign file. Add --format campaign, or leave --set out")
    if form == "onnx":
        _export_onnx(name, out, rank=rank, code=code or [], home=home, datasets=datasets)
        return
    from tuning.analysis.export import export as best_trials
    from tuning.analysis.export_file import COMPLETE, EXPORT_SUFFIXES, write
    from tuning.campaign.code_files import copy_path
    from tuning.training.files import check_suffix

    if rank is not None:
        raise CampaignError("--rank is for --format onnx; -k says how many trials are exported")
    if form == "trials":
        check_suffix(out, EXPORT_SUFFIXES)
    place = existing_home(home)
    record = place.record(name)
    if form == "optuna":
        _study(record, out)
        return
    if not record.ranked():
        raise no_trial(name)
    if form == "campaign":
        _campaign(record, out, k=k, settings=settings or [], place=place, datasets=datasets)
        return
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
        with_code = [word for path in named for word in ("--code", path)]
        command = place.command("reproduce", out, "--rank", 1, *with_code, datasets=record.datasets)
        say(f"train one again: {command}")


def _export_onnx(
    name: str, out: Path, *, rank: int | None, code: "Sequence[Path]", home: Path, datasets: Path | None
) -> None:
    """Write the network of one trial, and say how far its outputs are from torch's."""
    from tuning.cli.trained import trained
    from tuning.journal.text import trial_name
    from tuning.prediction.onnx_file import write_onnx

    place = existing_home(home)
    (model,) = trained(place, name, rank=rank, top=None, code=code, datasets=datasets, progress=lambda _: None)
    difference = write_onnx(model, out)
    say(
        f"{out}: {trial_name(model.recorded.config.index)} of {name}; outputs equal torch's up to a relative "
        f"difference of {difference:.0e}"
    )


def _campaign(
    record: "CampaignRecord", out: Path, *, k: int, settings: "Sequence[str]", place: "Home", datasets: Path | None
) -> None:
    """Write a campaign file that trains the best configurations, and say how to launch it."""
    from tuning.analysis.best_campaign import best_campaign
    from tuning.campaign.draft import Entry
    from tuning.campaign.errors import CampaignError
    from tuning.campaign.file import check
    from tuning.campaign.overrides import override
    from tuning.cli import campaign_text
    from tuning.journal.text import trial_name
    from tuning.training.files import check_suffix, write_output

    check_suffix(out, (".toml",))
    campaign_text.check_new(out)
    name, metric = record.config.name, record.config.objective.metric
    document, best = best_campaign(record, k, place.code)
    given = override(document, settings=settings, trials=None, name=None)
    if written := next((option for keys, option in given.items() if keys[:2] == ("search", "first")), None):
        raise CampaignError(
            f"{written}: search.first is what this command writes. Leave the option out, or edit the file"
        )
    check(document, out, given, record.config)
    entries = [
        Entry(table=table if isinstance(values, dict) else "", key=key, value=value)
        for table, values in document.items()
        for key, value in (values.items() if isinstance(values, dict) else [(table, values)])
    ]
    configurations = "configuration" if len(best) == 1 else f"{len(best)} configurations"
    trials = ", ".join(trial_name(trial.index) for trial in best)
    head = (
        f"The best {configurations} of campaign {name} by {metric} on its validation part, {trials}, written by "
        "`seqtune export --format campaign`."
    )
    try:
        content = campaign_text.written(head, entries).encode()
    except UnicodeEncodeError as error:
        raise CampaignError(f"{out}: a path or a name is not UTF-8, which a campaign file must be: {error}") from None
    write_output(out, content)
    say(f"{out}: a campaign of the best {configurations} of {name} by {metric}, validation split")
    if record.finished_at is None:
        say(f"{name} is not finished: {len(record.ended)} of {record.target} trials have ended")
    say(f"start it: {place.command('launch', out, datasets=datasets or record.datasets)}")


def _study(record: "CampaignRecord", out: Path) -> None:
    from tuning.report.storage import check_storage, write_storage

    check_storage(out)
    if not record.ended:
        raise no_trial(record.config.name)
    count = write_storage(record, out)
    say(f"{out}: Optuna study {record.config.name!r} of {count} trials")
    say(f"look at it: optuna-dashboard sqlite:///{out}")
