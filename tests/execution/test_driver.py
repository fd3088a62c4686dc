"""The driver with workers that are plain function calls: order, continuation, reuse, failures."""

from functools import partial

import numpy as np
import pytest
from factories import campaign
from journals import ENVIRONMENT, data_record, failure, report, result

from tuning.campaign.errors import JournalError
from tuning.campaign.plan import plan
from tuning.campaign.variants import variants
from tuning.execution.driver import Driver
from tuning.execution.search_trials import SearchTrials
from tuning.journal.events import Launched, Opened
from tuning.journal.log import Journal, read
from tuning.journal.record import fold
from tuning.search.suggest import ordered_search


class CrashError(Exception):
    """The driver's process dies here."""


def start(path, config, **changes):
    return drive(Journal(path), config, **changes)


def drive(journal, config, **changes):
    if not journal.entries:
        journal.append(
            Opened(config=config, dimensions={}, data={variant: data_record(variant) for variant in variants(config)})
        )
    planned = plan(config)
    launched = Launched(environment=ENVIRONMENT, trials=changes.get("trials", planned.trials))
    data = {variant: data_record(variant) for variant in variants(config)}
    source = SearchTrials(planned.space, partial(ordered_search, planned.complete, planned.space, data))
    return Driver(journal, source, launched=launched)


def score(trial):
    return trial.train.plateau_factor if trial.train.batch_size != 48 else None


def work(driver, *, order_seed=0, crash_after=None):
    """Simulated workers that end in random order; ``crash_after`` events of theirs the process dies."""
    rng = np.random.default_rng(order_seed)
    flying, steps = [], 0
    while True:
        while (trial := driver.next_trial()) is not None:
            driver.started(trial.index)
            flying.append(trial)
        if not flying:
            break
        trial = flying.pop(rng.integers(len(flying)))
        steps += 1
        if steps == crash_after:
            driver.journal.close()
            raise CrashError
        value = score(trial)
        if value is None:
            driver.ended(trial.index, failure("too large"), None)
        else:
            driver.reported(trial.index, [report(1, value), report(2, value)])
            driver.ended(trial.index, result(value), ENVIRONMENT)
    driver.journal.close()
    return driver.record


def story(record):
    """What must be equal between two tellings of one campaign."""
    return [(t.config, t.result, t.epochs) for _, t in sorted(record.trials.items())]


CONFIG = campaign(search__trials=24, search__window=4, search__startup_trials=6)


def test_a_campaign_is_the_same_whatever_order_its_trials_end_in(tmp_path):
    a = work(start(tmp_path / "a.jsonl", CONFIG), order_seed=1)
    b = work(start(tmp_path / "b.jsonl", CONFIG), order_seed=2)
    assert story(a) == story(b)
    assert len(a.trials) == 24
    assert a.finished_at is not None


@pytest.mark.parametrize("crash_after", [1, 5, 13, 23])
def test_a_crashed_campaign_goes_on_as_if_it_had_not(tmp_path, crash_after):
    undisturbed = work(start(tmp_path / "a.jsonl", CONFIG))
    with pytest.raises(CrashError):
        work(start(tmp_path / "b.jsonl", CONFIG), crash_after=crash_after)
    continued = work(start(tmp_path / "b.jsonl", CONFIG), order_seed=5)
    assert story(continued) == story(undisturbed)
    assert story(fold(read(tmp_path / "b.jsonl"))) == story(undisturbed)


GRID = campaign(
    search__algorithm="grid",
    search__replicates=3,
    search__trials=None,
    search__window=4,
    data__balance="raw",
    space__fix={"hidden": 62, "dropout": 0.1, "plateau_factor": 0.1},
    space__narrow={"layers": [2, 3], "blocks": [1, 2]},
)


@pytest.mark.parametrize("crash_after", [2, 16, 35])
def test_a_grid_goes_on_after_a_crash_and_has_every_point_with_every_seed_once(tmp_path, crash_after):
    with pytest.raises(CrashError):
        work(start(tmp_path / "a.jsonl", GRID), crash_after=crash_after)
    record = work(start(tmp_path / "a.jsonl", GRID), order_seed=3)
    trials = [t for _, t in sorted(record.trials.items())]
    assert record.finished_at is not None
    assert [list(t.assignment.values()) for t in trials[::3]] == [
        [batch_size, layers, blocks] for batch_size in (16, 32, 48) for layers in (2, 3) for blocks in (1, 2)
    ]
    assert all(t.assignment == trials[k - k % 3].assignment for k, t in enumerate(trials))
    assert [t.config.seed for t in trials] == [trials[k % 3].config.seed for k in range(36)]
    assert {t.status for t in trials if t.config.train.batch_size == 48} == {"failed"}


def test_repeated_configurations_with_replicates_take_over_results_seed_by_seed(tmp_path):
    config = campaign(
        search__algorithm="random",
        search__replicates=3,
        search__trials=24,
        search__window=4,
        search__on_duplicate="reuse",
        data__balance="raw",
        space__fix={"hidden": 62, "blocks": 1, "layers": 2, "plateau_factor": 0.1, "dropout": 0.1},
    )
    record = work(start(tmp_path / "a.jsonl", config))
    reused = [t for t in record.trials.values() if t.reused]
    assert len(record.ended) == 24
    assert len(reused) >= 24 - 9
    for trial in reused:
        original = record.trials[trial.same_as]
        assert (trial.result, trial.assignment) == (original.result, original.assignment)
        assert trial.config.index % 3 == original.config.index % 3


