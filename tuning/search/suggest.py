"""From a campaign to its search, and from a suggestion to a trial's complete configuration."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from search_spaces.dimensions import Value
from search_spaces.families import family_name
from search_spaces.space import Space
from tuning.campaign.config import CampaignConfig, DeviceConfig, Rung, TrialConfig
from tuning.campaign.errors import CampaignError
from tuning.campaign.seeds import derive
from tuning.campaign.variants import data_config, dimensions, key
from tuning.journal.record import CampaignRecord
from tuning.journal.text import settings
from tuning.search.halving import rungs
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.proposers import GridProposer, Outcome, Proposer, RandomProposer
from tuning.training.results import TrialResult


def ordered_search(config: CampaignConfig, space: Space) -> OrderedSearch:
    """Return the campaign's search before its first suggestion.  config: complete, as ``Plan.complete`` returns it."""
    return OrderedSearch(
        _proposer(config, space),
        window=config.search.window,
        on_duplicate=config.search.on_duplicate,
        replicates=config.search.replicates,
    )


def outcome(result: TrialResult) -> Outcome:
    """Return what the search learns of a trial's end."""
    return Outcome(None if result.status == "failed" else result.objective)


def configured(record: CampaignRecord, space: Space, suggestion: Suggestion) -> TrialConfig:
    """Complete a suggestion.  record: with the trials that the suggestion may know, ended."""
    known = range(suggestion.index - record.config.search.window + 1)
    curves = [record.trials[k].epochs for k in known if not record.trials[k].reused]
    return trial_config(
        record.config,
        space,
        suggestion,
        data_sha256={variant: data.sha256 for variant, data in record.data.items()},
        rungs=rungs(record.config, curves),
    )


def _proposer(config: CampaignConfig, space: Space) -> Proposer:
    if config.search.algorithm == "grid":
        return GridProposer(space)
    seed = derive(config.seed, "search")
    if config.search.algorithm == "random" or space.size == 1:
        return RandomProposer(space, seed)
    if config.search.startup_trials is None:
        raise TypeError("the campaign's configuration is not complete: search.startup_trials is open")
    from tuning.search.hyperopt import HyperOptProposer

    return HyperOptProposer(space, seed=seed, startup_trials=config.search.startup_trials, goal=config.objective.goal)


def trial_config(
    config: CampaignConfig,
    space: Space,
    suggestion: Suggestion,
    *,
    data_sha256: Mapping[str, str],
    rungs: tuple[Rung, ...] = (),
) -> TrialConfig:
    """Complete a suggestion.  ``data_sha256``: variant's key -> identity of the prepared arrays.

    Raises:
        CampaignError: the model refuses these values together.
    """
    values = space.complete(suggestion.assignment)
    data = data_config(config, _under("data", values))
    trial = {
        "campaign": config.name,
        "index": suggestion.index,
        "seed": trial_seed(config, suggestion),
        "space": config.space.title,
        "code": config.code_files,
        "model": {"family": family_name(space.family(values)), **_under("model", values)},
        "train": config.train.of_trial() | _under("train", values),
        "data": data,
        "data_sha256": data_sha256[key(data, dimensions(config.data))],
        "objective": config.objective,
        "device": DeviceConfig(threads=config.resources.threads, device=config.resources.device),
        "rungs": rungs,
    }
    try:
        return TrialConfig.model_validate(trial)
    except ValidationError as error:  # a rare combination that the check of a large space did not meet
        detail = error.errors(include_url=False)[0]
        reason = detail.get("ctx", {}).get("error", detail["msg"])
        raise CampaignError(
            f"trial {suggestion.index}: {settings(suggestion.assignment)}: {reason}. "
            "Restrict space.dimensions so that the model accepts every combination, and choose another name (--name)"
        ) from None


def trial_seed(config: CampaignConfig, suggestion: Suggestion) -> int:
    """Return the seed of a trial: its own, or of a replicated configuration the replicate's.

    Replicate r of every configuration has one seed, so that two configurations can be compared seed by seed.
    """
    if config.search.replicates > 1:
        return derive(config.seed, "replicate", suggestion.replicate)
    return derive(config.seed, "trial", suggestion.index)


def _under(room: str, values: Mapping[str, Value]) -> dict[str, Any]:
    return {path.removeprefix(f"{room}."): value for path, value in values.items() if path.startswith(f"{room}.")}
