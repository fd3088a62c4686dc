"""Number of trials of a campaign, and changes of its comparison between launches."""

import pytest
from factories import campaign
from simulated import simulate

from search_spaces.errors import SpaceError
from tuning.campaign.config import ComparisonOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import plan, planned_trials
from tuning.campaign.resume import resumed
from tuning.campaign.space import campaign_space
from tuning.journal.events import Launched
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.record import apply

COUNTED = {"hidden": 62, "blocks": 1, "plateau_factor": 0.1, "dropout": 0.1}
"""Leaves batch_size (3), layers (3) and balance (2) of cnn2d: 18 points."""


def planned(**search):
    config = campaign(space__fix=COUNTED, search={"trials": None, **search})
    return planned_trials(config, campaign_space(config))


def test_what_the_files_training_makes_meaningless_is_not_searched():
    assert "train.plateau_factor" in campaign_space(campaign()).dimensions
    assert "train.plateau_factor" not in campaign_space(campaign(train__scheduler="cosine")).dimensions


@pytest.mark.parametrize(
    ("search", "trials"),
    [
        ({}, 50),
        ({"trials": 7}, 7),
        ({"algorithm": "random", "replicates": 5}, 50),
        ({"replicates": 3}, 48),
        ({"replicates": 60}, 60),
        ({"replicates": 3, "trials": 9}, 9),
        ({"algorithm": "grid"}, 18),
        ({"algorithm": "grid", "replicates": 5}, 90),
        ({"algorithm": "grid", "replicates": 5, "trials": 10}, 10),
    ],
)
def test_a_campaign_has_as_many_trials_as_its_file_says_or_as_are_whole(search, trials):
    assert planned(**search) == trials


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"trials": 7, "replicates": 3}, r"no multiple of search\.replicates = 3.* Set search\.trials to 9"),
        ({"algorithm": "grid", "trials": 19}, r"the grid has 18 points.* Set search\.trials <= 18, or leave it out"),
        ({"algorithm": "grid", "trials": 92, "replicates": 2}, r"search\.replicates = 2 that is 36 trials"),
    ],
)
def test_a_number_that_cannot_be_is_refused(search, message):
    with pytest.raises(CampaignError, match=message):
        planned(**search)


def test_a_grid_over_a_continuous_dimension_is_refused():
    config = campaign(search={"algorithm": "grid"})
    with pytest.raises(SpaceError, match=r"model\.dropout"):
        planned_trials(config, campaign_space(config))


def test_an_opened_campaign_of_unknown_length_aims_at_nothing_yet(tmp_path):
    record = simulate(Home(tmp_path), campaign(search__trials=2))
    record.launches.clear()
    assert record.target == 2
    record.config = campaign(search__trials=None)
    assert record.target == 0


QUESTION = ComparisonOptions(question="Does the rate matter?", factor="dropout")
COMPARISONS = (None, QUESTION, QUESTION.model_copy(update={"response": "best_epoch", "by": "batch_size"}))


@pytest.mark.parametrize("before", COMPARISONS)
@pytest.mark.parametrize("now", COMPARISONS)
def test_a_comparison_may_be_added_changed_and_removed_between_launches(before, now):
    opened = plan(campaign(search__trials=2, comparison=before)).complete
    later = plan(campaign(search__trials=2, comparison=now))
    assert resumed(later, opened, trials=2) == later


def test_a_record_has_the_comparison_of_the_latest_launch_that_had_one(tmp_path):
    record = simulate(Home(tmp_path), campaign(search__trials=2))
    environment = record.launches[-1].environment
    for comparison in (QUESTION, None):
        apply(record, Entry(99, 9.0, Launched(environment=environment, trials=2, comparison=comparison)))
        assert record.config.comparison == QUESTION
