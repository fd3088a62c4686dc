"""Which trials a comparison compares, in which pairs, and what it computes of them."""

import random
from pathlib import Path

import pytest
from comparison_journals import GRU, LSTM, NORM, RNN, cells, compared, contrast, level, norm_by_cell
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import Run, record, table
from scipy import stats

from tuning.analysis.compare import compare
from tuning.analysis.conclusions import answer
from tuning.analysis.statistics import holm
from tuning.campaign.errors import CampaignError
from tuning.journal.log import read
from tuning.journal.record import fold


@pytest.mark.parametrize(("levels", "fewest"), [(2, 8), (4, 0)])
def test_a_factor_without_effect_is_significant_in_at_most_a_twentieth_of_comparisons(levels: int, fewest: int) -> None:
    rng = random.Random(3)
    campaign = record(table(dict.fromkeys("abcd"[:levels], (0.5,) * 5)))
    significant = 0
    for _ in range(400):
        for trial in campaign.trials.values():
            assert trial.result
            trial.result = trial.result.model_copy(update={"objective": rng.gauss(0.7, 0.05)})
        significant += any(c.significant for c in compared(campaign).contrasts)
    assert fewest <= significant <= 36  # 20 expected of two levels; 36 is almost four standard deviations more


# --- levels


def test_levels_are_ordered_by_their_means() -> None:
    comparison = compared(record(table({"a": (0.1, 0.2), "b": (0.8, 0.9), "c": (0.4, 0.6)})))
    assert ([x.value for x in comparison.levels], comparison.best) == (["b", "c", "a"], "b")


def test_numeric_levels_are_ascending() -> None:
    runs = [Run(settings={"model.hidden": hidden}, seed=s, score=hidden / 1000) for hidden in (128, 64) for s in (0, 1)]
    assert [x.value for x in compared(record(runs)).levels] == [64, 128]


def test_a_metric_to_minimise_has_its_lowest_mean_best() -> None:
    assert compared(record(table({"a": (0.1, 0.2), "b": (0.8, 0.9)}), metric="loss")).best == "a"


def test_a_level_with_one_trial_is_not_the_best() -> None:
    assert compared(record(table({"a": (0.99,), "b": (0.5, 0.6)}))).best == "b"


def test_stopped_and_reused_trials_are_in_no_mean() -> None:
    runs = [
        *cells(),
        Run(settings={"model.cell": "gru"}, seed=9, score=0.1, status="stopped", reason="missed a rung"),
        Run(settings={"model.cell": "gru"}, seed=8, score=0.2, reused=True),
    ]
    comparison = compared(record(runs))
    gru = level(comparison, "gru")
    assert (gru.trials, gru.completed, gru.stopped, gru.values) == (5, 4, 1, sorted(GRU))
    assert comparison.reused == 1


def test_a_level_of_which_every_trial_failed_is_last() -> None:
    runs = table({"gru": GRU})
    runs += [Run(settings={"model.cell": "rnn"}, seed=s, status="failed", reason="out of memory") for s in range(3)]
    assert [x.value for x in compared(record(runs)).levels] == ["gru", "rnn"]


@pytest.mark.parametrize(
    ("response", "expected"),
    [("objective", 0.7), ("train_loss", 0.3), ("overfitting", 0.25), ("best_epoch", 2.0), ("seconds", 4.0)],
)
def test_each_response_is_computed_as_documented(response: str, expected: float) -> None:
    curve = ((1.0, 0.9), (0.5, 0.5), (0.3, 0.75))
    runs = [Run(settings={"model.cell": "gru"}, seed=s, score=0.7, curve=curve, seconds=4.0) for s in (0, 1)]
    assert level(compared(record(runs), response=response), "gru").estimate.mean == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "best", "high"), [("f1_macro", "raw", 1.0), ("loss", "raw", 9.0), ("recall/F", "smote", 1.0)]
)
def test_a_recorded_metric_is_a_response_with_its_own_goal_and_range(metric: str, best: str, high: float) -> None:
    found = fold(read(Path(__file__).parents[2] / "docs" / "recorded" / "balance-by-model.jsonl.gz"))
    comparison = next(each for each in compare(found, response=metric) if each.group == "cnn2d")
    trials = level(comparison, best)
    of_level = {"data.balance": best, "model.family": "cnn2d"}
    expected = [
        t.result.best_metrics[metric] for t in found.trials.values() if of_level.items() <= t.assignment.items()
    ]
    assert (comparison.best, comparison.scored, trials.values) == (best, metric, sorted(expected))
    assert 0.0 <= trials.estimate.low < trials.estimate.high <= high


def test_the_metric_of_the_objective_is_the_objective() -> None:
    campaign = record(cells())
    assert compared(campaign, response=campaign.config.objective.metric) == compared(campaign, response="objective")


