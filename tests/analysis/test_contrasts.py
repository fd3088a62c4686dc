"""Beside the paired test: Welch's test, correlations, borderline verdicts, interactions, steps, and resampled rows."""

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from comparison_journals import GRU, LSTM, NORM, RNN, cells, compared, contrast, norm_by_cell
from journals import Run, data_record, record, table
from scipy import stats

from tuning.analysis.basis import basis
from tuning.analysis.compare import compare
from tuning.analysis.conclusions import answer, interaction_answer
from tuning.analysis.contrasts import adjusted
from tuning.analysis.statistics import correlation, holm, paired, welch
from tuning.analysis.steps import resampled, step


def test_welchs_test_and_the_correlation_are_scipys() -> None:
    rnn = contrast(compared(record(cells())), "rnn")
    assert rnn.p_welch == pytest.approx(stats.ttest_ind(RNN, GRU, equal_var=False).pvalue)
    assert rnn.correlation == pytest.approx(stats.pearsonr(RNN, GRU).statistic)


def test_welchs_interval_is_scipys() -> None:
    x, y = GRU, RNN[:3]
    expected = stats.ttest_ind(x, y, equal_var=False)
    found = welch(x, y)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.p == pytest.approx(expected.pvalue)


def test_welchs_variances_grow_with_the_overlap_of_splits() -> None:
    x, y = np.array(GRU), np.array(RNN)
    overlap = 0.25
    errors = [of.var(ddof=1) * (1 / 4 + overlap) for of in (x, y)]
    freedom = sum(errors) ** 2 / sum(error**2 / 3 for error in errors)
    expected = 2 * stats.t.sf(abs(x.mean() - y.mean()) / sum(errors) ** 0.5, freedom)
    assert welch(GRU, RNN, overlap=overlap).p == pytest.approx(expected)
    assert expected > welch(GRU, RNN).p


@pytest.mark.parametrize(("x", "y"), [((0.5,), (0.6,)), ((0.5, 0.5), (0.6, 0.6))])
def test_welchs_test_needs_two_values_that_vary(x, y) -> None:
    test = welch(x, y)
    assert test.p is None
    assert test.difference == pytest.approx(-0.1)
    assert test.untested


@pytest.mark.parametrize(("x", "y"), [((0.1, 0.2), (0.2, 0.1)), ((0.1, 0.2, 0.3), (0.7, 0.7, 0.7))])
def test_two_pairs_and_constants_have_no_correlation(x, y) -> None:
    assert correlation(x, y) is None


def test_pairs_that_are_not_correlated_are_named() -> None:
    against = tuple(sorted(GRU, reverse=True))
    text = " ".join(basis(compared(record(table({"gru": sorted(GRU), "rnn": [score - 0.1 for score in against]})))))
    assert "Pairing with gru does not help where the pairs are not positively correlated: rnn (r = -1.00, Welch" in text
    assert "Pairing with" not in " ".join(basis(compared(record(table({"gru": GRU, "lstm": LSTM})))))


@pytest.mark.parametrize(
    ("p", "borderline", "significant"),
    [(0.02, False, True), (0.03, True, True), (0.09, True, False), (0.11, False, False)],
)
def test_p_within_a_factor_of_two_is_borderline(p, borderline, significant) -> None:
    one = replace(contrast(compared(record(table({"gru": GRU, "rnn": RNN}))), "rnn"), p=p)
    ((judged,),) = (list(tests.values()) for tests in adjusted([{"only": one}]))
    assert (judged.borderline, judged.significant) == (borderline, significant)


def test_a_borderline_verdict_is_said() -> None:
    comparison = compared(record(table({"a": (0.80, 0.81, 0.83), "b": (0.78, 0.80, 0.80)})))
    assert comparison.contrasts[0].borderline
    assert ", borderline" in answer(comparison)[1]
    assert "Borderline: p is within a factor of two of 0.05." in " ".join(basis(comparison))


# --- interactions


def effects(cell: str) -> np.ndarray:
    return np.subtract(NORM[cell]["no"], NORM[cell]["yes"])


