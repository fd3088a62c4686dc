"""What `seqtune confirm` prints, of a recorded confirmation."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tuning.analysis.confirmation import ConfirmationSummary, confirmation_summary
from tuning.campaign.errors import RecordError
from tuning.cli.confirm import print_summary
from tuning.execution.adoption import adopt_file
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.tracking.register import register

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


def test_a_model_without_kept_weights_is_not_registered(gestures: ConfirmationSummary, tmp_path: Path) -> None:
    home = Home(tmp_path)
    adopt_file(home, RECORDED / "gestures-cells.jsonl.gz")
    with pytest.raises(RecordError) as caught:
        register(home, gestures)
    message = str(caught.value)
    assert f"t030 cannot be registered: its weights are not kept in {tmp_path}. Train it again" in message
    assert "seqtune reproduce gestures-cells --trial 30 --keep-weights" in message
    assert "damaged" not in message
