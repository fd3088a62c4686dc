"""A campaign's question: which trials are compared, what is computed of them, and what is claimed."""

import json
import random
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy import stats
from study_journals import Run, record, table, write
from typer.testing import CliRunner

from tuning import cli
from tuning.errors import CampaignError, StoreError
from tuning.figures import save
from tuning.home import Home
from tuning.paired import estimate, holm, paired
from tuning.record import CampaignRecord
from tuning.study import Contrast, Setting, Study, studies
from tuning.study_answer import answer, basis, losses, p_value
from tuning.study_command import show
from tuning.study_figure import draw

GRU, LSTM, RNN = (0.80, 0.83, 0.84, 0.81), (0.79, 0.84, 0.83, 0.82), (0.60, 0.62, 0.61, 0.64)
CELLS = table({"lstm": LSTM, "rnn": RNN, "gru": GRU})
FLOATS = st.floats(0.0, 1.0).map(lambda value: round(value, 3))


def study(campaign: CampaignRecord, **options: str) -> Study:
    """The only study of a campaign."""
    (made,) = studies(campaign, **options)
    return made


def setting(made: Study, value: object) -> Setting:
    return next(one for one in made.settings if one.value == value)


def contrast(made: Study, value: object) -> Contrast:
    return next(one for one in made.contrasts if one.setting == value)


def printed(*made: Study, width: int = 100) -> str:
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        show(made, console)
    return capture.get()


def seqtune(*words: object) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "100"}).invoke(cli.app, ["study", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


# --- the statistics


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=12))
def test_a_paired_test_is_scipys(rows: list[tuple[float, float]]) -> None:
    x, y = (list(column) for column in zip(*rows, strict=True))
    found = paired(x, y)
    if np.ptp(np.subtract(x, y)) < 1e-9:
        assert found.p in {None, 1.0}
        return
    expected = stats.ttest_rel(x, y)
    interval = expected.confidence_interval(0.95)
    assert (found.p, found.low, found.high) == pytest.approx((expected.pvalue, *interval))


@given(st.lists(FLOATS, min_size=2, max_size=12).filter(lambda values: len(set(values)) > 1))
def test_an_interval_is_scipys(values: list[float]) -> None:
    found = estimate(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def test_equal_values_have_p_1() -> None:
    found = paired([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_difference_that_never_varies_is_not_tested() -> None:
    found = paired([0.1, 0.2, 0.7], [0.4, 0.5, 1.0])
    assert found.difference == pytest.approx(-0.3)
    assert (found.p, found.untested) == (None, "the same difference in every pair: nothing varies between seeds")


def test_holm_multiplies_the_smallest_most_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03, 0.9]) == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("kinds", "fewest"), [(2, 8), (4, 0)])
def test_a_factor_without_effect_is_told_apart_in_at_most_a_twentieth_of_studies(kinds: int, fewest: int) -> None:
    rng = random.Random(3)
    campaign = record(table(dict.fromkeys("abcd"[:kinds], (0.5,) * 5)))
    told = 0
    for _ in range(400):
        for trial in campaign.trials.values():
            assert trial.result
            trial.result = trial.result.model_copy(update={"objective": rng.gauss(0.7, 0.05)})
        told += any(one.told_apart for one in study(campaign).contrasts)
    assert fewest <= told <= 36  # 20 expected of two settings; 36 lies almost four standard deviations above


# --- which trials are compared


def test_settings_stand_best_mean_first() -> None:
    made = study(record(table({"a": (0.1, 0.2), "b": (0.8, 0.9), "c": (0.4, 0.6)})))
    assert ([one.value for one in made.settings], made.best) == (["b", "c", "a"], "b")


def test_numbers_stand_in_their_own_order() -> None:
    runs = [Run(settings={"model.hidden": hidden}, seed=s, score=hidden / 1000) for hidden in (128, 64) for s in (0, 1)]
    assert [one.value for one in study(record(runs)).settings] == [64, 128]


def test_a_metric_to_minimise_has_its_lowest_mean_best() -> None:
    assert study(record(table({"a": (0.1, 0.2), "b": (0.8, 0.9)}), metric="loss")).best == "a"


def test_one_trial_is_not_the_best_setting() -> None:
    runs = table({"a": (0.99,), "b": (0.5, 0.6)})
    assert study(record(runs)).best == "b"


def test_trials_are_paired_by_seed() -> None:
    found = contrast(study(record(CELLS)), "rnn")
    expected = stats.ttest_rel(RNN, GRU if found.best == "gru" else LSTM)
    assert (found.pairs, found.seeds, found.incomplete) == (4, 4, 0)
    assert found.p == pytest.approx(expected.pvalue)


