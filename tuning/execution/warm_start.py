"""Earlier results with which a campaign's search begins: ``search.warm_start``.

A campaign of the same home or an export is a source.  Its results fit where the same values would give the same trial
but for its seed: same searched dimensions, data, objective, and everything that is not searched.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.messages import nearest
from search_spaces.errors import SpaceError
from tuning.analysis.configurations import configurations
from tuning.analysis.export import Export
from tuning.analysis.export_file import EXPORT_SUFFIXES, read_export
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError, JournalError, RecordError
from tuning.campaign.plan import Plan
from tuning.campaign.space import campaign_space
from tuning.campaign.trial import TrialConfig
from tuning.journal.events import DataRecord, EarlierResult, WarmStart
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord
from tuning.search.ordered import Suggestion
from tuning.search.suggest import trial_config

OUTSIDE = "outside the space"
REPEATED = "in an earlier source"


class _MisfitError(Exception):
    """Why a source cannot be used."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A configuration of a source.  trial: its first, whose configuration stands for its other replicates."""

    trial: TrialConfig
    result: EarlierResult


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A source as it was read.  data: variant's key -> hash of the arrays.  left_out: reason -> trials."""

    config: CampaignConfig
    dimensions: set[str]
    data: Mapping[str, str]
    candidates: list[_Candidate]
    left_out: Counter[str]


def earlier_results(plan: Plan, home: Home, data: Mapping[str, DataRecord]) -> tuple[WarmStart, ...]:
    """Return what the search of a new campaign is told first: its sources in order, of each the trials in order.

    data: variant's key -> the campaign's prepared data.

    Raises:
        CampaignError: a source is not there, cannot be read or does not fit; a line for each such source.
    """
    used: set[tuple[str, int, float]] = set()
    found: list[WarmStart] = []
    refused: list[str] = []
    for name in plan.config.search.warm_start:
        try:
            found.append(_fitting(name, _read(name, plan, home), plan, data, used))
        except (_MisfitError, RecordError, JournalError, SpaceError, CampaignError) as error:
            refused.append(f"  {name}: {'; '.join(str(error).splitlines())}")
    if refused:
        raise CampaignError(
            f"search.warm_start of campaign {plan.config.name!r}: {len(refused)} of "
            f"{len(plan.config.search.warm_start)} sources cannot be used:",
            *refused,
            "Mend them, or leave them out",
        )
    return tuple(found)


def _read(name: str, plan: Plan, home: Home) -> _Source:
    if Path(name).suffix.lower() in EXPORT_SUFFIXES:
        return _of_export(read_export(plan.folder / name))
    names = [other for other in home.names() if other != plan.config.name]
    if name not in names:
        raise _MisfitError(
            f"no such campaign in {home.path}, which has {', '.join(names) or 'no other'}; an export ends in .json or "
            f".toml.{nearest(name, names)}"
        )
    return _of_campaign(home.record(name))


