"""The figure of a campaign's best trials."""

from pathlib import Path

import pytest
from handmade import journal
from study_journals import Run, record
from typer.testing import CliRunner

from tuning.cli import app
from tuning.home import Home
from tuning.top_figure import draw


def test_the_best_trials_stand_side_by_side_with_their_recorded_curves() -> None:
    curves = [[(1.0, 0.9), (0.5 - i / 10, 0.6)] for i in range(3)]
    runs = [Run(settings={"model.hidden": 32 + i}, seed=i, score=0.5 + i / 10, curve=curves[i]) for i in range(3)]
    grid = draw(record(runs), 2).axes
    assert [axes.get_title().split(":")[0] for axes in grid[:2]] == ["1. t002", "2. t001"]
    assert [list(line.get_ydata()) for line in grid[0].lines[:1]] == [[loss for loss, _ in curves[2]]]
    assert "hidden 34" in grid[0].get_title()


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
