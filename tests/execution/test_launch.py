"""Whole campaigns on real Ray workers: the promises on sameness."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from factories import campaign, csv_table
from own_code_files import load

from tuning.campaign.config import BudgetOptions, ComparisonOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import plan
from tuning.execution import ray_tune
from tuning.execution.driver import LaunchInterrupted
from tuning.execution.launch import launch
from tuning.execution.ray_session import session
from tuning.execution.reproduce import reproduce
from tuning.journal.home import Home
from tuning.training.results import MEASURED, TrialResult

pytestmark = pytest.mark.ray

TABLE = csv_table(Path(tempfile.mkdtemp(prefix="seqtune-tests-")) / "table.csv")


def tiny(**changes):
    return campaign(data__dataset=str(TABLE), search__trials=5, train__epochs=3, **changes)


CONFIG = tiny()


def quiet(_message):
    pass


def digest(record):
    """Suggestions, curves, weights and leaderboard; all but the clock."""
    rows = [
        (
            k,
            trial.config.model_dump(mode="json"),
            [r.model_dump(mode="json", exclude={"seconds"}) for r in trial.epochs],
            trial.result.model_dump(mode="json", exclude=MEASURED),
        )
        for k, trial in sorted(record.trials.items())
    ]
    board = [trial.config.index for trial in record.ranked()]
    return hashlib.sha256(json.dumps([rows, board], sort_keys=True).encode()).hexdigest()


@pytest.fixture(scope="module", autouse=True)
def one_ray():
    """Ray takes seconds to start: the launches of this process share one."""
    with session(CONFIG.resources):
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    return launch(plan(CONFIG), home=home, datasets=None, progress=quiet), home


def one_worker(config):
    return config.model_copy(update={"resources": config.resources.model_copy(update={"concurrency": 1})})


def test_a_campaign_is_the_same_on_one_worker_and_on_two(tmp_path, undisturbed):
    again = launch(plan(one_worker(CONFIG)), home=Home(tmp_path), datasets=None, progress=quiet)
    assert digest(again) == digest(undisturbed[0])


def test_a_warm_start_needs_its_source_once(tmp_path, undisturbed):
    """Resumed on another number of workers without the source, and reproduced: as a campaign that never stopped."""

    def warm(folder, name, concurrency, trials):
        config = tiny(name=name, search__warm_start=["tiny"], resources__concurrency=concurrency)
        config = config.model_copy(update={"search": config.search.model_copy(update={"trials": trials})})
        return launch(plan(config), home=Home(folder), datasets=None, progress=quiet)

    for folder in ("whole", "stopped"):
        shutil.copytree(undisturbed[1].path, tmp_path / folder)
    whole = warm(tmp_path / "whole", "warm", 2, 4)
    assert len(whole.warm_start[0].results) == 5
    assert [t.assignment for t in whole.trials.values()] != [t.assignment for t in undisturbed[0].trials.values()][:4]
    warm(tmp_path / "stopped", "warm", 1, 2)
    home = Home(tmp_path / "stopped")
    home.delete("tiny")
    assert digest(warm(home.path, "warm", 1, 4)) == digest(whole)
    trial = home.record("warm").ranked()[0]
    again = reproduce(
        home.record("warm").recorded(trial), home=home, datasets=None, on_epoch=lambda _: None, progress=quiet
    )
    assert again.verdict == "exact"


def test_every_trial_completes_and_weights_lie_beside_the_journal(undisturbed):
    record, home = undisturbed
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 5
    assert record.finished_at is not None
    for trial in record.ranked():
        folder = home.trial("tiny", trial.config.index)
        assert sorted(path.name for path in folder.iterdir()) == ["weights.safetensors"]


def test_the_journal_alone_tells_the_same(undisturbed):
    record, home = undisturbed
    assert digest(home.record("tiny")) == digest(record)


def test_launching_a_finished_campaign_again_trains_nothing(undisturbed):
    record, home = undisturbed
    before = home.journal("tiny").read_bytes()
    assert digest(launch(plan(CONFIG), home=home, datasets=None, progress=quiet)) == digest(record)
    assert home.journal("tiny").read_bytes() == before


def test_a_question_put_to_a_finished_campaign_is_recorded_and_trains_nothing(tmp_path, undisturbed):
    home = Home(tmp_path)
    shutil.copytree(undisturbed[1].path, home.path, dirs_exist_ok=True)
    question = ComparisonOptions(question="Which rate?", factor="plateau_factor")
    asked = CONFIG.model_copy(update={"comparison": question})
    record = launch(plan(asked), home=home, datasets=None, progress=quiet)
    assert record.finished_at is not None
    assert digest(record) == digest(undisturbed[0])
    assert home.record("tiny").config.comparison == question
    before = home.journal("tiny").read_bytes()
    launch(plan(asked), home=home, datasets=None, progress=quiet)
    assert home.journal("tiny").read_bytes() == before


def test_windows_of_a_series_are_searched_by_their_error(tmp_path):
    config = campaign(
        data={"dataset": "mackey-glass", "split": "chronological", "window": [8, 16], "max_rows": 300},
        search={"trials": 3, "window": 3, "algorithm": "random"},
        objective__metric="rmse",
        train__epochs=1,
    )
    record = launch(plan(config), home=Home(tmp_path), datasets=None, progress=quiet)
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 3
    assert {variant: data.steps for variant, data in record.data.items()} == {"raw window=8": 8, "raw window=16": 16}
    for data in record.data.values():
        assert (data.classes, list(data.train), data.epoch) == ((), ["rows"], data.train)
    for trial in record.trials.values():
        assert trial.config.data_sha256 == record.data[f"raw window={trial.assignment['data.window']}"].sha256
        assert trial.result.objective == trial.result.best_metrics["rmse"]
        assert trial.result.confusion == []


def test_another_file_under_the_same_name_is_refused_with_the_difference(undisturbed):
    home = undisturbed[1]
    before = home.journal("tiny").read_bytes()
    with pytest.raises(CampaignError, match=r"objective\.metric: recall_macro -> accuracy"):
        launch(plan(tiny(objective__metric="accuracy")), home=home, datasets=None, progress=quiet)
    assert home.journal("tiny").read_bytes() == before


def test_two_launches_of_one_campaign_at_once_are_refused(tmp_path):
    home = Home(tmp_path)
    with home.locked("tiny"), pytest.raises(CampaignError, match="being run by another process"):
        launch(plan(CONFIG), home=home, datasets=None, progress=quiet)
    assert not home.journal("tiny").exists()


LAUNCH = """
import sys; sys.path.insert(0, "tests")
from pathlib import Path
from factories import campaign, csv_table
from tuning.journal.home import Home
from tuning.campaign.plan import plan
from tuning.execution.launch import launch
if __name__ == "__main__":
    config = campaign(data__dataset=sys.argv[2], search__trials=5, train__epochs=3)
    def show(record, entry): print(entry.event.kind, flush=True)
    home = Home(Path(sys.argv[1]))
    record = launch(plan(config), home=home, datasets=None, observers=[show], progress=lambda _: None)
    print("finished" if record.finished_at else record.interruptions[-1].reason, flush=True)
