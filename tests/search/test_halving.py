import pytest
from factories import arrays, campaign, train, trial
from hypothesis import given
from hypothesis import strategies as st
from journals import Run, record
from simulated import on_random, simulate

from tuning.campaign.plan import plan
from tuning.campaign.trial import Rung
from tuning.journal.home import Home
from tuning.search.halving import Halving, halving_advice, without_rungs
from tuning.search.proposers import Outcome
from tuning.search.suggest import Configurations, ordered_search
from tuning.training.loop import Training
from tuning.training.results import EpochReport


def curve(*values):
    return [
        EpochReport(
            epoch=e, train_loss=1, metrics={"recall_macro": v, "loss": v}, learning_rate=1, weights_sha256="", seconds=0
        )
        for e, v in enumerate(values, start=1)
    ]


def halving(**changes):
    return campaign(train__early_stopping="successive-halving", train__epochs=9, **changes)


def rungs(config, known):
    told = Halving(config)
    for one in known:
        told.add(one)
    return told.rungs()


KNOWN = [curve(0.1, 0.2, 0.3), curve(0.3, 0.2, 0.1), curve(0.2, 0.5, 0.4), curve(0.05)]


def test_a_rung_asks_for_the_best_third_of_the_trials_that_reached_it():
    assert rungs(halving(), KNOWN) == (Rung(epoch=1, threshold=0.3), Rung(epoch=3, threshold=0.5))


def test_a_loss_must_be_at_most_the_threshold():
    assert rungs(halving(objective__metric="loss"), KNOWN)[0] == Rung(epoch=1, threshold=0.05)


def test_grace_and_reduction_factor_place_the_rungs():
    config = halving(train__grace_epochs=2, train__reduction_factor=2)
    assert [rung.epoch for rung in rungs(config, [curve(*[0.5] * 9)] * 2)] == [2, 4, 8]


def test_without_enough_trials_or_without_the_stopper_there_is_no_rung():
    assert rungs(halving(), KNOWN[:2]) == ()
    assert rungs(campaign(train__epochs=9), KNOWN) == ()


