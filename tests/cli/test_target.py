"""A recorded trial by its number or seed."""

import pytest
from factories import campaign
from simulated import simulate

from tuning.campaign.errors import RecordError
from tuning.cli.target import find
from tuning.journal.home import Home


def launched(folder, **changes):
    """A campaign of six trials that has ended."""
    config = campaign(search__trials=6, search__algorithm="random", **changes)
    home = Home(folder)
    return home, simulate(home, config)


def test_a_seed_of_its_own_finds_its_trial(tmp_path):
    home, record = launched(tmp_path)
    assert find(home, "tiny", seed=record.trials[4].config.seed).recorded.config.index == 4


def test_a_seed_that_replicates_share_is_refused_with_their_trials(tmp_path):
    home, record = launched(tmp_path, search__replicates=2)
    seed = record.trials[1].config.seed
    with pytest.raises(RecordError) as caught:
        find(home, "tiny", seed=seed)
    assert str(caught.value) == (
        f"campaign 'tiny': seed {seed} belongs to t001, t003, t005, replicates of different configurations. "
        "Write --trial K"
    )
    assert find(home, "tiny", trial=3).recorded.config.seed == seed


def test_a_rank_finds_the_trial_that_top_shows_there(tmp_path):
    home, record = launched(tmp_path)
    ranked = record.ranked()
    for rank in (1, 3):
        assert find(home, "tiny", rank=rank).recorded.config == ranked[rank - 1].config
    with pytest.raises(RecordError, match=rf"campaign 'tiny': no rank 9; it has {len(ranked)}"):
        find(home, "tiny", rank=9)
    with pytest.raises(RecordError, match="--trial and --rank exclude each other"):
        find(home, "tiny", trial=1, rank=1)


def test_a_seed_that_no_trial_has_is_refused(tmp_path):
    home, _ = launched(tmp_path)
    with pytest.raises(RecordError, match="no trial with seed 1"):
        find(home, "tiny", seed=1)