def test_an_interaction_is_a_test_of_differences_of_differences() -> None:
    groups = compare(record(norm_by_cell()), factor="norm", by="cell")
    (test,) = groups[0].interactions
    assert groups[1].interactions == []
    expected = stats.ttest_1samp(effects("rnn") - effects("gru"), 0.0)
    assert (test.level, test.reference, test.first, test.second) == ("no", "yes", "rnn", "gru")
    assert test.pairs == 3
    assert test.p == pytest.approx(expected.pvalue)
    assert test.difference == pytest.approx(np.mean(effects("rnn") - effects("gru")))
    (sentence,) = interaction_answer(groups)
    assert sentence.startswith("The difference no minus yes is 0.210 lower for rnn than for gru (0.135 to 0.285; inter")


def test_interactions_of_several_levels_and_groups_are_adjusted_together() -> None:
    rng = np.random.default_rng(1)
    runs = [
        Run(settings={"model.cell": cell, "model.hidden": hidden}, seed=seed, score=0.5 + 0.1 * rng.random())
        for cell in ("rnn", "gru", "lstm")
        for hidden in (16, 32, 64)
        for seed in range(5)
    ]
    groups = compare(record(runs), factor="hidden", by="cell")
    tests = [test for group in groups for test in group.interactions]
    assert [len(group.interactions) for group in groups] == [4, 2, 0]  # two levels against the best, two groups more
    assert {group.interaction_tests for group in groups} == {9}  # three pairs of levels, three of groups
    assert all(test.p_holm >= test.p for test in tests)
    assert min(test.p for test in tests) * 9 >= min(test.p_holm for test in tests)
    assert any("is not significantly another one for" in sentence for sentence in interaction_answer(groups))


def test_of_many_interactions_those_with_the_lowest_p_are_said() -> None:
    rng = np.random.default_rng(2)
    runs = [
        Run(settings={"model.layers": layers, "model.hidden": hidden}, seed=s, score=float(rng.random()))
        for layers in range(1, 7)
        for hidden in (16, 32)
        for s in range(4)
    ]
    groups = compare(record(runs), factor="hidden", by="layers")
    assert sum(len(group.interactions) for group in groups) == 15
    *sentences, more = interaction_answer(groups)
    assert (len(sentences), more) == (12, "3 further interactions have a higher p.")


def test_an_interaction_is_paired_by_what_both_groups_have() -> None:
    runs = [
        Run(settings={"model.family": "recurrent", "model.hidden": h, "data.balance": b}, seed=s, score=0.5 + more + w)
        for h, w in ((100, 0.02), (200, 0.04))
        for b, more in (("raw", 0.0), ("smote", 0.1))
        for s in range(3)
    ]
    runs += [
        Run(settings={"model.family": "linear", "data.balance": b}, seed=s, score=0.4 + more + 0.01 * s * s)
        for b, more in (("raw", 0.05), ("smote", 0.0))
        for s in range(3)
    ]
    groups = compare(record(runs), factor="balance", by="family")
    (test,) = groups[0].interactions
    assert test.pairs == 3
    assert abs(test.difference) == pytest.approx(0.15)


def test_an_interaction_of_splits_is_corrected() -> None:
    runs = [
        Run(settings={"model.cell": c, "model.norm": n}, seed=s, score=v)
        for c, norms in NORM.items()
        for n, values in norms.items()
        for s, v in enumerate((*values, float(np.mean(values)) + 0.01))
    ]
    campaigns = record(runs, search__replicates=4), record(runs, search__replicates=4, data__splits=4)
    plain, divided = (compare(of, factor="norm", by="cell")[0].interactions[0].p for of in campaigns)
    assert divided > plain


def test_a_borderline_interaction_is_said_with_the_interactions() -> None:
    groups = compare(record(norm_by_cell()), factor="norm", by="cell")
    near = replace(groups[0].interactions[0], p_holm=0.09, significant=False, borderline=True)
    groups[0].interactions[:] = [near]
    assert interaction_answer(groups)[-1].startswith("Borderline: ")
    assert not any(contrast.borderline for contrast in groups[0].contrasts)
    assert "Borderline" not in " ".join(basis(groups[0]))


# --- the metric's step


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("recall_macro", 1 / (9 * 3)), ("balanced_accuracy", 1 / (9 * 2)), ("accuracy", 1 / 109), ("f1_macro", None)],
)
def test_one_row_of_the_rarest_class_is_worth_its_share(metric, expected) -> None:
    part = data_record(classes=("N", "F", "Q"), valid={"N": 100, "F": 9, "Q": 0})
    more = data_record(classes=("N", "F", "Q"), valid={"N": 100, "F": 12, "Q": 50})
    found = step([more, part], metric)
    assert (found.rarest, found.rows) == ("F", 9)
    assert found.step == (None if expected is None else pytest.approx(expected))