def _of_campaign(record: CampaignRecord) -> _Source:
    left_out: Counter[str] = Counter()
    candidates: list[_Candidate] = []
    if record.config.search.replicates == 1:
        for index, trial in sorted(record.trials.items()):
            if trial.status == "completed" and not trial.reused and trial.objective is not None:
                candidates.append(_candidate(trial.config, trial.assignment, trial.objective))
            else:
                left_out["copied" if trial.reused else _STATUS[record.trials[index].status]] += 1
    else:
        own = configurations(record)
        whole = sorted((one for one in own if one.complete), key=lambda one: one.trials[0].index)
        candidates = [_candidate(one.completed[0].config, one.trials[0].assignment, one.mean) for one in whole]
        count = record.config.search.replicates
        begun = {(k if t.same_as is None else t.same_as) // count for k, t in record.trials.items()}
        left_out["lack replicates"] = len(begun) - len(whole)
    return _Source(
        config=record.config,
        dimensions=set(record.dimensions),
        data={variant: one.sha256 for variant, one in record.data.items()},
        candidates=candidates,
        left_out=left_out,
    )


_STATUS = {"failed": "failed", "stopped": "stopped early", "running": "not ended", "waiting": "not ended"}


def _of_export(exported: Export) -> _Source:
    left_out: Counter[str] = Counter()
    candidates: list[_Candidate] = []
    for entry in sorted(exported.entries, key=lambda entry: entry.config.index):
        whole = entry.configuration
        objective = entry.result.objective if whole is None else whole.mean
        if entry.result.status != "completed" or objective is None:
            left_out[_STATUS.get(entry.result.status, "failed")] += 1
        elif whole is not None and whole.completed < whole.replicates:
            left_out["lack replicates"] += 1
        else:
            candidates.append(_candidate(entry.config, entry.assignment, objective))
    return _Source(
        config=exported.campaign,
        dimensions=set(campaign_space(exported.campaign).dimensions),
        data=exported.data_sha256,
        candidates=candidates,
        left_out=left_out,
    )


def _candidate(trial: TrialConfig, assignment: Mapping[str, Any], objective: float) -> _Candidate:
    return _Candidate(trial, EarlierResult(trial=trial.index, assignment=dict(assignment), objective=objective))


def _fitting(
    name: str, source: _Source, plan: Plan, data: Mapping[str, DataRecord], used: set[tuple[str, int, float]]
) -> WarmStart:
    """Return the results of a source that fit, and add them to the used ones.  _MisfitError: it has none."""
    _check_objective(source.config, plan.config)
    _check_dimensions(source.dimensions, set(plan.space.dimensions))
    _check_data(source, plan.config, {variant: one.sha256 for variant, one in data.items()})
    results: list[EarlierResult] = []
    left_out = Counter(source.left_out)
    for candidate in source.candidates:
        identity = (source.config.name, candidate.result.trial, candidate.result.objective)
        try:
            again = _again(candidate, plan, data)
        except (SpaceError, CampaignError):
            left_out[OUTSIDE] += 1
            continue
        if differences := list(_differences(candidate.trial, again)):
            raise _MisfitError(f"its trials are trained otherwise: {'; '.join(differences)}")
        if identity in used:
            left_out[REPEATED] += 1
            continue
        used.add(identity)
        results.append(candidate.result)
    left_out = +left_out
    if not results:
        counts = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise _MisfitError(f"it has no result to use ({counts or 'no trials'})")
    return WarmStart(source=name, campaign=source.config.name, results=tuple(results), left_out=dict(left_out))


def _check_objective(there: CampaignConfig, here: CampaignConfig) -> None:
    before, now = there.objective, here.objective
    if before.metric != now.metric:
        raise _MisfitError(f"its objective is {before.metric}, this campaign's is {now.metric}")
    if before.goal != now.goal:
        raise _MisfitError(f"its {before.metric} has the goal {before.goal}, this campaign's {now.goal}")


def _check_dimensions(there: set[str], here: set[str]) -> None:
    sides = [("it searches", there - here), ("this campaign searches", here - there)]
    if parts := [f"{who} {', '.join(sorted(paths))}" for who, paths in sides if paths]:
        raise _MisfitError(f"other dimensions: {'; '.join(parts)}")


def _check_data(source: _Source, config: CampaignConfig, here: Mapping[str, str]) -> None:
    common = [variant for variant in source.data if variant in here]
    if source.config.data.divisions != config.data.divisions or not common:
        raise _MisfitError(f"its data is {', '.join(source.data)}, this campaign's {', '.join(here)}")
    if changed := [variant for variant in common if source.data[variant] != here[variant]]:
        variant = changed[0]
        seeds = ""
        if source.config.seed != config.seed and source.config.data.dataset == config.data.dataset:
            seeds = f" (seed = {source.config.seed} there, {config.seed} here: the seed draws the split)"
        raise _MisfitError(
            f"its data {variant!r} has sha256 {source.data[variant][:12]}, this campaign's {here[variant][:12]}{seeds}"
        )


def _again(candidate: _Candidate, plan: Plan, data: Mapping[str, DataRecord]) -> TrialConfig:
    """Return this campaign's trial of the same values.  SpaceError, CampaignError: it has none."""
    assignment = candidate.result.assignment
    plan.space.check(assignment)
    fold = candidate.trial.data.fold
    suggestion = Suggestion(index=0, assignment=assignment, replicate=0 if fold is None else fold - 1)
    hashes = {variant: one.sha256 for variant, one in data.items()}
    return trial_config(plan.complete, plan.space, suggestion, data_sha256=hashes)


def _differences(there: TrialConfig, here: TrialConfig) -> Iterator[str]:
    """Yield what differs between two trials beside their seeds and the machine."""
    if there.data_sha256 != here.data_sha256:
        yield f"data {there.data_sha256[:12]} there, {here.data_sha256[:12]} here"
    pairs: Sequence[tuple[str, Any, Any]] = [
        ("code", [file.sha256 for file in there.code], [file.sha256 for file in here.code]),
        *(
            (f"{room}.{field}", before.get(field), now.get(field))
            for room in ("model", "train")
            for before, now in [(getattr(there, room).model_dump(), getattr(here, room).model_dump())]
            for field in {**before, **now}
        ),
    ]
    for path, before, now in pairs:
        if before != now:
            yield f"{path} = {before!r} there, {now!r} here"
