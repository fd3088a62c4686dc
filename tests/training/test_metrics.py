import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from data.arrays import Scale
from tuning.campaign.objective import REGRESSION_METRICS
from tuning.training.metrics import confusion, from_counts, from_errors

CLASSES = 4
labels = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=60).map(
    lambda pairs: (np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]))
)


@given(labels)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.filterwarnings("ignore:The number of unique classes is greater than")
def test_every_figure_equals_scikit_learn(pair):
    truth, predicted = pair
    ours = from_counts(confusion(truth, predicted, CLASSES), "abcd")
    kwargs = {"average": "macro", "zero_division": 0}
    assert ours["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert ours["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    assert ours["recall_macro"] == pytest.approx(sk.recall_score(truth, predicted, **kwargs))
    assert ours["precision_macro"] == pytest.approx(sk.precision_score(truth, predicted, **kwargs))
    assert ours["f1_macro"] == pytest.approx(sk.f1_score(truth, predicted, **kwargs))
    each = sk.recall_score(truth, predicted, average=None, labels=range(CLASSES), zero_division=0)
    assert [ours[f"recall/{name}"] for name in "abcd"] == pytest.approx(list(each))


@given(labels, st.integers(1, 20))
def test_cutting_batches_differently_changes_nothing(pair, size):
    truth, predicted = pair
    parts = sum(confusion(truth[i : i + size], predicted[i : i + size], CLASSES) for i in range(0, len(truth), size))
    assert (parts == confusion(truth, predicted, CLASSES)).all()


def test_averaging_macro_recall_over_batches_would_differ():
    truth, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])
    whole = from_counts(confusion(truth, predicted, 2), "ab")["recall_macro"]
    first = from_counts(confusion(truth[:2], predicted[:2], 2), "ab")["recall_macro"]
    second = from_counts(confusion(truth[2:], predicted[2:], 2), "ab")["recall_macro"]
    assert whole == 0.5
    assert (first + second) / 2 == 0.75


numbers = st.floats(-5, 5, width=32)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=60))
def test_every_error_equals_scikit_learn_in_the_datas_own_unit(pairs):
    truth, predicted = np.array(pairs, dtype=np.float32).T
    scale = Scale(mean=40.0, std=3.0)
    ours = from_errors(truth, predicted, scale)
    own = [values.astype(np.float64) * scale.std + scale.mean for values in (truth, predicted)]
    assert tuple(ours) == REGRESSION_METRICS
    assert ours["mae"] == pytest.approx(sk.mean_absolute_error(*own), abs=1e-9)
    assert ours["rmse"] == pytest.approx(sk.root_mean_squared_error(*own), abs=1e-9)
    if np.ptp(truth) > 1e-3:  # a spread that rounding does not decide
        assert ours["r2"] == pytest.approx(sk.r2_score(truth, predicted), abs=1e-6, rel=1e-6)


@pytest.mark.parametrize(("predicted", "r2"), [([2.0, 2.0], 1.0), ([2.0, 3.0], 0.0)])
def test_a_constant_truth_has_the_r2_of_scikit_learn(predicted, r2):
    truth = np.array([2.0, 2.0])
    assert from_errors(truth, np.array(predicted), Scale(mean=0.0, std=1.0))["r2"] == r2
    assert sk.r2_score(truth, predicted) == r2
