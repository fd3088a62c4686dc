"""Several campaigns compared by their confirmations: recorded ones, and these with changes."""

import io
from dataclasses import replace
from pathlib import Path
from statistics import fmean, variance

import pytest
from rich.console import Console
from scipy import stats

from tuning.analysis.campaigns import CampaignComparison, campaigns_answer, compare_campaigns
from tuning.campaign.errors import CampaignError
from tuning.cli.campaigns_table import show
from tuning.journal.log import read
from tuning.journal.record import CampaignRecord, fold

RECORDED = Path(__file__).parents[2] / "docs" / "recorded"
Pair = tuple[CampaignRecord, CampaignRecord]


def recorded(name: str) -> Pair:
    return fold(read(RECORDED / f"{name}.jsonl.gz")), fold(read(RECORDED / f"{name}.confirmation.jsonl.gz"))


@pytest.fixture(scope="module")
def gru() -> Pair:
    return recorded("bbc-gru")


@pytest.fixture(scope="module")
def rnn() -> Pair:
    return recorded("bbc-rnn")


def scores(pair: Pair) -> dict[int, float]:
    """Return split -> mean test accuracy of the only configuration."""
    by_split: dict[int, list[float]] = {}
    for trial in pair[1].trials.values():
        by_split.setdefault(trial.confirms.split, []).append(trial.result.test.metrics["accuracy"])
    return {split: fmean(values) for split, values in by_split.items()}


def printed(comparison: CampaignComparison, width: int = 160) -> str:
    text = io.StringIO()
    show(comparison, Console(file=text, width=width, force_terminal=False))
    return text.getvalue()


def changed(pair: Pair, **changes: object) -> Pair:
    """Return a pair whose campaign's configuration has other values; ``name`` and whole tables."""
    campaign, confirmation = pair
    return replace(campaign, config=campaign.config.model_copy(update=changes)), confirmation


def test_splits_in_common_are_pairs_with_the_corrected_variance(gru: Pair, rnn: Pair) -> None:
    found = compare_campaigns([rnn, gru])
    assert [one.campaign for one in found.campaigns] == ["bbc-gru", "bbc-rnn"]
    (contrast,) = found.contrasts
    x, y = scores(rnn), scores(gru)
    differences = [x[split] - y[split] for split in x]
    data = next(iter(gru[1].data.values()))
    ratio = sum(data.test.values()) / sum(data.train.values())
    error = (variance(differences) * (1 / 5 + ratio)) ** 0.5
    assert contrast.pairs == 5
    assert contrast.difference == pytest.approx(fmean(differences))
    assert contrast.p == pytest.approx(2 * stats.t.sf(abs(fmean(differences)) / error, 4))
    assert (contrast.p_holm, found.tests) == (contrast.p, 1)
    assert found.campaigns[0].test["accuracy"].mean == pytest.approx(fmean(y.values()))
    assert "bbc-rnn scores 0.337 lower than bbc-gru (0.290 to 0.384; paired t-test on the test part, 5 splits" in (
        printed(found)
    )


def test_options_that_move_no_row_do_not_prevent_pairs(gru: Pair) -> None:
    first_words = recorded("bbc-gru-first-words")
    ours, theirs = ({t.config.data.truncate for t in pair[1].trials.values()} for pair in (first_words, gru))
    assert ours != theirs
    (contrast,) = compare_campaigns([gru, first_words]).contrasts
    assert contrast.pairs == 5


def test_p_is_adjusted_over_all_pairs_of_campaigns(gru: Pair, rnn: Pair) -> None:
    found = compare_campaigns([rnn, gru, recorded("bbc-gru-first-words")])
    assert found.tests == 3
    assert [contrast.first for contrast in found.contrasts] == ["bbc-gru-first-words"] * 2
    smallest = min(found.contrasts, key=lambda contrast: contrast.p)
    assert smallest.p_holm == pytest.approx(3 * smallest.p)


def test_campaigns_are_ranked_by_the_validation_part_alone(gru: Pair, rnn: Pair) -> None:
    """The one with the lower test score comes first where its validation score is higher."""
    campaign, confirmation = rnn
    trials = {}
    for index, trial in confirmation.trials.items():
        metrics = {**trial.result.best_metrics, "accuracy": 0.99}
        trials[index] = replace(trial, result=trial.result.model_copy(update={"best_metrics": metrics}))
    found = compare_campaigns([gru, (campaign, replace(confirmation, trials=trials))])
    assert [one.campaign for one in found.campaigns] == ["bbc-rnn", "bbc-gru"]
    assert found.contrasts[0].difference > 0.3
    assert "bbc-gru scores 0.337 higher than bbc-rnn" in printed(found)


