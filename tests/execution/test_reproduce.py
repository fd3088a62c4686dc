"""A recorded trial beside its second training."""

import pytest
import torch
from factories import campaign, csv_table, trial
from journals import Run, write

from data.machine import cores
from data.prepare import prepare
from tuning.campaign.errors import CampaignError, RecordError
from tuning.campaign.variants import variants
from tuning.execution.reproduce import TOLERANCE, _compare, reproduce
from tuning.execution.worker import TrialWorker
from tuning.journal.events import DataRecord
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial
from tuning.training.environment import MOST_THREADS, THREADS_PER_CORE, current
from tuning.training.results import TrialResult


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def recorded(home):
    return trained(home)


def trained(home, **changes):
    """The record of a trial on a small table."""
    table = csv_table(home.path / "table.csv")
    data = variants(campaign(data__dataset=str(table), data__balance="raw"))["raw"]
    prepared = prepare(data, datasets=None, store=home.arrays)
    config = trial(data=data, data_sha256=prepared.sha256, **changes)
    run = TrialWorker(config, prepared.directory, home.trial("tiny", changes.get("index", 0)))
    steps = [run.step()]
    while steps[-1].result is None:
        steps.append(run.step())
    return RecordedTrial(
        config=config,
        assignment={},
        epochs=tuple(report for step in steps for report in step.reports),
        result=steps[-1].result,
        environment=steps[-1].environment,
        data=DataRecord(
            sha256=prepared.sha256, classes=("A", "B"), steps=16, channels=1, train={}, valid={}, test={}, epoch={}
        ),
    )


def again(recorded, home):
    return reproduce(recorded, home=home, datasets=None, on_epoch=lambda _: None, progress=lambda _: None)


def configured(recorded, **changes):
    """The record with another configuration; paths with __ for the dot."""
    fields = recorded.config.model_dump()
    for name, value in changes.items():
        room, _, key = name.partition("__")
        fields[room][key] = value
    return recorded.model_copy(update={"config": recorded.config.model_validate(fields)})


def test_a_trial_of_a_few_more_threads_than_cores_trains_again(recorded, home):
    assert again(configured(recorded, device__threads=4), home).environment.threads == 4


def test_more_threads_than_the_machine_can_start_are_refused(recorded, home):
    allowed = max(MOST_THREADS, THREADS_PER_CORE * cores())
    with pytest.raises(CampaignError, match=rf"resources\.threads = {allowed + 1} threads, on a machine with"):
        again(configured(recorded, device__threads=allowed + 1), home)


def test_a_model_that_does_not_fit_into_memory_is_refused(recorded, home):
    with pytest.raises(RecordError, match=r"trial 0 of 'tiny' cannot be trained: the model has .* weights"):
        again(configured(recorded, model__hidden=60_000), home)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_trial_of_a_gpu_is_refused_without_one(recorded, home):
    with pytest.raises(CampaignError, match='device = "cuda"'):
        again(configured(recorded, device__device="cuda"), home)


def test_an_epoch_without_its_metrics_is_refused(recorded, home):
    first = recorded.epochs[0].model_copy(update={"metrics": {}})
    with pytest.raises(RecordError, match="epoch 1 is recorded without loss or recall_macro"):
        again(recorded.model_copy(update={"epochs": (first, *recorded.epochs[1:])}), home)


def changed(recorded, epoch, **figures):
    """The record with other figures at one epoch."""
    epochs = list(recorded.epochs)
    old = epochs[epoch - 1]
    metrics = old.metrics | {k: old.metrics[k] + v for k, v in figures.items() if k in old.metrics}
    rest = {k: v for k, v in figures.items() if k not in old.metrics}
    epochs[epoch - 1] = old.model_copy(update={"metrics": metrics, **rest})
    return recorded.model_copy(update={"epochs": tuple(epochs)})


def test_the_same_trial_is_exact(recorded, home):
    found = again(recorded, home)
    assert found.verdict == "exact"
    assert (found.first_difference, found.beyond_tolerance, found.largest_difference) == (None, None, 0.0)
    assert found.result.weights_sha256 == recorded.result.weights_sha256
    assert found.environment_differences == []


def test_a_record_older_than_the_training_s_objective_is_exact(recorded, home):
    older = recorded.model_copy(
        update={"epochs": tuple(report.model_copy(update={"train_objective": None}) for report in recorded.epochs)}
    )
    assert again(older, home).verdict == "exact"


def test_another_objective_in_training_is_a_difference(recorded, home):
    value = recorded.epochs[1].train_objective
    found = again(changed(recorded, 2, train_objective=value + 0.25), home)
    assert (found.verdict, found.first_difference, found.largest_difference) == ("differs", 2, 0.25)


def test_a_classical_trial_is_exact(home):
    recorded = trained(home, index=1, model={"family": "random-forest", "trees": 5})
    found = again(recorded, home)
    assert (found.verdict, len(found.epochs)) == ("exact", 1)
    assert found.result.weights_sha256 == recorded.result.weights_sha256


def test_a_small_difference_is_within_tolerance_and_its_epoch_named(recorded, home):
    found = again(changed(recorded, 2, accuracy=1e-6), home)
    assert (found.verdict, found.first_difference, found.beyond_tolerance) == ("within tolerance", 2, None)
    assert found.largest_difference == pytest.approx(1e-6)


@pytest.mark.parametrize(("difference", "verdict"), [(0.0009, "within tolerance"), (0.0011, "differs")])
def test_the_tolerance_is_a_thousandth_of_a_metric_and_of_a_loss_relative_to_its_size(
    recorded, home, difference, verdict
):
    loss = recorded.epochs[1].train_loss
    assert loss < 0.9  # an absolute tolerance would allow both
    for figures in ({"accuracy": difference}, {"train_loss": loss / (1 - difference)}):
        found = again(changed(recorded, 2, **figures), home)
        assert found.verdict == verdict
        assert found.largest_difference == pytest.approx(difference)


