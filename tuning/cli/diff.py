"""``seqtune diff``: what differs between two trials, campaigns or exports."""

import json
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.messages import shortened
from tuning.cli.options import EXIT_NEGATIVE, VAR, HomeOption, JsonOption, open_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.analysis.diff import Diff, Difference
    from tuning.journal.home import Home

SHOWN = 10
"""Epochs and trials that are listed; ``--json`` has them all."""

WIDEST = 60
"""Characters of a value."""

BEFORE = 12
"""Characters of a long value that are shown before the first difference."""


def diff(
    *,
    a: Annotated[str, typer.Argument(metavar="A", help="RUN_ID, NAME:K, FILE:R, NAME or FILE.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="What to compare with, of the same kind.", show_default=False)],
    home: HomeOption = VAR,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two trials, campaigns or exports.

    The first line says what differs first.  RUN_ID, NAME:K (trial K of a campaign) and FILE:R (rank R of an export) are
    trials, NAME is a campaign, FILE an export.  Configuration, data, environment, learning curves and outcome are
    compared, floats exactly; names and wall times are not.  Exit code 0: the same, whatever the environment; 1:
    different.  Example: seqtune diff demo:3 demo:4
    """
    from tuning.cli import tables

    found = _compare(open_home(home), a, b)
    tables.emit(found, as_json=as_json, show=lambda: show(found, tables.console()))
    if not found.same:
        raise typer.Exit(EXIT_NEGATIVE)


def _compare(home: "Home", a: str, b: str) -> "Diff":
    from tuning.analysis.diff import compare_campaigns, compare_exports, compare_trials
    from tuning.analysis.export import Export
    from tuning.campaign.errors import RecordError
    from tuning.cli.target import find_word
    from tuning.journal.record import CampaignRecord, RecordedTrial

    first, second = find_word(home, a), find_word(home, b)
    if isinstance(first, RecordedTrial) and isinstance(second, RecordedTrial):
        return compare_trials(first, second, (a, b))
    if isinstance(first, CampaignRecord) and isinstance(second, CampaignRecord):
        return compare_campaigns(first, second, (a, b))
    if isinstance(first, Export) and isinstance(second, Export):
        return compare_exports(first, second, (a, b))
    kinds = [
        "a campaign" if isinstance(one, CampaignRecord) else "an export" if isinstance(one, Export) else "a trial"
        for one in (first, second)
    ]
    raise RecordError(
        f"{a} is {kinds[0]}, {b} is {kinds[1]}: only two of one kind are compared. NAME:K and FILE:R name trials, NAME "
        "a campaign, FILE an export"
    )


def show(found: "Diff", target: "Console") -> None:
    """Print what differs, first of all what differs first."""
    from tuning.cli import tables

    if found.first is None:
        tables.line(target, f"{found.a} and {found.b} are the same", "bold green")
        return
    same = "the same but for the environment" if found.same else "different"
    tables.line(target, f"{found.a} and {found.b} are {same}; first difference: {found.first}", "bold")
    for title in ("configuration", "data", "environment"):
        _section(found, title, getattr(found, title), target)
    if found.kind == "trial":
        _curves(found, target)
    else:
        _trials(found, target)
    _section(found, "outcome", found.outcome, target)


def _section(found: "Diff", title: str, rows: "Sequence[Difference]", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column

    if rows:
        target.print()
        columns = [Column(head=title), Column(head=found.a), Column(head=found.b)]
        tables.table(target, columns, [[row.name, *_values(row.a, row.b)] for row in rows])


def _curves(found: "Diff", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column
    from tuning.journal.text import score

    target.print()
    if found.first_epoch is None:
        tables.line(target, f"curves: all {len(found.epochs)} epochs are bit-identical")
        return
    later = [epoch for epoch in found.epochs if epoch.epoch >= found.first_epoch]
    tables.line(target, f"curves: epoch {found.first_epoch} is the first that differs", "bold")
    if not later:
        tables.line(target, f"only one side has it; {len(found.epochs)} epochs are bit-identical")
        return
    columns = [Column(head=head, right=True) for head in ("epoch", found.a, found.b, "difference")]
    tables.line(target, f"{found.metric}:")
    tables.table(
        target,
        columns,
        [
            [one.epoch, score(one.a), score(one.b), "" if one.a is None or one.b is None else f"{one.b - one.a:+.1e}"]
            for one in later[:SHOWN]
        ],
    )
    _more(len(later), "epochs", target)


def _trials(found: "Diff", target: "Console") -> None:
    from tuning.cli import tables
    from tuning.cli.tables import Column
    from tuning.journal.text import score

    target.print()
    what = "trials" if found.kind == "campaign" else "ranks"
    count = found.equal_trials + len(found.trials)
    tables.line(target, f"{what}: {found.equal_trials} of {count} are bit-identical", "bold")
    if found.trials:
        columns = [
            Column(head=what[:-1]),
            Column(head="first difference"),
            Column(head=f"{found.metric}\n{found.a}", right=True),
            Column(head=f"\n{found.b}", right=True),
        ]
        rows = [[one.trial, one.first, score(one.a), score(one.b)] for one in found.trials[:SHOWN]]
        tables.table(target, columns, rows)
        _more(len(found.trials), what, target)
    for name, only in ((found.a, found.only_a), (found.b, found.only_b)):
        if only:
            more = f" and {len(only) - SHOWN} more" if len(only) > SHOWN else ""
            tables.line(target, f"only in {name}: {', '.join(only[:SHOWN])}{more}")


def _more(count: int, what: str, target: "Console") -> None:
    from tuning.cli import tables

    if count > SHOWN:
        tables.line(target, f"({count - SHOWN} more {what}; --json has all)", "dim")


def _values(a: Any, b: Any) -> tuple[str, str]:
    """Return both values: numbers with six digits where these differ, with every digit where they do not.

    Long ones are cut, from where they differ if their beginnings are equal.
    """
    if isinstance(a, float) and isinstance(b, float) and f"{a:.6g}" != f"{b:.6g}":
        return f"{a:.6g}", f"{b:.6g}"
    first, second = _text(a), _text(b)
    if first != second and shortened(first, WIDEST) == shortened(second, WIDEST):
        equal = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
        start = sum(1 for _ in equal) - BEFORE
        first, second = f"...{first[start:]}", f"...{second[start:]}"
    return shortened(first, WIDEST), shortened(second, WIDEST)


def _text(value: Any) -> str:
    """Return a value as JSON, every digit."""
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)
