"""A campaign's trials in the order of its objective; with replicates its configurations in the order of their means."""

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from tuning.analysis.configurations import Configuration, configurations
from tuning.analysis.data_notes import data_notes
from tuning.analysis.epoch_means import with_epoch_means
from tuning.analysis.trials import TrialRow, trial_row
from tuning.journal.record import CampaignRecord
from tuning.journal.text import warm_start_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedConfiguration:
    """A configuration of a campaign with replicates, by the mean of their objectives.

    trials: its replicates.  trial: the first that completed, which an export holds.  low, high: 95 % t-interval of the
    mean.  completed: of how many trials the means are.  complete: whether none lacks; incomplete ones are ranked last.
    metrics, seconds: means.
    """

    rank: int
    trials: list[int]
    trial: int
    mean: float
    low: float | None
    high: float | None
    metrics: dict[str, float]
    completed: int
    replicates: int
    complete: bool
    settings: dict[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """What ``seqtune top`` shows; ``selection`` says how the figures were chosen.

    ranked: single trials, also with replicates, where ``configurations`` are shown instead.
    """

    campaign: str
    metric: str
    goal: str
    selection: str
    finished: bool
    ended: int
    target: int
    completed: int
    ranked: list[TrialRow]
    unranked: list[TrialRow]
    notes: list[str]
    """What a reader of the figures should know: of the data and of the launches."""
    configurations: list[RankedConfiguration]
    """Empty without replicates."""


def selection(record: CampaignRecord, *, epoch_mean: bool = False) -> str:
    """Return how trials, or with replicates configurations, are ranked, in one phrase."""
    objective = record.config.objective
    better = "highest" if objective.goal == "max" else "lowest"
    ranked = f"{objective.metric} ({better} first)"
    if record.config.search.replicates > 1:
        ranked = f"mean {objective.metric} of each configuration ({better} first, incomplete ones last)"
    return f"{ranked}, validation split, {'mean over the epochs' if epoch_mean else 'best epoch'} of each trial"


def notes(record: CampaignRecord) -> list[str]:
    """Return what was noted of the campaign's data and of its launches, each once."""
    data = data_notes(record.data.values())
    given = len(record.config.search.first)
    which = "configuration was" if given == 1 else f"{given} configurations were"
    first = [f"the first {which} given by the campaign file (search.first)."] if given else []
    clipped = any(configuration.clipped for configuration in configurations(record))
    bounds = ["intervals are clipped to the range of the metric."] if clipped else []
    warm = (
        [f"the search began with earlier results: {warm_start_text(record.warm_start)}."] if record.warm_start else []
    )
    return list(
        dict.fromkeys(
            [*_tests(record), *warm, *first, *_replicates(record), *bounds, *_replaced(record), *data, *record.notes]
        )
    )


def _tests(record: CampaignRecord) -> list[str]:
    """Return when the test part was opened, and after how many trials."""
    shown = f"`seqtune confirm {record.config.name} --show`"
    return [
        f"the test part was opened on {datetime.fromtimestamp(at, UTC):%Y-%m-%d} after {asked.ended} trials, to "
        f"confirm the best {len(asked.trials)} ({shown})."
        for at, asked in record.tests
    ]


def _replaced(record: CampaignRecord) -> list[str]:
    count = sum(trial.infeasible for trial in record.trials.values())
    if not count:
        return []
    suggestions = "1 suggestion" if count == 1 else f"{count} suggestions"
    return [f"{suggestions} beyond [limits] replaced before training; none counts as a trial."]


def _replicates(record: CampaignRecord) -> list[str]:
    count = record.config.search.replicates
    if count == 1:
        return []
    tests = f"; `seqtune compare {record.config.name}` tests differences" if record.dimensions else ""
    seeds = f"each configuration has {count} trials, with the same {count} seeds for all configurations"
    corrected, data = "", record.config.data
    if data.divisions is not None:
        word, several = data.division, data.divisions
        each = f"each on another {word}" if count == several else f"{count // several} on each of {several} {word}s"
        seeds = f"each configuration has {count} trials, {each}, with the same seeds and {word}s for all configurations"
        corrected = f", corrected for the overlap of the {word}s' training parts (Nadeau and Bengio, 2003)"
    return [f"{seeds}. Values are means over completed trials, intervals are 95 % t-intervals{corrected}{tests}."]


def leaderboard(record: CampaignRecord, k: int, *, epoch_mean: bool = False) -> Leaderboard:
    """Return the best ``k`` completed trials and configurations, and every trial that ended without completing.

    epoch_mean: by the mean over each trial's epochs, of which all metrics are then means, instead of its best epoch.
    """
    if epoch_mean:
        record = with_epoch_means(record)
    ranked = record.ranked()
    return Leaderboard(
        campaign=record.config.name,
        metric=record.config.objective.metric,
        goal=record.config.objective.goal,
        selection=selection(record, epoch_mean=epoch_mean),
        finished=record.finished_at is not None,
        ended=len(record.ended),
        target=record.target,
        completed=len(ranked),
        ranked=[trial_row(trial, rank) for rank, trial in enumerate(ranked[:k], start=1)],
        notes=notes(record),
        unranked=[trial_row(trial) for trial in record.ended if trial.status != "completed" or trial.reused],
        configurations=[_means(rank, one) for rank, one in enumerate(configurations(record)[:k], start=1)],
    )


def _means(rank: int, one: Configuration) -> RankedConfiguration:
    results = [trial.result for trial in one.completed if trial.result is not None]
    names = [name for name in results[0].best_metrics if all(name in result.best_metrics for result in results)]
    return RankedConfiguration(
        rank=rank,
        trials=[trial.config.index for trial in one.trials],
        trial=one.completed[0].config.index,
        mean=one.mean,
        low=one.low,
        high=one.high,
        metrics={name: fmean(result.best_metrics[name] for result in results) for name in names},
        completed=one.n,
        replicates=one.replicates,
        complete=one.complete,
        settings=dict(one.trials[0].assignment),
        seconds=fmean(result.seconds for result in results),
    )