@pytest.mark.parametrize(("replicates", "trials"), [(1, 5), (3, 15)])
def test_a_campaign_is_given_up_when_its_first_five_configurations_all_failed(tmp_path, replicates, trials):
    config = campaign(
        search__replicates=replicates,
        search__trials=36,
        search__algorithm="random",
        search__on_duplicate="replicate",
        space__fix={"batch_size": 48},
    )
    driver = start(tmp_path / "a.jsonl", config)
    failed = 0
    while driver.abort_reason is None:
        driver.ended(driver.next_trial().index, failure("too large"), None)
        failed += 1
    driver.journal.close()
    assert failed == trials
    assert driver.abort_reason == f"the first {trials} trials all failed; the last one: too large"
    again = start(tmp_path / "a.jsonl", config)  # with more memory, say
    for _ in range(2):
        assert again.abort_reason is None
        again.ended(again.next_trial().index, failure("too large"), None)
    again.journal.close()


def test_an_interruption_that_comes_with_the_last_end_is_not_recorded(tmp_path):
    driver = start(tmp_path / "a.jsonl", CONFIG, trials=1)
    driver.ended(driver.next_trial().index, failure("too large"), None)
    driver.interrupted("failures", "the first trial failed")
    driver.journal.close()
    assert [entry.event.kind for entry in read(tmp_path / "a.jsonl")][-1] == "finish"


def test_a_search_that_found_nothing_within_the_limits_is_not_asked_again(tmp_path):
    dimensions = {"model.hidden": {"low": 1, "high": 3000}}  # one of 750 is within the limit
    config = campaign(
        seed=5,
        data__balance="raw",
        space={"model": "cnn1d", "fix": {"layers": 1, "blocks": 1}, "dimensions": dimensions},
        search={"trials": 6, "window": 6, "algorithm": "random"},
        limits={"parameters": 200},
    )
    driver = start(tmp_path / "a.jsonl", config)
    assert [driver.next_trial() for _ in range(3)] == [None] * 3  # as other workers ask; the second would be given one
    driver.journal.close()
    assert "met the limits" in driver.source.none_left
    assert driver.exhausted


def test_more_trials_extend_a_finished_campaign(tmp_path):
    whole = work(start(tmp_path / "a.jsonl", CONFIG))
    short = CONFIG.model_copy(update={"search": CONFIG.search.model_copy(update={"trials": 9})})
    work(start(tmp_path / "b.jsonl", short))
    longer = work(start(tmp_path / "b.jsonl", short, trials=24))
    assert [t.assignment for t in longer.trials.values()] == [t.assignment for t in whole.trials.values()]


def test_a_failure_is_a_status_with_its_reason_and_ranks_nowhere(tmp_path):
    record = work(start(tmp_path / "a.jsonl", CONFIG))
    failed = [t for t in record.trials.values() if t.config.train.batch_size == 48]
    assert failed
    assert all(t.status == "failed" and t.result.reason == "too large" for t in failed)
    assert not {t.config.index for t in failed} & {t.config.index for t in record.ranked()}


def test_reused_duplicates_are_not_trained_and_take_the_result_of_their_original(tmp_path):
    config = campaign(
        search__trials=12,
        search__window=3,
        search__on_duplicate="reuse",
        data__balance="raw",
        space__fix={"hidden": 62, "blocks": 1, "layers": 2, "plateau_factor": 0.1, "dropout": 0.1},
    )
    record = work(start(tmp_path / "a.jsonl", config))
    reused = [t for t in record.trials.values() if t.reused]
    assert len(record.ended) == 12
    assert len(reused) >= 12 - 3
    assert all(t.attempts == 0 and t.result == record.trials[t.same_as].result for t in reused)


def test_an_epoch_that_comes_out_differently_after_a_restart_is_refused(tmp_path):
    driver = start(tmp_path / "a.jsonl", CONFIG)
    trial = driver.next_trial()
    driver.started(trial.index)
    driver.reported(trial.index, [report(1, 0.5)])
    driver.reported(trial.index, [report(1, 0.5)])
    with pytest.raises(JournalError, match="epoch 1 came out differently"):
        driver.reported(trial.index, [report(1, 0.6)])
    driver.journal.close()


def test_resuming_in_another_environment_is_noted_with_what_changed(tmp_path):
    with pytest.raises(CrashError):
        work(start(tmp_path / "a.jsonl", CONFIG), crash_after=3)
    same = start(tmp_path / "a.jsonl", CONFIG)
    same.journal.close()
    assert same.record.notes == []
    with Journal(tmp_path / "a.jsonl") as journal:
        planned = plan(CONFIG)
        other = Launched(environment=ENVIRONMENT.model_copy(update={"isa": "AVX2", "threads": 7}), trials=24)
        new_search = partial(ordered_search, planned.complete, planned.space)
        driver = Driver(journal, SearchTrials(planned.space, new_search), launched=other)
    assert driver.record.notes == [
        f"resumed in another environment, bits may differ from here on: isa: {ENVIRONMENT.isa} -> AVX2"
    ]


def test_a_search_that_suggests_otherwise_than_the_journal_says_is_refused(tmp_path):
    work(start(tmp_path / "a.jsonl", CONFIG))
    lines = (tmp_path / "a.jsonl").read_bytes()
    other = CONFIG.model_copy(update={"seed": 12})
    with Journal(tmp_path / "b.jsonl") as journal:
        for entry in read(tmp_path / "a.jsonl"):
            event = entry.event
            journal.append(event.model_copy(update={"config": other}) if entry.n == 0 else event)
    with (
        Journal(tmp_path / "b.jsonl") as journal,
        pytest.raises(
            JournalError, match=r"no longer suggests for trial 0.* Was seqtune, hyperopt, ray or numpy changed since"
        ),
    ):
        drive(journal, other)
    assert (tmp_path / "a.jsonl").read_bytes() == lines
