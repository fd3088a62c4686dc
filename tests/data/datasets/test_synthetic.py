"""The built-in data set is always the same, and neither trivial nor hopeless."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from data.config import DataOptions
from data.datasets import synthetic
from data.rows import Rows

DIGEST = """
import hashlib
from data.datasets import synthetic
print(hashlib.sha256(synthetic.load(None, ()).rows.x).hexdigest())
"""


@pytest.fixture(scope="module")
def rows() -> Rows:
    return synthetic.load(DataOptions(dataset="synthetic"), ())


def test_a_fresh_process_makes_the_same_rows(rows):
    there = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True).stdout.strip()
    assert hashlib.sha256(rows.rows.x.tobytes()).hexdigest() == there


def test_the_class_shares_are_the_real_ones(rows):
    shares = np.bincount(rows.rows.y) / len(rows.rows.y)
    np.testing.assert_allclose(shares, (0.828, 0.025, 0.066, 0.007, 0.073), atol=0.0015)
    assert rows.class_names == ("N", "S", "V", "F", "Q")


def test_rows_are_scaled_and_padded_like_the_real_ones(rows):
    x = rows.rows.x
    assert x.shape == (6000, 187, 1)
    assert x.dtype == np.float32
    assert (x.min(axis=1) == 0).all()
    assert (x.max(axis=1) == 1).all()
    assert (x[:, -1] == 0).mean() > 0.8


def test_no_two_rows_are_equal(rows):
    assert len({row.tobytes() for row in rows.rows.x}) == len(rows.rows.x)


def test_a_nearest_neighbour_beats_a_majority_guess_and_leaves_something_to_learn(rows):
    """Trained networks reach 0.8 to 0.95 macro recall; this is the quick check that the classes overlap."""
    from sklearn.metrics import recall_score
    from sklearn.neighbors import KNeighborsClassifier

    x, y = rows.rows.x[:, :, 0], rows.rows.y
    train = np.arange(len(y)) % 2 == 0
    guess = KNeighborsClassifier(1).fit(x[train], y[train]).predict(x[~train])
    assert 0.5 < recall_score(y[~train], guess, average="macro") < 0.8
