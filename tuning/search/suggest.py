"""From a campaign to its search, and from a suggestion to a trial's complete configuration."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from search_spaces.dimensions import Value
from search_spaces.families import family_name
from search_spaces.space import Assignment, Space
from tuning.campaign.config import CampaignConfig, LimitOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import first_configurations
from tuning.campaign.seeds import derive
from tuning.campaign.trial import DeviceConfig, TrialConfig
from tuning.campaign.variants import data_config, dimensions, key
from tuning.journal.events import DataRecord, WarmStart
from tuning.journal.record import CampaignRecord
from tuning.journal.text import settings
from tuning.search.halving import Halving
from tuning.search.ordered import OrderedSearch, Suggestion
from tuning.search.proposers import GridProposer, Outcome, Proposer, RandomProposer
from tuning.training.results import TrialResult

if TYPE_CHECKING:
    from tuning.search.hyperopt import HyperOptProposer
    from tuning.search.optuna import OptunaProposer


def ordered_search(
    config: CampaignConfig,
    space: Space,
    data: Mapping[str, DataRecord] | None = None,
    warm_start: Sequence[WarmStart] = (),
) -> OrderedSearch:
    """Return the campaign's search before its first suggestion.

    config: complete, as ``Plan.complete`` returns it.  data: variant's key -> its data, on which ``[limits]`` depend.
    warm_start: as the campaign's journal has it.

    Raises:
        SpaceError: a result of the warm start is not of this space.
    """
    return OrderedSearch(
        _proposer(config, space, warm_start),
        window=config.search.window,
        on_duplicate=config.search.on_duplicate,
        replicates=config.search.replicates,
        infeasible=beyond_limits(config, space, data),
        first=len(config.search.first),
    )


def beyond_limits(
    config: CampaignConfig, space: Space, data: Mapping[str, DataRecord] | None
) -> Callable[[Assignment], str | None]:
    """Return why a configuration is beyond the campaign's limits, as a function of its assignment."""
    if config.limits == LimitOptions():
        return lambda _: None
    if data is None:
        raise TypeError("limits depend on the data")
    from tuning.training.size import beyond  # imports torch

    def infeasible(assignment: Assignment) -> str | None:
        suggestion = Suggestion(index=0, assignment=assignment)
        trial = trial_config(config, space, suggestion, data_sha256=dict.fromkeys(data, ""))
        return beyond(config.limits, trial, data[key(trial.data, dimensions(config.data))])

    return infeasible


def outcome(result: TrialResult) -> Outcome:
    """Return what the search learns of a trial's end."""
    return Outcome(None if result.status == "failed" else result.objective)


class Configurations:
    """Completes a campaign's suggestions, in their order."""

    def __init__(self, record: CampaignRecord, space: Space) -> None:
        """record: in which the trials that a suggestion may know have ended when it is completed."""
        self.record = record
        self.space = space
        self._halving: dict[int | None, Halving] = {}
        """Fold or split -> rungs: curves on other rows are no reference, as some parts are harder than others."""
        self._known = 0

    def complete(self, suggestion: Suggestion) -> TrialConfig:
        """Complete the next suggestion."""
        record = self.record
        while self._known <= suggestion.index - record.config.search.window:
            trial = record.trials[self._known]
            if not trial.reused:
                self._of(trial.config).add(trial.epochs)
            self._known += 1
        hashes = {variant: data.sha256 for variant, data in record.data.items()}
        config = trial_config(record.config, self.space, suggestion, data_sha256=hashes)
        return config.model_copy(update={"rungs": self._of(config).rungs()})

    def _of(self, trial: TrialConfig) -> Halving:
        return self._halving.setdefault(trial.data.fold, Halving(self.record.config))


def _proposer(config: CampaignConfig, space: Space, warm_start: Sequence[WarmStart]) -> Proposer:
    if bool(warm_start) != bool(config.search.warm_start):
        raise TypeError("the search begins without the results of search.warm_start")
    if config.search.algorithm == "grid":
        return GridProposer(space)
    seed, first = derive(config.seed, "search"), first_configurations(config, space)
    if config.search.algorithm == "random" or space.size == 1:
        return RandomProposer(space, seed, first)
    if config.search.startup_trials is None:
        raise TypeError("the campaign's configuration is not complete: search.startup_trials is open")
    earlier = [(result.assignment, result.objective) for source in warm_start for result in source.results]
    if earlier:  # with the seed of an equally seeded earlier campaign its random suggestions would come again
        told = sha256(repr([(sorted(values.items()), objective) for values, objective in earlier]).encode())
        seed = derive(config.seed, "search after a warm start", int.from_bytes(told.digest()[:8], "big"))
    return model_based(config.search.algorithm)(
        space,
        seed=seed,
        startup_trials=config.search.startup_trials,
        goal=config.objective.goal,
        earlier=earlier,
        first=first,
    )


def model_based(algorithm: str) -> "type[HyperOptProposer | OptunaProposer]":
    """Return the class of a model-based algorithm; its library is imported now."""
    if algorithm == "optuna-tpe":
        from tuning.search.optuna import OptunaProposer

        return OptunaProposer
    from tuning.search.hyperopt import HyperOptProposer

    return HyperOptProposer


def trial_config(
    config: CampaignConfig,
    space: Space,
    suggestion: Suggestion,
    *,
    data_sha256: Mapping[str, str],
) -> TrialConfig:
    """Complete a suggestion, without rungs.  ``data_sha256``: variant's key -> identity of the prepared arrays.

    Raises:
        CampaignError: the model refuses these values together.
    """
    values = space.complete(suggestion.assignment)
    data = data_config(config, _under("data", values), replicate=suggestion.replicate)
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
