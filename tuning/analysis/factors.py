"""Which trials a comparison compares, by which dimension, and on which response."""

import math
from collections.abc import Iterable
from typing import get_args

from data.messages import nearest
from tuning.campaign.config import Response
from tuning.campaign.errors import CampaignError
from tuning.campaign.messages import LONGEST
from tuning.campaign.objective import METRICS, Goal, ObjectiveConfig
from tuning.journal.record import CampaignRecord, TrialRecord

RESPONSES: tuple[str, ...] = get_args(Response)
"""What may be compared beside the metrics that a campaign records."""

OF_CLASS = ("recall/", "precision/")
"""How metrics of single classes begin."""


def chosen_factor(record: CampaignRecord, name: str | None) -> str:
    """Return the path of the factor: the named dimension, else the campaign file's factor, else the only dimension.

    Raises:
        CampaignError: no such dimension, or several and none named.
    """
    options, dimensions = record.config.comparison, list(record.dimensions)
    if name is not None:
        return _dimension(record, name, f"--factor {name[:LONGEST]}")
    if options is not None:
        return _dimension(record, options.factor, f"comparison.factor = {options.factor}")
    if len(dimensions) == 1:
        return dimensions[0]
    raise CampaignError(
        f"campaign {record.config.name!r}: several dimensions were searched, and the campaign file has no "
        f"comparison.factor. Add --factor. Searched: {_searched(record)}"
    )


def chosen_by(record: CampaignRecord, name: str | None, factor: str | None) -> str | None:
    """Return the path of the dimension by which trials are stratified; None: all trials are analysed together.

    The campaign file's ``by`` belongs to its factor: it is ignored where a factor is named.

    Raises:
        CampaignError: no such dimension, or the factor itself.
    """
    options = record.config.comparison
    if name is not None:
        wanted, source = name, f"--by {name}"
    elif factor is None and options is not None and options.by is not None:
        wanted, source = options.by, f"comparison.by = {options.by}"
    else:
        return None
    path = _dimension(record, wanted, source)
    if path == chosen_factor(record, factor):
        raise CampaignError(
            f"campaign {record.config.name!r}: {source}: {path} is the factor. Name another dimension. "
            f"Searched: {_searched(record)}"
        )
    return path


def chosen_response(record: CampaignRecord, name: str | None) -> str:
    """Return the response to compare, ``objective`` for the objective's metric.  CampaignError: none of that name."""
    options = record.config.comparison
    if name is None:
        name = options.response if options else "objective"
    elif name != record.config.objective.metric:
        recorded = {metric for trial in record.trials.values() if trial.result for metric in trial.result.best_metrics}
        of_class = sorted(metric for metric in recorded if metric.startswith(OF_CLASS))
        known = [*RESPONSES, *(metric for metric in METRICS if metric in recorded)]
        if name not in known and name not in of_class:
            listed = ", ".join([*known, *(f"{head}CLASS" for head in OF_CLASS if of_class)])
            raise CampaignError(
                f"--response {name[:LONGEST]}: no such response. Known: {listed}.{nearest(name, [*known, *of_class])}"
            )
    return "objective" if name == record.config.objective.metric else name


def metric_of(response: str, objective: str) -> str | None:
    """Return the metric that a response is, None of any other response.  objective: the campaign's metric."""
    if response == "objective":
        return objective
    return response if response in METRICS or response.startswith(OF_CLASS) else None


def goal_of(response: str, objective: ObjectiveConfig) -> Goal:
    """Return whether the highest or the lowest response is the best."""
    if response == "objective":
        return objective.goal
    return METRICS.get(response, "max" if response.startswith(OF_CLASS) else "min")


def is_file_factor(record: CampaignRecord, path: str) -> bool:
    """Whether the campaign file's comparison has this dimension as its factor."""
    options = record.config.comparison
    return options is not None and _matches(record, options.factor) == [path]


def grouped(trials: Iterable[TrialRecord], path: str) -> dict[str, list[TrialRecord]]:
    """Return the ``repr`` of a dimension's value -> its trials, without those that reused another trial's result."""
    groups: dict[str, list[TrialRecord]] = {}
    for trial in trials:
        if path in trial.assignment and not trial.reused:  # a dimension of one model family is not in every trial
            groups.setdefault(repr(trial.assignment[path]), []).append(trial)
    return groups


def measured(trial: TrialRecord, response: str) -> float | None:
    """Return the response, or ``parameters``, of a completed trial; None if it is not a finite number."""
    result, last = trial.result, trial.epochs[-1] if trial.epochs else None
    if result is None or result.status != "completed":
        return None
    value: float | None
    match response:
        case "train_loss":
            value = last.train_loss if last else None
        case "overfitting":
            losses = [report.metrics["loss"] for report in trial.epochs if "loss" in report.metrics]
            value = losses[-1] - min(losses) if losses else None
        case "generalisation_gap":
            value = _gap(trial) if last else None
        case "objective" | "best_epoch" | "seconds" | "parameters":
            value = getattr(result, response)
        case _:
            value = result.best_metrics.get(response)
    return float(value) if value is not None and math.isfinite(value) else None


def _gap(trial: TrialRecord) -> float | None:
    """Return by how much the last epoch's training rows score better than its validation rows."""
    last, objective = trial.epochs[-1], trial.config.objective
    trained = last.train_loss if objective.metric == "loss" else last.train_objective
    validated = last.metrics.get(objective.metric)
    return None if trained is None or validated is None else objective.cost(validated) - objective.cost(trained)


def _searched(record: CampaignRecord) -> str:
    return ", ".join(record.dimensions) or "nothing"


def _dimension(record: CampaignRecord, name: str, source: str) -> str:
    """The path of a searched dimension.  source: where the name was given."""
    matches = _matches(record, name)
    if len(matches) == 1:
        return matches[0]
    where = f"campaign {record.config.name!r}: {source}"
    if matches:
        raise CampaignError(f"{where}: several dimensions have that name: {', '.join(matches)}. Write the whole path")
    known = [*(path.rpartition(".")[2] for path in record.dimensions), *record.dimensions]
    raise CampaignError(
        f"{where}: the campaign did not search this. Searched: {_searched(record)}.{nearest(name, known)}"
    )


def _matches(record: CampaignRecord, name: str) -> list[str]:
    """The searched dimension with this path, else those whose last words it is: ``hidden`` is not ``dense_hidden``."""
    dimensions = list(record.dimensions)
    return [path for path in dimensions if path == name] or [path for path in dimensions if path.endswith(f".{name}")]
