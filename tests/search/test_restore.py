"""A restored search: as one that never stopped, without the evaluations of the model that led there."""

import hyperopt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Choice, Integer, Real
from search_spaces.families import FAMILY
from search_spaces.heartbeat import CNN2D
from search_spaces.space import Space
from tuning.campaign.seeds import derive
from tuning.journal.events import Proposal
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer
from tuning.search.ordered import RESAMPLE_LIMIT, OrderedSearch, Suggestion
from tuning.search.proposers import GridProposer, Outcome, Proposer, RandomProposer

TINY = Space(
    name="tiny",
    models=CNN2D.models,
    dimensions={"model.layers": Choice(2, 3), "model.blocks": Integer(1, 2)},
)
WIDE = Space(
    name="wide",
    models=CNN2D.models,
    dimensions={
        "model.hidden": Integer(8, 512, log=True),
        "model.blocks": Integer(1, 7),
        "model.dropout": Real(0.0, 0.9),
        "train.learning_rate": Real(1e-5, 1e-1, log=True),
        "model.layers": Choice(2, 3, 4),
    },
)
CONDITIONAL = SPACES["laboratory"].restricted(include=["train.scheduler"])
FAMILIES = [SPACES["architectures"], SPACES["baselines"]]
STARTUP, FURTHER = 6, 20


def score(suggestion: Suggestion) -> Outcome:
    """An objective that depends on the values and the trial; about every sixth trial fails."""
    drawn = derive(3, repr(sorted(suggestion.assignment.items())), suggestion.index)
    return Outcome(None if drawn % 6 == 0 else drawn % 10_007 / 10_007)


def go_on(search: OrderedSearch, suggested: list[Suggestion], ended: int, trials: int) -> list[Suggestion]:
    """Let trials end in their order, no earlier than the next suggestion needs it."""
    while len(suggested) < trials:
        while not search.ready():
            search.record(ended, score(suggested[ended]))
            ended += 1
        suggested.append(search.suggest())
    return suggested


def from_json(proposal: Proposal | None) -> Proposal | None:
    return None if proposal is None else Proposal.model_validate_json(proposal.model_dump_json())


@pytest.mark.parametrize("engine", [HyperOptProposer, OptunaProposer])
@pytest.mark.parametrize("space", [TINY, WIDE, CONDITIONAL, *FAMILIES], ids=lambda space: space.name)
@given(
    on_duplicate=st.sampled_from(["resample", "replicate", "reuse"]),
    replicates=st.sampled_from([1, 1, 2, 3]),
    window=st.integers(1, 8),
    stop=st.integers(1, 40),
    running=st.integers(0, 7),
    asked=st.integers(0, 2),
)
@settings(max_examples=6)
def test_a_restored_search_goes_on_as_one_that_never_stopped(
    space, engine, *, on_duplicate, replicates, window, stop, running, asked
):
    """running: trials without a result when it stopped.  asked: of the last trials, those that are not restored."""

    def new():
        proposer = engine(space, seed=5, startup_trials=STARTUP, goal="max")
        return OrderedSearch(proposer, window=window, on_duplicate=on_duplicate, replicates=replicates)

    undisturbed = go_on(new(), [], 0, stop + FURTHER)
    search, before = new(), undisturbed[:stop]
    ended = max(0, stop - min(running, window - 1))
    for k in range(ended):
        search.record(k, score(before[k]))
    again = [search.suggest(from_json(s.proposal) if s.index < stop - asked else None) for s in before]
    assert again == before
    assert go_on(search, again, ended, stop + FURTHER) == undisturbed


def test_values_of_inactive_dimensions_are_kept_and_withdrawn_proposals_are_counted():
    """The control: the spaces above do have what an assignment alone could not restore."""
    of_families, tiny = (
        go_on(OrderedSearch(HyperOptProposer(space, seed=5, startup_trials=6, goal="max"), window=2), [], 0, 30)
        for space in (SPACES["architectures"], TINY)
    )
    assert all(set(s.assignment) < set(s.proposal.values) for s in of_families)
    assert any("train.plateau_factor" not in CONDITIONAL.sample(rng) for rng in map(np.random.default_rng, range(20)))
    assert FAMILY in of_families[0].proposal.values
    assert {s.proposal.asked for s in tiny} >= {1, RESAMPLE_LIMIT + 1}


def test_hyperopt_sees_the_trials_that_its_own_refresh_would_show():
    proposer = HyperOptProposer(TINY, seed=5, startup_trials=6, goal="max")
    go_on(OrderedSearch(proposer, window=2), [], 0, 20)
    trials = proposer.search.get_state()["hyperopt_trials"]
    seen = list(trials.trials)
    hyperopt.Trials.refresh(trials)
    assert seen == trials.trials
    assert len(seen) == 20 < len(trials._dynamic_trials)  # some were withdrawn


def test_restoring_does_not_evaluate_the_model(monkeypatch):
    def new():
        return OrderedSearch(HyperOptProposer(WIDE, seed=5, startup_trials=6, goal="max"), window=4)

    before = go_on(new(), [], 0, 30)
    evaluated = []
    suggest = hyperopt.tpe.suggest

    def counted(*arguments, **options):
        evaluated.append(arguments[0])
        return suggest(*arguments, **options)

    monkeypatch.setattr("hyperopt.tpe.suggest", counted)
    search = new()
    for suggestion in before:
        search.record(suggestion.index, score(suggestion))
    for suggestion in before:
        search.suggest(suggestion.proposal)
    assert evaluated == []
    search.suggest()
    assert evaluated == [[30]]


def changed(proposal: Proposal, what: str) -> Proposal:
    if what == "asked":
        return proposal.model_copy(update={"asked": proposal.asked + 1})
    hidden = proposal.values["model.hidden"]
    return proposal.model_copy(update={"values": proposal.values | {"model.hidden": hidden + 1}})


@pytest.mark.parametrize("engine", [HyperOptProposer, OptunaProposer])
@pytest.mark.parametrize("what", ["asked", "values", "result", "seed", "space"])
def test_what_was_recorded_in_another_state_is_not_restored(what, engine):
    def new(seed=5, space=WIDE):
        return OrderedSearch(engine(space, seed=seed, startup_trials=6, goal="max"), window=1)

    before = go_on(new(), [], 0, 12)
    proposals = [s.proposal for s in before]
    results = [score(s) for s in before]
    search = new()
    if what in ("asked", "values"):
        proposals[7] = changed(proposals[7], what)
    elif what == "result":
        results[7] = Outcome(0.123)
    elif what == "seed":
        search = new(seed=6)
    else:
        search = new(space=WIDE.restricted(narrow={"layers": [2, 3]}))
    for k, result in enumerate(results):
        search.record(k, result)

    def restore():
        for proposal in proposals:
            search.suggest(proposal)

    with pytest.raises(ValueError, match="asked or told otherwise"):
        restore()
    assert search.index == {"asked": 7, "values": 7, "result": 8}.get(what, 0)


@pytest.mark.parametrize("proposer", [GridProposer(TINY), RandomProposer(TINY, 3)], ids=["grid", "random"])
def test_a_search_without_state_records_none(proposer: Proposer):
    search = OrderedSearch(proposer, window=8)
    assert [search.suggest().proposal for _ in range(4)] == [None] * 4
    with pytest.raises(ValueError, match="no state to restore"):
        search.suggest(Proposal(asked=1, values={}, state=""))
