"""A reproduction as the command line shows it: recorded and new epochs side by side, then the verdict."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console

from tuning.cli import tables
from tuning.journal.record import RecordedTrial
from tuning.journal.text import SMALL, duration, settings, trial_name
from tuning.training.results import EpochReport

if TYPE_CHECKING:
    from tuning.execution.reproduce import Reproduction

LARGE = 100_000

WIDTHS = (5, 12, 12, 12, 12, 10, 7)
"""Of the columns; with a blank between them a line fits 80 characters."""


class ReproductionTable:
    """Prints one line for each epoch as it is trained again."""

    def __init__(self, recorded: RecordedTrial, target: Console) -> None:
        self.recorded = recorded
        self.target = target
        self.metric = recorded.config.objective.metric

    def start(self) -> None:
        """Say what is trained again, and print the columns' heads."""
        trial = self.recorded.config
        tables.line(self.target, f"{trial_name(trial.index)} of {trial.campaign}, seed {trial.seed}", "bold")
        tables.line(self.target, f"{settings(self.recorded.assignment)}")
        lasted = sum(report.seconds for report in self.recorded.epochs)
        epochs = len(self.recorded.epochs)
        tables.line(self.target, f"recorded: {epochs} {'epoch' if epochs == 1 else 'epochs'} in {duration(lasted)}")
        tables.line(self.target, "")
        self._columns("", self.metric, "", "valid loss", "", "largest", "")
        self._columns("epoch", "recorded", "again", "recorded", "again", "difference", "weights")

    def epoch(self, again: EpochReport) -> None:
        """Print one epoch."""
        if again.epoch > len(self.recorded.epochs):
            return
        before = self.recorded.epochs[again.epoch - 1]
        largest = max(abs(value - again.metrics.get(name, float("inf"))) for name, value in before.metrics.items())
        largest = max(largest, abs(before.train_loss - again.train_loss))
        self._columns(
            str(again.epoch),
            *(_format(report.metrics.get(self.metric)) for report in (before, again)),
            *(_format(report.metrics.get("loss")) for report in (before, again)),
            "0" if largest == 0 else f"{largest:.1e}",
            "equal" if before.weights_sha256 == again.weights_sha256 else "differ",
        )

    def end(self, outcome: "Reproduction") -> None:
        """Print the verdict on a line of its own, and what it rests on."""
        tables.line(self.target, "")
        colour = {"exact": "bold green", "within tolerance": "bold yellow", "differs": "bold red"}[outcome.verdict]
        tables.line(self.target, verdict(outcome), colour)
        for ground in _grounds(outcome, len(self.recorded.epochs)):
            tables.line(self.target, ground)
        if self.recorded.environment is None:
            tables.line(self.target, "environment: not recorded")
        elif outcome.environment_differences:
            tables.line(self.target, "environment, recorded -> here:")
            for difference in outcome.environment_differences:
                tables.line(self.target, f"  {difference}")
        else:
            tables.line(self.target, "environment: same versions, processor, instruction set and threads")

    def _columns(self, *cells: str) -> None:
        tables.line(self.target, " ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True)))


def verdict(outcome: "Reproduction") -> str:
    """Return ``exact``, ``within tolerance``, ``differs at epoch 3`` or ``differs in the record``."""
    if outcome.record_differences:
        return "differs in the record"
    return f"differs at epoch {outcome.beyond_tolerance}" if outcome.verdict == "differs" else outcome.verdict


def _grounds(outcome: "Reproduction", epochs: int) -> Iterator[str]:
    """Yield the lines that explain a verdict."""
    if outcome.verdict == "exact":
        which = "the only epoch" if epochs == 1 else f"all {epochs} epochs"
        yield f"metrics and weights of {which} are bit-identical"
        if outcome.result.weights_sha256:
            yield f"weights of the best epoch: sha256 {outcome.result.weights_sha256}"
    elif outcome.record_differences:
        yield "the epochs are bit-identical, but the record claims something else:"
        yield from (f"  {claim}" for claim in outcome.record_differences)
    else:
        yield (
            f"bits differ from epoch {outcome.first_difference}; "
            f"the largest difference of a metric is {outcome.largest_difference:.2g}"
        )


def _format(value: float | None) -> str:
    """Six decimals; six digits where these would say little, or need more room than a column has."""
    plain = value is None or value == 0 or SMALL <= abs(value) < LARGE
    return "" if value is None else f"{value:.6f}" if plain else f"{value:.6g}"
