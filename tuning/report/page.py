"""The page: facts and figures of a campaign as one HTML file that needs nothing else."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from tuning.analysis.confirmation import ConfirmationSummary, confirmation_summary
from tuning.analysis.leaderboard import leaderboard, notes
from tuning.analysis.trials import trial_rows
from tuning.campaign.errors import RecordError
from tuning.journal.lines import Entry
from tuning.journal.record import CampaignRecord, fold
from tuning.journal.text import table_csv
from tuning.report import calibration, classes, facts, levels, outcomes, search, tables
from tuning.report import confirmation as confirming
from tuning.report.calibration import Calibrated
from tuning.report.comparison import compared
from tuning.report.contour import contour
from tuning.report.drawing import Figure
from tuning.report.study import full_budget, importances
from tuning.report.timeline import Timeline, timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The figures of a page by section, and sentences in place of those that there is no basis for."""

    search: list[Figure]
    dimensions: list[Figure]
    slices: list[Figure]
    curves: list[Figure]
    best: list[Figure]
    calibration: list[Figure]
    uncalibrated: list[str]
    levels: list[Figure]
    workers: list[Figure]
    missing: list[str]


def page(
    entries: Sequence[Entry],
    confirmation: CampaignRecord | None = None,
    calibrations: Sequence[Calibrated] = (),
) -> str:
    """Return a campaign's page; the same arguments give the same text.  entries: of a journal, at least one.

    confirmation: the campaign's, where there is one.  calibrations: of its best trials.

    A campaign without a completed trial has a page of its failures.
    """
    record = fold(entries)
    times = timeline(entries)
    board = leaderboard(record, tables.TOP)
    ordered = tables.ordered(record)
    name = record.config.name
    summary = _summary(record, confirmation)
    return (
        _environment()
        .get_template("page.html")
        .render(
            name=name,
            metric=record.config.objective.metric,
            summary=facts.summary(record, times),
            caveat=facts.caveat(record) if board.ranked else "",
            toml=facts.campaign_toml(record),
            asked=facts.asked(record),
            searched=tables.searched(record),
            data=tables.data(record),
            notes=notes(record),
            environment=facts.environment(record),
            selection=board.selection,
            replicated=bool(board.configurations),
            top=tables.top(board),
            all_trials=tables.all_trials(record, ordered[: tables.MOST_ROWS]),
            shown=min(len(ordered), tables.MOST_ROWS),
            total=len(ordered),
            trials_csv=table_csv(trial_rows(record, ordered)) if ordered else "",
            confirmed=summary and confirming.confirmed(summary),
            confirmed_units=summary and confirming.units(summary),
            recalls=summary and confirming.recalls(summary),
            remarks=confirming.remarks(summary) if summary else [],
            comparison=compared(record),
            drawn=_drawn(record, times, calibrations),
            failures=tables.failures(record),
            cost=facts.cost(record, times),
            commands=facts.commands(record),
            plotly=Markup(get_plotlyjs()),  # noqa: S704 - of the library
        )
    )


def _summary(record: CampaignRecord, confirmation: CampaignRecord | None) -> ConfirmationSummary | None:
    """Return what a confirmation says; None where there is none, or none of its trials has completed."""
    if confirmation is None:
        return None
    try:
        return confirmation_summary(record, confirmation)
    except RecordError:
        return None


def _drawn(record: CampaignRecord, times: Timeline, calibrations: Sequence[Calibrated]) -> Drawn:
    missing: list[str] = []
    full = full_budget(record)
    dimensions: list[Figure] = []
    slices: list[Figure] = []
    if full and record.dimensions:
        slices = search.slices(record)
        found = importances(record) if len(record.dimensions) > 1 else None
        if isinstance(found, str):
            missing.append(found)
        elif found is not None:
            dimensions.append(search.importance(found))
            if surface := contour(record, found):
                dimensions.append(surface)
        if len(record.dimensions) > 1 and len(full) > 1 and slices:
            dimensions.insert(1, search.parallel(record))
    elif full:
        missing.append("Nothing was searched, so there is nothing to say about dimensions.")
    curves, workers = outcomes.curves(record), outcomes.workers(times)
    means = levels.levels(record) if record.config.comparison is None else None  # whose own figure has them
    return Drawn(
        search=[search.history(record)] if full and record.config.search.algorithm != "grid" else [],
        dimensions=dimensions,
        slices=slices,
        curves=[curves] if curves else [],
        best=classes.confusion(record),
        calibration=calibration.figures(calibrations),
        uncalibrated=calibration.missing(calibrations),
        levels=[means] if means else [],
        workers=[workers] if workers else [],
        missing=missing,
    )


def _data_address(csv: str) -> str:
    """Return a CSV file as an address; base64, because its text may hold any character."""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(csv.encode()).decode()}"


def _breakable(name: str) -> Markup:
    """Return a name, escaped, that may be broken after an underscore."""
    return Markup("_<wbr>").join(name.split("_"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tuning.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_address"] = _data_address
    environment.filters["literal"] = Markup
    environment.filters["breakable"] = _breakable
    return environment
