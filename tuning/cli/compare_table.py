"""A comparison on the terminal: means, differences from the best level, results, and what they are based on."""

from collections.abc import Sequence

from rich.console import Console

from tuning.analysis.basis import basis, exclusions
from tuning.analysis.compare import Comparison
from tuning.analysis.conclusions import answer, group_name, interaction_answer, level_name
from tuning.analysis.contrasts import Contrast
from tuning.analysis.formats import numbers, p_value
from tuning.cli import tables
from tuning.cli.printing import printable
from tuning.cli.tables import Column
from tuning.journal.text import Cell, shown

HEADS = {
    "train_loss": "train\nloss",
    "overfitting": "over-\nfitting",
    "generalisation_gap": "gap",
    "best_epoch": "best\nepoch",
    "seconds": "seconds",
    "parameters": "parameters",
}
WIDTH = 27
"""Characters of a drawn interval."""

GLYPHS = {False: ("├", "─", "●", "┤", "│"), True: ("[", "-", "o", "]", "|")}
"""Left end, line, mean, right end and zero; without and with an ASCII-only terminal."""


def show(comparisons: Sequence[Comparison], target: Console) -> None:
    """Print the comparisons of one question; notes that all groups share are printed once."""
    first = comparisons[0]
    tables.line(target, f"{first.campaign}: {first.question or first.factor}", "bold")
    by = "" if first.by is None else f", separately by {first.by}"
    tables.line(target, f"{_progress(first)}; levels of {first.factor}{by}")
    notes = [basis(comparison) for comparison in comparisons]
    common = [note for note in notes[0] if all(note in others for others in notes)]
    for comparison, own in zip(comparisons, notes, strict=True):
        if comparison.by is not None:
            target.print()
            tables.line(target, group_name(comparison), "bold reverse")
        _show(comparison, target)
        for note in own:
            if note not in common:
                tables.line(target, note, "dim")
    if found := interaction_answer(comparisons):
        target.print()
        tables.line(target, f"Interaction of {first.factor} and {first.by}", "bold")
        for text in found:
            tables.line(target, text)
        tables.line(target, _interaction_note(first), "dim")
    target.print()
    for note in common:
        tables.line(target, note, "dim")


def _show(comparison: Comparison, target: Console) -> None:
    if comparison.levels:
        target.print()
        _show_means(comparison, target)
    excluded = exclusions(comparison)
    if excluded:
        target.print()
    for text in excluded:
        tables.line(target, text, "yellow")
    if any(contrast.difference is not None for contrast in comparison.contrasts):
        target.print()
        _show_contrasts(comparison, target)
    target.print()
    tables.line(target, "Answer", "bold")
    for text in answer(comparison):
        tables.line(target, text)


def _interaction_note(comparison: Comparison) -> str:
    tests = comparison.interaction_tests
    adjusted = f", Holm-adjusted for {tests} tests (all pairs of levels and of groups)" if tests > 1 else ""
    return f"Differences of differences, paired by {comparison.division or 'seed'}{adjusted}."


def _progress(comparison: Comparison) -> str:
    ended = f"{comparison.ended} of {comparison.target} trials ended"
    return f"finished, {ended}" if comparison.finished else f"not finished, {ended}, results may change"


