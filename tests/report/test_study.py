"""Campaigns as Optuna studies: states, distributions, importances."""

import logging
import warnings

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from report_journals import Trial, config, entries, sampled, trials

from search_spaces.dimensions import Choice, Integer, Real, Stepped
from tuning.journal.record import fold
from tuning.report.study import Importances, dimensions, importances, study, thinned


def record(runs, campaign=None, **options):
    return fold(entries(runs, campaign, **options))


def test_trials_keep_values_and_state_and_dimensions_their_kind():
    campaign = fold(entries(trials(config()), config()))
    made = study(campaign, campaign.ended)
    states = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "failed": TrialState.FAIL}
    assert [trial.state for trial in made.trials] == [states[trial.status] for trial in campaign.ended]
    assert {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL} == {trial.state for trial in made.trials}
    first, recorded = made.trials[0], campaign.ended[0]
    assert first.params == {path.rpartition(".")[2]: value for path, value in recorded.assignment.items()}
    assert first.value == recorded.objective
    assert first.distributions == {
        "batch_size": CategoricalDistribution([16, 32, 48]),
        "hidden": IntDistribution(62, 256),
        "layers": CategoricalDistribution([2, 3, 4]),
        "blocks": IntDistribution(1, 7),
        "dropout": FloatDistribution(0.1, 0.4),
        "plateau_factor": FloatDistribution(0.1, 0.4),
        "balance": CategoricalDistribution(["raw", "oversample", "smote"]),
    }


def test_the_best_trial_of_the_study_is_the_leaderboard_s_and_a_loss_is_minimised():
    for metric in ("recall_macro", "loss"):
        campaign = fold(entries(trials(config()), config(objective={"metric": metric})))
        made = study(campaign, campaign.ended)
        assert campaign.ended[made.best_trial.number].index == campaign.ranked()[0].index


def test_values_outside_the_space_get_a_dimension_of_their_own():
    runs = [Trial(settings={"model.hidden": 7, "model.dropout": 0.2, "model.cell": name}) for name in ("gru", "rnn")]
    named = dict.fromkeys(("model.hidden", "model.dropout", "model.cell", "model.unused"), "values")
    assert dimensions(record(runs, dimensions=named)) == {
        "model.hidden": Choice(7),
        "model.dropout": Real(0.1, 0.4),
        "model.cell": Choice("gru", "rnn"),
    }
    many = [Trial(settings={"model.hidden": 2 * number}) for number in range(20)]
    assert dimensions(record(many, dimensions=named))["model.hidden"] == Real(0, 38)


def test_dimensions_of_one_family_alone_are_in_its_trials_alone():
    campaign = config(space={"name": "baselines"}, data={"dataset": "synthetic", "balance": "raw"})
    campaign_record = record([Trial(settings=values) for values in sampled(campaign, 40)], campaign)
    made = study(campaign_record, campaign_record.ended)
    assert {frozenset(trial.params) for trial in made.trials} >= {
        frozenset({"family"}),
        frozenset({"family", "cell", "hidden", "layers"}),
        frozenset({"family", "trees", "min_leaf"}),
    }
    assert isinstance(dimensions(campaign_record)["model.layers"], Integer)


def test_importances_find_what_the_score_depends_on_and_are_the_same_again():
    campaign = record(trials(config(), 60), config(search__trials=60))
    found = importances(campaign)
    assert isinstance(found, Importances)
    assert set(list(found.fanova)[:2]) == {"balance", "dropout"}
    assert found.trials == len(campaign.ranked())
    assert sum(found.fanova.values()) == pytest.approx(1)
    assert sum(found.ped_anova.values()) == pytest.approx(1)
    assert importances(campaign) == found


def test_stopped_and_failed_trials_do_not_change_importances():
    runs = [run for run in trials(config(), 60) if not run.reused]
    completed = [run for run in runs if run.status == "completed"]
    assert importances(record(runs)) == importances(record(completed))


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([Trial(settings=values, score=0.01 * i) for i, values in enumerate(sampled(config(), 9))], "at least 10"),
        ([Trial(settings=values) for values in sampled(config(), 20)], "All objectives are equal"),
        ([Trial(settings={"model.hidden": 64}, score=0.01 * i) for i in range(20)], "No dimension"),
    ],
)
def test_without_a_basis_for_importances_there_is_a_reason(runs, why):
    found = importances(record(runs))
    assert isinstance(found, str)
    assert why in found


def test_optuna_neither_warns_nor_logs_and_its_log_is_as_before(caplog):
    before = optuna.logging.get_verbosity()
    optuna.logging.enable_propagation()
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG):
        warnings.simplefilter("error")
        assert isinstance(importances(record(trials(config()))), Importances)
    optuna.logging.disable_propagation()
    assert not caplog.records
    assert optuna.logging.get_verbosity() == before


def test_thinning_keeps_the_first_and_the_spacing():
    assert thinned(range(10), 4) == [0, 3, 6, 9]
    assert thinned(range(3), 4) == [0, 1, 2]
    assert thinned([], 4) == []


def test_options_are_as_a_campaign_file_spells_them_uncut_and_distinct():
    masks: list[bool | str] = [True, "true", False, True]
    long = ["inception-time-with-bottleneck & <b>", "inception-time-with-bottleneck-and-more"]
    runs = [
        Trial(settings={"model.family": name, "model.mask": mask})
        for name, mask in zip([*long, *long], masks, strict=True)
    ]
    campaign = record(runs, dimensions={"model.family": "names", "model.mask": "values"})
    made = study(campaign, campaign.ended)
    assert [trial.params["family"] for trial in made.trials] == [*long, *long]
    assert [trial.params["mask"] for trial in made.trials] == ["true", '"true"', "false", "true"]


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        (Real(1e-4, 0.03, log=True), [0.001, 0.02]),
        (Real(0.1, 0.4), [0.2]),
        (Real(1e-06, 1e-05, log=True), [2e-06]),
        (Integer(4, 128, log=True), [8, 100]),
        (Integer(-2, 3), [0]),
        (Stepped(8, 64, 8), [16]),
        (Stepped(0.1, 0.5, 0.1), [0.3]),
        (Choice(16, 32, 64), [16]),
        (Choice("relu", "gelu", "tanh"), ["gelu"]),
        (Choice(True, False), [False]),
        (Choice(0.0, 0.5), [0.0, 0.5]),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else "",
)
def test_without_the_code_of_a_model_dimensions_are_those_of_the_journal(dimension, values):
    runs = [Trial(settings={"model.own": value}) for value in values]
    assert dimensions(record(runs, dimensions={"model.own": dimension.describe()})) == {"model.own": dimension}


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("relu, gelu", ["a, b"], Choice("a, b")),
        ("1 to 3", [7], Choice(7)),
        ("1e-05 to 1", [3], Choice(3)),
        ("relu, 3", ["relu", 3], Choice("relu", 3)),
        ("0.1 to 0.2, step 0.5", [0.15], Real(0.15, 0.15)),
    ],
)
def test_a_text_that_does_not_hold_all_values_is_not_believed(text, values, expected):
    runs = [Trial(settings={"model.own": value}) for value in values]
    assert dimensions(record(runs, dimensions={"model.own": text})) == {"model.own": expected}
