"""The figure of a campaign's best trials."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journals import journal, record, table
from typer.testing import CliRunner

from tuning.cli.app import app
from tuning.cli.plots import GREY, TRAIN
from tuning.cli.top_plot import draw
from tuning.journal.home import Home


def points(data: Any) -> list[float]:
    return list(np.asarray(data).tolist())


def test_the_best_trials_stand_side_by_side_with_their_recorded_curves(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = home.record(journal(home, scores=(0.5, 0.8, 0.65)).name)
    best = record.trials[1]
    grid = draw(record, 2).axes
    assert [axes.get_title().split(":")[0] for axes in grid[:2]] == ["1. t001", "2. t002"]
    assert points(grid[0].lines[0].get_ydata()) == [report.train_loss for report in best.epochs]
    objectives = {line.get_label(): points(line.get_ydata()) for line in grid[2].lines}
    assert objectives["training"] == [report.train_objective for report in best.epochs]
    assert objectives["validation"] == [report.metrics["recall_macro"] for report in best.epochs]
    assert all(f"{path.rpartition('.')[2]} " in grid[0].get_title() for path in best.assignment)


def test_with_replicates_a_panel_has_the_curves_of_a_configuration_and_their_mean() -> None:
    short, long = [(1.0, 0.9), (0.5, 0.7)], [(2.0, 0.7), (0.7, 0.5), (0.4, 0.3)]
    runs = table({"lstm": [0.7, 0.3], "gru": [0.2, 0.2]})
    runs[0], runs[1] = replace(runs[0], curve=short), replace(runs[1], curve=long, best_epoch=3)
    figure = draw(record(runs, search__replicates=2, metric="loss"), 2)
    assert figure.get_suptitle() == "tiny: the best 2 of 2 configurations (thin: trials, bold: their mean)"
    axes = figure.axes[1]
    assert axes.get_title() == "2. t000-t001\n0.5000, 2 of 2 trials\ncell lstm"
    trained = [line for line in axes.lines if line.get_color() == TRAIN]
    assert [(points(line.get_xdata()), points(line.get_ydata()), line.get_linestyle()) for line in trained] == [
        ([1, 2], [1.0, 0.5], "-"),
        ([1, 2, 3], [2.0, 0.7, 0.4], "-"),
        ([1, 2], [1.5, 0.6], "-"),
        ([2, 3], [0.6, 0.4], ":"),
    ]
    assert [line.get_linewidth() < trained[2].get_linewidth() for line in trained] == [True, True, False, False]
    assert {tuple(points(line.get_xdata())) for line in axes.lines if line.get_color() == GREY} == {(2.5, 2.5)}


def test_where_the_objective_is_the_loss_there_is_one_row() -> None:
    figure = draw(record(table({"gru": [0.2], "rnn": [0.4]}), metric="loss"), 2)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", ""]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]


def test_the_figure_is_written_even_where_the_reader_closes_the_pipe(tmp_path: Path) -> None:
    config, drawn = journal(Home(tmp_path)), tmp_path / "top.svg"
    seqtune = Path(sys.executable).with_name("seqtune")
    words = [str(seqtune), "top", config.name, "--home", str(tmp_path), "--plot", str(drawn)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.communicate()
    assert drawn.exists()


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
    assert "unknown suffix" in str(done.exception) + done.output
