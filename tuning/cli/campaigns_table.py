"""Several confirmed campaigns on the terminal: scores, differences on the test part, results."""

from rich.console import Console

from tuning.analysis.campaigns import CampaignComparison, campaigns_answer
from tuning.analysis.formats import numbers, p_value
from tuning.cli import tables
from tuning.cli.printing import printable
from tuning.cli.tables import Column
from tuning.journal.text import Cell, score, settings, trial_name
from tuning.report.confirmation import interval


def show(comparison: CampaignComparison, target: Console) -> None:
    """Print a comparison of campaigns."""
    tables.line(target, f"{', '.join(one.campaign for one in comparison.campaigns)}: {comparison.metric}", "bold")
    tables.line(
        target,
        f"best configuration of each confirmation on {comparison.dataset}; 95 % intervals over {comparison.units}",
    )
    target.print()
    _show_scores(comparison, target)
    if any(contrast.difference is not None for contrast in comparison.contrasts):
        target.print()
        _show_contrasts(comparison, target)
    target.print()
    tables.line(target, "Answer", "bold")
    for text in campaigns_answer(comparison):
        tables.line(target, text)
    target.print()
    for note in comparison.notes:
        tables.line(target, f"Note: {note}", "dim")
    tables.line(target, "Notes of one campaign alone: seqtune confirm NAME --show", "dim")


def _show_scores(comparison: CampaignComparison, target: Console) -> None:
    metric = comparison.metric
    beside = [name for name in comparison.campaigns[0].test if name != metric]
    columns = [
        Column(head="campaign"),
        Column(head="trial", spare=2),
        Column(head="trainings", right=True),
        Column(head="search\nscore", right=True, spare=3),
        Column(head="validation, 95 % interval", right=True, spare=1),
        Column(head="test, 95 % interval", right=True),
        *(Column(head=f"test\n{tables.folded(name)}".replace("\n", " ", 1), right=True, spare=4) for name in beside),
        Column(head="values", spare=5),
    ]
    rows: list[list[Cell]] = [
        [
            printable(one.campaign),
            trial_name(one.trial),
            f"{one.completed} of {one.planned}" if one.incomplete else str(one.completed),
            score(one.search),
            interval(one.valid),
            interval(one.test[metric]),
            *(score(one.test[name].mean) for name in beside),
            settings(one.settings),
        ]
        for one in comparison.campaigns
    ]
    styles = [tables.BEST, *("" for _ in rows[1:])]
    tables.hidden_columns(target, tables.table(target, columns, rows, styles))


def _show_contrasts(comparison: CampaignComparison, target: Console) -> None:
    columns = [
        Column(head="campaign"),
        Column(head="difference", right=True),
        Column(head="95 % interval", right=True),
        Column(head="p", right=True, spare=2),
        Column(head="p (Holm)", right=True),
        Column(head="pairs", right=True, spare=1),
    ]
    texts = numbers(*(value for c in comparison.contrasts for value in (c.difference, c.low, c.high)))
    rows: list[list[Cell]] = [
        [
            printable(contrast.campaign),
            texts[3 * i],
            f"{texts[3 * i + 1]} to {texts[3 * i + 2]}" if contrast.low is not None else "",
            "" if contrast.p is None else p_value(contrast.p),
            "" if contrast.p_holm is None else p_value(contrast.p_holm),
            str(contrast.pairs) if contrast.pairs else "none",
        ]
        for i, contrast in enumerate(comparison.contrasts)
    ]
    tables.line(target, f"Differences from {comparison.campaigns[0].campaign} on the test part", "bold")
    tables.hidden_columns(target, tables.table(target, columns, rows))
