"""What a confirmation says, from journals whose scores are given."""

import io
import math
import re
from statistics import fmean, stdev

import pytest
from factories import trial as trial_config
from journals import ENVIRONMENT, Run, config, data_record, events, failure, folded, report, result
from rich.console import Console
from scipy import stats

from tuning.analysis.confirmation import confirmation_summary
from tuning.analysis.data_notes import data_notes
from tuning.analysis.selection import best_configurations
from tuning.analysis.statistics import estimate, paired
from tuning.campaign.errors import RecordError
from tuning.campaign.seeds import derive
from tuning.cli.confirm import print_summary
from tuning.journal.events import (
    ConfirmationRequest,
    Confirms,
    Ended,
    EpochEnded,
    Event,
    Finished,
    Launched,
    Opened,
    OpenedTest,
    Suggested,
)
from tuning.report.confirmation import confirmed, remarks, units
from tuning.training.results import HeldOutResult

HIDDEN = "model.hidden"


def searched(*scores, **changes):
    runs = [Run(settings={HIDDEN: 32 + i}, seed=i, score=score) for i, score in enumerate(scores)]
    return config(runs, **changes), runs


def campaign_record(*scores, opened=(), **changes):
    campaign, runs = searched(*scores, **changes)
    return folded([*events(runs, campaign), *(OpenedTest(confirmation=request) for request in opened)])


def confirmation_record(campaign, request, scores, *, drop=0.1, data=None, balance="raw"):
    """scores: (trial, seed, split) -> validation score, None of a failure; the test score is lower by ``drop``."""
    splits = sorted({split for _, _, split in scores})
    extra = {f"{balance} split_seed={split_seed(campaign, s)}": data or data_record(balance) for s in splits if s}
    rows: list[Event] = [
        Opened(config=campaign.config, dimensions=campaign.dimensions, data=campaign.data),
        Launched(environment=ENVIRONMENT, trials=len(scores), confirmation=request, data=extra),
    ]
    for index, ((source, seed, split), score) in enumerate(scores.items()):
        trial = trial_config(index=index, data__balance=balance, data__split_seed=split_seed(campaign, split))
        confirms = Confirms(trial=source, seed=seed, split=split)
        rows.append(Suggested(trial=trial, assignment=campaign.trials[source].assignment, confirms=confirms))
        if score is None:
            end = failure("loss is nan in epoch 1")
        else:
            rows += [EpochEnded(trial=index, report=report(epoch, score)) for epoch in (1, 2)]
            metrics = {name: value - drop for name, value in report(2, score).metrics.items()}
            metrics |= {"recall/N": 0.9, "recall/S": 0.1}
            end = result(score, test=HeldOutResult(metrics=metrics, confusion=[[3, 1], [0, 4]]))
        rows.append(Ended(trial=index, result=end, environment=ENVIRONMENT))
    return folded([*rows, Finished(trials=len(scores))])


def split_seed(campaign, split):
    role = ("confirm split", split) if split else ("split",)
    return derive(campaign.config.seed, *role)


REQUEST = ConfirmationRequest(trials=(1, 2, 0), seeds=3, splits=0, ended=3)
SCORES = {
    **{(1, seed, 0): value for seed, value in enumerate((0.70, 0.74, 0.72))},
    **{(2, seed, 0): value for seed, value in enumerate((0.80, 0.85, 0.81))},
    **{(0, seed, 0): value for seed, value in enumerate((0.50, 0.51, 0.55))},
}


@pytest.fixture
def campaign():
    return campaign_record(0.6, 0.9, 0.8, opened=[REQUEST])


def test_the_best_configurations_are_different_ones():
    runs = [Run(settings={HIDDEN: h}, seed=i, score=s) for i, (h, s) in enumerate([(1, 0.5), (1, 0.9), (2, 0.8)])]
    record = folded(events(runs, config(runs)))
    assert [trial.index for trial in best_configurations(record, 10)] == [1, 2]
    assert [trial.index for trial in best_configurations(record, 1)] == [1]


