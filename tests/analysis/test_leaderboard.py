"""The leaderboard: who is ranked, who is not, and what is said about it."""

from dataclasses import replace
from pathlib import Path

import pytest
from factories import campaign
from journals import Run, journal, record, table
from rich.console import Console

from tuning.analysis.leaderboard import Leaderboard, leaderboard
from tuning.cli.top import show
from tuning.journal.home import Home
from tuning.journal.text import trial_spans


def board(folder: Path, k: int = 10, **campaign: object) -> Leaderboard:
    home = Home(folder)
    config = journal(home, **campaign)  # type: ignore[arg-type]
    return leaderboard(home.record(config.name), k)


def printed(shown: Leaderboard, width: int = 200) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        show(shown, console)
    return capture.get()


def test_completed_trials_stand_best_first(tmp_path: Path) -> None:
    assert [(row.rank, row.trial) for row in board(tmp_path, scores=(0.5, 0.8, 0.65)).ranked] == [
        (1, 1),
        (2, 2),
        (3, 0),
    ]


def test_equal_scores_stand_in_trial_order(tmp_path: Path) -> None:
    assert [row.trial for row in board(tmp_path, scores=(0.8, 0.5, 0.8)).ranked] == [0, 2, 1]


def test_failed_trials_are_listed_with_their_reason_and_not_ranked(tmp_path: Path) -> None:
    shown = board(tmp_path, scores=(0.5, None, 0.65))
    assert [row.trial for row in shown.ranked] == [2, 0]
    assert [(row.trial, row.status, row.remark) for row in shown.unranked] == [(1, "failed", "loss is nan in epoch 1")]
    assert "t001 failed after 0 epochs: loss is nan in epoch 1" in printed(shown)


def test_a_reused_result_is_ranked_once(tmp_path: Path) -> None:
    shown = board(tmp_path, scores=(0.8, 0.5, 0.8), reused=[2])
    assert [row.trial for row in shown.ranked] == [0, 1]
    assert shown.unranked[0].remark == "reuses the result of t000"


def test_the_rule_of_selection_stands_above_the_table(tmp_path: Path) -> None:
    rule = "ranked by recall_macro (highest first), validation split, best epoch of each trial"
    assert printed(board(tmp_path)).splitlines()[:2] == ["tiny: finished, 3 of 3 trials completed", rule]


def test_an_unfinished_campaign_says_that_it_may_change(tmp_path: Path) -> None:
    assert "not finished, 3 of 4 trials ended, ranks may change" in printed(board(tmp_path, running=1))


def test_notes_on_the_data_stand_below_the_table_once(tmp_path: Path) -> None:
    assert printed(board(tmp_path, notes=("12 rows occur twice.",))).count("Note: 12 rows occur twice.") == 1


def test_a_narrow_terminal_loses_columns_and_says_which(tmp_path: Path) -> None:
    narrow = printed(board(tmp_path), width=58)
    assert "(4 columns hidden: accuracy, f1_macro, seed, seconds. Widen the terminal, or use --json)" in " ".join(
        narrow.split()
    )
    assert "0.8000" in narrow
    assert "oversample" in narrow
    assert "…" not in narrow


def test_eighty_columns_keep_trial_and_objective_whole_and_drop_dimensions() -> None:
    values = {f"model.dimension_{letter}": 0.123456 for letter in "abcdefghij"}
    runs = [Run(settings=values | {"train.batch_size": size}, seed=size, score=size / 100) for size in (16, 32)]
    narrow = printed(leaderboard(record(runs), 10), width=80)
    assert "0.3200" in narrow
    assert "t001" in narrow
    assert "…" not in narrow
    assert "..." not in narrow
    assert "columns hidden: " in " ".join(narrow.split())
    assert all(len(line) <= 80 for line in narrow.splitlines() if "t00" in line)


@pytest.fixture
def replicated() -> Leaderboard:
    """Seven trials of nine: a lucky seed in the first configuration, a failure in the second, two of the third."""
    runs = table({"lucky": [0.1, 0.3, 0.98], "failing": [0.9, 0.9, 0.9], "steady": [0.7]})
    runs[4] = replace(runs[4], status="failed", reason="out of memory")
    runs[6] = replace(runs[6], seconds=8.0)
    return leaderboard(record(runs, search__replicates=3, search__trials=9), 10)


def test_replicates_are_ranked_by_their_mean_and_incomplete_configurations_last(replicated: Leaderboard) -> None:
    rows = replicated.configurations
    assert [(row.rank, row.trials, row.completed, row.complete) for row in rows] == [
        (1, [0, 1, 2], 3, True),
        (2, [3, 4, 5], 2, False),
        (3, [6], 1, False),
    ]
    assert [row.mean for row in rows] == [pytest.approx(mean) for mean in (0.46, 0.9, 0.7)]
    assert [row.trial for row in rows] == [0, 3, 6]
    assert [row.settings for row in rows] == [{"model.cell": cell} for cell in ("lucky", "failing", "steady")]


