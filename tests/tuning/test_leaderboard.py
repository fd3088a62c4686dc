"""The leaderboard: who is ranked, who is not, and what is said about it."""

from pathlib import Path

from factories import campaign
from handmade import journal
from rich.console import Console

from tuning.home import Home
from tuning.leaderboard import Leaderboard, leaderboard, show


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
    assert [(row.trial, row.status, row.reason) for row in shown.unranked] == [(1, "failed", "loss is nan in epoch 1")]
    assert "t001 failed after 0 epochs: loss is nan in epoch 1" in printed(shown)


def test_a_reused_result_is_ranked_once(tmp_path: Path) -> None:
    shown = board(tmp_path, scores=(0.8, 0.5, 0.8), reused=[2])
    assert [row.trial for row in shown.ranked] == [0, 1]
    assert shown.unranked[0].reason == "took over the result of t000"


def test_the_rule_of_selection_stands_above_the_table(tmp_path: Path) -> None:
    rule = "by recall_macro (highest first), validation split, best epoch of each trial"
    assert printed(board(tmp_path)).splitlines()[:2] == ["tiny: finished, 3 of 3 trials completed", rule]


def test_an_unfinished_campaign_says_that_it_may_change(tmp_path: Path) -> None:
    assert "not finished (3 of 4 trials ended): this may change" in printed(board(tmp_path, running=1))


def test_notes_on_the_data_stand_below_the_table_once(tmp_path: Path) -> None:
    assert printed(board(tmp_path, notes=("12 rows occur twice.",))).count("Note: data: 12 rows occur twice.") == 1


def test_a_narrow_terminal_loses_columns_and_says_which(tmp_path: Path) -> None:
    narrow = printed(board(tmp_path), width=58)
    assert "(no room for accuracy, f1_macro, seed, seconds: see --json)" in " ".join(narrow.split())
    assert "0.8000" in narrow
    assert "oversample" in narrow
    assert "…" not in narrow


def test_replicated_trials_are_said_to_be_ranked_one_by_one(tmp_path: Path) -> None:
    config = campaign(search__trials=3, search__replicates=3)
    (note,) = [n for n in board(tmp_path, config=config).notes if "each configuration has 3 trials" in n]
    assert "`seqtune study" in note
