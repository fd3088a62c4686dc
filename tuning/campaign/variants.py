"""A campaign's data variants: every combination of the options that its ``[data]`` lists, each prepared once."""

from collections.abc import Container, Mapping
from itertools import product

from data.config import DataConfig
from search_spaces.dimensions import Choice, Value
from tuning.campaign.config import VARIED, CampaignConfig, CampaignData
from tuning.campaign.seeds import derive


def dimensions(options: CampaignData) -> dict[str, Choice]:
    """Return what is searched of the data: path -> the listed values, where there are several."""
    return {f"data.{name}": Choice(*values) for name, values in options.options.items() if len(values) > 1}


def variants(config: CampaignConfig) -> dict[str, DataConfig]:
    """Return every variant that a trial may be given, under the key that journal and records know it by."""
    names, searched = config.data.options, dimensions(config.data)
    combinations = [dict(zip(names, values, strict=True)) for values in product(*names.values())]
    replicates = range(config.data.divisions or 1)
    every = (data_config(config, chosen, replicate=r) for chosen in combinations for r in replicates)
    return {key(data, searched): data for data in every}


def key(data: DataConfig, searched: Container[str]) -> str:
    """Return a variant's name: its balance, what else of the data is searched, and its fold: ``raw window=16 fold=1``.

    Of ``data.splits``: ``raw window=16 split=1``.
    searched: paths of the campaign's dimensions, or of the trial's assignment.
    """
    others = [f"{name}={getattr(data, name)}" for name in VARIED if f"data.{name}" in searched and name != "balance"]
    fold = [] if data.fold is None else [f"{data.division}={data.fold}"]
    return " ".join([data.balance, *others, *fold])


def variant_of(data: DataConfig, config: CampaignConfig, *, fresh_split: bool = False) -> str:
    """Return the name of the variant that a trial of a campaign is trained on.

    fresh_split: of a confirmation's trial, whose split is not the campaign's.
    """
    split = f" split_seed={data.split_seed}" if fresh_split else ""
    return key(data, dimensions(config.data)) + split


def data_config(config: CampaignConfig, chosen: Mapping[str, Value], *, replicate: int = 0) -> DataConfig:
    """Return one variant's complete data configuration; split and balance have seeds of their own.

    chosen: field -> value; of a listed field that is not among them the first value is taken.  replicate: r, which of
    its configuration's; it has the r-th fold or split, from the first one again after the last.
    """
    first = {name: values[0] for name, values in config.data.options.items()}
    seeds = {f"{role}_seed": derive(config.seed, role) for role in ("split", "balance")}
    divisions = config.data.divisions
    fold = {} if divisions is None else {"fold": replicate % divisions + 1}
    return DataConfig.model_validate(config.data.model_dump() | first | dict(chosen) | seeds | fold)