def test_configurations_are_ranked_by_validation_means_over_seeds(campaign):
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, SCORES))
    assert [row.trial for row in summary.configurations] == [2, 1, 0]
    assert [row.search_rank for row in summary.configurations] == [2, 1, 3]
    first = summary.configurations[0]
    expected = stats.t.interval(0.95, 2, fmean((0.80, 0.85, 0.81)), stdev((0.80, 0.85, 0.81)) / math.sqrt(3))
    assert (first.valid.metrics["recall_macro"].low, first.valid.metrics["recall_macro"].high) == pytest.approx(
        expected
    )
    assert first.test.metrics["recall_macro"].mean == pytest.approx(fmean((0.70, 0.75, 0.71)))
    assert first.test.recall == pytest.approx({"N": 0.9, "S": 0.1})
    assert first.gap == pytest.approx(0.8 - fmean((0.80, 0.85, 0.81)))
    assert first.first == 1.0
    assert summary.units == "seeds"
    assert summary.tau == pytest.approx(stats.kendalltau([2, 1, 3], [0, 1, 2]).statistic)


def test_equal_configurations_share_the_bootstrap_samples_in_which_they_are_best(campaign):
    equal = {(source, seed, 0): 0.7 + 0.1 * seed for source in (1, 2) for seed in range(3)}
    worse = {(0, seed, 0): 0.5 for seed in range(3)}
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, equal | worse))
    assert {row.trial: row.first for row in summary.configurations} == {1: 0.5, 2: 0.5, 0: 0.0}


def test_differences_to_the_first_are_paired_by_seed_and_adjusted_over_all_pairs(campaign):
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, SCORES))
    by_source = {source: [SCORES[source, seed, 0] for seed in range(3)] for source in (0, 1, 2)}
    pairs = [(1, 2), (0, 2), (0, 1)]
    p = {pair: float(stats.ttest_rel(by_source[pair[0]], by_source[pair[1]]).pvalue) for pair in pairs}
    smallest, middle, largest = sorted(pairs, key=p.__getitem__)  # Holm: three, two and one times, never descending
    expected = {smallest: 3 * p[smallest]}
    expected[middle] = max(expected[smallest], 2 * p[middle])
    expected[largest] = max(expected[middle], p[largest])
    assert p[1, 2] < p[0, 2]  # so that an adjustment over these two alone gives others
    for part in ("valid", "test"):  # the test scores are lower by the same amount
        found = {row.trial: getattr(row, part).p_adjusted for row in summary.configurations[1:]}
        assert found == pytest.approx({1: expected[1, 2], 0: expected[0, 2]})
    assert summary.configurations[0].valid.difference is None


def test_incomplete_configurations_are_in_no_adjustment(campaign):
    scores = SCORES | {(0, 1, 0): None}
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, scores))
    rows = {row.trial: row for row in summary.configurations}
    p = float(stats.ttest_rel([SCORES[1, s, 0] for s in range(3)], [SCORES[2, s, 0] for s in range(3)]).pvalue)
    assert rows[1].valid.p_adjusted == pytest.approx(p)
    assert rows[0].valid.difference is not None
    assert rows[0].valid.p_adjusted is None


@pytest.mark.parametrize("shared", [False, True])
def test_with_fresh_splits_variances_are_corrected(shared):
    """shared: the test part is an official one, as its rows are not those that the fractions give."""
    record = campaign_record(0.6, 0.9, data__valid_fraction=0.1, data__test_fraction=0.1 if shared else 0.2)
    request = ConfirmationRequest(trials=(1, 0), seeds=2, splits=3, ended=2)
    scores = {
        (t, seed, split): 0.6 + 0.1 * t + 0.01 * split * (1 + t) + 0.001 * seed
        for split in (1, 2, 3)
        for seed in (0, 1)
        for t in (1, 0)
    }
    data = data_record("raw", train={"N": 40, "S": 40}, valid={"N": 5, "S": 5}, test={"N": 10, "S": 10})
    summary = confirmation_summary(record, confirmation_record(record, request, scores, data=data))
    means = {t: [fmean(scores[t, seed, split] for seed in (0, 1)) for split in (1, 2, 3)] for t in (0, 1)}
    first = summary.configurations[0]
    assert summary.units == "splits"
    half = stats.t.ppf(0.975, 2) * stdev(means[1]) * math.sqrt(1 / 3 + 10 / 80)
    figure = first.valid.metrics["recall_macro"]
    assert (figure.low, figure.high) == pytest.approx((fmean(means[1]) - half, fmean(means[1]) + half))
    differences = [b - a for a, b in zip(means[1], means[0], strict=True)]
    t = fmean(differences) / (stdev(differences) * math.sqrt(1 / 3 + 10 / 80))
    assert summary.configurations[1].valid.p_adjusted == pytest.approx(2 * stats.t.sf(abs(t), 2))
    test = first.test.metrics["recall_macro"]
    ratio = 10 / 80 if shared else 20 / 80
    assert test.high - test.low == pytest.approx(2 * half * math.sqrt((1 / 3 + ratio) / (1 / 3 + 10 / 80)))
    assert any("all splits share one test part" in note for note in summary.notes) == shared