def test_single_trials_stay_ranked_beside_configurations(replicated: Leaderboard) -> None:
    assert [row.trial for row in replicated.ranked] == [2, 3, 5, 6, 1, 0]
    assert [row.trial for row in replicated.unranked] == [4]


def test_without_replicates_there_are_no_configurations(tmp_path: Path) -> None:
    assert board(tmp_path).configurations == []


def test_the_table_of_configurations(replicated: Leaderboard) -> None:
    lines = printed(replicated).splitlines()
    assert lines[1] == (
        "ranked by mean recall_macro of each configuration (highest first, incomplete ones last), "
        "validation split, best epoch of each trial"
    )
    assert [" ".join(line.split()) for line in lines[3:9]] == [
        "recall seconds",
        "rank trials macro 95 % interval completed cell per trial",
        "1 t000-t002 0.4600 0.0000 to 1.0000 3/3 lucky 3",
        "2 t003-t005 0.9000 0.9000 to 0.9000 2/3 failing 3",
        "3 t006 0.7000 1/3 steady 8",
        "",
    ]
    assert "  t004 failed after 2 epochs: out of memory  cell=failing" in lines


def test_what_the_figures_of_configurations_are_is_noted(replicated: Leaderboard) -> None:
    assert replicated.notes[0] == (
        "each configuration has 3 trials, with the same 3 seeds for all configurations. Values are means over "
        "completed trials, intervals are 95 % t-intervals; `seqtune compare tiny` tests differences."
    )


def test_metrics_beside_the_objective_are_means(tmp_path: Path) -> None:
    config = campaign(search__trials=2, search__replicates=2)
    shown = board(tmp_path, scores=(0.6, 0.9), config=config)
    assert shown.configurations[0].metrics["f1_macro"] == pytest.approx(0.25)
    assert "0.2500" in printed(shown)


def test_k_is_a_number_of_configurations() -> None:
    runs = table({"a": [0.5, 0.5], "b": [0.6, 0.6], "c": [0.7, 0.7]})
    shown = leaderboard(record(runs, search__replicates=2), 2)
    assert [row.trials for row in shown.configurations] == [[4, 5], [2, 3]]


def test_runs_of_trials_are_told_by_their_ends() -> None:
    assert [trial_spans(one) for one in ([7], [0, 1], [10, 11, 12, 30], [0, 2])] == [
        "t007",
        "t000-t001",
        "t010-t012, t030",
        "t000, t002",
    ]


def test_means_over_epochs_rank_a_slow_learner_below_a_fast_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shown = home.record(journal(home, scores=(0.5, 0.8, None)).name)
    fast = shown.trials[0]  # (0.25, 0.5), then (0.4, 0.8)
    fast.epochs[0] = fast.epochs[0].model_copy(update={"metrics": fast.epochs[1].metrics | {"recall_macro": 0.9}})
    assert [row.trial for row in leaderboard(shown, 10).ranked] == [1, 0]
    board = leaderboard(shown, 10, epoch_mean=True)
    assert [row.trial for row in board.ranked] == [0, 1]
    assert [row.objective for row in board.ranked] == pytest.approx([0.7, 0.6])
    assert board.ranked[1].metrics["accuracy"] == pytest.approx(0.6)
    assert [row.trial for row in board.unranked] == [2]
    assert board.selection == "recall_macro (highest first), validation split, mean over the epochs of each trial"
    assert [row.objective for row in leaderboard(shown, 10).ranked] == [0.8, 0.5]


def test_configurations_have_means_over_epochs_and_seeds(tmp_path: Path) -> None:
    config = campaign(search__trials=4, search__replicates=2)
    shown = board(tmp_path, config=config, scores=(0.5, 0.6, 0.8, 0.4))
    assert [one.mean for one in shown.configurations] == pytest.approx([0.6, 0.55])
    shown = leaderboard(Home(tmp_path).record(config.name), 10, epoch_mean=True)
    assert [one.mean for one in shown.configurations] == pytest.approx([0.45, 0.4125])  # epochs of half the score first


def test_metrics_of_a_users_code_stand_beside_the_objective_and_those_of_classes_do_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shown = home.record(journal(home, scores=(0.5,)).name)
    trial = shown.trials[0]
    metrics = {"loss": 1.0, "recall_macro": 0.5, "recall/N": 0.123, "own_score": 0.456}
    trial.result = trial.result.model_copy(update={"best_metrics": metrics})
    text = printed(leaderboard(shown, 1))
    assert "0.456" in text
    assert "0.123" not in text