@given(
    curves=st.lists(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), max_size=9), max_size=20),
    factor=st.integers(2, 4),
    metric=st.sampled_from(["recall_macro", "loss"]),
)
def test_rungs_of_a_growing_campaign_are_those_of_all_its_curves(curves, factor, metric):
    config = halving(train__reduction_factor=factor, objective__metric=metric)
    cost, growing = config.objective.cost, Halving(config)
    for count, values in enumerate(curves, start=1):
        growing.add(curve(*values))
        expected, epoch = [], 1
        while epoch < 9:
            reached = sorted((min(c[:epoch], key=cost) for c in curves[:count] if len(c) >= epoch), key=cost)
            if len(reached) >= factor:
                expected.append(Rung(epoch=epoch, threshold=reached[len(reached) // factor - 1]))
            epoch *= factor
        assert growing.rungs() == tuple(expected)


def test_a_trial_below_its_rung_stops_there_with_the_reason_and_again_when_trained_alone():
    config = trial(train__epochs=6, rungs=[{"epoch": 1, "threshold": 0.0}, {"epoch": 2, "threshold": 1.01}])
    first, again = train(config, arrays()), train(config, arrays())
    assert (first.status, first.epochs) == ("stopped", 2)
    assert "missed 1.0100 at the rung of epoch 2" in first.reason
    assert again.model_copy(update={"seconds": first.seconds}) == first


def test_a_trial_that_equals_its_threshold_goes_on():
    alone = train(trial(train__epochs=1), arrays())
    config = trial(train__epochs=3, rungs=[{"epoch": 1, "threshold": alone.objective}])
    assert train(config, arrays()).status == "completed"


@pytest.mark.parametrize("threshold", [0.0, 1.01])
def test_rungs_do_not_change_the_curve_before_them(threshold):
    a = Training(trial(), arrays()).run_epoch()
    b = Training(trial(rungs=[{"epoch": 1, "threshold": threshold}]), arrays()).run_epoch()
    assert a.model_copy(update={"seconds": b.seconds}) == b


def test_curves_of_other_folds_are_no_reference():
    losses = (0.9, 0.2, 0.8, 0.1, 0.7, 0.3)  # the odd ones on a fold that is easier
    runs = [Run(settings={}, seed=k, fold=k % 2 + 1, curve=[(1.0, loss)]) for k, loss in enumerate(losses)]
    told = record(
        runs,
        metric="loss",
        data={"dataset": "synthetic", "max_rows": 1200, "balance": "raw", "folds": 2},
        search={"trials": 8, "window": 2, "replicates": 2, "algorithm": "random"},
        train={"epochs": 3, "early_stopping": "successive-halving"},
    )
    space = plan(told.config).space
    search, configurations = ordered_search(told.config, space), Configurations(told, space)
    trials = []
    for k in range(8):
        trials.append(configurations.complete(search.suggest()))
        search.record(k, Outcome(0.5))
    assert [trial.data.fold for trial in trials] == [1, 2] * 4
    assert [trial.rungs for trial in trials[:6]] == [()] * 6
    assert [trial.rungs for trial in trials[6:]] == [(Rung(epoch=1, threshold=0.7),), (Rung(epoch=1, threshold=0.1),)]


@pytest.mark.parametrize(
    ("window", "factor", "replicates", "folds"),
    [(2, 2, 1, None), (4, 3, 1, None), (3, 4, 2, None), (6, 3, 3, None), (8, 3, 5, 5), (8, 3, 3, 3), (2, 2, 4, 2)],
)
def test_the_first_trials_have_no_rung_and_the_next_one_has(window, factor, replicates, folds, tmp_path):
    config = campaign(
        data__folds=folds,
        space={"name": "cnn2d", "fix": {"batch_size": 16}},  # of which none fails
        search={
            "trials": 12 if folds is None else 30 // replicates * replicates,
            "window": window,
            "replicates": replicates,
        },
        train__epochs=5,
        train__early_stopping="successive-halving",
        train__reduction_factor=factor,
    )
    trials = simulate(Home(tmp_path), on_random(config)).trials
    first = without_rungs(config)
    assert [bool(trials[k].config.rungs) for k in range(first + 1)] == [False] * first + [True]


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"search__trials": 6}, "the first 6 know too few others for a rung, and the campaign has 6. Raise"),
        ({"search__trials": 6}, "Raise search.trials or lower search.window"),
        ({"search__trials": 4}, "and the campaign has 4. Raise search.trials"),  # with a window of 2, the least, too
        ({"search__trials": 15, "data__folds": 5, "search__replicates": 5}, "the first 15 know too few"),
        ({"train__grace_epochs": 9}, "the first rung is after epoch 9 of 9. Raise train.epochs or lower train.grace"),
    ],
)
def test_halving_that_stops_nothing_is_told_with_what_to_do(changes, advice):
    planned = plan(halving(**{"search__window": 4, "search__trials": 20, **changes}))
    told = halving_advice(planned)
    assert told is not None
    assert advice in told
    assert told.endswith(advice) or advice.endswith(("Raise", "too few", "grace"))


def test_halving_that_may_stop_trials_is_not_mentioned():
    assert halving_advice(plan(halving(search__window=4, search__trials=7))) is None
    assert halving_advice(plan(campaign())) is None
    assert halving_advice(plan(campaign(train__epochs=1, train__early_stopping="successive-halving"))) == (
        "successive halving stops no trial: the first rung is after epoch 1 of 1. Raise train.epochs"
    )
    assert halving_advice(plan(halving(search__trials=4, space={"name": "cnn2d", "fix": {}}))) is not None
    assert halving_advice(plan(halving(search__trials=4, space={"model": "majority"}))) is None