def test_of_parts_with_as_rare_a_class_a_row_of_the_smallest_counts_whatever_their_order() -> None:
    parts = [data_record(valid={"N": others, "S": 9}) for others in (120, 91, 110)]
    assert {step(order, "accuracy").step for order in permutations(parts)} == {0.01}


def test_a_step_is_by_how_much_the_metric_changes() -> None:
    confusion = np.array([[90, 10], [3, 6]])
    better = np.array([[90, 10], [2, 7]])
    recalls = [np.mean(table.diagonal() / table.sum(axis=1)) for table in (confusion, better)]
    found = step([data_record(valid={"N": 100, "S": 9})], "recall_macro")
    assert found.step == pytest.approx(recalls[1] - recalls[0])


def test_a_regression_has_no_classes() -> None:
    assert step([data_record(classes=())], "rmse") is None


def test_a_difference_of_less_than_one_row_is_a_warning() -> None:
    text = " ".join(basis(compared(record(cells()))))
    assert "The rarest validation class is N with 4 rows; one row of it is worth 0.1250 of recall_macro." in text
    assert "Smaller than that: the difference of lstm." in text


# --- the choice of validation rows


def of_counts(counts) -> list:
    run = record(cells()).trials[0]
    return [replace(run, result=run.result.model_copy(update={"confusion": counts}))]


def test_the_deviation_over_validation_rows_is_that_of_the_binomial() -> None:
    assert resampled(of_counts([[400, 50], [30, 120]]), "accuracy") == pytest.approx(
        math.sqrt((520 / 600) * (80 / 600) / 600), rel=0.15
    )
    recalls = ((400 / 450, 450), (120 / 150, 150))
    expected = math.sqrt(sum(r * (1 - r) / n for r, n in recalls)) / 2
    assert resampled(of_counts([[400, 50], [30, 120]]), "recall_macro") == pytest.approx(expected, rel=0.15)


def test_four_times_the_rows_halve_the_deviation() -> None:
    few, many = ([[40 * n, 5 * n], [3 * n, 12 * n]] for n in (1, 4))
    ratio = resampled(of_counts(few), "f1_macro") / resampled(of_counts(many), "f1_macro")
    assert ratio == pytest.approx(2, rel=0.2)


def test_metrics_that_do_not_follow_from_counts_have_none() -> None:
    assert resampled(of_counts([[4, 1], [1, 4]]), "loss") is None
    assert resampled(of_counts([]), "rmse") is None


def test_intervals_over_splits_cover_the_choice_of_rows_and_those_over_seeds_do_not() -> None:
    def text(**changes) -> str:
        runs = [Run(settings={"model.cell": c}, seed=n, score=0.5 + 0.1 * n) for c in ("gru", "rnn") for n in range(4)]
        return " ".join(basis(replace(compared(record(runs, search__replicates=4, **changes)), resampled=0.02)))

    assert "a bootstrap); the intervals do not cover this." in text()
    assert "a bootstrap); validation rows differ between splits, so the intervals cover this." in text(data__splits=4)


# --- the generalisation gap


@pytest.mark.parametrize(("metric", "gap"), [("recall_macro", 0.1), ("loss", 0.25)])
def test_the_generalisation_gap_is_positive_where_training_rows_score_better(metric, gap) -> None:
    runs = [
        Run(settings={"model.cell": "gru"}, seed=s, score=0.6, curve=((1.0, 0.9), (0.5, 0.75)), train_scores=(0.6, 0.7))
        for s in (0, 1)
    ]
    comparison = compared(record(runs, metric=metric), response="generalisation_gap")
    assert comparison.levels[0].estimate.mean == pytest.approx(gap)
    assert comparison.goal == "min"


def test_records_without_training_scores_have_no_gap() -> None:
    comparison = compared(record(cells()), response="generalisation_gap")
    assert not comparison.answered
    assert "generalisation gap" in answer(comparison)[0]


def test_holm_is_over_all_tests_of_a_comparison() -> None:
    comparison = compared(record(cells()))
    raw = [paired(*pair).p for pair in ((LSTM, GRU), (RNN, GRU), (RNN, LSTM))]
    assert contrast(comparison, "rnn").p_holm == pytest.approx(holm(raw)[1])
