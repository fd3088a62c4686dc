"""The test part's figures, also by group."""

from dataclasses import replace

import numpy as np
import pytest
from factories import trial

from data.config import DataConfig
from data.prepare import prepare
from data.prepared import open_arrays, open_test, open_test_groups
from tuning.campaign.objective import OWN, Metric
from tuning.training.begin import begin
from tuning.training.held_out import evaluate_test


def trained(folder, split, **changes):
    data = DataConfig(dataset="synthetic", max_rows=1500, split=split, split_seed=3, balance_seed=4)
    prepared = prepare(data, datasets=None, store=folder)
    run = begin(
        trial(data=data, data_sha256=prepared.sha256, train__epochs=1, **changes), open_arrays(prepared.directory)
    )
    run.run_epoch()
    return run, prepared.directory


def test_groups_of_the_test_part_add_up_to_its_figures(tmp_path):
    run, directory = trained(tmp_path, "grouped")
    result = evaluate_test(run, directory)
    groups = open_test_groups(directory)
    assert {name: rows for name, (_, rows) in result.groups.items()} == {
        str(group): int((groups == group).sum()) for group in np.unique(groups)
    }
    correct = sum(right for right, _ in result.groups.values())
    assert correct == np.trace(np.array(result.confusion))
    assert result.metrics["accuracy"] == pytest.approx(correct / len(open_test(directory).y))


@pytest.mark.parametrize("family", ["cnn2d", "linear"])
def test_groups_are_those_predicted_alone(tmp_path, family):
    run, directory = trained(tmp_path, "grouped", model={"family": family})
    part, groups = open_test(directory), open_test_groups(directory)
    part = replace(part, lengths=part.lengths - np.arange(len(part.y)) % 3)  # batches are in order of length
    result, predicted = run.held_out(part)
    assert len(set(predicted)) > 1
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        alone, again = run.held_out(part.take(rows))
        assert again.tolist() == predicted[rows].tolist()
        assert np.trace(alone.confusion) == (predicted[rows] == part.y[rows]).sum()
    assert np.trace(result.confusion) == (predicted == part.y).sum()


def test_the_test_part_is_predicted_once(tmp_path):
    run, directory = trained(tmp_path, "grouped")
    batches = []
    run.model.register_forward_hook(lambda _model, given, _out: batches.append(len(given[0])))
    evaluate_test(run, directory)
    assert sum(batches) == len(open_test(directory).y)


@pytest.fixture
def one_class_is_undefined(monkeypatch):
    """A metric of a user's code that asks for every class."""

    def smallest(counts):
        rows = counts.sum(axis=1)
        return float("nan") if 0 in rows else float((counts.diagonal() / rows).min())

    monkeypatch.setitem(OWN, "smallest", Metric(function=smallest, of="counts", goal="max"))


@pytest.mark.usefixtures("one_class_is_undefined")
@pytest.mark.parametrize("family", ["cnn2d", "majority"])
def test_a_metric_that_is_undefined_within_one_group_is_not_asked_there(tmp_path, family):
    run, directory = trained(tmp_path, "grouped", model={"family": family})
    groups, y = open_test_groups(directory), open_test(directory).y
    assert any(len(set(y[groups == group])) < 5 for group in np.unique(groups))
    result = evaluate_test(run, directory)
    assert "smallest" in result.metrics
    assert sum(right for right, _ in result.groups.values()) == np.trace(np.array(result.confusion))


@pytest.mark.usefixtures("one_class_is_undefined")
def test_a_metric_that_is_undefined_on_an_epoch_s_rows_is_left_out_there(tmp_path):
    run, _ = trained(tmp_path, "stratified", train__epoch_rows=40, objective__metric="smallest")
    (epoch,) = run.history
    assert epoch.train_objective is None
    assert "smallest" in epoch.metrics


def test_rows_that_share_groups_with_training_have_no_groups(tmp_path):
    run, directory = trained(tmp_path, "stratified")
    assert open_test_groups(directory) is None
    assert evaluate_test(run, directory) == run.held_out(open_test(directory))[0]


def test_a_damaged_file_of_groups_is_refused(tmp_path):
    run, directory = trained(tmp_path, "grouped")
    path = directory / "test_groups.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"test_groups\.npy: damaged"):
        evaluate_test(run, directory)
