"""A campaign's suggestions, again: the search that its file asks for, told what is recorded of its trials."""

from search_spaces.space import Space
from tuning.config import CampaignConfig, TrialConfig
from tuning.halving import rungs
from tuning.record import CampaignRecord
from tuning.results import TrialResult
from tuning.search import GridProposer, OrderedSearch, Outcome, Proposer, RandomProposer, Suggestion
from tuning.seeds import derive
from tuning.trials import trial_config


def ordered_search(config: CampaignConfig, space: Space) -> OrderedSearch:
    """Return the campaign's search at its beginning."""
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
    from tuning.hyperopt_search import HyperOptProposer

    return HyperOptProposer(space, seed=seed, startup_trials=config.search.startup_trials, goal=config.objective.goal)
