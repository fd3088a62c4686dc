"""Predicted idle time of workers, and the window that is recommended."""

import pytest
from factories import campaign

from tuning.campaign.plan import plan
from tuning.search.idle import idle_advice, idle_share, recommended_window


def test_trials_of_one_length_leave_no_worker_idle():
    assert idle_share(8, 8, 100, lengths=[1.0]) == 0.0


def test_one_worker_never_waits():
    assert idle_share(1, 1, 100) == 0.0


def test_nothing_waits_in_a_campaign_of_one_window():
    assert idle_share(8, 100, 100) == 0.0


@pytest.mark.parametrize("concurrency", [2, 8, 64])
def test_a_wider_window_leaves_less_idle_time(concurrency):
    shares = [idle_share(concurrency, ratio * concurrency, 10 * concurrency) for ratio in (1, 2, 3, 4)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.15
    assert shares[-1] == pytest.approx(0.0, abs=1e-9)


def test_the_recommended_window_is_two_to_three_times_the_workers():
    assert [recommended_window(workers) for workers in (1, 2, 8, 64, 1024)] == [2, 4, 24, 192, 3072]


def test_advice_names_idle_share_and_window():
    advice = idle_advice(plan(campaign(search__trials=100, search__window=8, resources__concurrency=8)))
    assert advice is not None
    assert advice.startswith("search.window = 8 with resources.concurrency = 8: workers will idle about 4")
    assert "Recommended: search.window = 24 (about 1 %)" in advice
    assert "\n" not in advice


@pytest.mark.parametrize(("trials", "window", "concurrency"), [(50, 8, 2), (100, 24, 8), (16, 8, 8), (100, 8, 1)])
def test_there_is_no_advice_where_none_would_help(trials, window, concurrency):
    """Wide enough, or so short that most suggestions would be made without results."""
    config = campaign(search__trials=trials, search__window=window, resources__concurrency=concurrency)
    assert idle_advice(plan(config)) is None