def test_a_response_that_is_not_finite_is_left_out() -> None:
    runs = [
        Run(settings={"model.family": "majority"}, seed=s, score=0.2, curve=[(float("nan"), float("nan"))])
        for s in (0, 1)
    ]
    comparison = compared(record(runs), response="train_loss")
    assert (level(comparison, "majority").values, comparison.answered) == ([], False)


def test_an_interval_is_clipped_to_the_range_of_its_response() -> None:
    runs = [
        Run(settings={"model.cell": "gru"}, seed=s, score=(0.9, 1.0)[s], curve=[((0.0, 0.2)[s], 0.5)]) for s in (0, 1)
    ]
    bounded = level(compared(record(runs)), "gru").estimate
    assert (bounded.high, bounded.clipped) == (1.0, True)
    loss = level(compared(record(runs), response="train_loss"), "gru").estimate
    assert (loss.low, loss.clipped) == (0.0, True)
    assert loss.high == pytest.approx(0.1 + 0.1 * stats.t.ppf(0.975, 1))


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_trials_has_no_effect(order: list[int]) -> None:
    runs = cells()
    assert compared(record([runs[i] for i in order])) == compared(record(runs))


# --- pairs


def test_trials_are_paired_by_seed() -> None:
    rnn = contrast(compared(record(cells())), "rnn")
    expected = stats.ttest_rel(RNN, GRU if rnn.best == "gru" else LSTM)
    assert (rnn.pairs, rnn.seeds, rnn.incomplete) == (4, 4, 0)
    assert rnn.p == pytest.approx(expected.pvalue)


def test_pairs_agree_in_all_other_dimensions() -> None:
    rate = {0.1: 0.3, 0.01: 0.0}
    runs = [
        Run(settings={"model.cell": cell, "train.learning_rate": lr}, seed=s, score=base + rate[lr] + 0.01 * s * s)
        for cell, base in (("gru", 0.5), ("rnn", 0.4))
        for lr in rate
        for s in range(3)
    ]
    runs[0] = Run(settings=runs[0].settings, seed=0, score=0.83)
    comparison = compared(record(runs), factor="cell")
    rnn = contrast(comparison, "rnn")
    assert (rnn.pairs, rnn.seeds) == (6, 3)
    assert rnn.difference == pytest.approx(-0.1 - 0.03 / 6)
    assert comparison.blocks == 2


def test_a_dimension_of_one_family_alone_is_averaged_within_a_pair() -> None:
    net = [
        Run(settings={"model.family": "recurrent", "model.hidden": h}, seed=s, score=0.6 + h / 1000 + 0.01 * s)
        for h in (100, 200)
        for s in (0, 1, 2)
    ]
    line = [Run(settings={"model.family": "linear"}, seed=s, score=0.5 - 0.02 * s) for s in (0, 1, 2)]
    linear = contrast(compared(record([*net, *line]), factor="family"), "linear")
    assert (linear.pairs, linear.incomplete) == (3, 0)
    assert linear.difference == pytest.approx(0.48 - 0.76)


def test_incomplete_pairs_are_left_out_and_counted() -> None:
    runs = cells()
    runs[4] = Run(settings={"model.cell": "rnn"}, seed=0, status="failed", reason="loss is nan in epoch 1")
    rnn = contrast(compared(record(runs)), "rnn")
    assert (rnn.pairs, rnn.incomplete) == (3, 1)


def test_without_common_seeds_there_are_means_but_no_test() -> None:
    runs = [Run(settings={"model.cell": "gru"}, seed=s, score=0.8) for s in (1, 2)]
    runs += [Run(settings={"model.cell": "rnn"}, seed=s, score=0.5) for s in (3, 4)]
    comparison = compared(record(runs))
    rnn = contrast(comparison, "rnn")
    assert (rnn.p, rnn.significant, rnn.untested) == (None, None, "no complete pair")
    assert level(comparison, "rnn").estimate.mean == 0.5


# --- factor and response


def test_the_only_dimension_is_the_factor() -> None:
    assert compared(record(cells())).factor == "model.cell"


def test_the_files_comparison_is_the_default() -> None:
    runs = [Run(settings={"model.cell": "gru", "train.batch_size": b}, seed=s) for b in (16, 32) for s in (0, 1)]
    options = {"question": "Which batch?", "factor": "batch_size", "response": "seconds"}
    campaign = record(runs, comparison=options)
    default = compared(campaign)
    assert (default.question, default.factor, default.response) == ("Which batch?", "train.batch_size", "seconds")
    other = compared(campaign, factor="cell", response="objective")
    assert (other.question, other.factor, other.response) == ("", "model.cell", "objective")


