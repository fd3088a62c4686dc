"""A campaign's space: a named one or a family's, changed as its file says."""

from collections.abc import Collection
from typing import Any

from search_spaces.catalogue import find
from search_spaces.errors import SpaceError
from search_spaces.families import find_family
from search_spaces.fields import Fields, searchable
from search_spaces.own import of_model, with_fixed_fields, with_own
from search_spaces.own_conditions import check_conditions
from search_spaces.space import Space
from search_spaces.validity import check_combinations
from tuning.campaign.config import VARIED, CampaignConfig, SpaceOptions
from tuning.campaign.trial import TrainConfig
from tuning.campaign.variants import dimensions

LISTED = tuple(f"data.{name}" for name in VARIED)
"""The paths of the data that are searched by a list in ``[data]``."""


def campaign_space(config: CampaignConfig) -> Space:
    """Return the campaign's space: with its own dimensions, restricted, and with what its data varies as dimensions.

    Raises:
        SpaceError: no such space, family, dimension, field or value.
    """
    options = config.space
    start = _start(options)
    fields = _fields(start)
    space = with_own(start, options.dimensions, fields)
    paths = own_paths(config)
    space, fix = with_fixed_fields(space, options.fix, fields)
    for key, names in (("fix", fix), ("narrow", options.narrow)):
        if both := [path for name in names if (path := space.resolve(name)) in paths]:
            raise SpaceError(f"space.{key}: {both[0]} is one of space.dimensions. Change its values there")
    single = {f"data.{name}": values[0] for name, values in config.data.options.items() if len(values) == 1}
    given = {f"train.{field}": value for field, value in config.train.of_trial().items()} | single
    space = space.restricted(fix=fix, narrow=options.narrow, include=options.include, given=given, needed=paths)
    for path, choice in dimensions(config.data).items():
        space = space.with_dimension(path, choice)
    written = [*(f"train.{field}" for field in config.train.model_fields_set), *single]
    check_conditions(space, paths, fields, given=written)
    if options.model is not None or paths or len(fix) < len(options.fix):
        check_combinations(space)  # named spaces hold none that a family refuses
    return space


def written_fields(config: CampaignConfig, searched: Collection[str]) -> dict[str, Any]:
    """Return a configuration as a campaign file has it: without defaults, but for those that a condition needs.

    searched: the paths of the campaign's dimensions.
    """
    fields = config.model_dump(mode="json", exclude_defaults=True)
    whole = config.train.of_trial()
    wanted = {
        name.removeprefix("train.") for own in config.space.dimensions.values() for name in getattr(own, "when", ())
    }
    fixed = {name.removeprefix("train.") for name in config.space.fix}
    for name in wanted & whole.keys() - fixed:
        if f"train.{name}" not in searched:
            fields.setdefault("train", {}).setdefault(name, whole[name])
    return fields


def own_paths(config: CampaignConfig) -> list[str]:
    """Return the paths of the campaign's own dimensions.  SpaceError: no such field."""
    fields = _fields(_start(config.space))
    return [fields.find(name, f"space.dimensions.{name}") for name in config.space.dimensions]


def _start(options: SpaceOptions) -> Space:
    return find(options.name) if options.name is not None else of_model(find_family(options.model or ""))


def _fields(space: Space) -> Fields:
    return searchable(space.models, TrainConfig, LISTED)