@pytest.mark.parametrize(("difference", "close"), [(0.009, True), (0.011, False)])
def test_a_loss_of_ten_may_differ_by_ten_times_as_much(recorded, difference, close):
    epoch = recorded.epochs[0]
    before = epoch.model_copy(update={"metrics": epoch.metrics | {"loss": 10.0}})
    after = epoch.model_copy(update={"metrics": epoch.metrics | {"loss": 10.0 + difference}})
    _, beyond, _ = _compare([before], [after], TOLERANCE)
    assert (beyond is None) == close


def test_other_weights_behind_equal_figures_differ(recorded, home):
    found = again(changed(recorded, 3, weights_sha256="0" * 64), home)
    assert (found.verdict, found.first_difference, found.beyond_tolerance) == ("differs", 3, 3)


def test_a_large_difference_names_its_first_epoch(recorded, home):
    found = again(changed(recorded, 2, accuracy=0.1), home)
    assert (found.verdict, found.beyond_tolerance) == ("differs", 2)


def test_a_record_with_more_epochs_than_come_again_differs(recorded, home):
    extra = recorded.epochs[-1].model_copy(update={"epoch": 4})
    found = again(recorded.model_copy(update={"epochs": (*recorded.epochs, extra)}), home)
    assert (found.verdict, found.beyond_tolerance) == ("differs", 4)


def test_a_trial_cut_short_is_compared_as_far_as_it_came(recorded, home):
    short = recorded.model_copy(
        update={
            "epochs": recorded.epochs[:1],
            "result": TrialResult(status="failed", reason="the worker died", epochs=1),
        }
    )
    found = again(short, home)
    assert found.verdict == "exact"
    assert len(found.epochs) == 1


def test_another_environment_is_named(recorded, home):
    other = current().model_copy(update={"isa": "AVX2", "packages": current().packages | {"torch": "1.0"}})
    found = again(recorded.model_copy(update={"environment": other}), home)
    assert any(line.startswith("torch: 1.0 -> ") for line in found.environment_differences)
    assert any(line.startswith("isa: AVX2 -> ") for line in found.environment_differences)


def test_other_data_is_refused_with_both_hashes(recorded, home):
    other = recorded.config.model_copy(update={"data_sha256": "1" * 64})
    with pytest.raises(RecordError, match=r"data with sha256 111111111111, but .* gives [0-9a-f]{12} here"):
        again(recorded.model_copy(update={"config": other}), home)


def test_a_trial_that_never_trained_cannot_be_compared(recorded, home):
    never = recorded.model_copy(
        update={"epochs": (), "result": TrialResult(status="failed", reason="ValueError: too large")}
    )
    with pytest.raises(RecordError, match=r"no recorded epoch to compare with \(ValueError: too large\)"):
        again(never, home)


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({"objective": 0.99}, "objective: 0.99 recorded"),
        ({"best_epoch": 1}, "best_epoch: 1 recorded"),
        ({"confusion": [[1, 2], [3, 4]]}, "confusion: "),
        ({"parameters": 5}, "parameters: 5 recorded"),
        ({"best_metrics": {"recall_macro": 1.0}}, "best_metrics: "),
        ({"epochs": 7}, "epochs: 7 recorded, 3 listed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_result_that_the_epochs_do_not_give_is_found(recorded, home, change, claim):
    result = recorded.result.model_copy(update=change)
    if result == recorded.result:
        result = result.model_copy(update={"best_epoch": 2})
    outcome = again(recorded.model_copy(update={"result": result}), home)
    assert outcome.verdict == "differs"
    assert any(line.startswith(claim.split(":")[0]) for line in outcome.record_differences)


def test_an_assignment_that_is_not_the_configurations_is_found(recorded, home):
    claimed = recorded.model_copy(update={"assignment": {"model.hidden": 999, "data.balance": "raw"}})
    outcome = again(claimed, home)
    assert outcome.verdict == "differs"
    assert outcome.record_differences == ["assignment of model.hidden: 999 recorded, 4 in the configuration"]


def test_a_record_whose_last_epochs_are_cut_off_is_found(recorded, home):
    result = recorded.result.model_copy(update={"epochs": 2})
    outcome = again(recorded.model_copy(update={"epochs": recorded.epochs[:2], "result": result}), home)
    assert outcome.verdict == "differs"
    assert "epochs: the trial does not end after 2" in outcome.record_differences


def test_wall_time_is_no_claim(recorded, home):
    result = recorded.result.model_copy(update={"seconds": 99.0})
    assert again(recorded.model_copy(update={"result": result}), home).verdict == "exact"


def test_latency_is_no_claim_and_older_records_lack_the_size_of_weights(recorded, home):
    changed = {"latency_ms": 99.0, "latency_batch_ms": None, "weight_bytes": None}
    result = recorded.result.model_copy(update=changed)
    assert again(recorded.model_copy(update={"result": result}), home).verdict == "exact"


def test_a_false_size_of_weights_is_found(recorded, home):
    result = recorded.result.model_copy(update={"weight_bytes": 5})
    assert again(recorded.model_copy(update={"result": result}), home).verdict == "differs"


def test_weights_are_not_kept_over_those_of_another_trial(recorded, tmp_path):
    home = Home(tmp_path / "home")
    write(home.journal("tiny"), [Run(settings={"model.dropout": 0.1}, seed=1)])
    with pytest.raises(RecordError, match=r"campaigns/tiny has another trial 0, whose weights would be replaced"):
        reproduce(recorded, home=home, datasets=None, on_epoch=print, progress=print, keep_weights=True)
