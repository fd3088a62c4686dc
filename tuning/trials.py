"""From a campaign and a suggestion to a trial's complete configuration."""

from collections.abc import Mapping
from typing import Any

from data.config import DataConfig
from search_spaces.catalogue import find
from search_spaces.dimensions import Choice, Value
from search_spaces.space import Space
from tuning.config import CampaignConfig, DeviceConfig, Rung, TrialConfig
from tuning.search import Suggestion
from tuning.seeds import derive


def campaign_space(config: CampaignConfig) -> Space:
    """The campaign's space: cut as its file says, with the balance as a dimension where several are listed.

    Raises:
        SpaceError: no such space, dimension or value.
    """
    space = find(config.space.name).cut(fix=config.space.fix, narrow=config.space.narrow, also=config.space.also)
    if len(config.data.balances) > 1:
        space = space.with_dimension("data.balance", Choice(*config.data.balances))
    return space


def data_config(config: CampaignConfig, balance: str) -> DataConfig:
    """One balance's complete data configuration; split and balance have seeds of their own."""
    options = config.data.model_dump(exclude={"balance"})
    return DataConfig.model_validate(
        options
        | {
            "balance": balance,
            "split_seed": derive(config.seed, "split"),
            "balance_seed": derive(config.seed, "balance"),
        }
    )


def trial_config(
    config: CampaignConfig,
    space: Space,
    suggestion: Suggestion,
    *,
    data_sha256: Mapping[str, str],
    rungs: tuple[Rung, ...] = (),
) -> TrialConfig:
    """Complete a suggestion.  ``data_sha256``: balance -> identity of the prepared arrays."""
    values = space.complete(suggestion.assignment)
    balance = str(values.get("data.balance", config.data.balances[0]))
    return TrialConfig.model_validate(
        {
            "campaign": config.name,
            "index": suggestion.index,
            "seed": derive(config.seed, "trial", suggestion.index),
            "space": config.space.name,
            "model": {"family": space.model.model_fields["family"].default, **_under("model", values)},
            "train": config.train.model_dump() | _under("train", values),
            "data": data_config(config, balance),
            "data_sha256": data_sha256[balance],
            "objective": config.objective,
            "device": DeviceConfig(threads=config.resources.threads, device=config.resources.device),
            "rungs": rungs,
        }
    )


def _under(room: str, values: Mapping[str, Value]) -> dict[str, Any]:
    return {path.removeprefix(f"{room}."): value for path, value in values.items() if path.startswith(f"{room}.")}
