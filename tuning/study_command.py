"""A study as the command line shows it: means, differences from the best setting, the answer, what it rests on."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tuning import tables
from tuning.figures import check_suffix, save
from tuning.leaderboard_table import BEST
from tuning.record import CampaignRecord
from tuning.study import Contrast, Study, studies
from tuning.study_answer import answer, basis, group_name, losses, name, numbers, p_value
from tuning.tables import Cell, Column, shown

HEADS = {
    "train_loss": "train\nloss",
    "overfitting": "over-\nfitting",
    "best_epoch": "best\nepoch",
    "seconds": "seconds",
    "parameters": "parameters",
}
WIDTH = 33
"""Characters of a drawn interval."""

GLYPHS = {False: ("├", "─", "●", "┤", "│"), True: ("[", "-", "o", "]", "|")}
"""Left end, line, mean, right end and zero; without and with an ASCII-only terminal."""


def run(
    record: CampaignRecord, *, factor: str | None, by: str | None, measure: str | None, plot: Path | None, as_json: bool
) -> list[Study]:
    """Print the studies, and draw them where ``plot`` names a file; raises what ``studies`` and ``save`` raise."""
    if plot is not None:
        check_suffix(plot)
    made = studies(record, factor=factor, by=by, measure=measure)
    if plot is not None:  # before anything is printed: a reader may close the pipe
        from tuning.study_figure import draw

        save(draw(made, record), plot)
    if as_json:
        documents = [asdict(one) | {"answer": answer(one), "losses": losses(one), "basis": basis(one)} for one in made]
        whole = documents[0] if made[0].by is None else {"by": made[0].by, "groups": documents}
        sys.stdout.write(f"{tables.json_lines(whole)}\n")
    else:
        show(made, tables.console())
        if plot is not None:
            tables.line(tables.console(), f"Drawn: {plot}")
    return made


def show(made: Sequence[Study], target: Console) -> None:
    """Print the studies of one question."""
    first = made[0]
    tables.line(target, f"{first.campaign}: {first.question or first.factor}", "bold")
    apart = "" if first.by is None else f", for each {first.by} apart"
    tables.line(target, f"{_progress(first)}; settings of {first.factor}{apart}")
    rests = [basis(one) for one in made]
    common = [text for text in rests[0] if all(text in rest for rest in rests)]
    for one, rest in zip(made, rests, strict=True):
        if one.by is not None:
            target.print()
            tables.line(target, group_name(one), "bold reverse")
        _show(one, target)
        for text in rest:
            if text not in common:
                tables.line(target, text, "dim")
    target.print()
    for text in common:
        tables.line(target, text, "dim")


def _show(made: Study, target: Console) -> None:
    if made.settings:
        target.print()
        _show_means(made, target)
    told = losses(made)
    if told:
        target.print()
    for text in told:
        tables.line(target, text, "yellow")
    if any(contrast.difference is not None for contrast in made.contrasts):
        target.print()
        _show_contrasts(made, target)
    target.print()
    tables.line(target, "Answer", "bold")
    for text in answer(made):
        tables.line(target, text)


def _progress(made: Study) -> str:
    if made.finished:
        return f"finished, {made.ended} of {made.target} trials ended"
    missing = made.target - made.ended
    return f"not finished, {missing} of {made.target} trials are missing: this may change"


def _show_means(made: Study, target: Console) -> None:
    others = [other for other in HEADS if other != made.measure]
    if made.measure != "objective":
        others.insert(0, "objective")
    heads = HEADS | {"objective": made.metric.replace("_", "\n", 1)}
    columns = [
        Column(head=made.factor.rpartition(".")[2]),
        Column(head="trials", right=True),
        Column(head=heads[made.measure], right=True),
        Column(head="95 % interval", right=True),
        *(Column(head=heads[other], right=True, spare=1 + i) for i, other in enumerate(others)),
    ]
    estimates = [setting.estimate for setting in made.settings]
    figures = numbers(*(figure for one in estimates for figure in (one.mean, one.low, one.high)))
    beside = {other: _column(other, [setting.means[other] for setting in made.settings]) for other in others}
    rows: list[list[Cell]] = [
        [
            shown(setting.value),
            str(setting.trials)
            if len(setting.values) == setting.trials
            else f"{len(setting.values)} of {setting.trials}",
            figures[3 * i],
            f"{figures[3 * i + 1]} to {figures[3 * i + 2]}" if setting.estimate.low is not None else "",
            *(beside[other][i] for other in others),
        ]
        for i, setting in enumerate(made.settings)
    ]
    styles = [BEST if setting.value == made.best else "" for setting in made.settings]
    _hidden(tables.table(target, columns, rows, styles), target)


def _column(measure: str, values: list[float | None]) -> list[str]:
    if measure == "parameters":
        return ["" if value is None else f"{value:,.0f}" for value in values]
    if measure in {"best_epoch", "seconds"}:
        return ["" if value is None else f"{value:.1f}" for value in values]
    return numbers(*values)


def _show_contrasts(made: Study, target: Console) -> None:
    compared = [contrast for contrast in made.contrasts if contrast.difference is not None]
    ends = [end for c in compared for end in (c.difference, c.low, c.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    best = name(made, compared[0].best)
    ascii_only = target.options.ascii_only
    columns = [
        Column(head=made.factor.rpartition(".")[2]),
        Column(head="difference", right=True),
        Column(head="95 % interval", right=True),
        Column(head=_axis(low, high), spare=3),
        Column(head="p", right=True, spare=2),
        Column(head="p (Holm)", right=True),
        Column(head="pairs", right=True, spare=1),
    ]
    rows: list[list[Cell]] = []
    figures = numbers(*(figure for c in compared for figure in (c.difference, c.low, c.high)))
    for i, contrast in enumerate(compared):
        mean, left, right = figures[3 * i : 3 * i + 3]
        rows.append(
            [
                shown(contrast.setting),
                mean,
                f"{left} to {right}" if left else "",
                _drawn(contrast, low, high, GLYPHS[ascii_only]),
                "" if contrast.p is None else p_value(contrast.p),
                "" if contrast.p_holm is None else p_value(contrast.p_holm),
                contrast.pairs,
            ]
        )
    tables.line(target, f"Differences from {best}, pair by pair", "bold")
    _hidden(tables.table(target, columns, rows), target)


def _axis(low: float, high: float) -> str:
    """Zero's place above the drawn intervals."""
    return " " * _place(0.0, low, high) + "0"


def _drawn(contrast: Contrast, low: float, high: float, glyphs: tuple[str, ...]) -> str:
    """An interval as a line with its mean, beside zero."""
    left, line, mean, right, zero = glyphs
    drawn = [" "] * WIDTH
    drawn[_place(0.0, low, high)] = zero
    if contrast.low is not None and contrast.high is not None:
        start, end = _place(contrast.low, low, high), _place(contrast.high, low, high)
        drawn[start : end + 1] = [left, *[line] * (end - start - 1), right][: end + 1 - start]
    if contrast.difference is not None:
        drawn[_place(contrast.difference, low, high)] = mean
    return "".join(drawn)


def _place(value: float, low: float, high: float) -> int:
    return round((value - low) / (high - low) * (WIDTH - 1)) if high > low else WIDTH // 2


def _hidden(heads: list[str], target: Console) -> None:
    named = [head.replace("-\n", "").replace("\n", " ") for head in heads if head.strip(" 0")]
    if named:
        tables.line(target, f"(no room for {', '.join(named)}: see --json)", "dim")
