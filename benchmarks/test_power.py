"""Simulated power and false positives of the tests that ``seqtune compare`` uses, and coverage of its intervals.

Five simulations, each with known truth: pairs of normal scores that are correlated or not; two levels in two groups;
two learners on random splits of one sample, equal over all samples by construction; the same with one test part for all
splits; and means of proportions near 1.

    python benchmarks/test_power.py                       # 4 minutes on one core
    python benchmarks/test_power.py --simulations 500
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tuning.analysis.statistics import ALPHA, MeanDifference, estimate, paired, welch

REPLICATES = (5, 10)
CORRELATIONS = (-0.5, 0.0, 0.3, 0.7, 0.9)
EFFECTS = (0.0, 1.0, 2.0)
"""Differences of the means, in standard deviations of the scores of a level."""

ROWS, FEATURES, CLASS_GAP = 250, 5, 0.6
"""Of a sample of two classes, and the distance of the classes in each feature."""
TEST_SHARE = 0.2
OVERLAP = TEST_SHARE / (1 - TEST_SHARE)

Table = list[tuple[str, ...]]


def significant(p: float | None) -> bool:
    """Whether a difference with this p would be reported."""
    return p is not None and p < ALPHA


def correlated_pairs(simulations: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield rows: replicates, correlation, effect, and how often each test finds a difference."""
    for n, effect, rho in product(REPLICATES, EFFECTS, CORRELATIONS):
        found = {"paired": 0, "welch": 0}
        for _ in range(simulations):
            x, y = rng.multivariate_normal([0.0, effect], [[1.0, rho], [rho, 1.0]], size=n).T.tolist()
            found["paired"] += significant(paired(x, y).p)
            found["welch"] += significant(welch(x, y).p)
        yield (str(n), f"{effect:g}", f"{rho:g}", *(f"{count / simulations:.3f}" for count in found.values()))