def test_pairs_agree_in_all_other_dimensions() -> None:
    rate = {0.1: 0.3, 0.01: 0.0}
    runs = [
        Run(settings={"model.cell": cell, "train.learning_rate": lr}, seed=s, score=base + rate[lr] + 0.01 * s * s)
        for cell, base in (("gru", 0.5), ("rnn", 0.4))
        for lr in rate
        for s in range(3)
    ]
    runs[0] = Run(settings=runs[0].settings, seed=0, score=0.83)
    found = contrast(study(record(runs), factor="cell"), "rnn")
    assert (found.pairs, found.seeds) == (6, 3)
    assert found.difference == pytest.approx(-0.1 - 0.03 / 6)
    assert study(record(runs), factor="cell").blocks == 2


def test_a_dimension_of_one_family_alone_is_averaged_within_a_pair() -> None:
    net = [
        Run(settings={"model.family": "recurrent", "model.hidden": h}, seed=s, score=0.6 + h / 1000 + 0.01 * s)
        for h in (100, 200)
        for s in (0, 1, 2)
    ]
    line = [Run(settings={"model.family": "linear"}, seed=s, score=0.5 - 0.02 * s) for s in (0, 1, 2)]
    found = contrast(study(record([*net, *line]), factor="family"), "linear")
    assert (found.pairs, found.incomplete) == (3, 0)
    assert found.difference == pytest.approx(0.48 - 0.76)


def test_incomplete_pairs_are_left_out_and_counted() -> None:
    runs = [*CELLS]
    runs[4] = Run(settings={"model.cell": "rnn"}, seed=0, status="failed", reason="loss is nan in epoch 1")
    made = study(record(runs))
    found = contrast(made, "rnn")
    assert (found.pairs, found.incomplete) == (3, 1)
    assert "3 seeds (1 incomplete pair left out)" in " ".join(answer(made))


def test_without_common_seeds_there_are_means_but_no_test() -> None:
    runs = [Run(settings={"model.cell": "gru"}, seed=s, score=0.8) for s in (1, 2)]
    runs += [Run(settings={"model.cell": "rnn"}, seed=s, score=0.5) for s in (3, 4)]
    made = study(record(runs))
    assert (contrast(made, "rnn").p, contrast(made, "rnn").untested) == (None, "no complete pair")
    assert "Not tested against gru: rnn: no complete pair." in answer(made)


def test_stopped_and_reused_trials_are_in_no_mean() -> None:
    runs = [
        *CELLS,
        Run(settings={"model.cell": "gru"}, seed=9, score=0.1, status="stopped", reason="missed a rung"),
        Run(settings={"model.cell": "gru"}, seed=8, score=0.2, reused=True),
    ]
    made = study(record(runs))
    gru = setting(made, "gru")
    assert (gru.trials, gru.completed, gru.stopped, gru.values) == (5, 4, 1, sorted(GRU))
    assert any("gru: 1 of 5 stopped early at a rung" in text for text in losses(made))
    assert any("took over the result" in text for text in losses(made))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("objective", 0.7), ("train_loss", 0.3), ("overfitting", 0.25), ("best_epoch", 2.0), ("seconds", 4.0)],
)
def test_each_measure_is_what_it_says(measure: str, expected: float) -> None:
    curve = ((1.0, 0.9), (0.5, 0.5), (0.3, 0.75))
    runs = [Run(settings={"model.cell": "gru"}, seed=s, score=0.7, curve=curve, seconds=4.0) for s in (0, 1)]
    assert setting(study(record(runs), measure=measure), "gru").estimate.mean == pytest.approx(expected)


def test_a_measure_that_is_no_number_is_left_out_and_told() -> None:
    runs = [
        Run(settings={"model.family": "majority"}, seed=s, score=0.2, curve=[(float("nan"), float("nan"))])
        for s in (0, 1)
    ]
    made = study(record(runs), measure="train_loss")
    assert (setting(made, "majority").values, made.answered) == ([], False)
    assert "majority: 2 of 2 have no finite training loss" in losses(made)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_trials_changes_nothing(order: list[int]) -> None:
    assert study(record([CELLS[i] for i in order])) == study(record(CELLS))


# --- what is asked


def test_the_only_dimension_is_the_factor() -> None:
    assert study(record(CELLS)).factor == "model.cell"


