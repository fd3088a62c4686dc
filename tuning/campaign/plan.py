"""What a campaign file asks for, worked out: configuration, space and number of trials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.configs import NeuralConfig
from search_spaces import grid
from search_spaces.errors import SpaceError
from search_spaces.families import family_name
from search_spaces.given import given_values
from search_spaces.space import Assignment, Space
from tuning.campaign.code_files import Source
from tuning.campaign.config import CampaignConfig, LimitOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.objective import METRICS, metrics_of
from tuning.campaign.space import campaign_space

TRIALS = 50
"""How many trials a campaign has that does not say, unless it tries a whole grid."""


STARTUP_TRIALS = 20
"""At most so many random suggestions come before the model-based ones, where the file does not say (HyperOpt's own)."""

STARTUP_SHARE = 0.4
"""At most this share of a campaign's configurations is drawn at random, where the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One campaign: its file, checked, and what follows from it.  Computed once and handed down.

    config: as written.  space: cut as the file says.  trials: how many the campaign has.  startup_trials: random
    suggestions before the model-based ones, less the results of a warm start.  sources: the user's code, as it was run.
    folder: to which the paths of ``search.warm_start`` are relative.
    """

    config: CampaignConfig
    space: Space
    trials: int
    startup_trials: int
    sources: tuple[Source, ...] = ()
    folder: Path = Path()

    @property
    def complete(self) -> CampaignConfig:
        """The configuration with what the file may leave open: ``search.trials`` and ``search.startup_trials``."""
        filled = {"trials": self.trials, "startup_trials": self.startup_trials}
        return self.config.model_copy(update={"search": self.config.search.model_copy(update=filled)})

    @property
    def configurations(self) -> int:
        """How many configurations the campaign tries."""
        return self.trials // self.config.search.replicates

    @property
    def all_given(self) -> bool:
        """Whether ``search.first`` has every configuration, each with all of its values."""
        first = first_configurations(self.config, self.space)
        return len(first) == self.configurations and all(_whole(self.space, values) for values in first)

    @property
    def blind(self) -> int:
        """How many configurations are suggested before a result can be known; see ``tuning.search.ordered``."""
        return 1 + math.ceil((self.config.search.window - 1) / self.config.search.replicates)

    def random_suggestions(self, earlier: int = 0) -> int:
        """Return how many configurations do not depend on results.  earlier: results of the warm start."""
        if self.config.search.algorithm in ("grid", "random"):
            return 0 if self.config.search.algorithm == "grid" else self.configurations
        return min(self.configurations, max(self.startup_trials - earlier, 0 if earlier else self.blind))

    @property
    def random_only(self) -> str | None:
        """Why the model-based search never gets a turn, and what to do; None where it does."""
        search, configurations = self.config.search, self.configurations
        if search.algorithm in ("grid", "random") or search.warm_start or self.all_given:
            return None
        if configurations <= self.startup_trials:
            return (
                f"search.startup_trials = {self.startup_trials}. Raise search.trials or lower search.startup_trials "
                "for a model-based search"
            )
        if configurations <= self.blind:
            return (
                f"with search.window = {search.window} none is made after a result is known. Raise search.trials or "
                "lower search.window for a model-based search"
            )
        return None


def plan(config: CampaignConfig) -> Plan:
    """Work out what a configuration asks for.

    Raises:
        SpaceError: no such space, dimension or value.
        CampaignError: a number of trials that does not fit replicates or grid.
    """
    space = campaign_space(config)
    trials = planned_trials(config, space)
    startup = config.search.startup_trials
    if startup is None:
        configurations = trials // config.search.replicates
        startup = max(1, min(STARTUP_TRIALS, math.ceil(STARTUP_SHARE * configurations)))
    _check_limits(config, space)
    _check_first(config, space, trials)
    if config.search.warm_start and space.size == 1:
        raise CampaignError(f'search.warm_start: space "{space.name}" has one configuration only. Leave the key out')
    return Plan(config=config, space=space, trials=trials, startup_trials=startup)


def first_configurations(config: CampaignConfig, space: Space) -> list[Assignment]:
    """Return what ``search.first`` gives: of each configuration the values of some dimensions, by their paths.

    Raises:
        CampaignError: a value that is not of the space.
    """
    found = []
    for number, values in enumerate(config.search.first, start=1):
        try:
            found.append(given_values(space, values))
        except SpaceError as error:
            raise CampaignError(f"search.first: configuration {number}: {error}") from None
    return found


def _whole(space: Space, values: Assignment) -> bool:
    """Return whether an assignment has all values of a configuration."""
    try:
        space.check(values)
    except SpaceError:
        return False
    return True


def _check_first(config: CampaignConfig, space: Space, trials: int) -> None:
    first = first_configurations(config, space)
    if not first:
        return
    if config.search.algorithm == "grid":
        raise CampaignError(
            "search.first: a grid tries every configuration in its own order. Leave the key out, or set "
            'search.algorithm to "hyperopt", "optuna-tpe" or "random"'
        )
    if twice := [number for number, values in enumerate(first, start=1) if first.index(values) + 1 < number]:
        raise CampaignError(
            f"search.first: configurations {first.index(first[twice[0] - 1]) + 1} and {twice[0]} are the same. Keep one"
        )
    configurations = trials // config.search.replicates
    if len(first) > configurations:
        raise CampaignError(
            f"search.first: has {len(first)} configurations, and the campaign tries {configurations}. Set "
            f"search.trials >= {len(first) * config.search.replicates}, or leave some out"
        )


def _check_limits(config: CampaignConfig, space: Space) -> None:
    if config.limits == LimitOptions():
        return
    if config.search.algorithm == "grid":
        raise CampaignError(
            "limits: a grid tries every configuration, and cannot replace those beyond a limit. Narrow the space, or "
            'set search.algorithm to "hyperopt", "optuna-tpe" or "random"'
        )
    if not any(issubclass(family, NeuralConfig) for family in space.families):
        names = ", ".join(map(family_name, space.families))
        raise CampaignError(f'limits: apply to networks, and space "{space.name}" has only {names}. Leave them out')


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


def check_task(config: CampaignConfig, class_names: Sequence[str]) -> None:
    """Raise CampaignError where the objective or listed windows do not fit the data.  class_names: none of a series."""
    if class_names and len(config.data.options["window"]) > 1:
        raise CampaignError(
            f"data.window = {list(config.data.options['window'])}: {config.data.dataset!r} is not a series, so it is "
            "not cut into windows. Leave the key out"
        )
    allowed = metrics_of(regression=not class_names)
    metrics = {"objective.metric": config.objective.metric}
    if config.comparison is not None and config.comparison.response in METRICS:
        metrics["comparison.response"] = config.comparison.response
    for key, metric in metrics.items():
        if metric not in allowed:
            target = f"{len(class_names)} classes" if class_names else "a numeric target"
            raise CampaignError(
                f'{key} = "{metric}": {config.data.dataset!r} has {target}, for which this metric is not '
                f"defined. Set {key} to one of {', '.join(allowed)}"
            )
