"""What `seqtune confirm` prints, of a recorded confirmation."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tuning.analysis.confirmation import ConfirmationSummary, confirmation_summary
from tuning.cli.confirm import print_summary
from tuning.journal.log import read
from tuning.journal.record import fold

RECORDED = Path(__file__).parents[2] / "docs" / "recorded"


@pytest.fixture(scope="module")
def gestures() -> ConfirmationSummary:
    records = [fold(read(RECORDED / f"gestures-cells{part}.jsonl.gz")) for part in ("", ".confirmation")]
    return confirmation_summary(*records)


def printed(summary: ConfirmationSummary, width: int) -> list[str]:
    target = Console(file=io.StringIO(), width=width, force_terminal=False)
    print_summary(summary, target)
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 170])
def test_recalls_of_twenty_classes_are_whole(gestures: ConfirmationSummary, width: int) -> None:
    lines = printed(gestures, width)
    start = lines.index("class  rank 1  rank 2  rank 3  rank 4")
    rows = [line.split() for line in lines[start + 1 : start + 21]]
    assert rows == [
        [name, *(f"{row.test.recall[name]:.4f}" for row in gestures.configurations)]
        for name in gestures.configurations[0].test.recall
    ]


def test_ranks_that_a_terminal_has_no_room_for_are_left_out_from_the_last(gestures: ConfirmationSummary) -> None:
    lines = printed(gestures, 28)
    assert any(line.split() == ["class", "rank", "1", "rank", "2", "rank", "3"] for line in lines)
    assert "rank 4" in " ".join(lines)