def test_the_files_question_is_asked_where_none_is_given() -> None:
    runs = [Run(settings={"model.cell": "gru", "train.batch_size": b}, seed=s) for b in (16, 32) for s in (0, 1)]
    campaign = record(runs, study={"question": "Which batch?", "factor": "batch_size", "measure": "seconds"})
    made = study(campaign)
    assert (made.question, made.factor, made.measure) == ("Which batch?", "train.batch_size", "seconds")
    other = study(campaign, factor="cell", measure="objective")
    assert (other.question, other.factor, other.measure) == ("", "model.cell", "objective")


def test_a_question_that_cannot_be_asked_names_what_can() -> None:
    two = record([Run(settings={"model.cell": "gru", "train.batch_size": 16}, seed=0)])
    with pytest.raises(CampaignError, match=r"Add --factor. Searched: model.cell, train.batch_size"):
        study(two)
    with pytest.raises(CampaignError, match=r'--factor cel: .* did not search this.* Did you mean "cell"\?'):
        study(two, factor="cel")
    with pytest.raises(CampaignError, match=r"--measure second: no such measure. Known: objective"):
        study(two, factor="cell", measure="second")
    alike = record([Run(settings={"model.hidden": 1, "train.hidden": 2}, seed=0)])
    with pytest.raises(CampaignError, match=r"several dimensions end so: model\.hidden, train\.hidden"):
        study(alike, factor="hidden")


# --- what is said


def test_a_worse_setting_is_said_to_be_so_with_interval_and_scope() -> None:
    told = [text for text in answer(study(record(CELLS))) if text.startswith("rnn")]
    assert len(told) == 1
    assert told[0].startswith("rnn is worse than ")
    assert told[0].endswith("after Holm, 4 seeds, on this data, this protocol, validation split.")


def test_like_settings_are_not_told_apart_which_is_not_called_equal() -> None:
    made = study(record(table({"gru": GRU, "lstm": LSTM})))
    told = " ".join(answer(made))
    assert "are not told apart" in told
    assert "95 % interval -0.0" in told
    assert "p 1.00, 4 seeds" in told
    assert "Not told apart is not the same as equal." in " ".join(basis(made))