def test_search_scores_exceed_confirmed_ones_by_the_mean_over_configurations_on_each_split():
    record = campaign_record(0.6, 0.9)
    request = ConfirmationRequest(trials=(1, 0), seeds=2, splits=3, ended=2)
    high, low = {1: (0.84, 0.86), 2: (0.70, 0.74), 3: (0.91, 0.89)}, {1: (0.58, 0.62), 2: (0.5, 0.5), 3: (0.66, 0.64)}
    scores = {(t, k, r): of[r][k] for t, of in ((1, high), (0, low)) for r in (1, 2, 3) for k in (0, 1)}
    data = data_record("raw", train={"N": 40, "S": 40}, valid={"N": 5, "S": 5}, test={"N": 10, "S": 10})
    gap = confirmation_summary(record, confirmation_record(record, request, scores, data=data)).gap
    on_splits = [((0.9 - a) + (0.6 - b)) / 2 for a, b in ((0.85, 0.60), (0.72, 0.50), (0.90, 0.65))]
    half = stats.t.ppf(0.975, 2) * stdev(on_splits) * math.sqrt(1 / 3 + 10 / 80)
    assert gap.n == 3
    assert gap.mean == pytest.approx(fmean(on_splits))
    assert (gap.low, gap.high) == pytest.approx((fmean(on_splits) - half, fmean(on_splits) + half))
    failed = confirmation_record(record, request, scores | {(0, 1, 3): None}, data=data)
    assert confirmation_summary(record, failed).gap.mean == pytest.approx(0.9 - fmean((0.85, 0.72, 0.90)))


def test_one_seed_gives_no_interval_of_the_search_s_excess(campaign):
    request = REQUEST.model_copy(update={"seeds": 1})
    scores = {key: value for key, value in SCORES.items() if key[1] == 0}
    gap = confirmation_summary(campaign, confirmation_record(campaign, request, scores)).gap
    assert gap.mean == pytest.approx(((0.9 - 0.70) + (0.8 - 0.80) + (0.6 - 0.50)) / 3)
    assert (gap.low, gap.high) == (None, None)


def test_synthetic_rows_do_not_count_as_trained_on():
    record = campaign_record(0.6, 0.9, data__balance="smote", data__valid_fraction=0.2, data__test_fraction=0.3)
    request = ConfirmationRequest(trials=(1, 0), seeds=1, splits=3, ended=2)
    scores = {(t, 0, split): 0.6 + 0.1 * t + 0.01 * split for split in (1, 2, 3) for t in (1, 0)}
    data = data_record("smote", train={"N": 80, "S": 80}, valid={"N": 20, "S": 20}, test={"N": 30, "S": 30})
    confirmed = confirmation_record(record, request, scores, data=data, balance="smote")
    first = confirmation_summary(record, confirmed).configurations[0]
    spread = stats.t.ppf(0.975, 2) * stdev([0.01, 0.02, 0.03])
    for part, evaluated in ((first.valid, 40), (first.test, 60)):  # 200 rows were divided, 100 of them to train
        figure = part.metrics["recall_macro"]
        assert figure.high - figure.low == pytest.approx(2 * spread * math.sqrt(1 / 3 + evaluated / 100))


def test_incomplete_configurations_come_last_and_are_not_tested(campaign):
    scores = SCORES | {(2, 1, 0): None}
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, scores))
    assert [row.trial for row in summary.configurations] == [1, 0, 2]
    last = summary.configurations[-1]
    assert (last.completed, last.planned, last.first, last.valid.p_adjusted) == (2, 3, None, None)
    assert len(summary.failed) == 1