"""


def launched(home):
    return subprocess.Popen([sys.executable, "-c", LAUNCH, str(home), str(TABLE)], stdout=subprocess.PIPE, text=True)


def wait_for(process, kind, count):
    for line in process.stdout:
        count -= line.strip() == kind
        if count == 0:
            return
    pytest.fail(f"the launch ended before its event {kind}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_launch_that_is_ended_goes_on_and_comes_out_the_same(tmp_path, undisturbed, number):
    with launched(tmp_path) as process:
        wait_for(process, "epoch", 3)
        process.send_signal(number)
        rest = process.stdout.read()
    record = Home(tmp_path).record("tiny")
    assert record.finished_at is None
    if number == signal.SIGINT:
        assert process.returncode == 0
        assert rest.strip().endswith("interrupted by the user")
    done = {k: t for k, t in record.trials.items() if t.result}
    continued = launch(plan(CONFIG), home=Home(tmp_path), datasets=None, progress=quiet)
    assert digest(continued) == digest(undisturbed[0])
    assert all(continued.trials[k].attempts == t.attempts for k, t in done.items())


@pytest.mark.parametrize(
    ("kind", "trial"),
    [
        ("epoch", 0),
        ("suggestion", 2),  # one worker trains, the other is between two trials: Ray counts its death twice
        ("end", 3),
    ],
)
def test_killed_workers_are_replaced_unseen_by_the_search(tmp_path, undisturbed, kind, trial):
    killed: list[int] = []

    def kill_all(_record, entry):
        index = getattr(entry.event, "trial", None)
        if entry.event.kind == kind and getattr(index, "index", index) == trial and not killed:
            killed.extend(kill_workers())

    record = launch(plan(CONFIG), home=Home(tmp_path), datasets=None, observers=[kill_all], progress=quiet)
    assert killed
    assert digest(record) == digest(undisturbed[0])
    assert record.finished_at is not None


def test_a_trial_whose_workers_always_die_fails_after_its_retries(tmp_path):
    def kill_all(_record, entry):
        if entry.event.kind in ("start", "epoch"):
            kill_workers()

    config = campaign(data__dataset=str(TABLE), search__trials=1, resources__concurrency=1, resources__max_retries=1)
    record = launch(plan(config), home=Home(tmp_path), datasets=None, observers=[kill_all], progress=quiet)
    (trial,) = record.trials.values()
    assert (trial.status, trial.attempts, len(trial.retries)) == ("failed", 2, 1)
    assert trial.result.reason == "the worker died in each of 2 attempts; out of memory?"


def kill_workers():
    """Kill this launch's training actors; a process that Ray is just renaming has no name that ``ps`` could find."""
    for _ in range(100):
        if found := workers(os.getpid()):
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            return found
        time.sleep(0.1)
    pytest.fail("the launch has no workers")


