"""The front of objective and cost."""

import json
from dataclasses import replace

import factories
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import append, events_of, journal, record, report, result, table
from typer.testing import CliRunner

from tuning.analysis.pareto import Point, front, pareto
from tuning.campaign.errors import RecordError
from tuning.campaign.objective import ObjectiveConfig
from tuning.cli.app import app
from tuning.cli.pareto import draw, show
from tuning.cli.tables import console
from tuning.journal.home import Home

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


def points(pairs):
    return [Point(trials=[k], objective=o / 6, cost=float(c), settings={}) for k, (o, c) in enumerate(pairs)]


@given(pairs=POINTS, metric=st.sampled_from(["recall_macro", "loss"]))
def test_the_front_is_what_no_point_dominates(pairs, metric):
    objective, all_points = ObjectiveConfig(metric=metric), points(pairs)

    def dominates(a, b):
        x, y = (objective.cost(p.objective) for p in (a, b))
        return x <= y and a.cost <= b.cost and (x, a.cost) != (y, b.cost)

    expected = {p.trials[0] for p in all_points if not any(dominates(q, p) for q in all_points)}
    found = front(all_points, objective)
    assert {p.trials[0] for p in found} == expected
    assert [p.cost for p in found] == sorted(p.cost for p in found)


def costly(home, rows):
    """A campaign whose first trial failed; those after it have these objectives, parameters and latencies (or None)."""
    config = journal(home, scores=(None,))
    for index, (score, parameters, latency) in enumerate(rows, start=1):
        trial = factories.trial(campaign=config.name, index=index, train__epochs=2)
        older = {"weight_bytes": None, "latency_batch_ms": None}
        ended = result(score, parameters=parameters, latency_ms=latency, **older)
        append(home.journal(config.name), events_of(trial, {"model.hidden": 4}, [report(1), report(2, score)], ended))
    return config.name


ROWS = [(0.5, 100, 0.1), (0.8, 900, None), (0.7, 1000, 0.2), (0.9, 5000, 0.9)]


def test_old_trials_are_left_out_and_named(tmp_path):
    home = Home(tmp_path)
    campaign = home.record(costly(home, ROWS))
    found = pareto(campaign, "parameters")
    assert [p.trials for p in found.front] == [[1], [2], [4]]
    assert [p.trials for p in found.dominated] == [[3]]
    found = pareto(campaign, "latency")
    assert [p.trials for p in found.front] == [[1], [3], [4]]
    assert found.lacking == [2]
    with pytest.raises(RecordError, match=r"no trial has its weights recorded, t004 .* parameters, seconds, latency"):
        pareto(campaign, "bytes")


def test_a_figure_has_the_front_and_the_others(tmp_path):
    home = Home(tmp_path)
    axes = draw(pareto(home.record(costly(home, ROWS)), "parameters")).axes[0]
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [100, 900, 5000]
    assert np.asarray(axes.collections[0].get_offsets()).tolist() == [[1000, 0.7]]


@pytest.mark.parametrize(("cost", "label"), [("parameters", "parameters"), ("latency", "latency of one row, ms")])
def test_the_axis_of_a_figure_has_the_unit_of_the_cost(tmp_path, cost, label):
    home = Home(tmp_path)
    assert draw(pareto(home.record(costly(home, ROWS)), cost)).axes[0].get_xlabel() == label


def test_the_axis_of_weights_has_bytes(tmp_path):
    home = Home(tmp_path)
    journal(home)
    assert draw(pareto(home.record("tiny"), "bytes")).axes[0].get_xlabel() == "weights, bytes"


def test_the_command_prints_lists_and_draws_the_front(tmp_path):
    home = Home(tmp_path / "var")
    name = costly(home, ROWS)
    plot = tmp_path / "front.png"
    where = ["top", name, "--home", str(home.path), "--pareto"]
    shown = CliRunner().invoke(app, [*where, "parameters", "--plot", str(plot)])
    assert shown.exit_code == 0
    assert "3 of 4 are on the front" in shown.output
    assert plot.stat().st_size > 1000
    found = json.loads(CliRunner().invoke(app, [*where, "latency", "--json"]).stdout)
    assert [point["cost"] for point in found["front"]] == [0.1, 0.2, 0.9]
    wrong = CliRunner().invoke(app, [*where, "parameter"])
    assert wrong.exit_code == 2
    assert 'Did you mean "parameters"?' in wrong.output
    assert CliRunner().invoke(app, [*where, "bytes"]).exit_code == 2


def test_with_replicates_points_are_configurations():
    sizes = {"gru": 100, "lstm": 300}
    runs = [
        replace(run, parameters=sizes[str(run.settings["model.cell"])])
        for run in table({"gru": [0.5, 0.7], "lstm": [0.2, 0.4]})
    ]
    found = pareto(record(runs, search__replicates=2), "parameters")
    (best,) = found.front
    assert (best.trials, best.cost) == ([0, 1], 100)
    assert best.objective == pytest.approx(0.6)
    assert [p.trials for p in found.dominated] == [[2, 3]]


def test_incomplete_configurations_are_left_out_and_named(capsys):
    runs = [
        replace(run, parameters=100 if run.settings["model.cell"] == "gru" else 300)
        for run in table({"gru": [0.5, 0.7], "lstm": [0.9, 0.4]})
    ]
    runs[3] = replace(runs[3], status="failed", reason="loss is nan in epoch 1")
    found = pareto(record(runs, search__replicates=2), "parameters")
    assert [point.trials for point in found.front] == [[0, 1]]
    assert (found.dominated, found.incomplete) == ([], [2, 3])
    show(found, console())
    assert "replicates completed, left out: t002-t003." in capsys.readouterr().out
    runs[0] = replace(runs[0], status="failed", reason="loss is nan in epoch 1")
    with pytest.raises(RecordError, match="no configuration has completed all its replicates"):
        pareto(record(runs, search__replicates=2), "parameters")
