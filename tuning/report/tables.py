"""The tables of a page, as text."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tuning.analysis.data_rows import by_class, division, text, total, undivided
from tuning.analysis.leaderboard import Leaderboard
from tuning.analysis.trials import trial_row
from tuning.campaign.objective import BESIDE
from tuning.journal.events import DataRecord
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import score, short_names, shown, trial_name, trial_spans

TOP = 10
"""Rows of the leaderboard."""

MOST_ROWS = 1_000
"""Rows of the table of all trials; its CSV file has them all."""


REASON = 400
"""Characters of a reason that a table repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.  head: its columns; numeric: which of them are numbers, aligned right."""

    head: list[str]
    rows: list[list[str]]
    numeric: list[bool]


def searched(record: CampaignRecord) -> Table:
    """Return the searched dimensions."""
    return Table(head=["dimension", "values"], rows=[[p, d] for p, d in record.dimensions.items()], numeric=[False] * 2)


def data(record: CampaignRecord) -> list[tuple[str, Table]]:
    """Return the rows of each class in each part; variants that differ only in their balance share a table."""
    groups: dict[str, dict[str, list[DataRecord]]] = {}
    for variant, divisions in undivided(record.data).items():
        rows = [by_class(divisions, part) for part in ("valid", "test")]
        one = divisions[0]
        groups.setdefault(repr((rows, one.classes, one.steps, one.channels)), {})[variant] = divisions
    word = division(record.data)
    return [_data(variants, word, record.config.train.epoch_rows) for variants in groups.values()]


def _data(variants: dict[str, list[DataRecord]], word: str | None, epoch_rows: int | None) -> tuple[str, Table]:
    one, *_ = first = next(iter(variants.values()))
    raw = min(variants.values(), key=lambda divisions: total(divisions, "train"))  # not resampled
    epoch = "per epoch" if epoch_rows is None else f"in turn, {epoch_rows:,} per epoch"
    columns = {
        "training": (raw, "train"),
        **{f"{epoch}: {variant}": (divisions, "epoch") for variant, divisions in variants.items()},
        "validation": (first, "valid"),
        "test": (first, "test"),
    }
    counts = [by_class(*column) for column in columns.values()]
    names = list(dict.fromkeys(name for count in counts for name in count))
    rows = [[name, *(text(count.get(name, (0, 0))) for count in counts)] for name in names]
    if len(names) > 1:
        rows.append(["all", *(text(total(*column)) for column in columns.values())])
    head = ["class" if one.classes else "part", *columns]
    title = f"{one.steps} steps, {one.channels} {'channel' if one.channels == 1 else 'channels'}"
    if one.classes:
        title = f"{len(one.classes)} classes, {title}"
    if word:
        title += f", rows of each of the {len(first)} {word}s"
    return title, Table(head=head, rows=rows, numeric=[False] + [True] * len(columns))


def ordered(record: CampaignRecord) -> list[TrialRecord]:
    """All trials: the ranked ones best first, then the others in order."""
    ranked = record.ranked()
    places = {trial.index for trial in ranked}
    return [*ranked, *(trial for index, trial in sorted(record.trials.items()) if index not in places)]


def top(board: Leaderboard) -> Table:
    """Return the leaderboard, with replicates of configurations."""
    beside = [m for m in BESIDE if m != board.metric and any(m in row.metrics for row in board.ranked)]
    rows = board.configurations or board.ranked
    names = short_names(dict.fromkeys(path for row in rows for path in row.settings))
    replicated = bool(board.configurations)
    first = [
        "rank",
        "trials" if replicated else "trial",
        board.metric,
        *(["95 % interval", "completed"] if replicated else []),
    ]
    head = [*first, *beside, *names.values(), "s per trial" if replicated else "s"]
    cells: list[list[str]] = []
    for configuration in board.configurations:
        low, high = score(configuration.low), score(configuration.high)
        cells.append(
            [
                str(configuration.rank),
                trial_spans(configuration.trials),
                score(configuration.mean),
                f"{low} to {high}" if low else "",
                f"{configuration.completed}/{configuration.replicates}",
                *(score(configuration.metrics.get(metric)) for metric in beside),
                *(shown(configuration.settings.get(path)) for path in names),
                f"{configuration.seconds:.0f}",
            ]
        )
    if not replicated:
        cells = [
            [
                str(row.rank),
                trial_name(row.trial),
                score(row.objective),
                *(score(row.metrics.get(metric)) for metric in beside),
                *(shown(row.settings.get(path)) for path in names),
                f"{row.seconds:.0f}",
            ]
            for row in board.ranked
        ]
    return Table(head=head, rows=cells, numeric=_numeric(head, cells))


def all_trials(record: CampaignRecord, trials: Sequence[TrialRecord]) -> Table:
    """Return one row per trial."""
    names = short_names(record.dimensions)
    ranks = {trial.index: rank for rank, trial in enumerate(record.ranked(), start=1)}
    metric = record.config.objective.metric
    head = ["rank", "trial", "status", metric, "best epoch", "epochs", *names.values(), "seed", "s", "remark"]
    cells = []
    for trial in trials:
        row = trial_row(trial, ranks.get(trial.index))
        cells.append(
            [
                shown(row.rank),
                trial_name(row.trial),
                row.status,
                score(row.objective),
                shown(row.best_epoch),
                f"{row.epochs}/{row.budget}",
                *(shown(row.settings.get(path)) for path in names),
                str(row.seed),
                f"{row.seconds:.0f}",
                (row.remark or "")[:REASON],
            ]
        )
    return Table(head=head, rows=cells, numeric=_numeric(head, cells))


def _numeric(head: Sequence[str], cells: Sequence[Sequence[str]]) -> list[bool]:
    """Whether every cell of a column is a number or empty, so that it is aligned right."""
    return [all(_is_number(row[i]) for row in cells) and any(row[i] for row in cells) for i in range(len(head))]


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def failures(record: CampaignRecord) -> Table:
    """Return failed trials by reason, retries, and duplicates."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for trial in record.ended:
        if trial.status == "failed":
            groups["failed", _reason(trial)].append(trial.index)
    for _, trial in sorted(record.trials.items()):
        for reason in trial.retries:
            groups["retried", reason[:REASON]].append(trial.index)
        if trial.same_as is not None:
            what = "reuses the result of" if trial.reused else "has the same values as"
            groups["duplicate", f"{what} {trial_name(trial.same_as)}"].append(trial.index)
    groups_of = sorted(groups.items(), key=lambda group: ("failed", "retried", "duplicate").index(group[0][0]))
    rows = [
        [what, str(len(indices)), trial_spans(sorted(set(indices))), reason] for (what, reason), indices in groups_of
    ]
    return Table(head=["what", "count", "trials", "reason"], rows=rows, numeric=[False, True, False, False])


def _reason(trial: TrialRecord) -> str:
    reason = trial.result.reason if trial.result else None
    return str(reason or "no reason recorded")[:REASON]