@pytest.mark.parametrize(
    ("measure", "phrase"),
    [
        ("train_loss", "has a higher training loss than gru by 1.018 (0.990 to 1.045)"),
        ("overfitting", "overfits more than gru by 1.018 (0.990 to 1.045)"),
        ("best_epoch", "has its best epoch later than gru by 10.0 epochs ("),
        ("seconds", "takes longer to train than gru by 2"),
    ],
)
def test_each_measure_has_its_own_words(measure: str, phrase: str) -> None:
    def run(cell: str, seed: int, more: float) -> Run:
        shift = more + 0.01 * (seed * seed % 7) * (1 if cell == "gru" else 2)
        return Run(
            settings={"model.cell": cell},
            seed=seed,
            curve=((1.0, 0.5), (0.1 + shift, 0.5 + shift)),
            best_epoch=2 + int(10 * more) + (seed % 2 if cell == "gru" else seed // 2 % 2),
            seconds=5 + 20 * shift,
        )

    runs = [run(cell, seed, more) for cell, more in (("gru", 0.0), ("rnn", 1.0)) for seed in range(4)]
    assert phrase in " ".join(answer(study(record(runs), measure=measure)))


def test_failures_are_told_with_their_reasons() -> None:
    runs = [*CELLS]
    for i in (4, 5):
        runs[i] = Run(settings={"model.cell": "rnn"}, seed=i - 4, status="failed", reason="loss is nan in epoch 1")
    made = study(record(runs))
    assert losses(made) == ["rnn: 2 of 4 failed: loss is nan in epoch 1"]
    assert "2 of 4" in printed(made)


def test_a_setting_of_which_every_trial_failed_stands_last() -> None:
    runs = table({"gru": GRU})
    runs += [Run(settings={"model.cell": "rnn"}, seed=s, status="failed", reason="out of memory") for s in range(3)]
    made = study(record(runs))
    assert [one.value for one in made.settings] == ["gru", "rnn"]
    assert losses(made) == ["rnn: 3 of 3 failed: out of memory"]


def test_the_split_and_its_limits_are_always_told() -> None:
    told = " ".join(basis(study(record(CELLS))))
    assert "recall_macro of each trial's best epoch; 4 seeds" in told
    assert "Data: synthetic, 8 rows to train on and 8 in the validation split (stratified split)" in told
    assert "optimistic" in told
    assert "Nothing is said about the test split" in told


def test_an_unfinished_campaign_says_how_many_trials_are_missing() -> None:
    made = study(record([*CELLS, Run(settings={"model.cell": "gru"}, seed=5, score=None)], search__trials=15))
    assert "not finished, 3 of 15 trials are missing: this may change" in printed(made)
    assert setting(made, "gru").open == 1


@pytest.mark.parametrize(("p", "text"), [(0.00001, "< 0.001"), (0.0123, "0.012"), (0.412, "0.41"), (1.0, "1.00")])
def test_p_has_as_many_digits_as_mean_something(p: float, text: str) -> None:
    assert p_value(p) == text


@pytest.mark.parametrize("width", [100, 60])
def test_the_terminal_is_never_too_narrow_for_a_line(width: int) -> None:
    lines = printed(study(record(CELLS)), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_a_terminal_without_unicode_gets_plain_lines() -> None:
    console = Console(file=TextIOWrapper(BytesIO(), encoding="ascii"), width=100, force_terminal=True)
    with console.capture() as capture:
        show([study(record(CELLS))], console)
    assert capture.get().isascii()


# --- one question, several groups of trials


NORM = {"rnn": {"no": (0.50, 0.53, 0.51), "yes": (0.70, 0.72, 0.74)}, "gru": {"no": GRU[:3], "yes": LSTM[:3]}}
BY_CELL = [
    Run(settings={"model.cell": cell, "model.norm": norm}, seed=seed, score=score)
    for cell, settings in NORM.items()
    for norm, scores in settings.items()
    for seed, score in enumerate(scores)
]


def test_a_question_asked_of_each_group_apart_is_that_of_its_trials_alone() -> None:
    made = studies(record(BY_CELL), factor="norm", by="cell")
    assert [(one.by, one.group) for one in made] == [("model.cell", "rnn"), ("model.cell", "gru")]
    for one in made:
        alone = study(record(table(NORM[str(one.group)], "model.norm")))
        assert [s.estimate for s in one.settings] == [s.estimate for s in alone.settings]
        assert (one.best, one.contrasts[0].p) == (alone.best, alone.contrasts[0].p)


def test_the_correction_is_for_the_tests_of_all_groups() -> None:
    rnn, gru = studies(record(BY_CELL), factor="norm", by="cell")
    raw = [one.contrasts[0].p for one in (rnn, gru)]
    assert [one.contrasts[0].p_holm for one in (rnn, gru)] == holm([p for p in raw if p is not None])
    assert (rnn.tests, gru.tests) == (2, 2)
    assert (rnn.contrasts[0].told_apart, gru.contrasts[0].told_apart) == (True, False)


def test_the_files_groups_belong_to_its_own_question() -> None:
    campaign = record(BY_CELL, study={"factor": "norm", "by": "cell"})
    assert [one.group for one in studies(campaign)] == ["rnn", "gru"]
    assert study(campaign, factor="norm").blocks == 2
    assert study(campaign, factor="cell").by is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": "norm", "by": "norm"}, r"--by norm: this is the factor.*Searched: model\.cell, model\.norm"),
        ({"factor": "norm", "by": "cel"}, '--by cel: the campaign did not search this.*Did you mean "cell"'),
    ],
)
def test_groups_that_there_cannot_be_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        studies(record(BY_CELL), **options)


def test_groups_are_printed_one_after_the_other_and_what_they_share_once() -> None:
    text = printed(*studies(record(BY_CELL), factor="norm", by="cell"))
    assert [text.count(line) for line in ("\nrnn\n", "\ngru\n", "Measured: ", "Each cell was asked apart.")] == [1] * 4
    assert text.index("\nrnn\n") < text.index("no is worse than yes by 0.207") < text.index("\ngru\n")
    assert "yes and no are not told apart" in text[text.index("\ngru\n") :]
    assert [text.count(f"6 of 6 trials of {cell} had their best epoch") for cell in ("rnn", "gru")] == [1, 1]


def test_groups_are_drawn_one_below_the_other() -> None:
    campaign = record(BY_CELL)
    figure = draw(studies(campaign, factor="norm", by="cell"), campaign)
    assert [part.get_suptitle() for part in figure.subfigs] == ["rnn", "gru"]
    drawn = [sorted(y for line in part.subfigs[1].axes[0].lines for y in line.get_ydata()) for part in figure.subfigs]
    for values, norms in zip(drawn, NORM.values(), strict=True):
        assert {score for scores in norms.values() for score in scores} <= set(values)


def test_without_a_trial_there_are_no_groups() -> None:
    campaign = record([], dimensions=["model.cell", "model.norm"], search__trials=4)
    assert not study(campaign, factor="norm", by="cell").answered


