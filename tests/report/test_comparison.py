"""The section of a campaign that compares: what `seqtune compare` says, with its means, tests and figure."""

from pathlib import Path

import pytest
from report_journals import config, entries, trials

from tuning.analysis.compare import compare
from tuning.analysis.conclusions import answer, interaction_answer
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.report.comparison import compared
from tuning.report.outcomes import curves
from tuning.report.page import page

RECORDED = Path(__file__).parents[2] / "docs" / "recorded"


def recorded(name):
    return read(RECORDED / f"{name}.jsonl.gz")


def test_each_group_has_the_answer_of_the_command_and_its_own_colour():
    record = fold(recorded("cell-type"))
    found, groups = compared(record), compare(record)
    assert found.question == "Which cell type is best on gestures?"
    assert [name for name, _ in found.groups] == ["learning_rate 0.001", "learning_rate 0.003"]
    assert [sentences for _, sentences in found.groups] == [answer(group) for group in groups]
    assert found.interactions == interaction_answer(groups)
    assert [trace.name for trace in found.figure.plot.data if trace.name] == [name for name, _ in found.groups]
    assert found.means.rows[0] == ["0.001", "lstm", "10", "0.937", "0.909 to 0.966"]
    assert found.differences.rows[0] == ["0.001", "gru minus lstm", "-0.046", "-0.064 to -0.028", "0.011", "5"]
    assert all(len(row) == len(found.differences.head) for row in found.differences.rows)


def test_every_value_and_every_mean_is_drawn():
    record = fold(recorded("depth"))
    found, (only,) = compared(record), compare(record)
    dots, means = found.figure.plot.data
    assert sorted(dots.y) == sorted(value for level in only.levels for value in level.values)
    assert list(means.y) == pytest.approx([level.estimate.mean for level in only.levels])
    assert [row["model.layers"] for row in found.figure.rows] == ["1", "2", "3", "4"]
    assert "over splits" in found.figure.caption


def test_the_page_answers_before_its_leaderboard_and_leaves_out_what_a_grid_cannot_show():
    text = page(recorded("depth"))
    assert text.index('id="comparison"') < text.index('id="leaderboard"')
    assert "layers 1 scores 0.043 lower than layers 4" in text
    assert "Optimization history" not in text
    assert "Importance of the dimensions" not in text  # of a single dimension
    assert "<h3>Slices</h3>" in text


def test_other_campaigns_have_no_such_section_and_keep_theirs():
    journal = entries(trials(config()), config())
    assert compared(fold(journal)) is None
    text = page(journal)
    assert 'id="comparison"' not in text
    assert "Optimization history" in text


def test_without_two_completed_trials_of_a_level_there_is_nothing_to_say():
    journal = recorded("depth")[:2]
    assert compared(fold(journal)) is None
    assert 'id="comparison"' not in page(journal)


def test_learning_curves_are_coloured_by_level():
    record = fold(recorded("cell-type"))
    traces = {trace.name: trace for trace in curves(record).plot.data}
    assert list(traces) == ["rnn", "gru", "lstm"]
    for name, trace in traces.items():
        of = {trial.name for trial in record.trials.values() if trial.assignment["model.cell"] == name}
        assert set(trace.text) == of
    assert len({trace.line.color for trace in traces.values()}) == 3


def test_of_more_levels_than_colours_the_best_trials_are_coloured():
    names = [trace.name for trace in curves(fold(recorded("overfit-width"))).plot.data]
    assert names[0] == "other trials"
    assert [name[:3] for name in names[1:]] == ["1. ", "2. ", "3. ", "4. ", "5. "]
