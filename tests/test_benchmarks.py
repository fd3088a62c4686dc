"""The benchmarks of the search, in small: the recorded table of real trials replayed by simulated workers."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

from hostile_code import CODE  # noqa: E402
from hostile_data import DATA  # noqa: E402
from hostile_exports import STRANGERS  # noqa: E402
from hostile_inputs import BASELINES  # noqa: E402
from hostile_records import RECORDS  # noqa: E402
from recorded_table import TABLES, Table, simulate  # noqa: E402
from stopping import Halving, Stopper, interleaved  # noqa: E402
from strategies import STARTUP, Ordered, PlainHyperOpt  # noqa: E402
from trial_table import EPOCHS, GRID  # noqa: E402
from warm_start import results  # noqa: E402

from tuning.search.idle import idle_share  # noqa: E402

SEEDS = range(5)
TRIALS = 60


@pytest.fixture(scope="module")
def table() -> Table:
    return Table()


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_a_benchmark_finds_what_it_imports(name: str) -> None:
    importlib.import_module(name)


@pytest.mark.parametrize("halving", [False, True])
def test_the_ordered_search_is_the_same_on_one_worker_and_on_four(table: Table, *, halving: bool) -> None:
    one, four = (
        simulate(
            Ordered(3, window=4, stopper=Halving(EPOCHS) if halving else None),
            table,
            trials=TRIALS,
            workers=workers,
            seed=3,
        )
        for workers in (1, 4)
    )
    assert [(run.point, run.seen) for run in one.runs] == [(run.point, run.seen) for run in four.runs]
    assert one.idle == 0.0


def test_what_plain_hyperopt_suggests_depends_on_the_number_of_workers(table: Table) -> None:
    one, four = (simulate(PlainHyperOpt(3), table, trials=TRIALS, workers=workers, seed=3) for workers in (1, 4))
    assert [run.point for run in one.runs] != [run.point for run in four.runs]


def test_the_ordered_search_is_not_worse_than_plain_hyperopt_beyond_the_interval(table: Table) -> None:
    worse = []
    for seed in SEEDS:
        ordered = simulate(Ordered(seed, window=8), table, trials=TRIALS, workers=8, seed=seed)
        plain = simulate(PlainHyperOpt(seed), table, trials=TRIALS, workers=8, seed=seed)
        assert ordered.duplicates <= 0.02 < plain.duplicates
        chosen, other = ordered.incumbent(TRIALS), plain.incumbent(TRIALS)
        assert chosen is not None
        assert other is not None
        worse.append(table.regret(chosen) - table.regret(other))
    low = np.mean(worse) - stats.t.ppf(0.975, len(worse) - 1) * stats.sem(worse)
    assert low <= 0.0


def test_the_ordered_search_leaves_a_failing_third_alone_and_plain_hyperopt_is_drawn_to_it(table: Table) -> None:
    def lost(strategy: Ordered | PlainHyperOpt, seed: int) -> float:
        campaign = simulate(strategy, table, trials=TRIALS, workers=4, seed=seed, failing=("blocks", "4"))
        return float(np.mean([run.failed for run in campaign.runs[STARTUP:]]))

    chance = 1 / len(GRID["blocks"])
    assert np.mean([lost(Ordered(seed, window=4), seed) for seed in SEEDS]) < chance
    assert np.mean([lost(PlainHyperOpt(seed), seed) for seed in SEEDS]) > chance


def test_halving_spends_fewer_epochs_and_ranks_only_what_ran_to_its_end(table: Table) -> None:
    full, halved = (
        simulate(Ordered(1, window=8, model=False, stopper=stopper), table, trials=TRIALS, workers=8, seed=1)
        for stopper in (None, Halving(EPOCHS))
    )
    assert [run.point for run in full.runs] == [run.point for run in halved.runs]
    assert halved.epochs < 0.8 * full.epochs
    stopped = {run.point for run in halved.runs if len(run.seen) < len(run.curve.values)}
    assert halved.incumbent(TRIALS) not in stopped


@pytest.mark.parametrize("name", sorted(TABLES))
def test_equal_epochs_are_spent_and_only_full_trainings_are_taken(name: str) -> None:
    table = Table(name)
    epochs = 10 * table.grid.epochs
    for stopper in (Stopper(), Halving(table.grid.epochs)):
        strategy = Ordered(1, window=4, model=False, grid=table.grid, stopper=stopper)
        campaign = simulate(strategy, table, trials=epochs, workers=2, seed=1, epochs=epochs)
        assert campaign.epochs == epochs
        taken = campaign.incumbent_after(epochs)
        assert taken in {run.point for run in campaign.runs if run.full}
        assert table.regret(taken) >= 0.0


def test_brackets_are_spread_evenly_by_the_number_of_the_trial() -> None:
    assert interleaved([3, 1]) == (0, 0, 1, 0)
    stopper = Halving(9, factor=3, brackets="own")
    assert stopper.firsts == [1, 3, 9]
    assert [stopper.order.count(bracket) for bracket in range(3)] == [9, 5, 3]


@pytest.mark.parametrize(("workers", "window"), [(2, 2), (4, 4), (8, 8), (8, 16), (8, 24)])
def test_the_predicted_idle_time_is_that_of_the_search(table: Table, workers: int, window: int) -> None:
    simulated = [
        simulate(Ordered(seed, window=window, model=False), table, trials=100, workers=workers, seed=seed).idle
        for seed in range(10)
    ]
    assert idle_share(workers, window, 100) == pytest.approx(np.mean(simulated), abs=0.04)


def test_the_table_of_hostile_inputs_has_distinct_rows_and_a_baseline_for_each_command() -> None:
    rows = [(case.area, case.tried) for case in (*RECORDS, *STRANGERS, *CODE, *DATA)]
    assert len(set(rows)) == len(rows) >= 60
    assert {"launch", "status", "export", "reproduce", "adopt"} <= set(BASELINES)


def test_a_warm_start_lowers_the_regret_of_the_first_trials(table: Table) -> None:
    differences = []
    for seed in range(8):
        earlier = simulate(Ordered(1000 + seed, window=8, startup=10), table, trials=25, workers=8, seed=1000 + seed)
        warm, cold = (
            simulate(Ordered(seed, window=8, startup=10, earlier=told), table, trials=10, workers=8, seed=seed)
            for told in (results(earlier), ())
        )
        found = [table.regret(point) for one in (warm, cold) if (point := one.incumbent(10)) is not None]
        differences.append(found[0] - found[1])
    assert np.mean(differences) < -0.05
