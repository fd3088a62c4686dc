"""Configurations: which trials are whose replicates, and whose mean stands before whose."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_journals import Run, record, table

from tuning.configurations import Configuration, configurations
from tuning.paired import estimate
from tuning.record import CampaignRecord


def story(found: list[Configuration]) -> list[tuple[list[int], int, int]]:
    """Replicates, how many of them completed, and how many there are to be."""
    return [([trial.config.index for trial in one.trials], one.n, one.replicates) for one in found]


def replicated(runs: list[Run], count: int, **changes: object) -> CampaignRecord:
    return record(runs, search__replicates=count, **changes)


def test_without_replicates_there_are_none() -> None:
    assert configurations(record(table({"gru": [0.5], "lstm": [0.6]}))) == []


def test_the_best_mean_stands_first_and_not_the_best_trial() -> None:
    found = configurations(replicated(table({"lucky": [0.1, 0.9], "steady": [0.6, 0.6], "weak": [0.2, 0.2]}), 2))
    assert [one.mean for one in found] == [pytest.approx(mean) for mean in (0.6, 0.5, 0.2)]
    assert story(found) == [([2, 3], 2, 2), ([0, 1], 2, 2), ([4, 5], 2, 2)]


def test_the_lowest_mean_stands_first_where_the_objective_is_minimised() -> None:
    runs = table({"one": [0.3, 0.5], "other": [0.2, 0.3]})
    assert story(configurations(replicated(runs, 2, metric="loss"))) == [([2, 3], 2, 2), ([0, 1], 2, 2)]


def test_the_interval_is_that_of_the_studies() -> None:
    (one,) = configurations(replicated(table({"gru": [0.5, 0.8, 0.6]}), 3))
    known = estimate([0.5, 0.8, 0.6])
    assert (one.mean, one.low, one.high) == (known.mean, known.low, known.high)


@given(st.permutations([0.5, 0.25, 0.75]))
def test_equal_means_stand_in_trial_order(scores: list[float]) -> None:
    found = configurations(replicated(table({"a": [0.75, 0.5, 0.25], "b": scores, "c": [0.9, 0.9, 0.9]}), 3))
    assert [trials[0] for trials, _, _ in story(found)] == [6, 0, 3]


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_a_configuration_that_lost_a_replicate_stands_after_the_complete_ones(status: str) -> None:
    runs = table({"lucky": [0.9, 0.9, 0.9], "whole": [0.5, 0.5, 0.5]})
    runs[1] = replace(runs[1], status=status, reason="out of memory")
    found = configurations(replicated(runs, 3))
    assert story(found) == [([3, 4, 5], 3, 3), ([0, 1, 2], 2, 3)]
    assert [one.complete for one in found] == [True, False]
    assert found[1].mean == 0.9


def test_of_incomplete_configurations_the_one_with_more_replicates_stands_first() -> None:
    runs = table({"one": [0.9, 0.0, 0.0], "two": [0.5, 0.6, 0.0]})
    for k in (1, 2, 5):
        runs[k] = replace(runs[k], status="failed")
    assert story(configurations(replicated(runs, 3))) == [([3, 4, 5], 2, 3), ([0, 1, 2], 1, 3)]


def test_a_configuration_under_way_is_incomplete_and_one_without_a_result_is_none_yet() -> None:
    runs = table({"whole": [0.5, 0.5], "begun": [0.9, 0.9], "waiting": [0.9]})
    runs[3] = replace(runs[3], score=None)
    runs[4] = replace(runs[4], score=None)
    found = configurations(replicated(runs, 2, search__trials=6))
    assert story(found) == [([0, 1], 2, 2), ([2, 3], 1, 2)]
    assert (found[1].low, found[1].high) == (None, None)


def test_replicates_that_were_not_suggested_yet_are_missing() -> None:
    found = configurations(replicated(table({"gru": [0.5, 0.6, 0.7, 0.8]}), 3, search__trials=6))
    assert story(found) == [([0, 1, 2], 3, 3), ([3], 1, 3)]


def test_a_repeated_configuration_has_the_further_replicates_too() -> None:
    runs = table({"a": [0.2, 0.4], "b": [0.5, 0.5]})
    runs += [Run(settings={"model.cell": "a"}, seed=2 + k, score=0.9, same_as=k) for k in (0, 1)]
    found = configurations(replicated(runs, 2))
    assert story(found) == [([0, 1, 4, 5], 4, 4), ([2, 3], 2, 2)]
    assert found[0].mean == pytest.approx(0.6)


def test_further_replicates_under_way_take_nothing_from_a_complete_configuration() -> None:
    runs = table({"a": [0.6, 0.6], "b": [0.5, 0.5]})
    runs.append(Run(settings={"model.cell": "a"}, seed=2, score=None, same_as=0))
    found = configurations(replicated(runs, 2, search__trials=6))
    assert story(found) == [([0, 1, 4], 2, 4), ([2, 3], 2, 2)]
    assert found[0].complete


def test_a_result_that_was_taken_over_counts_once() -> None:
    runs = table({"a": [0.2, 0.4]})
    runs += [replace(run, same_as=k, reused=True) for k, run in enumerate(runs)]
    assert story(configurations(replicated(runs, 2))) == [([0, 1], 2, 2)]


def test_a_configuration_whose_mean_is_zero_is_ranked() -> None:
    runs = table({"a": [0.0, 0.0], "b": [0.5, 0.5]})
    assert story(configurations(replicated(runs, 2))) == [([2, 3], 2, 2), ([0, 1], 2, 2)]
