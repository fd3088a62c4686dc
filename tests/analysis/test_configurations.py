"""Configurations: their replicates, their means, and their order."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import Run, record, table

from tuning.analysis.configurations import Configuration, configurations
from tuning.analysis.selection import WEIGHTS_KEPT, best_configurations, kept_weights
from tuning.analysis.statistics import estimate, quantile
from tuning.journal.record import CampaignRecord


def summary(ranked: list[Configuration]) -> list[tuple[list[int], int, int]]:
    """Replicates, how many of them completed, and how many are planned."""
    return [([trial.index for trial in c.trials], c.n, c.replicates) for c in ranked]


def replicated(runs: list[Run], count: int, **changes: Any) -> CampaignRecord:
    return record(runs, search__replicates=count, **changes)


def test_without_replicates_there_are_none() -> None:
    assert configurations(record(table({"gru": [0.5], "lstm": [0.6]}))) == []


def test_configurations_are_ranked_by_mean_and_not_by_best_trial() -> None:
    ranked = configurations(replicated(table({"lucky": [0.1, 0.9], "steady": [0.6, 0.6], "weak": [0.2, 0.2]}), 2))
    assert [c.mean for c in ranked] == [pytest.approx(mean) for mean in (0.6, 0.5, 0.2)]
    assert summary(ranked) == [([2, 3], 2, 2), ([0, 1], 2, 2), ([4, 5], 2, 2)]


def test_the_lowest_mean_is_first_if_the_objective_is_minimised() -> None:
    runs = table({"one": [0.3, 0.5], "other": [0.2, 0.3]})
    assert summary(configurations(replicated(runs, 2, metric="loss"))) == [([2, 3], 2, 2), ([0, 1], 2, 2)]


def test_the_interval_is_clipped_to_the_range_of_the_objective() -> None:
    (configuration,) = configurations(replicated(table({"gru": [0.5, 0.8, 0.6]}), 3))
    free = estimate([0.5, 0.8, 0.6])
    assert (configuration.mean, configuration.low) == (free.mean, free.low)
    assert free.high == pytest.approx(1.0128, abs=1e-4)
    assert (configuration.high, configuration.clipped) == (1.0, True)


def test_the_interval_of_an_unbounded_objective_is_not_clipped() -> None:
    (configuration,) = configurations(replicated(table({"gru": [0.5, 0.8, 0.6]}), 3, metric="rmse"))
    free = estimate([0.5, 0.8, 0.6])
    assert (configuration.low, configuration.high, configuration.clipped) == (free.low, free.high, False)


@given(st.permutations([0.5, 0.25, 0.75]))
def test_equal_means_are_in_trial_order(scores: list[float]) -> None:
    ranked = configurations(replicated(table({"a": [0.75, 0.5, 0.25], "b": scores, "c": [0.9, 0.9, 0.9]}), 3))
    assert [trials[0] for trials, _, _ in summary(ranked)] == [6, 0, 3]


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_a_configuration_without_one_replicate_is_ranked_after_complete_ones(status: str) -> None:
    runs = table({"lucky": [0.9, 0.9, 0.9], "whole": [0.5, 0.5, 0.5]})
    runs[1] = replace(runs[1], status=status, reason="out of memory")
    ranked = configurations(replicated(runs, 3))
    assert summary(ranked) == [([3, 4, 5], 3, 3), ([0, 1, 2], 2, 3)]
    assert [c.complete for c in ranked] == [True, False]
    assert ranked[1].mean == 0.9


def test_incomplete_configurations_are_ranked_by_completed_replicates() -> None:
    runs = table({"one": [0.9, 0.0, 0.0], "two": [0.5, 0.6, 0.0]})
    for k in (1, 2, 5):
        runs[k] = replace(runs[k], status="failed")
    assert summary(configurations(replicated(runs, 3))) == [([3, 4, 5], 2, 3), ([0, 1, 2], 1, 3)]


def test_a_running_configuration_is_incomplete_and_left_out_without_a_result() -> None:
    runs = table({"whole": [0.5, 0.5], "begun": [0.9, 0.9], "waiting": [0.9]})
    runs[3] = replace(runs[3], score=None)
    runs[4] = replace(runs[4], score=None)
    ranked = configurations(replicated(runs, 2, search__trials=6))
    assert summary(ranked) == [([0, 1], 2, 2), ([2, 3], 1, 2)]
    assert (ranked[1].low, ranked[1].high) == (None, None)


def test_a_configuration_without_all_its_replicates_is_incomplete() -> None:
    ranked = configurations(replicated(table({"gru": [0.5, 0.6, 0.7, 0.8]}), 3, search__trials=6))
    assert summary(ranked) == [([0, 1, 2], 3, 3), ([3], 1, 3)]


def test_a_repeated_configuration_has_the_replicates_of_both() -> None:
    runs = table({"a": [0.2, 0.4], "b": [0.5, 0.5]})
    runs += [Run(settings={"model.cell": "a"}, seed=2 + k, score=0.9, same_as=k) for k in (0, 1)]
    ranked = configurations(replicated(runs, 2))
    assert summary(ranked) == [([0, 1, 4, 5], 4, 4), ([2, 3], 2, 2)]
    assert ranked[0].mean == pytest.approx(0.6)


def test_a_complete_configuration_stays_complete_while_further_replicates_run() -> None:
    runs = table({"a": [0.6, 0.6], "b": [0.5, 0.5]})
    runs.append(Run(settings={"model.cell": "a"}, seed=2, score=None, same_as=0))
    ranked = configurations(replicated(runs, 2, search__trials=6))
    assert summary(ranked) == [([0, 1, 4], 2, 4), ([2, 3], 2, 2)]
    assert ranked[0].complete


def test_a_reused_result_counts_once() -> None:
    runs = table({"a": [0.2, 0.4]})
    runs += [replace(run, same_as=k, reused=True) for k, run in enumerate(runs)]
    assert summary(configurations(replicated(runs, 2))) == [([0, 1], 2, 2)]


def test_a_configuration_whose_mean_is_zero_is_ranked() -> None:
    runs = table({"a": [0.0, 0.0], "b": [0.5, 0.5]})
    assert summary(configurations(replicated(runs, 2))) == [([2, 3], 2, 2), ([0, 1], 2, 2)]


ROW = st.lists(
    st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.sampled_from(["completed", "failed", "stopped"])),
    min_size=3,
    max_size=3,
)


@settings(max_examples=25)
@given(rows=st.lists(ROW, min_size=1, max_size=WEIGHTS_KEPT + 2), running=st.booleans())
def test_kept_weights_have_the_order_of_configurations_without_their_intervals(
    rows: list[list[tuple[float, str]]], *, running: bool
) -> None:
    runs = [
        Run(settings={"model.dropout": k / 100}, seed=r, score=score, status=status)
        for k, row in enumerate(rows)
        for r, (score, status) in enumerate(row)
    ]
    if running:
        runs[-1] = replace(runs[-1], score=None)
    journal = replicated(runs, 3)
    quantile.cache_clear()
    kept, best = kept_weights(journal), best_configurations(journal, len(rows))
    assert quantile.cache_info().currsize == 0
    ranked = [c.completed[0].index for c in configurations(journal)]
    assert [trial.index for trial in best] == ranked
    begun = {(len(rows) - 1) * 3, (len(rows) - 1) * 3 + 1} if running else set()
    assert set(ranked[:WEIGHTS_KEPT]) <= kept <= set(ranked[:WEIGHTS_KEPT]) | begun
