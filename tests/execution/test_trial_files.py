"""Which files of its trials a campaign keeps."""

import pytest
from factories import campaign
from journals import ENVIRONMENT, Run, folded, record, result, trial_events

from tuning.analysis.selection import WEIGHTS_KEPT, best_configurations
from tuning.execution.trial_files import TrialFiles
from tuning.journal.events import Ended, Opened
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.record import apply
from tuning.training.files import CHECKPOINT, WEIGHTS


@pytest.mark.parametrize("stopped", [3, WEIGHTS_KEPT + 2])
def test_weights_of_the_best_stay_and_no_checkpoint_does(tmp_path, stopped):
    home = Home(tmp_path)
    told = folded([Opened(config=campaign(name="n"), dimensions={}, data={})])
    files = TrialFiles(home, told)
    ranked: list[int] = []
    for k in range(WEIGHTS_KEPT + 5):
        for name in (CHECKPOINT, WEIGHTS):
            path = home.trial("n", k) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        *events, end = trial_events("n", k, k / 100)  # each better than the one before
        if k == stopped:  # it ranks nowhere
            end = end.model_copy(update={"result": result(1.0, status="stopped")})
        else:
            ranked.insert(0, k)
        for n, event in enumerate([*events, end]):
            apply(told, Entry(n, float(n), event))
        files.ended(told, k)
    kept = sorted(int(path.parent.name[1:]) for path in tmp_path.rglob(WEIGHTS))
    assert kept == sorted(ranked[:WEIGHTS_KEPT])
    assert not list(tmp_path.rglob(CHECKPOINT))


def files_of(home, name, index):
    folder = home.trial(name, index)
    folder.mkdir(parents=True, exist_ok=True)
    return [folder / CHECKPOINT, folder / WEIGHTS, folder / f".{CHECKPOINT}.4711", folder / f".{WEIGHTS}.4711"]


def test_a_launch_removes_what_killed_processes_left(tmp_path):
    home = Home(tmp_path)
    scores = [k / 100 for k in range(WEIGHTS_KEPT + 2)]
    runs = [Run(settings={"model.dropout": 0.1}, seed=k, score=score) for k, score in enumerate([*scores, None])]
    campaign_record = record(runs)
    running = len(scores)
    for k in range(running + 1):
        for path in files_of(home, "tiny", k):
            path.touch()
    files = TrialFiles(home, campaign_record)
    assert sorted(path.parent.name for path in tmp_path.rglob(CHECKPOINT)) == [f"t{running:03d}"]  # to go on from
    assert not list(tmp_path.rglob(".*"))
    apply(campaign_record, Entry(0, 0.0, Ended(trial=running, result=result(1.0), environment=ENVIRONMENT)))
    files.ended(campaign_record, running)
    # The two worst have weights because somebody reproduced them; those of the third are no longer kept.
    assert {path.parent.name for path in tmp_path.rglob(WEIGHTS)} == {f"t{k:03d}" for k in range(running + 1) if k != 2}


def test_with_replicates_the_weights_of_the_exported_trials_are_kept(tmp_path):
    home = Home(tmp_path)
    # The best single trials are second replicates; all configurations have one mean.
    scores = [(0.1 + k / 100, 0.9 - k / 100) for k in range(WEIGHTS_KEPT + 3)]
    runs = [
        Run(settings={"model.dropout": k / 100}, seed=r, score=score)
        for k, pair in enumerate([*scores, (0.7, None)])
        for r, score in enumerate(pair)
    ]
    told = [record(runs[: k + 1], search__replicates=2, search__trials=len(runs)) for k in range(len(runs))]
    files = TrialFiles(home, told[0])
    for k in range(len(runs)):
        for path in files_of(home, "tiny", k):
            path.touch()
        if told[k].trials[k].result is not None:
            files.ended(told[k], k)
    replicated = told[-1]
    kept = {int(path.parent.name[1:]) for path in tmp_path.rglob(WEIGHTS)}
    exported = {trial.index for trial in best_configurations(replicated, WEIGHTS_KEPT)}
    assert exported <= kept
    lacking, running = len(runs) - 2, len(runs) - 1
    assert kept == exported | {lacking, running}
