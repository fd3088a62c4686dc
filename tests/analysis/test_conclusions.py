"""The sentences of a comparison say what was found, what it is based on, and no more."""

import pytest
from comparison_journals import GRU, LSTM, RNN, cells, compared, norm_by_cell
from journals import Run, record, table

from tuning.analysis.basis import basis, exclusions
from tuning.analysis.compare import compare
from tuning.analysis.conclusions import answer
from tuning.analysis.formats import numbers, p_equals, p_value


def test_the_best_level_comes_first_with_its_interval() -> None:
    assert (
        answer(compared(record(cells())))[0]
        == "gru has the highest mean recall_macro: 0.820 (0.791 to 0.849), 4 trials."
    )


def test_a_level_with_one_trial_and_a_higher_mean_is_named_beside_the_best() -> None:
    sentence = answer(compared(record(table({"gru": (0.5, 0.6), "rnn": (0.91,)}))))[0]
    assert sentence.startswith(
        "gru has the highest mean recall_macro among levels with at least two completed trials: "
    )
    assert sentence.endswith("2 trials; left out: rnn (1 trial, 0.9100).")


def test_a_level_without_a_completed_trial_is_not_named_beside_the_best() -> None:
    runs = [*table({"gru": (0.5, 0.6)}), Run(settings={"model.cell": "rnn"}, seed=0, status="failed", reason="no")]
    assert "left out" not in answer(compared(record(runs)))[0]


def test_a_worse_level_is_reported_with_interval_and_adjusted_p() -> None:
    sentences = [text for text in answer(compared(record(cells()))) if text.startswith("rnn")]
    assert sentences == ["rnn scores 0.203 lower than gru (0.163 to 0.242; paired t-test, Holm-adjusted p = 0.001)."]


def test_a_single_test_is_not_called_adjusted() -> None:
    sentences = answer(compared(record(table({"gru": GRU, "rnn": RNN}))))
    assert sentences[1] == "rnn scores 0.203 lower than gru (0.163 to 0.242; paired t-test, p < 0.001)."


def test_a_worse_level_of_a_metric_to_minimise_has_a_higher_one() -> None:
    sentences = answer(compared(record(table({"gru": RNN, "rnn": GRU}), metric="rmse")))
    assert sentences[0].startswith("gru has the lowest mean rmse: ")
    assert sentences[1].startswith("The rmse of rnn is 0.203 higher than that of gru (0.163 to 0.242; ")


def test_a_difference_that_is_not_significant_is_not_called_equality() -> None:
    comparison = compared(record(table({"gru": GRU, "lstm": LSTM})))
    (sentence,) = answer(comparison)[1:]
    assert sentence.startswith("lstm and gru do not differ significantly (lstm minus gru: 0.000, 95 % interval -0.0")
    assert sentence.endswith("; paired t-test, p = 1.00).")
    assert "A difference that is not significant is not evidence of equality." in " ".join(basis(comparison))


