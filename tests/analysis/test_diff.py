"""What differs between two trials, campaigns or exports, and what first."""

import factories
import pytest
from journals import ENVIRONMENT, data_record, events_of, folded, journal, report, result

from tuning.analysis.diff import compare_campaigns, compare_exports, compare_trials
from tuning.analysis.export import export
from tuning.journal.events import Launched, Opened
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial

SCORES = (0.5, 0.7, 0.6)


def recorded(scores=SCORES, *, environment=ENVIRONMENT, reports=None, **changes):
    """A trial whose epochs have these scores; ``changes`` as for factories.trial."""
    reports = reports or [report(n, score) for n, score in enumerate(scores, start=1)]
    return RecordedTrial(
        config=factories.trial(**changes),
        assignment={"model.dropout": 0.2},
        epochs=tuple(reports),
        result=result(max(scores), epochs=len(reports)),
        environment=environment,
        data=data_record("raw"),
    )


def trials(a, b):
    return compare_trials(a, b, ("a", "b"))


def test_a_trial_is_the_same_as_itself_and_as_one_with_another_name_and_other_wall_times():
    slower = [report(n, score, seconds=9.0) for n, score in enumerate(SCORES, start=1)]
    again = recorded(reports=slower, campaign="other", index=3)
    found = trials(recorded(), again.model_copy(update={"result": again.result.model_copy(update={"seconds": 99.0})}))
    assert found.same
    assert found.first is None
    assert [epoch.equal for epoch in found.epochs] == [True] * 3


def test_what_was_asked_for_comes_before_what_came_of_it():
    found = trials(recorded(), recorded((0.5, 0.4, 0.6), model__dropout=0.3, seed=8))
    assert not found.same
    assert found.first == "configuration: seed"
    assert [(row.name, row.a, row.b) for row in found.configuration] == [("seed", 7, 8), ("model.dropout", 0.2, 0.3)]
    assert found.first_epoch == 2
    assert [(epoch.a, epoch.b) for epoch in found.epochs] == [(0.5, 0.5), (0.7, 0.4), (0.6, 0.6)]
    assert [row.name for row in found.outcome] == ["objective", "best_metrics.loss", *METRICS]


METRICS = [f"best_metrics.{name}" for name in ("accuracy", "recall_macro", "f1_macro")]


def test_a_bit_that_differs_is_a_difference_and_data_come_before_the_environment():
    reports = [report(1, 0.5), report(2, 0.7, train_loss=2 + 1 / 3 + 1e-15), report(3, 0.6)]
    found = trials(recorded(), recorded(reports=reports, data_sha256="1" * 64))
    assert (found.first_epoch, found.first) == (2, "data: data_sha256")
    assert not found.configuration
    assert found.outcome == []


def test_the_environment_alone_is_no_other_result():
    other = ENVIRONMENT.model_copy(update={"packages": {"torch": "2.12.0", "numpy": "2.3.5"}, "commit": None})
    found = trials(recorded(), recorded(environment=other))
    assert found.same
    assert found.first == "environment: packages.torch"
    assert [(row.name, row.b) for row in found.environment] == [("packages.torch", "2.12.0"), ("commit", None)]
    assert [row.b for row in trials(recorded(), recorded(environment=None)).environment] == [None] * 9


def test_an_epoch_that_one_side_lacks_is_the_first_difference():
    found = trials(recorded(), recorded(SCORES[:2]))
    assert (found.first_epoch, len(found.epochs)) == (3, 2)
    assert found.first == "epoch 3"


def test_models_of_different_families_differ_in_their_fields():
    found = trials(recorded(), recorded(model={"family": "recurrent", "dropout": 0.2}))
    rows = {row.name: (row.a, row.b) for row in found.configuration}
    assert rows["model.family"] == ("cnn2d", "recurrent")
    assert rows["model.blocks"] == (1, None)
    assert rows["model.cell"][0] is None


def test_metrics_that_are_no_numbers_are_equal_to_themselves_and_older_epochs_lack_the_training_objective():
    diverged = [report(1, float("nan"))]
    assert trials(recorded(reports=diverged), recorded(reports=diverged)).first_epoch is None
    older = [report(1, 0.5, train_objective=None), *[report(n, s) for n, s in enumerate(SCORES[1:], start=2)]]
    assert trials(recorded(), recorded(reports=older)).same


@pytest.fixture
def records(tmp_path):
    home = Home(tmp_path)
    journal(home, name="a", scores=(0.5, 0.8, None, 0.65))
    journal(home, name="b", scores=(0.5, 0.8, None, 0.65))
    journal(home, name="c", scores=(0.5, 0.9, None), running=2)
    return {name: home.record(name) for name in "abc"}


def test_campaigns_of_the_same_content_are_the_same(records):
    found = compare_campaigns(records["a"], records["b"], ("a", "b"))
    assert found.same
    assert found.first is None
    assert found.equal_trials == 4


def test_campaigns_are_compared_trial_by_trial(records):
    found = compare_campaigns(records["a"], records["c"], ("a", "c"))
    assert found.first == "configuration: search.trials"
    assert found.equal_trials == 2
    assert [(one.trial, one.first, one.a, one.b) for one in found.trials] == [("t001", "epoch 1", 0.8, 0.9)]
    assert (found.only_a, found.only_b) == (["t003"], [])
    outcome = {row.name: (row.a, row.b) for row in found.outcome}
    assert outcome["completed"] == (3, 2)
    assert outcome["running"] == (None, 2)
    assert outcome["best recall_macro"] == (0.8, 0.9)


def test_exports_are_compared_by_rank(records):
    a, c = export(records["a"], 10), export(records["c"], 2)
    assert compare_exports(a, export(records["b"], 10), ("x", "y")).same
    found = compare_exports(a, c, ("x", "y"))
    assert [one.trial for one in found.trials] == ["rank 1", "rank 2"]
    assert found.only_a == ["rank 3"]
    assert {"ended", "target", "finished"} <= {row.name for row in found.outcome}


def test_campaigns_without_a_trial_or_a_launch_are_compared():
    config = factories.campaign()
    nothing = folded([Opened(config=config, dimensions={}, data={"raw": data_record()})])
    launched = folded(
        [
            Opened(config=config, dimensions={}, data={"raw": data_record()}),
            Launched(environment=ENVIRONMENT, trials=4),
            *list(events_of(factories.trial(), {}, [report(1)], None)),
        ]
    )
    assert compare_campaigns(nothing, nothing, ("a", "a")).same
    found = compare_campaigns(nothing, launched, ("a", "b"))
    assert not found.same
    assert found.first == "environment: python"
