"""A campaign's trials as an in-memory Optuna study, for its importances and plots."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from search_spaces.dimensions import Choice, Dimension, Integer, Real, Stepped, Value, equal
from search_spaces.errors import SpaceError
from tuning.campaign.space import campaign_space
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import short_names
from tuning.report.labels import option_values
from tuning.search.optuna import quiet

T = TypeVar("T")
Categories = Sequence[int | float | str]

STATES = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "failed": TrialState.FAIL}

FEWEST = 10
"""Completed trials below which importances are not computed."""

RELIABLE = 50
"""Completed trials for 5 in the best tenth, which Optuna recommends for PED-ANOVA."""

MOST_TRIALS = 500
"""Trials from which importances are computed: fANOVA takes more than half of the time of a large report."""

RANGE = re.compile(r"(?P<low>[-+.\de]+) to (?P<high>[-+.\de]+)(?:(?P<log> \(log\))|, step (?P<step>[-+.\de]+))?")
"""A range as ``search_spaces.dimensions`` describes it."""

MOST_LISTED = 12
"""Different whole numbers that are levels rather than a range, in a space that is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importances:
    """Share of each dimension, by name, largest first; both sum to 1, or are 0.

    fanova: of the variance of the objective (Hutter et al., ICML 2014).  ped_anova: of what separates the best tenth
    of the trials from all (Watanabe et al., IJCAI 2023).  trials: from how many.
    """

    fanova: dict[str, float]
    ped_anova: dict[str, float]
    trials: int


def dimensions(record: CampaignRecord) -> dict[str, Dimension]:
    """Return path -> searched dimension, for those that a trial has a value of.

    As the campaign's space has them.  Of a space that is not known here, as of one's own model, or no longer has all
    recorded values, as the journal describes them, else what the values show.
    """
    try:
        known: Mapping[str, Dimension] = campaign_space(record.config).dimensions
    except SpaceError:
        known = {}
    seen = {
        path: [trial.assignment[path] for trial in record.trials.values() if path in trial.assignment]
        for path in record.dimensions
    }
    found = {}
    for path, values in seen.items():
        candidates = (known.get(path), _described(record.dimensions[path], values))
        if values:
            fitting = (of for of in candidates if of is not None and all(map(of.contains, values)))
            found[path] = next(fitting, None) or _seen(values)
    return found