def test_campaigns_without_a_split_in_common_are_compared_by_welchs_test() -> None:
    beat, patient = recorded("heartbeat-by-beat"), recorded("heartbeat-by-patient")
    found = compare_campaigns([patient, beat])
    (contrast,) = found.contrasts
    x, y = ([t.result.test.metrics["recall_macro"] for t in pair[1].trials.values()] for pair in (patient, beat))
    expected = stats.ttest_ind(x, y, equal_var=False)
    assert contrast.pairs == 0
    assert contrast.p == pytest.approx(expected.pvalue)
    assert (contrast.low, contrast.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    text = printed(found)
    assert "Welch's t-test on the test part" in text
    assert (
        "Not paired with heartbeat-by-beat, since they have no split and seed in common: heartbeat-by-patient." in text
    )
    assert "Their test parts are not the same rows: heartbeat-by-beat 20,284, heartbeat-by-patient 49,683." in text


def test_seeds_in_common_on_one_split_are_pairs() -> None:
    beat = recorded("heartbeat-by-beat")
    found = compare_campaigns([beat, changed(beat, name="other")])
    (contrast,) = found.contrasts
    assert (contrast.pairs, contrast.difference, contrast.p) == (5, 0.0, 1.0)
    assert "paired t-test on the test part, 5 seeds, p = 1.00" in printed(found)


def test_an_incomplete_campaign_comes_last_and_is_not_tested(gru: Pair, rnn: Pair) -> None:
    campaign, confirmation = gru
    trials = {index: trial for index, trial in confirmation.trials.items() if index != 3}
    found = compare_campaigns([(campaign, replace(confirmation, trials=trials)), rnn])
    assert [one.campaign for one in found.campaigns] == ["bbc-rnn", "bbc-gru"]
    assert found.contrasts == []
    text = printed(found)
    assert "bbc-gru is not tested: not all trainings completed (bbc-gru 9 of 10)." in text
    assert "9 of 10" in text


def test_test_parts_that_were_opened_repeatedly_are_named(gru: Pair, rnn: Pair) -> None:
    campaign, confirmation = gru
    found = compare_campaigns([(replace(campaign, tests=campaign.tests * 3), confirmation), rnn])
    assert "The test part was opened repeatedly: bbc-gru (3 times)." in " ".join(campaigns_answer(found))


def test_other_data_under_one_name_is_refused(gru: Pair, rnn: Pair) -> None:
    campaign, confirmation = rnn
    trials = {
        index: replace(trial, config=trial.config.model_copy(update={"data_sha256": "0" * 64}))
        for index, trial in confirmation.trials.items()
    }
    with pytest.raises(CampaignError, match=r"data sets have one name \('bbc'\) and other contents \(sha256 "):
        compare_campaigns([gru, (campaign, replace(confirmation, trials=trials))])


def test_campaigns_that_ask_different_things_are_refused(gru: Pair) -> None:
    beat, five = recorded("heartbeat-by-beat"), recorded("heartbeat-by-beat-five")
    with pytest.raises(CampaignError, match="'bbc-gru' is named twice"):
        compare_campaigns([gru, gru])
    with pytest.raises(CampaignError, match="their data sets differ: bbc and heartbeats"):
        compare_campaigns([gru, beat])
    with pytest.raises(CampaignError, match="their classes differ: N, S, V, F and N, S, V, F, Q"):
        compare_campaigns([beat, five])
    loss = gru[0].config.objective.model_copy(update={"metric": "loss"})
    with pytest.raises(CampaignError, match=r"their objectives differ: accuracy \(max\) and loss \(min\)"):
        compare_campaigns([gru, changed(gru, name="other", objective=loss)])


def test_confirmations_over_splits_and_over_seeds_are_refused(gru: Pair) -> None:
    campaign, confirmation = changed(gru, name="other")
    last = confirmation.launches[-1]
    request = last.confirmation.model_copy(update={"splits": 1})
    launches = [*confirmation.launches[:-1], last.model_copy(update={"confirmation": request})]
    data = confirmation.config.data.model_copy(update={"splits": None})
    over_seeds = replace(confirmation, launches=launches, config=confirmation.config.model_copy(update={"data": data}))
    with pytest.raises(CampaignError, match=r"over splits, that of the other over seeds\. Confirm both with the same"):
        compare_campaigns([gru, (campaign, over_seeds)])


def test_a_narrow_terminal_keeps_the_test_scores(gru: Pair, rnn: Pair) -> None:
    text = printed(compare_campaigns([gru, rnn]), width=60)
    assert "0.7301 (0.6998 to 0.7604)" in text
    assert "columns hidden" in text
