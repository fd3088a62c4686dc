"""``seqtune confirm``: train the best configurations again, and evaluate them on the test part."""

from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import (
    EXIT_INTERRUPTED,
    EXIT_NEGATIVE,
    VAR,
    CodeOption,
    DatasetsOption,
    HomeOption,
    JsonOption,
    NameArgument,
    end_interrupted,
    existing_home,
    json_only,
)
from tuning.cli.printing import say
from tuning.tracking.observer import Tracking

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.analysis.confirmation import ConfirmationSummary, ConfirmedConfiguration
    from tuning.cli.tables import Column
    from tuning.execution.confirm import Confirmed
    from tuning.journal.home import Home
    from tuning.journal.record import CampaignRecord
    from tuning.journal.text import Cell


def confirm(
    *,
    name: NameArgument,
    top: Annotated[int, typer.Option(help="How many of the best configurations.", min=1, max=100)] = 10,
    seeds: Annotated[int, typer.Option(help="Trainings of each, with fresh seeds.", min=1, max=1000)] = 5,
    splits: Annotated[
        int, typer.Option(help="Fresh random splits, each with all seeds; 0: the campaign's split.", min=0, max=1000)
    ] = 0,
    concurrency: Annotated[
        int | None, typer.Option(help="Trials at a time; default: as in the last launch.", min=1, max=1024)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override a resource: resources.trial_wall_s=600. KEY= removes it. Repeatable.",
        ),
    ] = None,
    code: CodeOption = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register the first trial in MLflow, with the confirmed figures as tags.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the recorded confirmation; train nothing.")] = False,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the best again with fresh seeds, and open the test part.

    This is the only command that evaluates the test part; that it was opened is recorded with the campaign.  `seqtune
    reproduce` repeats a confirmation's test scores; `seqtune evaluate` scores any file you give it, unrecorded.  Ctrl-C
    stops it, the same command resumes it.  Example: seqtune confirm demo --top 3 --seeds 5
    """
    from tuning.analysis.confirmation import confirmation_summary
    from tuning.cli import tables

    place = existing_home(home)
    out = tables.console(error=as_json)
    if show:
        summary = confirmation_summary(place.record(name), confirmation_of(place, name))
        tables.emit(summary, as_json=as_json, show=lambda: print_summary(summary, tables.console()))
        if register:
            _register(place, summary, out)
        return
    from tuning.cli.live import display
    from tuning.execution.confirm import confirm as run

    campaign = place.record(name)
    if campaign.config.code_files:
        from tuning.campaign import own_code
        from tuning.execution.recorded_code import sources_of

        what = f"campaign {name!r}"
        for printed_line in own_code.use(
            sources_of(campaign.config.code_files, what=what, home=place, given=code or [], kept=True)
        ):
            say(printed_line, error=True)
    with json_only(as_json=as_json), display(out) as watching, Tracking(place.confirmations, name) as tracking:
        done: Confirmed = run(
            place,
            name,
            top=top,
            seeds=seeds,
            splits=splits,
            concurrency=concurrency,
            settings=settings or [],
            datasets=datasets,
            observers=[watching, tracking],
            progress=watching.progress,
        )
    if tracking.behind:
        tables.line(
            out, f"MLflow is behind the journal: {tracking.behind}. Later: {place.command('sync', name)}", "yellow"
        )
    if done.confirmation.finished_at is None:
        end_interrupted(done.confirmation.interruptions[-1])
    summary = confirmation_summary(done.campaign, done.confirmation)

    def printed() -> None:
        tables.line(out, "")
        print_summary(summary, out)

    tables.emit(summary, as_json=as_json, show=printed)
    if register:
        _register(place, summary, out)
    if tracking.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if summary.failed:
        raise typer.Exit(EXIT_NEGATIVE)


def confirmation_of(home: "Home", name: str) -> "CampaignRecord":
    """Return the record of a campaign's confirmation.

    Raises:
        RecordError: no such campaign, or it has not been confirmed.
    """
    from tuning.campaign.errors import RecordError
    from tuning.journal.record import fold

    home.record(name)  # RecordError with the names that there are
    entries = home.confirmations.entries(name)  # none also where it was killed while it wrote the first one
    if not entries:
        raise RecordError(f"campaign {name!r} has not been confirmed. {home.command('confirm', name)} does so")
    return fold(entries)


def _register(home: "Home", summary: "ConfirmationSummary", target: "Console") -> None:
    """Register the first trial of a confirmation, and say so."""
    from tuning.cli import tables
    from tuning.journal.text import trial_name
    from tuning.tracking.register import register

    done = register(home, summary)
    new = "registered as" if done.created else "is already"
    tables.line(
        target, f"{trial_name(done.trial)} {new} version {done.version} of the MLflow model {done.model} (champion)"
    )


def print_summary(summary: "ConfirmationSummary", target: "Console") -> None:
    """Print a confirmation: scores, differences to the best, then what to keep in mind."""
    from tuning.cli import tables
    from tuning.journal.text import score
    from tuning.report.confirmation import remarks, units

    tables.line(target, f"{summary.campaign}: {units(summary)}", "bold")
    tables.line(target, f"ranked by mean {summary.metric} on the validation part; 95 % intervals over {summary.units}")
    target.print()
    columns, rows = _table(summary)
    best = [tables.BEST if row.rank == 1 else "" for row in summary.configurations]
    tables.hidden_columns(target, tables.table(target, columns, rows, best))
    classes = summary.configurations[0].test.recall
    if classes:
        target.print()
        tables.line(target, "Recall of each class on the test part, mean:")
        heads = [tables.Column(head="class"), *(_of_rank(row.rank) for row in summary.configurations)]
        recalls: list[list[Cell]] = [
            [name, *(score(row.test.recall.get(name)) for row in summary.configurations)] for name in classes
        ]
        tables.hidden_columns(target, tables.table(target, heads, recalls))
    target.print()
    for text in remarks(summary):
        tables.line(target, text)


def _of_rank(rank: int) -> "Column":
    """Return the column of a configuration, left out before those of better ones; the first is always shown."""
    from tuning.cli.tables import Column

    return Column(head=f"rank {rank}", right=True, spare=rank - 1)


def _table(summary: "ConfirmationSummary") -> "tuple[list[Column], list[list[Cell]]]":
    from tuning.cli.tables import Column, folded, searched_columns
    from tuning.journal.text import score, shown, trial_name
    from tuning.report.confirmation import interval

    metric = summary.metric
    beside = [name for name in summary.configurations[0].test.metrics if name != metric]
    searched = searched_columns([row.settings for row in summary.configurations])
    several = len(summary.configurations) > 1
    columns = [
        Column(head="rank", right=True),
        Column(head="trial"),
        Column(head="rank in\nsearch", right=True, spare=3),
        Column(head="search\nscore", right=True),
        Column(head="validation, 95 % interval", right=True),
        Column(head="test, 95 % interval", right=True),
        *(
            [
                Column(head="difference to 1\n(validation)", right=True, spare=2),
                Column(head="p\n(Holm)", right=True, spare=1),
            ]
            if several
            else []
        ),
        *(Column(head=f"test\n{folded(name)}".replace("\n", " ", 1), right=True, spare=5) for name in beside),
        *([Column(head="best in\nbootstrap", right=True, spare=4)] if several else []),
        Column(head="com-\npleted", right=True, spare=6),
        *searched.values(),
    ]
    rows: list[list[Cell]] = [
        [
            row.rank,
            trial_name(row.trial),
            row.search_rank,
            score(row.search),
            interval(row.valid.metrics[metric]),
            interval(row.test.metrics[metric]),
            *([_difference(row), _p(row)] if several else []),
            *(score(row.test.metrics[name].mean) for name in beside),
            *(["" if row.first is None else f"{row.first:.0%}"] if several else []),
            f"{row.completed}/{row.planned}",
            *(shown(row.settings.get(path)) for path in searched),
        ]
        for row in summary.configurations
    ]
    return columns, rows


def _p(row: "ConfirmedConfiguration") -> str:
    from tuning.analysis.formats import p_value

    return "" if row.valid.p_adjusted is None else p_value(row.valid.p_adjusted)


def _difference(row: "ConfirmedConfiguration") -> str:
    from tuning.analysis.formats import signed
    from tuning.journal.text import score

    test = row.valid.difference
    return "" if test is None or test.difference is None else signed(score(test.difference))
