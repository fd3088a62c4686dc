"""What a launch starts is compared with the machine, before anything is read or written."""

import pytest
from factories import campaign, csv_table, trial

from data.machine import cores
from data.prepare import prepare
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import plan
from tuning.campaign.variants import variants
from tuning.execution.launch import launch
from tuning.execution.worker import TrialWorker
from tuning.journal.home import Home
from tuning.training.environment import MOST_THREADS, THREADS_PER_CORE, check_threads

ALLOWED = max(MOST_THREADS, THREADS_PER_CORE * cores())


def test_as_many_threads_as_allowed_are_allowed():
    check_threads(ALLOWED)
    check_threads(ALLOWED // 4, concurrency=4)


def test_a_trial_whose_model_does_not_fit_fails_and_its_worker_lives(tmp_path):
    table = csv_table(tmp_path / "table.csv")
    data = variants(campaign(data__dataset=str(table), data__balance="raw"))["raw"]
    prepared = prepare(data, datasets=None, store=tmp_path / "arrays")
    large = trial(data=data, data_sha256=prepared.sha256, model__hidden=60_000)
    result = TrialWorker(large, prepared.directory, tmp_path / "trial").step().result
    assert result is not None
    assert result.status == "failed"
    assert "this machine has" in result.reason


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ({"threads": 1024, "concurrency": 1}, r"resources\.threads = 1024 threads"),
        ({"concurrency": 1024}, r"concurrency = 1024 trials with resources\.threads = 1 each: 1024 threads"),
        ({"concurrency": 32, "threads": 32}, "32 trials with .* 32 each: 1024 threads"),
    ],
)
@pytest.mark.skipif(ALLOWED >= 1024, reason="has more cores than these limits")
def test_a_launch_with_many_times_more_threads_than_cores_leaves_nothing(tmp_path, resources, problem):
    config = campaign(resources=resources, search={"trials": 2, "window": 1024})
    with pytest.raises(CampaignError, match=problem):
        launch(plan(config), home=Home(tmp_path / "home"), datasets=None, progress=print)
    assert list(tmp_path.iterdir()) == []
