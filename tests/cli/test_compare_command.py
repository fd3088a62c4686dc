"""``seqtune compare``: what it prints, plots and returns."""

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from comparison_journals import GRU, NORM, RNN, cells, compared, level, norm_by_cell
from journals import Run, record, table, write
from rich.console import Console
from typer.testing import CliRunner

from tuning.analysis.compare import Comparison, compare
from tuning.campaign.errors import StoreError
from tuning.cli.app import app
from tuning.cli.compare_plot import draw
from tuning.cli.compare_table import show
from tuning.cli.plots import save
from tuning.execution.adoption import adopt_file
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord


def printed(*comparisons: Comparison, width: int = 100) -> str:
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        show(comparisons, console)
    return capture.get()


def seqtune(*words: object) -> tuple[int, str, str]:
    result = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["compare", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


RECORDED = Path(__file__).parents[2] / "docs" / "recorded"


# --- the terminal


def test_failed_trials_are_printed_beside_all() -> None:
    runs = cells()
    for i in (4, 5):
        runs[i] = Run(settings={"model.cell": "rnn"}, seed=i - 4, status="failed", reason="loss is nan in epoch 1")
    assert "2 of 4" in printed(compared(record(runs)))


def test_an_unfinished_campaign_says_that_results_may_change() -> None:
    comparison = compared(
        record([*cells(), Run(settings={"model.cell": "gru"}, seed=5, score=None)], search__trials=15)
    )
    assert "not finished, 12 of 15 trials ended, results may change" in printed(comparison)
    assert level(comparison, "gru").open == 1


def test_a_clipped_interval_is_printed_as_clipped() -> None:
    text = printed(compared(record(table({"gru": (0.9, 1.0), "rnn": (0.5, 0.51)}))))
    assert "to 1.0000" in text
    assert "Interval of gru clipped to the response's range." in text


@pytest.mark.parametrize("width", [100, 60])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = printed(compared(record(cells())), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    console = Console(file=TextIOWrapper(BytesIO(), encoding="ascii"), width=100, force_terminal=True)
    with console.capture() as capture:
        show([compared(record(cells()))], console)
    assert capture.get().isascii()


def test_groups_are_printed_in_turn_and_shared_notes_once() -> None:
    text = printed(*compare(record(norm_by_cell()), factor="norm", by="cell"))
    once = ("\nrnn\n", "\ngru\n", "Response: ", "Levels of cell were analysed separately")
    assert [text.count(line) for line in once] == [1] * 4
    assert text.index("\nrnn\n") < text.index("no scores 0.207 lower than yes") < text.index("\ngru\n")
    assert "yes and no do not differ significantly" in text[text.index("\ngru\n") :]
    assert [text.count(f"6 of 6 trials of {cell} had their best epoch") for cell in ("rnn", "gru")] == [1, 1]


# --- the plot


def test_the_plot_has_a_panel_per_level_and_one_of_means() -> None:
    campaign = record(cells())
    figure = draw([compared(campaign)], campaign)
    (whole,) = figure.subfigs
    assert [len(part.axes) for part in whole.subfigs] == [3, 1]
    assert [axes.get_title() for axes in whole.subfigs[0].axes][2] == "rnn (4 of 4 trials)"


def test_the_plot_of_groups_has_one_below_the_other() -> None:
    campaign = record(norm_by_cell())
    figure = draw(compare(campaign, factor="norm", by="cell"), campaign)
    assert [part.get_suptitle() for part in figure.subfigs] == ["rnn", "gru"]
    drawn = [
        sorted(y for line in part.subfigs[1].axes[0].lines for y in np.asarray(line.get_ydata()))
        for part in figure.subfigs
    ]
    for values, norms in zip(drawn, NORM.values(), strict=True):
        assert {score for scores in norms.values() for score in scores} <= set(values)


@pytest.mark.parametrize(("scores", "notes"), [((0.9, 1.0), 1), (GRU, 0)])
def test_the_plot_clips_intervals_and_says_so(scores: tuple[float, ...], notes: int) -> None:
    campaign = record(table({"gru": scores}))
    axes = draw([compared(campaign)], campaign).subfigs[0].subfigs[1].axes[0]
    assert axes.get_title().count("clipped to") == notes
    assert max(y for line in axes.lines for y in np.asarray(line.get_ydata())) <= 1


def awkward() -> CampaignRecord:
    """Trials of unlike length, a classical model, losses that are not finite, and one that diverged."""
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
def test_awkward_curves_are_plotted(tmp_path: Path, suffix: str) -> None:
    campaign = awkward()
    save(draw([compared(campaign)], campaign), tmp_path / f"cells{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"cells{suffix}"]


def test_a_plot_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    campaign = record(cells())
    with pytest.raises(StoreError, match=r"cannot be written: No such file or directory\. Choose another --plot"):
        save(draw([compared(campaign)], campaign), tmp_path / "nowhere" / "cells.png")


# --- the command


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    write(home.journal("cells"), cells(), name="cells", comparison={"question": "Which cell?", "factor": "cell"})
    return home


def test_the_command_answers_and_exits_with_0(home: Home) -> None:
    code, out, _ = seqtune("cells", "--home", home.path)
    assert code == 0
    assert out.startswith("cells: Which cell?\nfinished, 12 of 12 trials ended; levels of model.cell\n")
    assert "rnn scores 0.203 lower than gru" in out


def test_the_example_of_the_help_is_accepted(home: Home) -> None:
    assert "Example: seqtune compare cell-type --factor cell" in " ".join(seqtune("--help")[1].split())
    assert seqtune("cells", "--factor", "cell", "--home", home.path)[0] == 0


def test_json_is_one_object(home: Home, tmp_path: Path) -> None:
    code, out, err = seqtune("cells", "--json", "--plot", tmp_path / "cells.png", "--home", home.path)
    document = json.loads(out)
    assert code == 0
    assert {level["value"]: level["values"] for level in document["levels"]}["rnn"] == sorted(RNN)
    assert [type(contrast["p_holm"]) for contrast in document["contrasts"]] == [float, float]
    assert document["answer"][0].endswith("4 trials.")
    assert document["excluded"] == []
    assert (tmp_path / "cells.png").stat().st_size > 10_000
    assert "cells.png" in err


def test_json_of_groups_is_one_object(home: Home) -> None:
    write(home.journal("norm"), norm_by_cell(), name="norm")
    code, out, _ = seqtune("norm", "--factor", "norm", "--by", "cell", "--json", "--home", home.path)
    document = json.loads(out)
    assert (code, document["by"]) == (0, "model.cell")
    assert [group["group"] for group in document["groups"]] == ["rnn", "gru"]


def test_without_two_trials_of_a_level_the_command_exits_with_1(home: Home) -> None:
    write(home.journal("one"), table({"gru": (0.5,), "rnn": (0.4,)}), name="one")
    code, out, err = seqtune("one", "--home", home.path)
    assert code == 1
    assert "No level of model.cell has two completed trials" in out
    assert err == "seqtune: campaign 'one': no level has two completed trials\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cells", "--factor", "hidden"], "the campaign did not search this. Searched: model.cell"),
        (["cells", "--response", "acuracy"], "no such response"),
        (["cells", "--plot", "cells.txt"], "unknown suffix. Allowed: .png, .pdf, .svg"),
        (["none"], "no campaign 'none'"),
    ],
)
def test_a_usage_error_exits_with_2(home: Home, words: list[str], message: str) -> None:
    code, out, err = seqtune(*words, "--home", home.path)
    assert (code, out) == (2, "")
    assert message in err


