"""What differs between two recorded trials, campaigns or exports, and what of it first."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tuning.analysis.export import Export
from tuning.journal.record import CampaignRecord, RecordedTrial
from tuning.journal.text import trial_name
from tuning.training.environment import Environment
from tuning.training.results import MEASURED, EpochReport, TrialResult

NAMES = {"campaign", "index", "name"}
"""Fields of configurations that name a trial or campaign, and change nothing that is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that differs.  a, b: as JSON has them; None where one side lacks it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochDifference:
    """An epoch that both trials have.  a, b: the objective's metric on the validation part; None where not recorded.

    equal: whether all figures and the weights are equal bit for bit.
    """

    epoch: int
    a: float | None
    b: float | None
    equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDifference:
    """A trial that both campaigns or exports have.  trial: its name, or its rank.  first: what differs first in it."""

    trial: str
    first: str
    a: float | None
    b: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two sides of one kind.

    same: whether configuration, data, curves, trials and outcome are equal, whatever the environment.  first: the first
    difference in the order of the fields; None where there is none at all.  first_epoch: the first epoch that is not
    equal, or that one side lacks.  epochs: of two trials, all that both have.  equal_trials, only_a, only_b: of
    campaigns and exports, the number of equal trials, and the names of those that one side alone has.
    """

    kind: Literal["trial", "campaign", "export"]
    a: str
    b: str
    same: bool
    first: str | None
    metric: str
    configuration: list[Difference]
    data: list[Difference]
    environment: list[Difference]
    first_epoch: int | None = None
    epochs: list[EpochDifference]
    trials: list[TrialDifference]
    equal_trials: int = 0
    only_a: list[str]
    only_b: list[str]
    outcome: list[Difference]


def compare_trials(a: RecordedTrial, b: RecordedTrial, names: tuple[str, str]) -> Diff:
    """Compare two trials; names and wall times are not compared."""
    configuration = _configurations(a.config.model_dump(mode="json"), b.config.model_dump(mode="json"))
    data = [row for row in configuration if row.name == "data_sha256"]
    configuration = [row for row in configuration if row.name != "data_sha256"]
    environment = _environments(a.environment, b.environment)
    epoch = _first_epoch(a.epochs, b.epochs)
    outcome = _differences(_outcome(a.result), _outcome(b.result))
    return Diff(
        kind="trial",
        a=names[0],
        b=names[1],
        same=not (configuration or data or epoch or outcome),
        first=_first(configuration=configuration, data=data, environment=environment)
        or (f"epoch {epoch}" if epoch else None)
        or _first(outcome=outcome),
        metric=a.config.objective.metric,
        configuration=configuration,
        data=data,
        environment=environment,
        first_epoch=epoch,
        epochs=[_epoch(x, y, a, b) for x, y in zip(a.epochs, b.epochs, strict=False)],
        trials=[],
        only_a=[],
        only_b=[],
        outcome=outcome,
    )


def compare_campaigns(a: CampaignRecord, b: CampaignRecord, names: tuple[str, str]) -> Diff:
    """Compare two campaigns, their ended trials by index."""
    return _compare_sets(
        "campaign",
        names,
        configurations=(a.config.model_dump(mode="json"), b.config.model_dump(mode="json")),
        data=({v: d.sha256 for v, d in a.data.items()}, {v: d.sha256 for v, d in b.data.items()}),
        environments=(_launched_in(a), _launched_in(b)),
        trials=(_ended(a), _ended(b)),
        outcomes=(_summary(a), _summary(b)),
        metric=a.config.objective.metric,
    )


def compare_exports(a: Export, b: Export, names: tuple[str, str]) -> Diff:
    """Compare two exports, their entries by rank."""
    return _compare_sets(
        "export",
        names,
        configurations=(a.campaign.model_dump(mode="json"), b.campaign.model_dump(mode="json")),
        data=(a.data_sha256, b.data_sha256),
        environments=(a.environment, b.environment),
        trials=({f"rank {e.rank}": e for e in a.entries}, {f"rank {e.rank}": e for e in b.entries}),
        outcomes=(a.selection.model_dump(), b.selection.model_dump()),
        metric=a.selection.metric,
    )


def _compare_sets(
    kind: Literal["campaign", "export"],
    names: tuple[str, str],
    *,
    configurations: tuple[dict[str, Any], dict[str, Any]],
    data: tuple[Mapping[str, str], Mapping[str, str]],
    environments: tuple[Environment | None, Environment | None],
    trials: tuple[Mapping[str, RecordedTrial], Mapping[str, RecordedTrial]],
    outcomes: tuple[Mapping[str, Any], Mapping[str, Any]],
    metric: str,
) -> Diff:
    configuration, environment = _configurations(*configurations), _environments(*environments)
    different_data = _differences(*data)
    common = [name for name in trials[0] if name in trials[1]]
    different = list(_different_trials(common, *trials))
    only = [[name for name in x if name not in y] for x, y in (trials, trials[::-1])]
    outcome = _differences(*outcomes)
    first_trial = f"{different[0].trial}: {different[0].first}" if different else None
    alone = next((f"{name}: only in {side}" for side, x in zip(names, only, strict=True) for name in x), None)
    return Diff(
        kind=kind,
        a=names[0],
        b=names[1],
        same=not (configuration or different_data or different or alone or outcome),
        first=_first(configuration=configuration, data=different_data, environment=environment)
        or first_trial
        or alone
        or _first(outcome=outcome),
        metric=metric,
        configuration=configuration,
        data=different_data,
        environment=environment,
        epochs=[],
        trials=different,
        equal_trials=len(common) - len(different),
        only_a=only[0],
        only_b=only[1],
        outcome=outcome,
    )


def _different_trials(
    common: Sequence[str], a: Mapping[str, RecordedTrial], b: Mapping[str, RecordedTrial]
) -> Iterator[TrialDifference]:
    for name in common:
        found = compare_trials(a[name], b[name], (name, name))
        if not found.same:
            causes = _first(configuration=found.configuration, data=found.data)
            epoch = f"epoch {found.first_epoch}" if found.first_epoch else None
            yield TrialDifference(
                trial=name,
                first=causes or epoch or str(_first(outcome=found.outcome)),
                a=a[name].result.objective,
                b=b[name].result.objective,
            )


def _first(**sections: Sequence[Difference]) -> str | None:
    return next((f"{section}: {rows[0].name}" for section, rows in sections.items() if rows), None)


def _configurations(a: dict[str, Any], b: dict[str, Any]) -> list[Difference]:
    left, right = ({k: v for k, v in side.items() if k not in NAMES} for side in (a, b))
    return _differences(_flat(left), _flat(right))


def _environments(a: Environment | None, b: Environment | None) -> list[Difference]:
    return _differences(*({} if side is None else _flat(side.model_dump(mode="json")) for side in (a, b)))


def _outcome(result: TrialResult) -> dict[str, Any]:
    return _flat(result.model_dump(mode="json", exclude=MEASURED))


def _summary(record: CampaignRecord) -> dict[str, Any]:
    """Return what a campaign came to."""
    ranked = record.ranked(1)
    return {
        "finished": record.finished_at is not None,
        **Counter(trial.status for _, trial in sorted(record.trials.items())),
        "best trial": ranked[0].name if ranked else None,
        f"best {record.config.objective.metric}": ranked[0].objective if ranked else None,
        "test part opened": len(record.tests),
    }


def _ended(record: CampaignRecord) -> dict[str, RecordedTrial]:
    return {trial_name(trial.index): record.recorded(trial) for trial in record.ended}


def _launched_in(record: CampaignRecord) -> Environment | None:
    return record.launches[-1].environment if record.launches else None


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name=name, a=a.get(name), b=b.get(name))
        for name in dict.fromkeys([*a, *b])
        if _text(a.get(name)) != _text(b.get(name))
    ]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return dotted path -> value; lists are values."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}{key}.") if isinstance(inner, Mapping) else {f"{prefix}{key}": inner}
    return flat


def _first_epoch(a: Sequence[EpochReport], b: Sequence[EpochReport]) -> int | None:
    """Return the first epoch that is not equal, or that one side lacks."""
    for x, y in zip(a, b, strict=False):
        if not _equal(x, y):
            return x.epoch
    return None if len(a) == len(b) else min(len(a), len(b)) + 1


def _equal(a: EpochReport, b: EpochReport) -> bool:
    """Whether two epochs are equal bit for bit; a figure that older records lack is not compared."""
    ignored = {"seconds"} | ({"train_objective"} if None in (a.train_objective, b.train_objective) else set())
    return _text(a.model_dump(exclude=ignored)) == _text(b.model_dump(exclude=ignored))


def _epoch(a: EpochReport, b: EpochReport, *trials: RecordedTrial) -> EpochDifference:
    figures = [report.metrics.get(trial.config.objective.metric) for report, trial in zip((a, b), trials, strict=True)]
    return EpochDifference(epoch=a.epoch, a=figures[0], b=figures[1], equal=_equal(a, b))


def _text(value: Any) -> str:
    """Return a value so that equal values have equal texts: NaN equals itself, and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True, default=str)