def workers(parent):
    """Pids of Ray's training actors below this process."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    children = {parent}
    for _ in range(4):
        children |= {int(pid) for pid, ppid, _ in rows if int(ppid) in children}
    return [int(pid) for pid, _, args in rows if int(pid) in children and args.startswith("ray::TrialTrainable")]


@pytest.mark.parametrize("damage", ["flipped", "deleted"])
def test_arrays_that_are_damaged_while_trials_need_them_are_prepared_again(tmp_path, undisturbed, damage):
    home = Home(tmp_path)
    done: list[Path] = []

    def spoil(_record, entry):
        if entry.event.kind == "end" and not done:
            for path in home.arrays.glob("raw-*/train_x.npy"):  # balanced variants share it
                done.append(path)
                spoiled(path, damage)

    messages: list[str] = []
    record = launch(plan(CONFIG), home=home, datasets=None, observers=[spoil], progress=messages.append)
    assert done
    assert digest(record) == digest(undisturbed[0])
    assert [event.cause for event in record.interruptions] == ["data"]
    assert str(home.arrays) in record.interruptions[0].reason
    assert len(record.launches) == 2


def test_arrays_that_are_damaged_every_time_are_prepared_three_times_alone(tmp_path, monkeypatch):
    runs = []

    def spoil(*_, **__):
        runs.append(1)
        raise LaunchInterrupted("data", "damaged")

    monkeypatch.setattr(ray_tune, "run", spoil)
    record = launch(plan(CONFIG), home=Home(tmp_path), datasets=None, progress=quiet)
    assert len(runs) == 3
    assert record.finished_at is None
    assert [event.cause for event in record.interruptions] == ["data"] * 3


def spoiled(path, damage):
    if damage == "deleted":
        shutil.rmtree(path.parent)
    else:
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))


def test_a_failing_trial_is_recorded_and_the_campaign_goes_on(tmp_path):
    config = campaign(data__dataset=str(TABLE), data__balance="raw", search__trials=3, train__learning_rate=1e30)
    record = launch(plan(config), home=Home(tmp_path), datasets=None, progress=quiet)
    results = [trial.result for trial in record.trials.values()]
    assert len(results) == 3
    assert all(isinstance(r, TrialResult) and r.status == "failed" for r in results)
    assert all("loss is" in r.reason for r in results)
    assert record.ranked() == []


def test_a_users_folder_with_packages_of_the_same_names_is_no_obstacle(tmp_path):
    """Ray puts the working directory first on its workers' path; a folder called data is what users have there."""
    for name in ("data", "models"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not ours')")
    (tmp_path / "mine.toml").write_text(
        f'name = "mine"\nseed = 1\n[data]\ndataset = "{TABLE}"\n[space]\nname = "cnn2d"\n'
        "[search]\ntrials = 1\n[train]\nepochs = 1\n"
    )
    command = [str(Path(sys.executable).with_name("seqtune")), "launch", "mine.toml"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Home(tmp_path / "var").record("mine").trials[0].status == "completed"


MEETING = """
import os
import time
from pathlib import Path

from tuning.campaign.objective import Metric


def met(counts):
    here = Path({here!r})
    if os.getpid() != {driver}:
        (here / str(os.getpid())).touch()
        deadline = time.monotonic() + 300
        while len(os.listdir(here)) < 2:
            if time.monotonic() > deadline:
                raise TimeoutError("no second trial in 300 s")
            time.sleep(0.05)
    return counts.trace() / counts.sum()


METRICS = {{"met": Metric(function=met, goal="max", low=0, high=1)}}
"""
"""A metric for whose first value a worker waits until a second worker computes it as well."""


def test_two_trials_run_at_once(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "mine.py").write_text(MEETING.format(here=str(tmp_path / "here"), driver=os.getpid()))
    (tmp_path / "own.toml").write_text(
        f'name = "own"\nseed = 5\ncode = ["mine.py"]\n[data]\ndataset = "{TABLE}"\n[space]\nname = "cnn2d"\n'
        '[search]\ntrials = 2\n[train]\nepochs = 1\n[objective]\nmetric = "met"\n[resources]\nconcurrency = 2\n'
    )
    running = []

    def watch(record, _entry):
        running.append(sum(trial.status == "running" for trial in record.trials.values()))

    planned = load(tmp_path / "own.toml")
    record = launch(planned, home=Home(tmp_path), datasets=None, observers=[watch], progress=quiet)
    assert [trial.status for trial in record.trials.values()] == ["completed"] * 2
    assert max(running) == 2


def test_a_campaign_whose_trials_all_fail_ends_early_with_the_reason(tmp_path):
    config = campaign(data__dataset=str(TABLE), data__balance="raw", search__trials=40, train__learning_rate=1e30)
    record = launch(plan(config), home=Home(tmp_path), datasets=None, progress=quiet)
    assert 5 <= len(record.ended) < 40
    assert record.interruptions[-1].cause == "failures"
    assert "trials all failed; the last one: DivergedError" in record.interruptions[-1].reason


def test_a_time_budget_ends_a_launch_gracefully_and_the_next_goes_on(tmp_path, undisturbed, monkeypatch):
    short = CONFIG.model_copy(update={"budget": BudgetOptions(wall_s=250.0)})
    passed = [0.0]
    monkeypatch.setattr(ray_tune, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0]))

    def use_up(_record, entry):
        if entry.event.kind == "epoch":
            passed[0] = 250.0  # fewer than Ray may be silent

    record = launch(plan(short), home=Home(tmp_path), datasets=None, observers=[use_up], progress=quiet)
    assert record.finished_at is None
    assert [event.cause for event in record.interruptions] == ["budget"]
    assert 1 <= sum(len(trial.epochs) for trial in record.trials.values()) < 15
    continued = launch(plan(CONFIG), home=Home(tmp_path), datasets=None, progress=quiet)
    assert digest(continued) == digest(undisturbed[0])


def test_halving_stops_trials_at_the_same_epochs_on_one_worker_and_on_two(tmp_path):
    config = tiny(train__early_stopping="successive-halving", train__reduction_factor=2)
    config = config.model_copy(update={"search": config.search.model_copy(update={"trials": 8})})
    two = launch(plan(config), home=Home(tmp_path / "two"), datasets=None, progress=quiet)
    one = launch(plan(one_worker(config)), home=Home(tmp_path / "one"), datasets=None, progress=quiet)
    assert digest(one) == digest(two)
    assert any(trial.status == "stopped" for trial in two.trials.values())
    assert all(trial.status == "completed" for trial in two.ranked())