def thinned(ordered: Sequence[T], most: int) -> list[T]:
    """Return at most so many of a sequence, evenly spaced from the first on."""
    return list(ordered[:: -(-len(ordered) // most)]) if ordered else []


def full_budget(record: CampaignRecord) -> list[TrialRecord]:
    """Return the trials that ran to the end of their budget or patience, best first, whose objective is finite."""
    return [trial for trial in record.ranked() if _finite(trial.objective)]


def study(
    record: CampaignRecord, trials: Iterable[TrialRecord], options: Callable[[Choice], Categories] = option_values
) -> optuna.Study:
    """Return a study of ended trials, numbered in the given order; dimensions have their short names.

    A trial that ran to the end of its budget, or of its own patience, is complete; one that early stopping ended is
    pruned.  Values of different replicates are different trials.  options: what the options of a choice are called.
    """
    searched = dimensions(record)
    names = short_names(searched)
    distributions = {path: _distribution(dimension, options) for path, dimension in searched.items()}
    with quiet():
        made = optuna.create_study(direction="maximize" if record.config.objective.goal == "max" else "minimize")
        made.add_trials(_trial(number, trial, searched, names, distributions) for number, trial in enumerate(trials))
    return made


def importances(record: CampaignRecord) -> Importances | str:
    """Return the importance of each dimension over the completed trials, or the reason why there is none."""
    completed = sorted(full_budget(record), key=lambda trial: trial.index)
    if len(completed) < FEWEST:
        return f"Importances need at least {FEWEST} completed trials; this campaign has {len(completed)}."
    if len({trial.objective for trial in completed}) == 1:
        return "All objectives are equal, so no dimension explains a difference."
    if all(len({repr(trial.assignment.get(path)) for trial in completed}) == 1 for path in record.dimensions):
        return "No dimension took more than one value."
    chosen = thinned(completed, MOST_TRIALS)
    made = study(record, chosen)
    try:
        with quiet():
            fanova = get_param_importances(made, evaluator=FanovaImportanceEvaluator(seed=0))
            ped_anova = get_param_importances(made, evaluator=PedAnovaImportanceEvaluator())
    except (RuntimeError, ValueError) as error:  # as of trees without variance
        return f"Importances cannot be computed from these trials: {error}"
    plain = [{name: float(value) for name, value in found.items()} for found in (fanova, ped_anova)]
    return Importances(fanova=plain[0], ped_anova=plain[1], trials=len(chosen))


def _described(text: str, values: Sequence[Value]) -> Dimension | None:
    """Return the dimension of a text of ``describe``; None where the text does not tell.  values: some that it has."""
    kinds = {type(value) for value in values}
    try:
        if found := RANGE.fullmatch(text):
            low, high = (int(end) if kinds == {int} else float(end) for end in found.group("low", "high"))
            if found["step"]:
                return Stepped(low, high, int(found["step"]) if kinds == {int} else float(found["step"]))
            log = found["log"] is not None
            return Integer(int(low), int(high), log) if kinds == {int} else Real(low, high, log)
        if kinds == {bool}:
            return Choice(*(option == "True" for option in text.split(", ")))
        if len(kinds) != 1:
            return None
        kind: Callable[[str], Value] = kinds.pop()
        return Choice(*map(kind, text.split(", ")))
    except (ValueError, SpaceError):
        return None


def _seen(values: Sequence[Value]) -> Dimension:
    distinct: list[Value] = []
    for value in values:
        if not any(equal(value, other) for other in distinct):
            distinct.append(value)
    numbers = [value for value in distinct if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(distinct) and (len(numbers) > MOST_LISTED or any(isinstance(n, float) for n in numbers)):
        return Real(min(numbers), max(numbers))
    return Choice(*(sorted(numbers) if len(numbers) == len(distinct) else distinct))


def _distribution(dimension: Dimension, options: Callable[[Choice], Categories]) -> BaseDistribution:
    match dimension:
        case Integer():
            return IntDistribution(dimension.low, dimension.high, log=dimension.log)
        case Real():
            return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
        case Stepped():
            low, high = dimension.values()[0], dimension.values()[-1]  # Optuna wants an end that the steps meet
            if isinstance(dimension.low, int):
                return IntDistribution(int(low), int(high), step=int(dimension.step))
            return FloatDistribution(float(low), float(high), step=dimension.step)
        case Choice():
            return CategoricalDistribution(options(dimension))


def _trial(
    number: int,
    trial: TrialRecord,
    searched: Mapping[str, Dimension],
    names: Mapping[str, str],
    distributions: Mapping[str, BaseDistribution],
) -> FrozenTrial:
    state = STATES[trial.status]
    if state is TrialState.COMPLETE and not _finite(trial.objective):
        state = TrialState.FAIL
    started = trial.suggested_at if trial.started_at is None else trial.started_at
    values = {path: value for path, value in trial.assignment.items() if path in searched}
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=trial.objective if state is not TrialState.FAIL else None,
        params={names[path]: _encoded(searched[path], value, distributions[path]) for path, value in values.items()},
        distributions={names[path]: distributions[path] for path in values},
        datetime_start=_time(started),
        datetime_complete=_time(started if trial.ended_at is None else trial.ended_at),
        intermediate_values={},
        user_attrs={},
        system_attrs={},
    )


def _encoded(dimension: Dimension, value: Value, distribution: BaseDistribution) -> Any:
    """The value as its distribution has it."""
    if not isinstance(dimension, Choice):
        return value
    place = next(i for i, option in enumerate(dimension.options) if equal(option, value))
    return distribution.to_external_repr(place)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)  # Optuna's are without a zone


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
