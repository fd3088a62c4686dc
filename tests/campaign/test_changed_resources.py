"""Resources that a confirmation changes: those that may change between launches, and no others."""

import pytest

from tuning.campaign.config import ResourceOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.resume import changed_resources

OF_A_CLUSTER = ResourceOptions(address="10.0.0.1:6379", concurrency=16, trial_wall_s=60.0, threads=2)


def test_settings_change_and_remove_resources() -> None:
    settings = ["resources.trial_wall_s=600.0", "resources.address=", "resources.concurrency=1"]
    changed = changed_resources(OF_A_CLUSTER, settings)
    assert changed == ResourceOptions(concurrency=1, trial_wall_s=600.0, threads=2)
    assert changed_resources(OF_A_CLUSTER, []) == OF_A_CLUSTER


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "resources.threads=1",
            r"--set resources\.threads=1: only resources\.concurrency, resources\.address, .* change",
        ),
        ("search.window=4", r"--set search\.window=4: only resources\.concurrency"),
        ("resources.gpus=", r"--set resources\.gpus=: resources\.gpus is not set, so it cannot be removed"),
        ("resources.concurrency=0", r"--set resources\.concurrency = 0: must be .*1"),
        ("resources.concurency=1", r"--set resources\.concurency=1: only resources\.concurrency"),
    ],
)
def test_what_may_not_change_is_refused(setting: str, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        changed_resources(OF_A_CLUSTER, [setting])
