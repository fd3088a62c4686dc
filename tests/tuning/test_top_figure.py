"""The figure of a campaign's best trials."""

from pathlib import Path

import pytest
from handmade import journal
from typer.testing import CliRunner

from tuning.cli import app
from tuning.home import Home
from tuning.top_figure import draw


def test_the_best_trials_stand_side_by_side_with_their_recorded_curves(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = home.record(journal(home, scores=(0.5, 0.8, 0.65)).name)
    best = record.trials[1]
    grid = draw(record, 2).axes
    assert [axes.get_title().split(":")[0] for axes in grid[:2]] == ["1. t001", "2. t002"]
    assert list(grid[0].lines[0].get_ydata()) == [report.train_loss for report in best.epochs]
    objectives = {line.get_label(): list(line.get_ydata()) for line in grid[2].lines}
    assert objectives["training"] == [report.train_objective for report in best.epochs]
    assert objectives["validation"] == [report.metrics["recall_macro"] for report in best.epochs]
    assert all(f"{path.rpartition('.')[2]} " in grid[0].get_title() for path in best.assignment)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_top_draws_a_file(tmp_path: Path, suffix: str) -> None:
    home = Home(tmp_path)
    config = journal(home, scores=(0.5, 0.8))
    drawn = tmp_path / f"top{suffix}"
    done = CliRunner().invoke(app, ["top", config.name, "--home", str(tmp_path), "--plot", str(drawn)])
    assert (done.exit_code, drawn.exists()) == (0, True)


def test_a_file_of_no_known_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["top", "nothing", "--home", str(tmp_path), "--plot", "top.bmp"])
    assert done.exit_code != 0
    assert "the suffix names no format" in str(done.exception) + done.output
