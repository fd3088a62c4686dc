"""From a campaign and a suggestion to a trial's complete configuration."""

from collections.abc import Mapping
from typing import Any

from search_spaces import grid
from search_spaces.catalogue import find
from search_spaces.dimensions import Value
from search_spaces.families import family_name
from search_spaces.space import Space
from tuning.config import CampaignConfig, DeviceConfig, Rung, TrialConfig
from tuning.errors import CampaignError
from tuning.search import Suggestion
from tuning.seeds import derive
from tuning.variants import data_config, dimensions, key

TRIALS = 50
"""How many trials a campaign has that does not say, unless it tries a whole grid."""


def campaign_space(config: CampaignConfig) -> Space:
    """The campaign's space: cut as its file says, with what its data varies as dimensions.

    Raises:
        SpaceError: no such space, dimension or value.
    """
    given = {f"train.{field}": value for field, value in config.train if value is not None}
    space = find(config.space.name).cut(
        fix=config.space.fix, narrow=config.space.narrow, also=config.space.also, given=given
    )
    for path, choice in dimensions(config.data).items():
        space = space.with_dimension(path, choice)
    return space


def planned_trials(config: CampaignConfig, space: Space) -> int:
    """How many trials the campaign is to have: what its file says, else as many whole configurations as 50 trials make.

    A trial is one training: a configuration that is replicated counts as often.  A grid has all its points; with
    fewer trials its first ones.

    Raises:
        CampaignError: a number that cuts a configuration's replicates, or is more than the grid has.
        SpaceError: a grid over a dimension that is continuous.
    """
    trials, replicates = config.search.trials, config.search.replicates
    if trials is not None and trials % replicates:
        raise CampaignError(
            f"search.trials = {trials} is no multiple of search.replicates = {replicates}: the last configuration "
            f"would lack trials. Set search.trials to {-(-trials // replicates) * replicates}"
        )
    if config.search.algorithm != "grid":
        return trials or max(1, TRIALS // replicates) * replicates
    points = grid.size(space)
    whole = points * replicates
    if trials is not None and trials > whole:
        raise CampaignError(
            f"search.trials = {trials}: the grid has {points} points, with search.replicates = {replicates} that "
            f"is {whole} trials. Set search.trials <= {whole}, or leave it out"
        )
    return trials or whole


def trial_config(
    config: CampaignConfig,
    space: Space,
    suggestion: Suggestion,
    *,
    data_sha256: Mapping[str, str],
    rungs: tuple[Rung, ...] = (),
) -> TrialConfig:
    """Complete a suggestion.  ``data_sha256``: variant's key -> identity of the prepared arrays."""
    values = space.complete(suggestion.assignment)
    data = data_config(config, _under("data", values))
    return TrialConfig.model_validate(
        {
            "campaign": config.name,
            "index": suggestion.index,
            "seed": trial_seed(config, suggestion),
            "space": config.space.name,
            "model": {"family": family_name(space.family(values)), **_under("model", values)},
            "train": config.train.model_dump() | _under("train", values),
            "data": data,
            "data_sha256": data_sha256[key(data, dimensions(config.data))],
            "objective": config.objective,
            "device": DeviceConfig(threads=config.resources.threads, device=config.resources.device),
            "rungs": rungs,
        }
    )


def trial_seed(config: CampaignConfig, suggestion: Suggestion) -> int:
    """Return the seed of a trial: its own, or of a replicated configuration the replicate's.

    Replicate r of every configuration has one seed, so that two configurations can be compared seed by seed.
    """
    if config.search.replicates > 1:
        return derive(config.seed, "replicate", suggestion.replicate)
    return derive(config.seed, "trial", suggestion.index)


def _under(room: str, values: Mapping[str, Value]) -> dict[str, Any]:
    return {path.removeprefix(f"{room}."): value for path, value in values.items() if path.startswith(f"{room}.")}
