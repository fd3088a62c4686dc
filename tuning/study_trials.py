"""Which trials a study compares, by which dimension, and what is measured of each."""

import math
from collections.abc import Iterable
from typing import get_args

from tuning.complaints import nearest
from tuning.config import StudyOptions
from tuning.errors import CampaignError
from tuning.record import CampaignRecord, TrialRecord

MEASURES: tuple[str, ...] = get_args(StudyOptions.model_fields["measure"].annotation)
"""What may be compared; ``StudyOptions.measure`` says what each is."""


def chosen_factor(record: CampaignRecord, name: str | None) -> str:
    """Return the path of the dimension to compare; CampaignError where that is none or not clear."""
    options, dimensions = record.config.study, list(record.dimensions)
    if name is not None:
        return _dimension(record, name, "--factor")
    if options is not None:
        return _dimension(record, options.factor, "study.factor =")
    if len(dimensions) == 1:
        return dimensions[0]
    raise CampaignError(
        f"campaign {record.config.name!r}: which dimension is the question about? Add --factor. "
        f"Searched: {_searched(record)}"
    )


def chosen_by(record: CampaignRecord, name: str | None, factor: str | None) -> str | None:
    """Return the path of the dimension that parts the trials; None: the question is asked of all together.

    The file's belongs to the file's question: where another factor is named, it does not count.

    Raises:
        CampaignError: no such dimension, or the factor itself.
    """
    options = record.config.study
    if name is None and (factor is not None or options is None or options.by is None):
        return None
    said = "study.by =" if name is None else "--by"
    wanted = name or (options.by if options else None) or ""
    path = _dimension(record, wanted, said)
    if path == chosen_factor(record, factor):
        raise CampaignError(
            f"campaign {record.config.name!r}: {said} {wanted}: this is the factor, whose settings are compared. Name "
            f"another dimension. Searched: {_searched(record)}"
        )
    return path


def _searched(record: CampaignRecord) -> str:
    return ", ".join(record.dimensions) or "none: nothing varies"


def _dimension(record: CampaignRecord, wanted: str, option: str) -> str:
    """The searched dimension of a path or last word."""
    dimensions = list(record.dimensions)
    found = [path for path in dimensions if path == wanted]
    found = found or [path for path in dimensions if path.endswith(f".{wanted}")]
    if len(found) == 1:
        return found[0]
    said = f"campaign {record.config.name!r}: {option} {wanted}"
    if found:
        raise CampaignError(f"{said}: several dimensions end so: {', '.join(found)}. Write the whole path")
    words = {path.rpartition(".")[2]: path for path in dimensions} | {path: path for path in dimensions}
    raise CampaignError(
        f"{said}: the campaign did not search this. Searched: {_searched(record)}.{nearest(wanted, words)}"
    )


def chosen_measure(record: CampaignRecord, name: str | None) -> str:
    """Return the measure to compare; CampaignError where there is none of that name."""
    options = record.config.study
    if name is None:
        return options.measure if options else "objective"
    if name not in MEASURES:
        raise CampaignError(
            f"--measure {name}: no such measure. Known: {', '.join(MEASURES)}.{nearest(name, MEASURES)}"
        )
    return name


def grouped(trials: Iterable[TrialRecord], path: str) -> dict[str, list[TrialRecord]]:
    """Return the ``repr`` of a dimension's value -> its trials; those that took over another's result are left out."""
    groups: dict[str, list[TrialRecord]] = {}
    for trial in trials:
        if path in trial.assignment and not trial.reused:  # a dimension of one model family is not in every trial
            groups.setdefault(repr(trial.assignment[path]), []).append(trial)
    return groups


def figure(trial: TrialRecord, measure: str) -> float | None:
    """Return a measure, or ``parameters``, of a completed trial; None where it is no finite number."""
    result, last = trial.result, trial.epochs[-1] if trial.epochs else None
    if result is None or result.status != "completed":
        return None
    value: float | None
    match measure:
        case "train_loss":
            value = last.train_loss if last else None
        case "overfitting":
            losses = [report.metrics["loss"] for report in trial.epochs if "loss" in report.metrics]
            value = losses[-1] - min(losses) if losses else None
        case _:
            value = getattr(result, measure)
    return float(value) if value is not None and math.isfinite(value) else None