# --- several campaigns


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(tmp_path_factory.mktemp("confirmed"))
    for name in ("bbc-gru", "bbc-rnn", "cell-type"):
        adopt_file(home, RECORDED / f"{name}.jsonl.gz")
    return home.path


def test_confirmed_campaigns_are_compared_on_the_test_part(confirmed: Path) -> None:
    code, out, _ = seqtune("bbc-rnn", "bbc-gru", "--home", confirmed)
    assert code == 0
    assert out.startswith("bbc-gru, bbc-rnn: accuracy\n")
    assert "bbc-rnn scores 0.337 lower than bbc-gru" in " ".join(out.split())


def test_json_of_confirmed_campaigns_has_the_answer(confirmed: Path) -> None:
    code, out, err = seqtune("bbc-rnn", "bbc-gru", "--json", "--home", confirmed)
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert [one["campaign"] for one in document["campaigns"]] == ["bbc-gru", "bbc-rnn"]
    assert document["contrasts"][0]["pairs"] == 5
    assert "bbc-rnn scores 0.337 lower than bbc-gru" in document["answer"][1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bbc-gru", "cell-type"], "campaign 'cell-type' has not been confirmed. seqtune confirm cell-type"),
        (["bbc-gru", "bbc-lstm"], "no campaign 'bbc-lstm'. Known: bbc-gru, bbc-rnn, cell-type"),
        (["bbc-gru", "bbc-rnn", "--factor", "cell"], "--factor is for the levels of one campaign"),
    ],
)
def test_campaigns_that_cannot_be_compared(confirmed: Path, words: list[str], message: str) -> None:
    code, out, err = seqtune(*words, "--home", confirmed)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


def test_a_confirmation_that_was_killed_at_its_first_entry_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("bbc-gru", "bbc-rnn"):
        adopt_file(home, RECORDED / f"{name}.jsonl.gz")
    home.confirmations.journal("bbc-rnn").write_text('{"kind": "op')
    code, _, err = seqtune("bbc-gru", "bbc-rnn", "--home", tmp_path)
    assert code == 2
    assert "campaign 'bbc-rnn' has not been confirmed." in " ".join(err.split())
