"""A reproduction's verdict and what is printed beside it."""

import io
from pathlib import Path

import pytest
from journals import ENVIRONMENT, journal, report, result
from rich.console import Console

from tuning.cli.reproduction_table import ReproductionTable, verdict
from tuning.cli.tables import UNBOUNDED
from tuning.cli.target import find
from tuning.execution.reproduce import Reproduction
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedTrial:
    home = Home(tmp_path)
    journal(home)
    return find(home, "tiny", trial=1).recorded


def again(**changes: object) -> Reproduction:
    fields: dict[str, object] = {
        "verdict": "exact",
        "first_difference": None,
        "beyond_tolerance": None,
        "largest_difference": 0.0,
        "epochs": [],
        "result": result(0.8),
        "environment": ENVIRONMENT,
        "environment_differences": [],
        "record_differences": [],
    }
    return Reproduction(**{**fields, **changes})  # type: ignore[arg-type]


def printed(
    recorded: RecordedTrial, outcome: Reproduction, *epochs: object, width: int = UNBOUNDED, terminal: bool = False
) -> list[str]:
    target = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    table = ReproductionTable(recorded, target)
    table.start()
    for epoch in epochs:
        table.epoch(epoch)  # type: ignore[arg-type]
    table.end(outcome)
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue().splitlines()


def test_the_verdict_names_the_epoch_beyond_tolerance() -> None:
    differs = again(verdict="differs", first_difference=1, beyond_tolerance=2)
    assert verdict(differs) == "differs at epoch 2"
    assert verdict(again(verdict="within tolerance", first_difference=1)) == "within tolerance"
    assert verdict(again()) == "exact"


def test_a_false_claim_of_the_record_is_listed(recorded: RecordedTrial) -> None:
    false = again(verdict="differs", record_differences=["objective: 0.99 recorded, 0.8 again"])
    lines = printed(recorded, false)
    assert "differs in the record" in lines
    assert "  objective: 0.99 recorded, 0.8 again" in lines


def test_the_verdict_stands_on_a_line_of_its_own(recorded: RecordedTrial) -> None:
    lines = printed(recorded, again())
    assert lines.count("exact") == 1
    assert "environment: same versions, processor, instruction set and threads" in lines


def test_every_epoch_is_a_line_with_both_figures_and_their_difference(recorded: RecordedTrial) -> None:
    lines = printed(
        recorded, again(), report(1, 0.4), report(2, 0.8 + 2e-5).model_copy(update={"weights_sha256": "f" * 64})
    )
    first, second = (next(line.split() for line in lines if line.strip().startswith(f"{n} ")) for n in (1, 2))
    assert first == ["1", "0.400000", "0.400000", "0.600000", "0.600000", "0", "equal"]
    assert second == ["2", "0.800000", "0.800020", "0.200000", "0.199980", "2.0e-05", "differ"]


def test_a_difference_says_from_where_and_how_large(recorded: RecordedTrial) -> None:
    differs = again(verdict="differs", first_difference=1, beyond_tolerance=2, largest_difference=0.25)
    lines = printed(recorded, differs)
    assert "bits differ from epoch 1; the largest difference of a metric is 0.25" in lines


def test_differences_of_the_environment_are_listed(recorded: RecordedTrial) -> None:
    lines = printed(recorded, again(environment_differences=["torch: 2.12.0 -> 2.13.0", "threads: 1 -> 2"]))
    assert lines[-3:] == ["environment, recorded -> here:", "  torch: 2.12.0 -> 2.13.0", "  threads: 1 -> 2"]


def test_an_epoch_beyond_the_record_is_left_out(recorded: RecordedTrial) -> None:
    assert not any(line.strip().startswith("3 ") for line in printed(recorded, again(), report(3, 0.9)))


def test_a_line_fits_a_terminal_of_80_characters(recorded: RecordedTrial) -> None:
    epochs = report(1, -99_999.5), report(2, 0.8)
    wide, narrow = (printed(recorded, again(), *epochs, width=width, terminal=True) for width in (UNBOUNDED, 80))
    assert [line for line in wide if line.strip().startswith(("epoch", "1 ", "2 "))] == narrow[5:8]
