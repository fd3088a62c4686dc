"""Balancing takes rows from the training part alone, and gives what imbalanced-learn gives."""

from collections import Counter

import numpy as np
import pytest
from data_factories import config, part
from imblearn.over_sampling import SMOTE, RandomOverSampler

from data.arrays import Part
from data.balance import check_smote, class_weights, epoch_order, smote_rows
from data.errors import DataError

NAMES = ("a", "b", "c")
Y = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [60, 12, 7]))


def test_raw_takes_each_row_once():
    assert epoch_order(Y, config(balance="raw")).tolist() == list(range(len(Y)))


def test_the_oversampling_index_is_the_sampler_s_own_copy():
    x = part(Y).x[:, :, 0]
    order = epoch_order(Y, config(balance="oversample"))
    copied, classes = RandomOverSampler(random_state=2).fit_resample(x, Y)
    assert x[order].tobytes() == copied.tobytes()
    assert Y[order].tolist() == classes.tolist()
    assert Counter(Y[order].tolist()) == {0: 60, 1: 60, 2: 60}


def test_oversampling_keeps_every_row():
    assert set(epoch_order(Y, config(balance="oversample")).tolist()) == set(range(len(Y)))


def test_semi_oversampling_brings_the_minorities_together_to_the_majority():
    y = np.repeat(range(5), [72_471, 2_223, 5_788, 641, 6_431])  # the study's training file
    counts = np.bincount(y[epoch_order(y, config(balance="semi-oversample"))])
    assert counts[0] == counts[1:].sum() == 72_471
    np.testing.assert_allclose(counts[1:], [10_761, 27_743, 3_029, 30_938], rtol=0.03)  # the study's own draw


def test_semi_oversampling_may_cut_the_majority():
    order = epoch_order(Y, config(balance="semi-oversample", majority_kept=0.75))
    counts = np.bincount(Y[order])
    assert counts[0] == counts[1:].sum() == 45
    assert Counter(order[Y[order] == 0].tolist()).most_common(1)[0][1] == 1


def test_semi_oversampling_leaves_balanced_classes_alone():
    y = np.repeat(range(4), 10)
    assert epoch_order(y, config(balance="semi-oversample")).tolist() == list(range(40))


@pytest.mark.parametrize("balance", ["oversample", "semi-oversample"])
def test_an_epoch_is_a_function_of_the_balance_seed(balance):
    first, again, other = (epoch_order(Y, config(balance=balance, balance_seed=seed)).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_smote_class_by_class_gives_the_rows_of_smote_at_once():
    train = part(Y)
    ours = dict(smote_rows(train, config(smote_neighbors=3)))
    x, y = SMOTE(k_neighbors=3, random_state=2).fit_resample(train.x[:, :, 0], Y)
    for number, rows in ours.items():
        assert rows[:, :, 0].tobytes() == x[len(Y) :][y[len(Y) :] == number].tobytes()
    assert {number: len(rows) for number, rows in ours.items()} == {1: 48, 2: 53}


def test_smote_rows_lie_between_rows_of_their_class():
    train = part(Y)
    for number, rows in smote_rows(train, config(smote_neighbors=3)):
        own = train.x[number == Y]
        assert rows.dtype == np.float32
        assert (rows >= own.min(axis=0) - 1e-6).all()
        assert (rows <= own.max(axis=0) + 1e-6).all()


def test_smote_keeps_channels_apart():
    x = np.stack([np.zeros((79, 4)), np.ones((79, 4))], axis=2).astype(np.float32)
    train = Part(x=x, lengths=np.full(79, 4), y=Y)
    for _, rows in smote_rows(train, config(smote_neighbors=3)):
        assert (rows == [0.0, 1.0]).all()


def test_smote_refuses_a_class_without_enough_neighbours():
    with pytest.raises(DataError) as error:
        check_smote(part(np.repeat([0, 1, 2], [60, 12, 3])), config("heartbeats"), NAMES)
    assert str(error.value) == (
        "heartbeats: class c has 3 training rows; SMOTE with k_neighbors=5 needs at least 6. "
        'Use balance = "oversample", or data.smote_neighbors <= 2.'
    )


def test_smote_refuses_sequences_of_different_length():
    train = part(Y)
    short = Part(x=train.x, lengths=np.where(np.arange(79) == 4, 2, 6), y=Y)
    with pytest.raises(DataError, match=r"different lengths \(2 to 6\).*oversample"):
        check_smote(short, config(), NAMES)


def test_class_weights_are_inverse_frequencies_with_mean_one_over_rows():
    weights = class_weights(Y, 3)
    np.testing.assert_allclose(weights, 79 / (3 * np.array([60, 12, 7])), rtol=1e-6)
    np.testing.assert_allclose(weights[Y].mean(), 1.0, rtol=1e-6)