# --- the figure


def test_the_figure_has_a_panel_for_each_setting_and_one_of_means() -> None:
    campaign = record(CELLS)
    figure = draw([study(campaign)], campaign)
    (whole,) = figure.subfigs
    assert [len(part.axes) for part in whole.subfigs] == [3, 1]
    assert [axes.get_title() for axes in whole.subfigs[0].axes][2] == "rnn (4 of 4 trials)"


def awkward() -> CampaignRecord:
    """Trials of unlike length, a family fitted at once, losses that are no numbers, and one that diverged."""
    curves = (
        [(1.0, 1.0), (0.5, 0.6), (0.3, 0.7)],
        [(1.0, 1.0)],
        [(float("nan"), float("inf")), (1e12, 1.0)],
    )
    runs = [Run(settings={"model.hidden": i}, seed=s, curve=curve) for i, curve in enumerate(curves) for s in (0, 1)]
    runs[1] = Run(settings={"model.hidden": 0}, seed=1, curve=curves[0][:2])
    runs += [Run(settings={"model.hidden": 3}, seed=0, status="failed", reason="out of memory", curve=[])]
    return record(runs)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_awkward_curves_are_drawn(tmp_path: Path, suffix: str) -> None:
    campaign = awkward()
    save(draw([study(campaign)], campaign), tmp_path / f"study{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"study{suffix}"]


def test_a_figure_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    campaign = record(CELLS)
    with pytest.raises(StoreError, match=r"cannot be written: No such file or directory\. Choose another --plot"):
        save(draw([study(campaign)], campaign), tmp_path / "nowhere" / "study.png")


# --- the command


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    write(made.journal("cells"), CELLS, name="cells", study={"question": "Which cell?", "factor": "cell"})
    return made


def test_the_command_answers_and_exits_with_0(home: Home) -> None:
    code, out, _ = seqtune("cells", "--home", home.path)
    assert code == 0
    assert out.startswith("cells: Which cell?\nfinished, 12 of 12 trials ended; settings of model.cell\n")
    assert "rnn is worse than" in out


def test_the_command_gives_one_json_object(home: Home, tmp_path: Path) -> None:
    code, out, _ = seqtune("cells", "--json", "--plot", tmp_path / "cells.png", "--home", home.path)
    document = json.loads(out)
    assert code == 0
    assert {one["value"]: one["values"] for one in document["settings"]}["rnn"] == sorted(RNN)
    assert [type(one["p_holm"]) for one in document["contrasts"]] == [float, float]
    assert document["answer"][0].endswith("4 trials.")
    assert (tmp_path / "cells.png").stat().st_size > 10_000


def test_the_command_gives_one_json_object_of_all_groups(home: Home) -> None:
    write(home.journal("norm"), BY_CELL, name="norm")
    code, out, _ = seqtune("norm", "--factor", "norm", "--by", "cell", "--json", "--home", home.path)
    document = json.loads(out)
    assert (code, document["by"]) == (0, "model.cell")
    assert [one["group"] for one in document["groups"]] == ["rnn", "gru"]


def test_nothing_to_answer_exits_with_1(home: Home) -> None:
    write(home.journal("one"), table({"gru": (0.5,), "rnn": (0.4,)}), name="one")
    code, out, err = seqtune("one", "--home", home.path)
    assert code == 1
    assert "Nothing to answer" in out
    assert err == "seqtune: campaign 'one': no setting has two completed trials\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cells", "--factor", "hidden"], "the campaign did not search this. Searched: model.cell"),
        (["cells", "--measure", "accuracy"], "no such measure"),
        (["cells", "--plot", "cells.txt"], "the suffix names no format. Allowed: .png, .pdf, .svg"),
        (["none"], "no campaign 'none'. Known: cells"),
    ],
)
def test_a_users_error_exits_with_2(home: Home, words: list[str], message: str) -> None:
    code, out, err = seqtune(*words, "--home", home.path)
    assert (code, out) == (2, "")
    assert message in err


def test_trials_that_were_still_improving_are_told() -> None:
    def told(best_epoch: int) -> str:
        runs = [
            Run(settings={"model.cell": cell}, seed=seed, score=0.5 + seed / 9, best_epoch=best_epoch)
            for cell in ("gru", "rnn")
            for seed in range(3)
        ]
        return " ".join(basis(study(record(runs))))

    assert "6 of 6 trials had their best epoch among the last" in told(best_epoch=2)
    assert "among the last" not in told(best_epoch=1)
