"""Families that are fitted at once, as trials."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from factories import arrays, train, trial
from kinds import regression, texts, unequal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, recall_score
from sklearn.preprocessing import StandardScaler

from data.arrays import Arrays
from tuning.training import estimators
from tuning.training.begin import begin
from tuning.training.classical import ClassicalTrial
from tuning.training.loop import weights_sha256

FAMILIES: dict[str, dict[str, Any]] = {
    "majority": {"family": "majority"},
    "linear": {"family": "linear"},
    "random-forest": {"family": "random-forest", "trees": 10},
    "minirocket": {"family": "minirocket", "kernels": 84},
}
KINDS: dict[str, Callable[..., Arrays]] = {"unequal": unequal, "texts": texts, "regression": regression}


def of(family, kind="unequal", **changes):
    return trial(
        model=dict(FAMILIES[family]), objective__metric="loss" if kind == "regression" else "recall_macro", **changes
    )


def fitted(family, data, **changes):
    fit = begin(of(family, "regression" if data.regression else "unequal", **changes), data)
    fit.run_epoch()
    return fit


def figures(fit):
    return [r.model_copy(update={"seconds": 0.0}) for r in fit.history], fit.result().model_copy(update={"seconds": 0})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fit_is_one_epoch_and_done(family):
    fit = begin(of(family), arrays())
    assert not fit.done
    report = fit.run_epoch()
    assert fit.done
    result = fit.result()
    assert (report.epoch, report.learning_rate) == (1, 0.0)
    assert (result.status, result.epochs, result.best_epoch) == ("completed", 1, 1)
    assert result.objective == report.metrics["recall_macro"]
    assert np.sum(result.confusion) == len(arrays().valid.y)


def test_the_rows_trained_on_are_judged_by_the_objective_too():
    data = replace(arrays(), order=np.array([0, 1, 1, 1, 2, 5, 7]))
    fit = fitted("random-forest", data)
    predicted = estimators.fit(fit.model, data, seed=fit.trial.seed, threads=1).predict(data.train).argmax(axis=1)
    expected = recall_score(data.train.y[data.order], predicted[data.order], average="macro")
    assert fit.history[0].train_objective == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_the_hash_is_that_of_the_fitted_numbers(family):
    fit = fitted(family, arrays())
    assert weights_sha256(fit.best_weights) == fit.result().weights_sha256
    assert fit.result().parameters == sum(value.numel() for value in fit.best_weights.values())


@pytest.mark.parametrize("family", ["linear", "random-forest", "minirocket"])
@pytest.mark.parametrize("kind", ["unequal", "regression"])
def test_a_baseline_beats_the_majority(family, kind):
    data = KINDS[kind](rows=200)
    assert (
        fitted(family, data).result().best_metrics["loss"]
        < fitted("majority", data).result().best_metrics["loss"] / 1.2
    )


@pytest.mark.parametrize("family", ["linear", "random-forest"])
def test_texts_are_read_as_bags_of_words(family):
    assert fitted(family, texts(rows=150)).result().objective > 0.8


def test_a_bag_of_words_counts_tokens_and_no_padding():
    data = texts()
    counts = estimators.bag_of_words(data.tokens)(data.train).toarray()
    words = data.train.x[0, : data.train.lengths[0], 0]
    assert counts[0].tolist() == np.bincount(words, minlength=data.tokens).tolist()
    assert counts[:, 0].sum() == 0


def test_the_majority_is_the_most_frequent_class_of_the_epochs_rows():
    data = arrays()
    result = fitted("majority", replace(data, order=np.array([0, 1, 2, 1]))).result()
    assert np.sum(result.confusion, axis=0).tolist() == [0, len(data.valid.y), 0]


def test_the_majority_of_a_regression_is_the_mean():
    data = regression()
    figures = fitted("majority", data).result().best_metrics
    assert figures["loss"] == pytest.approx(np.mean((data.valid.y - data.train.y.mean()) ** 2), rel=1e-5)
    assert figures["rmse"] == pytest.approx(figures["loss"] ** 0.5 * data.scale.std, rel=1e-6)
    assert figures["r2"] <= 0


def test_the_linear_family_is_scikit_learns_logistic_regression_on_standardised_values():
    data = unequal()
    x, valid = data.train.x[:, :, 0].astype(float), data.valid.x[:, :, 0].astype(float)
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(x), data.train.y)
    report = fitted("linear", data).history[0]
    expected = log_loss(data.valid.y, model.predict_proba(scaler.transform(valid)), labels=range(3))
    assert report.metrics["loss"] == pytest.approx(expected)


def test_a_larger_penalty_makes_smaller_coefficients():
    norms = []
    for penalty in (0.1, 100.0):
        fit = begin(trial(model={"family": "linear", "penalty": penalty}), arrays())
        fit.run_epoch()
        norms.append(float(fit.best_weights["logisticregression.coef_"].norm()))
    assert norms[1] < norms[0] / 2


@pytest.mark.parametrize("family", ["linear", "random-forest", "minirocket"])
def test_class_weights_and_repeated_rows_change_the_fit(family):
    data = arrays()
    repeated = replace(data, order=np.concatenate([data.order, data.order[:20]]))
    hashes = {fitted(family, d).result().weights_sha256 for d in (data, arrays(weights=True), repeated)}
    assert len(hashes) == 3


@pytest.mark.parametrize("family", ["random-forest", "minirocket"])
def test_another_seed_gives_another_fit(family):
    assert len({fitted(family, arrays(), seed=seed).result().weights_sha256 for seed in (1, 2)}) == 2


def test_the_number_of_threads_changes_no_bit_of_a_forest():
    one, two = (
        figures(fitted("random-forest", arrays(rows=300), device__threads=threads, model__trees=40))
        for threads in (1, 2)
    )
    assert one == two


def test_a_class_that_was_not_trained_on_gets_no_probability():
    data = arrays()
    order = data.order[data.train.y[data.order] != 1]
    fit = fitted("random-forest", replace(data, order=order))
    assert np.sum(fit.result().confusion, axis=0)[1] == 0
    assert fit.history[0].metrics["loss"] > 5


def test_two_classes_have_the_softmax_of_both_signs():
    result = fitted("minirocket", arrays(classes=2, rows=120)).result()
    assert result.best_metrics["accuracy"] > 0.9
    assert result.best_metrics["loss"] < 0.6


def test_channels_are_read_by_minirocket():
    data = arrays(rows=120)
    train, valid = (
        replace(part, x=np.concatenate([part.x, part.x[:, ::-1]], axis=2)) for part in (data.train, data.valid)
    )
    assert fitted("minirocket", replace(data, train=train, valid=valid)).result().objective > 0.8


def test_a_fresh_process_gives_the_same_bits():
    code = (
        "import sys; sys.path[:0] = ['tests', 'tests/training']\n"
        "from test_classical import FAMILIES, fitted, unequal\n"
        "for family in FAMILIES: print(fitted(family, unequal()).result().weights_sha256)"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.split() == [fitted(family, unequal()).result().weights_sha256 for family in FAMILIES]


def test_a_network_trained_after_a_baseline_in_one_worker_has_the_same_bits():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from factories import arrays, train, trial\n"
        "print(train(trial(), arrays()).weights_sha256, 'sklearn' in sys.modules)"
    )
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    fitted("linear", arrays())
    assert alone.stdout.split() == [train(trial(), arrays()).weights_sha256, "False"]


def test_an_interrupted_fit_begins_anew_with_the_same_bits():
    first = fitted("random-forest", arrays())
    torch.manual_seed(999)
    np.random.seed(999)  # noqa: NPY002 - the global generator is the point
    second = begin(of("random-forest"), arrays())
    second.restore(first.state())
    assert not second.done
    second.run_epoch()
    assert figures(second) == figures(first)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (texts(), "convolves numbers, and texts are tokens"),
        (arrays(steps=8), "the longest sequence has 8 steps; it needs at least 9"),
        (replace(arrays(), order=np.zeros(9, dtype=np.int64)), "all 9 training rows are of class A"),
    ],
)
def test_minirocket_says_what_it_cannot_take(data, message):
    with pytest.raises(ValueError, match=f"minirocket: {message}"):
        fitted("minirocket", data)


def test_minirocket_refuses_what_would_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr(estimators, "LARGEST", 9000)
    data = arrays(rows=125)
    with pytest.raises(
        ValueError, match=r"100 training rows x 168 kernels .* Set model.kernels <= 90, or data.max_rows"
    ):
        begin(trial(model={"family": "minirocket", "kernels": 168}), data).run_epoch()


def test_minirocket_without_aeon_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "aeon.transformations.collection.convolution_based", None)
    with pytest.raises(ValueError, match=r"pip install 'seqtune\[ucr\]'"):
        fitted("minirocket", arrays())


@pytest.mark.parametrize(("data", "metric"), [(regression(), "recall_macro"), (arrays(), "rmse")])
def test_an_objective_of_the_other_kind_of_target_is_refused(data, metric):
    with pytest.raises(ValueError, match=f"objective.metric = '{metric}', but the targets are"):
        begin(trial(objective__metric=metric), data)


def test_a_neural_family_is_not_fitted_at_once():
    with pytest.raises(ValueError, match="cnn2d is trained by gradient descent"):
        ClassicalTrial(trial(), arrays())