def _show_means(comparison: Comparison, target: Console) -> None:
    recorded = [name for name in HEADS if any(level.means[name] is not None for level in comparison.levels)]
    others = [name for name in recorded if name != comparison.response]
    if comparison.response != "objective":
        others.insert(0, "objective")
    heads = HEADS | {"objective": tables.folded(comparison.metric)}
    if comparison.scored is not None:
        heads[comparison.response] = tables.folded(comparison.scored)
    columns = [
        Column(head=printable(comparison.factor.rpartition(".")[2])),
        Column(head="trials", right=True),
        Column(head=heads[comparison.response], right=True),
        Column(head="95 % interval", right=True),
        *(Column(head=heads[other], right=True, spare=1 + i) for i, other in enumerate(others)),
    ]
    estimates = [level.estimate for level in comparison.levels]
    texts = numbers(*(value for e in estimates for value in (e.mean, e.low, e.high)))
    beside = {other: _column(other, [level.means[other] for level in comparison.levels]) for other in others}
    rows: list[list[Cell]] = [
        [
            shown(level.value),
            str(level.trials) if len(level.values) == level.trials else f"{len(level.values)} of {level.trials}",
            texts[3 * i],
            f"{texts[3 * i + 1]} to {texts[3 * i + 2]}" if level.estimate.low is not None else "",
            *(beside[other][i] for other in others),
        ]
        for i, level in enumerate(comparison.levels)
    ]
    styles = [tables.BEST if level.value == comparison.best else "" for level in comparison.levels]
    tables.hidden_columns(target, tables.table(target, columns, rows, styles))


def _column(response: str, values: list[float | None]) -> list[str]:
    if response == "parameters":
        return ["" if value is None else f"{value:,.0f}" for value in values]
    if response in {"best_epoch", "seconds"}:
        return ["" if value is None else f"{value:.1f}" for value in values]
    return numbers(*values)


def _show_contrasts(comparison: Comparison, target: Console) -> None:
    compared = [contrast for contrast in comparison.contrasts if contrast.difference is not None]
    ends = [end for c in compared for end in (c.difference, c.low, c.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    glyphs = GLYPHS[target.options.ascii_only]
    columns = [
        Column(head=printable(comparison.factor.rpartition(".")[2])),
        Column(head="difference", right=True),
        Column(head="95 % interval", right=True),
        Column(head=_axis(low, high), spare=3),
        Column(head="p", right=True, spare=2),
        Column(head="p (Holm)", right=True),
        Column(head="p (Welch)", right=True, spare=4),
        Column(head="r", right=True, spare=5),
        Column(head="pairs", right=True, spare=1),
    ]
    texts = numbers(*(value for c in compared for value in (c.difference, c.low, c.high)))
    rows: list[list[Cell]] = [
        [
            shown(contrast.level),
            texts[3 * i],
            f"{texts[3 * i + 1]} to {texts[3 * i + 2]}" if contrast.low is not None else "",
            _line(contrast, low, high, glyphs),
            "" if contrast.p is None else p_value(contrast.p),
            "" if contrast.p_holm is None else p_value(contrast.p_holm),
            "" if contrast.p_welch is None else p_value(contrast.p_welch),
            "" if contrast.correlation is None else f"{contrast.correlation:.2f}",
            contrast.pairs,
        ]
        for i, contrast in enumerate(compared)
    ]
    tables.line(target, f"Differences from {level_name(comparison, compared[0].best)}", "bold")
    hidden = tables.table(target, columns, rows)
    tables.hidden_columns(target, [head for head in hidden if head.strip(" 0")])


def _axis(low: float, high: float) -> str:
    """Zero's position above the drawn intervals."""
    return " " * _position(0.0, low, high) + "0"


def _line(contrast: Contrast, low: float, high: float, glyphs: tuple[str, ...]) -> str:
    """An interval as a line with its mean, beside zero."""
    left, dash, mean, right, zero = glyphs
    cells = [" "] * WIDTH
    cells[_position(0.0, low, high)] = zero
    if contrast.low is not None and contrast.high is not None:
        start, end = _position(contrast.low, low, high), _position(contrast.high, low, high)
        cells[start : end + 1] = [left, *[dash] * (end - start - 1), right][: end + 1 - start]
    if contrast.difference is not None:
        cells[_position(contrast.difference, low, high)] = mean
    return "".join(cells)


def _position(value: float, low: float, high: float) -> int:
    return round((value - low) / (high - low) * (WIDTH - 1)) if high > low else WIDTH // 2