def test_of_a_minimised_metric_an_optimistic_search_has_a_positive_gap():
    record = campaign_record(0.6, 0.9, metric="loss")
    source = record.ranked()[0].index
    request = ConfirmationRequest(trials=(source,), seeds=2, splits=0, ended=2)
    summary = confirmation_summary(
        record, confirmation_record(record, request, {(source, 0, 0): 0.5, (source, 1, 0): 0.4})
    )
    row = summary.configurations[0]
    assert row.gap == pytest.approx(row.valid.metrics["loss"].mean - row.search)


def test_what_was_seen_before_is_said(campaign):
    twice = campaign_record(0.6, 0.9, 0.8, opened=[REQUEST, REQUEST.model_copy(update={"seeds": 4})])
    notes = confirmation_summary(twice, confirmation_record(twice, REQUEST, SCORES)).notes
    assert any("opened 2 times" in note for note in notes)
    assert any("rarest class has 4 rows" in note for note in notes)
    early = REQUEST.model_copy(update={"ended": 2})
    notes = confirmation_summary(campaign, confirmation_record(campaign, early, SCORES)).notes
    assert any("1 trials of the campaign ended after" in note for note in notes)


DRAWN = "each fresh split draws its test part anew"


def notes_on_splits(splits, rows, *, sources=(1,), **changes):
    """rows: in validation and test part.  sources: the trials that are confirmed, of two."""
    campaign, runs = searched(0.5, 0.6, **changes)
    valid, test = ({"N": n // 2, "S": n - n // 2} for n in rows)
    opened, *others = events(runs, campaign)
    opened = opened.model_copy(update={"data": {"raw": data_record("raw", valid=valid, test=test)}})
    record = folded([opened, *others])
    request = ConfirmationRequest(trials=sources, seeds=1, splits=splits, ended=2)
    scores = {(t, 0, r): 0.9 - t / 9 + r / 99 for r in range(1, splits + 1) or (0,) for t in sources}
    return confirmation_summary(record, confirmation_record(record, request, scores)).notes


@pytest.mark.parametrize(
    ("splits", "rows", "changes", "noted"),
    [
        (2, (200, 200), {}, True),
        (0, (200, 200), {}, False),
        (2, (150, 301), {"data__valid_fraction": 0.1}, True),
        (2, (2400, 21892), {}, False),  # an official test part of 21,892 rows
        (2, (200, 200), {"data__test_fraction": 0.0}, False),
        (2, (90, 250), {"data__split": "grouped"}, True),  # complete groups: only about the fractions
        (2, (200, 200), {"sources": (1, 0)}, False),  # all configurations: nothing was chosen
    ],
)
def test_test_parts_that_fresh_splits_draw_are_noted(splits, rows, changes, noted):
    notes = notes_on_splits(splits, rows, **changes)
    assert any(note.startswith(DRAWN) for note in notes) == noted


def test_a_test_file_is_not_drawn(tmp_path):
    changes = {"data__dataset": str(tmp_path / "train.csv"), "data__test": str(tmp_path / "test.csv")}
    assert not [note for note in notes_on_splits(2, (200, 200), **changes) if note.startswith(DRAWN)]


def test_notes_on_the_data_are_shown_once():
    equal = " of 319 test texts have the tokens of a training text: scores are optimistic."
    parts = [
        ("9 of 90 rows equal an earlier one.", f"{count:,}{equal}", f"column x has mean {count / 100}.", *more)
        for count, more in ((1012, ()), (7, ("the test part has no rows of class S.",)), (988, ()), (30, ()))
    ]
    records = [data_record("raw", notes=notes) for notes in parts]
    assert data_notes(records) == [
        "9 of 90 rows equal an earlier one.",
        f"7 to 1,012{equal}",
        "column x has mean 10.12. 3 more such notes differ in their numbers.",
        "the test part has no rows of class S.",
    ]
    assert data_notes(records[1:2]) == list(parts[1])


def test_notes_are_those_of_the_data_that_were_trained_on(campaign):
    noted = data_record("raw", notes=("12 test sequences have the tokens of a training text.",))
    own = confirmation_record(campaign, REQUEST, SCORES)
    own.data["raw"] = noted
    own.data["smote"] = data_record("smote", notes=("synthetic rows.",))
    notes = confirmation_summary(campaign, own).notes
    assert noted.notes[0] in notes
    assert "synthetic rows." not in notes


def test_nothing_completed_is_an_error(campaign):
    record = confirmation_record(campaign, REQUEST, dict.fromkeys(SCORES))
    with pytest.raises(RecordError, match="no trial of its confirmation has completed"):
        confirmation_summary(campaign, record)


def test_an_overlap_of_nothing_is_the_ordinary_test():
    x, y = [0.5, 0.6, 0.8], [0.4, 0.55, 0.6]
    assert paired(x, y, overlap=1e-15).p == pytest.approx(paired(x, y).p)
    assert estimate(x, overlap=0.0) == estimate(x)


def test_what_was_trained_is_said_of_one_and_of_several(campaign):
    single = REQUEST.model_copy(update={"trials": (2,), "seeds": 1})
    one = confirmation_summary(campaign, confirmation_record(campaign, single, {(2, 0, 0): 0.8}))
    assert units(one) == "best configuration, 1 fresh seed"
    assert units(confirmation_summary(campaign, confirmation_record(campaign, REQUEST, SCORES))) == (
        "best 3 configurations, 3 fresh seeds"
    )


METHOD = "(paired t-test on the validation part, Holm-adjusted over all pairs)"


@pytest.mark.parametrize(
    ("dropped", "seeds", "said"),
    [
        ([], 3, f"Not significantly different from t002: 0 of 2 others {METHOD}."),
        ([(0, 1)], 3, f"Not significantly different from t002: 0 of 1 others {METHOD}, 1 not tested (incomplete)."),
        ([(0, 1), (1, 1), (2, 1)], 3, "Differences to t002: 2 not tested (incomplete)."),
        ([], 1, "Differences to t002: 2 not tested (one complete pair)."),
    ],
)
def test_configurations_that_are_not_tested_are_not_called_equal(campaign, dropped, seeds, said):
    scores = {key: value for key, value in SCORES.items() if key[:2] not in dropped and key[1] < seeds}
    record = confirmation_record(campaign, REQUEST.model_copy(update={"seeds": seeds}), scores)
    assert said in remarks(confirmation_summary(campaign, record))


def test_an_unfinished_confirmation_says_how_much_of_it_has_ended(campaign):
    scores = {key: value for key, value in SCORES.items() if key[:2] != (0, 1)}
    summary = confirmation_summary(campaign, confirmation_record(campaign, REQUEST, scores))
    assert units(summary) == "best 3 configurations, 3 fresh seeds, 8 of 9 trials ended"
    table = confirmed(summary)
    completed = table.head.index("completed")
    assert [row[completed] for row in table.rows] == ["3/3", "3/3", "2/3"]
    assert table.numeric[completed]
    assert len(table.numeric) == len(table.head)


def test_small_differences_and_p_are_not_printed_as_0():
    record = campaign_record(0.600_03, 0.600_07)
    request = ConfirmationRequest(trials=(1, 0), seeds=4, splits=0, ended=2)
    scores = {(t, seed, 0): 0.6 + 4e-5 * t + 1e-9 * (seed + 1) ** (1 + t) for t in (1, 0) for seed in range(4)}
    summary = confirmation_summary(record, confirmation_record(record, request, scores))
    assert summary.configurations[1].valid.p_adjusted < 0.001
    table = confirmed(summary)
    assert table.rows[1][table.head.index("p, Holm-adjusted")] == "< 0.001"
    text = io.StringIO()
    print_summary(summary, Console(file=text, width=200))
    assert "-4.001e-05" in text.getvalue()
    assert "  < 0.001" in text.getvalue()
    gap = re.search(r"means: (\+0\.\d+) on average, .* over seeds (\+0\.\d+) to (\+0\.\d+)\.", text.getvalue())
    assert [float(number) for number in gap.groups()] == pytest.approx(
        [summary.gap.mean, summary.gap.low, summary.gap.high], rel=1e-3
    )