@pytest.mark.parametrize(
    ("response", "phrase"),
    [
        ("train_loss", "The training loss of rnn is 1.018 higher than that of gru (0.990 to 1.045; paired"),
        ("overfitting", "The overfitting of rnn is 1.018 higher than that of gru (0.990 to 1.045; paired"),
        ("best_epoch", "The best epoch of rnn is 10.0 epochs later than that of gru ("),
        ("seconds", "The training time of rnn is 20.35 s longer than that of gru (19.81 to 20.89; "),
    ],
)
def test_each_response_has_its_own_words(response: str, phrase: str) -> None:
    def run(cell: str, seed: int, more: float) -> Run:
        shift = more + 0.01 * (seed * seed % 7) * (1 if cell == "gru" else 2)
        return Run(
            settings={"model.cell": cell},
            seed=seed,
            curve=((1.0, 0.5), (0.1 + shift, 0.5 + shift)),
            best_epoch=2 + int(10 * more) + (seed % 2 if cell == "gru" else seed // 2 % 2),
            seconds=5 + 20 * shift,
        )

    runs = [run(cell, seed, more) for cell, more in (("gru", 0.0), ("rnn", 1.0)) for seed in range(4)]
    assert phrase in " ".join(answer(compared(record(runs), response=response)))


def test_incomplete_pairs_are_reported() -> None:
    runs = cells()
    runs[4] = Run(settings={"model.cell": "rnn"}, seed=0, status="failed", reason="loss is nan in epoch 1")
    assert ", 3 pairs (1 incomplete excluded))." in " ".join(answer(compared(record(runs))))


def test_pairs_with_the_same_seed_are_reported() -> None:
    comparison = compared(record(norm_by_cell()), factor="norm")
    assert ", 6 pairs of 3 seeds)." in answer(comparison)[1]
    assert "by all other dimensions (2 combinations, treated as independent)" in " ".join(basis(comparison))


def test_an_untested_level_is_named_with_the_reason() -> None:
    runs = [Run(settings={"model.cell": "gru"}, seed=s, score=0.8) for s in (1, 2)]
    runs += [Run(settings={"model.cell": "rnn"}, seed=s, score=0.5) for s in (3, 4)]
    assert "Not tested against gru: rnn (no complete pair)." in answer(compared(record(runs)))


def test_a_single_level_leaves_nothing_to_compare() -> None:
    sentences = answer(compared(record(table({"gru": GRU}))))
    assert sentences[1:] == ["Only one level of model.cell was tried; there is nothing to compare."]


# --- exclusions


def test_failures_are_listed_with_their_reasons() -> None:
    runs = cells()
    for i in (4, 5):
        runs[i] = Run(settings={"model.cell": "rnn"}, seed=i - 4, status="failed", reason="loss is nan in epoch 1")
    assert exclusions(compared(record(runs))) == ["rnn: 2 of 4 trials failed: loss is nan in epoch 1"]


def test_stopped_and_reused_trials_are_listed() -> None:
    runs = [
        *cells(),
        Run(settings={"model.cell": "gru"}, seed=9, score=0.1, status="stopped", reason="missed a rung"),
        Run(settings={"model.cell": "gru"}, seed=8, score=0.2, reused=True),
    ]
    assert exclusions(compared(record(runs))) == [
        "gru: 1 of 5 trials stopped early at a rung; excluded from the means",
        "1 trial reused the result of a duplicate; counted once",
    ]


def test_trials_without_a_finite_response_are_listed() -> None:
    nothing = [(float("nan"), float("nan"))]
    runs = [Run(settings={"model.family": "majority"}, seed=s, score=0.2, curve=nothing) for s in (0, 1)]
    comparison = compared(record(runs), response="train_loss")
    assert exclusions(comparison) == ["majority: 2 of 2 trials without a finite training loss"]
    assert answer(comparison) == ["No level of model.family has two completed trials with a training loss."]


# --- basis


def test_response_data_and_limits_are_always_stated() -> None:
    text = " ".join(basis(compared(record(cells()))))
    assert "Response: recall_macro of each trial's best epoch; 4 seeds." in text
    assert "Data: synthetic, 8 training rows and 8 validation rows (stratified split)." in text
    assert "optimistic" in text
    assert "The test split is not used." in text


def test_the_adjustment_names_its_tests() -> None:
    text = " ".join(basis(compared(record(cells()))))
    assert "Paired by seed; paired t-test, Holm-adjusted for 3 tests (all pairs of levels, since the best" in text
    assert "Intervals are unadjusted 95 % t-intervals." in text


def test_clipping_is_noted_only_where_it_happened() -> None:
    clipped = basis(compared(record(table({"gru": (0.9, 1.0), "rnn": (0.5, 0.51)}))))
    assert "Interval of gru clipped to the response's range." in clipped
    assert "clipped" not in " ".join(basis(compared(record(cells()))))


def test_groups_are_no_evidence_of_an_interaction() -> None:
    for group in compare(record(norm_by_cell()), factor="norm", by="cell"):
        note = basis(group)[-1]
        assert note.startswith(
            "Levels of cell were analysed separately; significance in only one of them is not evidence"
        )


@pytest.mark.parametrize(("best_epoch", "notes"), [(2, 1), (1, 0)])
def test_trials_that_were_still_improving_are_reported(best_epoch: int, notes: int) -> None:
    runs = [
        Run(settings={"model.cell": cell}, seed=seed, score=0.5 + seed / 9, best_epoch=best_epoch)
        for cell in ("gru", "rnn")
        for seed in range(3)
    ]
    text = " ".join(basis(compared(record(runs))))
    assert text.count("6 of 6 trials had their best epoch in the last tenth of training") == notes


@pytest.mark.parametrize(("p", "text"), [(0.00001, "< 0.001"), (0.0123, "0.012"), (0.412, "0.41"), (1.0, "1.00")])
def test_p_has_two_digits_or_three_decimals(p: float, text: str) -> None:
    assert p_value(p) == text


def test_a_small_p_is_not_equal_to_a_bound() -> None:
    assert p_equals(0.0004) == "p < 0.001"
    assert p_equals(0.41) == "p = 0.41"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0.0312, 0.0498, 35210.0), ["0.0312", "0.0498", "35210"]),
        ((-0.4, None, 1234.5, 0.0), ["-0.4000", "", "1234", "0"]),
        ((5.25, 1234.5), ["5", "1234"]),  # not below a thousandth: as many decimals as the largest
        ((0.00004, 0.31), ["0.0000", "0.3100"]),  # of metrics four decimals
    ],
)
def test_small_values_beside_large_ones_are_not_printed_as_0(
    values: tuple[float | None, ...], texts: list[str]
) -> None:
    assert numbers(*values) == texts
