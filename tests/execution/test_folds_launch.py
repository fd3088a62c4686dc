"""Folds and splits on real Ray workers: launched, reproduced, confirmed."""

import numpy as np
import pytest
from factories import campaign, csv_table

from data.prepare import prepare
from data.prepared import open_arrays
from tuning.analysis.confirmation import confirmation_summary
from tuning.campaign.plan import plan
from tuning.execution.confirm import confirm
from tuning.execution.launch import launch
from tuning.execution.ray_session import session
from tuning.execution.reproduce import reproduce
from tuning.journal.home import Home

pytestmark = pytest.mark.ray


def quiet(_message):
    pass


@pytest.mark.parametrize("word", ["fold", "split"])
def test_folds_and_splits_are_launched_reproduced_and_confirmed(tmp_path, word):
    table = csv_table(tmp_path / "table.csv")
    home = Home(tmp_path / "home")
    config = campaign(
        **{f"data__{word}s": 2}, data__dataset=str(table), data__balance="raw", search__replicates=2, search__trials=4
    )
    with session(config.resources):
        record = launch(plan(config), home=home, datasets=None, progress=quiet)
        done = confirm(home, "tiny", top=1, seeds=3, datasets=None, progress=quiet)
    assert [record.trials[k].config.data.fold for k in range(4)] == [1, 2, 1, 2]
    validated = [
        open_arrays(prepare(record.trials[k].config.data, datasets=None, store=home.arrays).directory).valid
        for k in range(2)
    ]
    for k, trial in record.trials.items():
        assert trial.status == "completed"
        assert [sum(row) for row in trial.result.confusion] == np.bincount(validated[k % 2].y).tolist()
    again = reproduce(
        record.recorded(record.trials[1]), home=home, datasets=None, on_epoch=lambda _: None, progress=quiet
    )
    assert again.verdict == "exact"
    summary = confirmation_summary(done.campaign, done.confirmation)
    assert [t.config.data.fold for _, t in sorted(done.confirmation.trials.items())] == [1, 2, 1]
    assert summary.units == f"{word}s"
    assert any("overlap" in note for note in summary.notes)