def test_the_files_question_is_not_that_of_a_factor_whose_name_ends_alike() -> None:
    runs = [Run(settings={"model.hidden": 64, "model.dense_hidden": dense}, seed=0) for dense in (16, 32)]
    campaign = record(runs, comparison={"question": "How wide?", "factor": "hidden"})
    assert compared(campaign).question == "How wide?"
    assert compared(campaign, factor="hidden").question == "How wide?"
    assert compared(campaign, factor="dense_hidden").question == ""


def test_the_files_question_is_not_that_of_a_path_which_its_factor_only_ends() -> None:
    runs = [Run(settings={"hidden": 64, "model.hidden": 32}, seed=seed) for seed in (0, 1)]
    campaign = record(runs, comparison={"question": "How wide?", "factor": "hidden"})
    assert compared(campaign, factor="model.hidden").question == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"Add --factor\. Searched: model\.cell, train\.batch_size"),
        ({"factor": "cel"}, r'--factor cel: .* did not search this.* Did you mean "cell"\?'),
        ({"factor": "ell"}, r"--factor ell: .* did not search this"),
        ({"factor": "cell", "response": "second"}, r"--response second: no such response\. Known: objective"),
    ],
)
def test_an_unknown_factor_or_response_is_refused_with_the_known_ones(options: dict[str, str], message: str) -> None:
    campaign = record([Run(settings={"model.cell": "gru", "train.batch_size": 16}, seed=0)])
    with pytest.raises(CampaignError, match=message):
        compare(campaign, **options)


def test_an_ambiguous_factor_is_refused() -> None:
    campaign = record([Run(settings={"model.hidden": 1, "train.hidden": 2}, seed=0)])
    with pytest.raises(CampaignError, match=r"several dimensions have that name: model\.hidden, train\.hidden"):
        compare(campaign, factor="hidden")


# --- groups


def test_a_stratified_comparison_is_that_of_each_groups_trials_alone() -> None:
    groups = compare(record(norm_by_cell()), factor="norm", by="cell")
    assert [(group.by, group.group) for group in groups] == [("model.cell", "rnn"), ("model.cell", "gru")]
    for group in groups:
        alone = compared(record(table(NORM[str(group.group)], "model.norm")))
        assert [x.estimate for x in group.levels] == [x.estimate for x in alone.levels]
        assert (group.best, group.contrasts[0].p) == (alone.best, alone.contrasts[0].p)


def test_the_adjustment_covers_the_tests_of_all_groups() -> None:
    rnn, gru = compare(record(norm_by_cell()), factor="norm", by="cell")
    raw = [group.contrasts[0].p for group in (rnn, gru)]
    assert [group.contrasts[0].p_holm for group in (rnn, gru)] == holm([p for p in raw if p is not None])
    assert (rnn.tests, gru.tests) == (2, 2)
    assert (rnn.contrasts[0].significant, gru.contrasts[0].significant) == (True, False)


def test_the_files_groups_belong_to_its_factor() -> None:
    campaign = record(norm_by_cell(), comparison={"factor": "norm", "by": "cell"})
    assert [group.group for group in compare(campaign)] == ["rnn", "gru"]
    assert compared(campaign, factor="norm").blocks == 2
    assert compared(campaign, factor="cell").by is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": "norm", "by": "norm"}, r"--by norm: model\.norm is the factor.*Searched: model\.cell, model\.norm"),
        ({"factor": "norm", "by": "cel"}, '--by cel: the campaign did not search this.*Did you mean "cell"'),
    ],
)
def test_impossible_groups_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        compare(record(norm_by_cell()), **options)


def test_without_a_trial_there_are_no_groups() -> None:
    campaign = record([], dimensions=["model.cell", "model.norm"], search__trials=4)
    assert not compared(campaign, factor="norm", by="cell").answered


@pytest.mark.parametrize("lost", [{"status": "failed", "reason": "loss is nan in epoch 1"}, {"status": "stopped"}])
def test_a_level_of_which_trials_were_lost_is_never_the_best(lost) -> None:
    runs = table({"gru": GRU, "rnn": [0.9, 0.95]})
    runs += [Run(settings={"model.cell": "rnn"}, seed=seed, **lost) for seed in (2, 3)]
    comparison = compared(record(runs))
    assert comparison.best == "gru"
    assert [level.value for level in comparison.levels] == ["gru", "rnn"]
    (sentence,) = (text for text in answer(comparison) if text.startswith("Not ranked first"))
    assert "rnn (0.9250, 2 of 4 trials failed or stopped)" in sentence


def test_if_every_level_lost_trials_the_answer_says_so() -> None:
    runs = table({"gru": GRU[:3], "rnn": RNN[:3]})
    runs += [Run(settings={"model.cell": cell}, seed=3, status="failed", reason="nan") for cell in ("gru", "rnn")]
    comparison = compared(record(runs))
    assert comparison.best == "gru"
    assert "may be too good" in " ".join(answer(comparison))
