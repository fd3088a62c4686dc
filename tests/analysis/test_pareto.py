"""The front of objective and cost."""

import json

import factories
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import append, events_of, journal, report, result
from typer.testing import CliRunner

from tuning.analysis.pareto import Point, front, pareto
from tuning.campaign.errors import RecordError
from tuning.campaign.objective import ObjectiveConfig
from tuning.cli.app import app
from tuning.cli.pareto import draw
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
    """A campaign whose trials have these objectives, parameters and latencies (None: an older record)."""
    config = journal(home, scores=())
    for index, (score, parameters, latency) in enumerate(rows):
        trial = factories.trial(campaign=config.name, index=index, train__epochs=2)
        older = {"weight_bytes": None, "latency_batch_ms": None}
        ended = result(score, parameters=parameters, latency_ms=latency, **older)
        append(home.journal(config.name), events_of(trial, {"model.hidden": 4}, [report(1), report(2, score)], ended))
    return config.name


ROWS = [(0.5, 100, 0.1), (0.8, 900, None), (0.7, 1000, 0.2), (0.9, 5000, 0.9), (None, 10, None)][:4]


def test_old_trials_are_left_out_and_named(tmp_path):
    home = Home(tmp_path)
    record = home.record(costly(home, ROWS))
    found = pareto(record, "parameters")
    assert [p.trials for p in found.front] == [[0], [1], [3]]
    assert [p.trials for p in found.dominated] == [[2]]
    found = pareto(record, "latency")
    assert [p.trials for p in found.front] == [[0], [2], [3]]
    assert found.lacking == [1]
    with pytest.raises(RecordError, match=r"no trial has its weights recorded, t003 .* parameters, seconds, latency"):
        pareto(record, "bytes")


def test_a_figure_has_the_front_and_the_others(tmp_path):
    home = Home(tmp_path)
    axes = draw(pareto(home.record(costly(home, ROWS)), "parameters")).axes[0]
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [100, 900, 5000]
    assert np.asarray(axes.collections[0].get_offsets()).tolist() == [[1000, 0.7]]


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
    assert "Did you mean parameters?" in wrong.output
    assert CliRunner().invoke(app, [*where, "bytes"]).exit_code == 2


def test_with_replicates_points_are_configurations(tmp_path):
    home = Home(tmp_path)
    config = factories.campaign(search__replicates=2, search__trials=4)
    journal(home, scores=(), config=config)
    for index, (score, parameters) in enumerate([(0.5, 100), (0.7, 100), (0.2, 300), (0.4, 300)]):
        trial = factories.trial(campaign=config.name, index=index, train__epochs=2)
        ended = result(score).model_copy(update={"parameters": parameters})
        append(home.journal(config.name), events_of(trial, {}, [report(1), report(2, score)], ended))
    found = pareto(home.record(config.name), "parameters")
    (best,) = found.front
    assert (best.trials, best.cost) == ([0, 1], 100)
    assert best.objective == pytest.approx(0.6)
    assert [p.trials for p in found.dominated] == [[2, 3]]