def two_groups(simulations: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield rows: replicates, both groups' effects, and how often an interaction is found.

    Scores correlate with 0.5 within a group.  only one: the difference is significant in exactly one of the groups,
    from which an interaction is often concluded.
    """
    covariance = [[1.0, 0.5], [0.5, 1.0]]
    for n, effects in product(REPLICATES, ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 1.0), (0.0, 2.0), (-1.0, 1.0))):
        found = {"interaction": 0, "only one": 0}
        for _ in range(simulations):
            groups = [rng.multivariate_normal([0.0, effect], covariance, size=n).T for effect in effects]
            first, second = ((y - x).tolist() for x, y in groups)
            found["interaction"] += significant(paired(first, second).p)
            found["only one"] += len({significant(paired(*group.tolist()).p) for group in groups}) > 1
        yield (str(n), *(f"{effect:g}" for effect in effects), *(f"{c / simulations:.3f}" for c in found.values()))


class Sample:
    """A sample of two classes and two learners: nearest centroids on two sets of features that are alike.

    Over all samples both learners have one expected accuracy if ``advantage`` is 0; on one sample they do not.
    """

    def __init__(self, rng: np.random.Generator, advantage: float, rows: int = ROWS) -> None:
        self.y = rng.integers(2, size=rows)
        gap = np.repeat([CLASS_GAP, CLASS_GAP + advantage], FEATURES)
        self.x = rng.normal(size=(rows, 2 * FEATURES)) + self.y[:, None] * gap

    def scores(
        self, split: np.random.Generator, seed: np.random.Generator | None, test: "Sample | None" = None
    ) -> tuple[float, float]:
        """Return the accuracy of both learners, trained on a part of ``ROWS`` rows, on the others or on ``test``.

        seed: draws the training rows of a learner with replacement; None takes each once.
        """
        order = split.permutation(self.y.size)[:ROWS]
        cut = int(ROWS * TEST_SHARE)
        valid, train = order[:cut], order[cut:]
        x, y = (self.x[valid], self.y[valid]) if test is None else (test.x, test.y)
        halves = slice(FEATURES), slice(FEATURES, None)
        drawn = (train if seed is None else seed.choice(train, train.size) for _ in halves)
        first, second = (self._accuracy(rows, x[:, half], y, half) for rows, half in zip(drawn, halves, strict=True))
        return first, second

    def _accuracy(self, train: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.int64], half: slice) -> float:
        known, labels = self.x[train, half], self.y[train]
        centres = [known[labels == label].mean(axis=0) for label in (0, 1)]
        distances = [((x - centre) ** 2).sum(axis=1) for centre in centres]
        return float(((distances[1] < distances[0]) == y).mean())


DESIGNS = ((1, 5), (1, 10), (5, 1), (10, 1), (5, 2))
"""Splits and seeds on each."""


def resampled(simulations: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield rows: splits, seeds on each, advantage, and how often each test finds a difference.

    mean of seeds: the corrected test of one value for each split.
    """
    for (splits, seeds), advantage in product(DESIGNS, (0.0, 0.2, 0.4)):
        found = {"paired": 0, "corrected": 0, "welch, corrected": 0, "mean of seeds": 0}
        for _ in range(simulations):
            sample = Sample(rng, advantage)
            scores = []
            for state in rng.integers(2**32, size=splits):
                scores += [sample.scores(np.random.default_rng(state), rng) for _ in range(seeds)]
            x, y = ([pair[k] for pair in scores] for k in (0, 1))
            means = [[fmean(of[i : i + seeds]) for i in range(0, len(of), seeds)] for of in (x, y)]
            found["paired"] += significant(paired(x, y).p)
            found["corrected"] += significant(paired(x, y, overlap=OVERLAP).p)
            found["welch, corrected"] += significant(welch(x, y, overlap=OVERLAP).p)
            found["mean of seeds"] += significant(paired(*means, overlap=OVERLAP).p)
        shares = [f"{count / simulations:.3f}" for count in found.values()]
        shares[1:] = ["", "", ""] if splits == 1 else shares[1:]  # seeds on one split have no overlap to correct
        yield (str(splits), str(seeds), f"{advantage:g}", *shares)


POOLS = (ROWS, 10 * ROWS)
"""Rows of which each split takes ``ROWS`` and trains on four fifths of them."""
TEST_ROWS = (80, 500)
PARTS = 20
"""Test parts, with as many simulations on each."""
FRESH = 500
"""Samples of which the truth for a test part is the mean."""


def one_test_part(simulations: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield rows: rows of the pool and of the test part, splits, learner, and coverage of the interval's corrections.

    The truth is the mean difference of the learners over all samples, on this test part; over all test parts it is 0,
    which ``other test parts`` counts.
    """
    trained = int(ROWS * (1 - TEST_SHARE))
    for seeded, pool, size, splits in product((True, False), POOLS, TEST_ROWS, REPLICATES):
        overlaps = {"none": 0.0, "test rows": size / trained, "validation rows": OVERLAP}
        covered = dict.fromkeys([*overlaps, "other test parts"], 0)
        count = simulations // PARTS
        for _ in range(PARTS):
            test = Sample(rng, 0.0, size)
            fresh = [Sample(rng, 0.0).scores(rng, rng if seeded else None, test) for _ in range(FRESH)]
            truth = float(np.mean([x - y for x, y in fresh]))
            for _ in range(count):
                sample = Sample(rng, 0.0, pool)
                x, y = zip(*[sample.scores(rng, rng if seeded else None, test) for _ in range(splits)], strict=True)
                for name, overlap in overlaps.items():
                    covered[name] += _holds(paired(x, y, overlap=overlap), truth)
                covered["other test parts"] += _holds(paired(x, y, overlap=OVERLAP), 0.0)
        shares = [f"{hits / (count * PARTS):.2f}" for hits in covered.values()]
        yield (str(pool), str(size), str(splits), "random" if seeded else "deterministic", *shares)


def _holds(found: MeanDifference, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


def coverage(simulations: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Yield rows: mean, standard deviation, replicates, and coverage and width of three intervals."""
    for (mean, spread), n in product(((0.5, 0.05), (0.9, 0.03), (0.97, 0.02), (0.99, 0.01)), REPLICATES):
        total = mean * (1 - mean) / spread**2 - 1
        intervals: dict[str, list[tuple[float, float]]] = {"t": [], "clipped": [], "logit": []}
        for _ in range(simulations):
            values = rng.beta(mean * total, (1 - mean) * total, size=n).tolist()
            for name, metric in (("t", None), ("clipped", "accuracy")):
                found = estimate(values, metric)
                intervals[name].append((found.low or 0.0, found.high or 0.0))
            intervals["logit"].append(logit_interval(values))
        beyond = np.mean([low < 0 or high > 1 for low, high in intervals["t"]])
        yield (f"{mean:g}", f"{spread:g}", str(n), f"{beyond:.2f}", *(_covered(of, mean) for of in intervals.values()))


def logit_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the t-interval of the values' logits as proportions; values of 0 and 1 are moved inwards."""
    logits = np.log(np.clip(values, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(values, 1e-6, 1 - 1e-6))
    half = stats.t.ppf(1 - ALPHA / 2, len(values) - 1) * stats.sem(logits)
    low, high = (float(1 / (1 + np.exp(-end))) for end in (logits.mean() - half, logits.mean() + half))
    return low, high


def _covered(intervals: Sequence[tuple[float, float]], mean: float) -> str:
    share = np.mean([low <= mean <= high for low, high in intervals])
    return f"{share:.3f} ({np.mean([high - low for low, high in intervals]):.3f})"


def show(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def main() -> None:
    """Print the five tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    show(["n", "effect", "correlation", "paired", "Welch"], correlated_pairs(options.simulations, rng))
    head = ["n", "effect in one group", "in the other", "interaction test", "significant in one only"]
    show(head, two_groups(options.simulations, np.random.default_rng(options.seed)))
    head = ["splits", "seeds", "advantage", "paired", "corrected", "Welch, corrected", "corrected, mean of seeds"]
    show(head, resampled(options.simulations, rng))
    corrections = ["not corrected", "by test rows", "by validation rows", "by validation rows, other test parts"]
    head = ["rows", "test rows", "splits", "learners", *corrections]
    show(head, one_test_part(options.simulations, np.random.default_rng(options.seed)))
    head = ["mean", "sd", "n", "beyond 1", "t", "clipped", "logit"]
    show(head, coverage(options.simulations, rng))


if __name__ == "__main__":
    main()
