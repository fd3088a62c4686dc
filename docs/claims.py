"""Write claims.md: what the campaigns in docs/recorded answer, as ``compare`` and ``confirm --show`` compute it.

Usage: python docs/claims.py            write the page
       python docs/claims.py --check    exit with 1 if the page differs from what would be written
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tuning.analysis.campaigns import CampaignComparison, compare_campaigns
from tuning.analysis.compare import Comparison, compare
from tuning.analysis.conclusions import group_name, level_name, response_name
from tuning.analysis.confirmation import ConfirmationSummary, confirmation_summary
from tuning.analysis.contrasts import Tested
from tuning.analysis.formats import interval, p_value
from tuning.cli.tables import searched_columns
from tuning.execution.adoption import CONFIRMATION, confirmation_file
from tuning.journal.log import read
from tuning.journal.record import fold
from tuning.journal.text import settings, shown
from tuning.report.confirmation import units

DOCS = Path(__file__).parent
RECORDED = DOCS / "recorded"
PAGE = DOCS / "claims.md"

HEAD = """\
# Recorded comparisons

<!-- Written by docs/claims.py. Do not edit. -->

Campaigns whose journals are kept in [recorded](recorded), as `python docs/claims.py` computes them again from there.
`seqtune adopt docs/recorded/NAME.jsonl.gz` puts a campaign into a home; `seqtune top`, `compare`, `confirm --show`,
`report`, `reproduce` and `launch` then work as where it ran. Weights are not kept. `tweets-cells` has a metric of its
own: add `--code campaigns/binary_accuracy.py`.

Differences are paired by the unit, with 95 % t-intervals; p is Holm-adjusted over all pairs. Scores are of the
validation part, except where they are said to be of the test part, which only a confirmation evaluates.
[Comparisons](comparisons.md#statistics) and [Confirm](confirm.md) describe the tests.
"""
TOGETHER = (
    ("bbc-gru", "bbc-rnn"),
    ("bbc-gru", "bbc-gru-first-words"),
    ("gestures-cells", "gestures-kernels"),
    ("gestures-conv-gru", "gestures-kernels"),
    ("training-defaults", "training-options"),
)
"""Confirmed campaigns that are compared with each other."""

MORE_RESPONSES = {
    "balance-by-model": ("f1_macro", "overfitting", "generalisation_gap"),
    "gestures-layers": ("generalisation_gap",),
    "gestures-width": ("overfitting", "generalisation_gap"),
    "tweets-cells": ("accuracy",),
}
"""Campaign -> responses that are compared beside that of its file."""

MORE_FACTORS = {
    "cnn-variants": ("model.pooling", "model.family"),
    "gestures-layers": ("model.dropout", "model.layers"),
}
"""Campaign -> another factor, and the dimension for whose values it is compared separately."""

MEANS = ("level", "trials", "mean", "95 % interval")
CONFIRMED = (
    *("configuration", "trainings", "search score", "validation", "95 % interval"),
    *("test", "95 % interval", "p (test, against the first)"),
)
CAMPAIGNS = ("campaign", "trainings", "validation", "95 % interval", "test", "95 % interval")
HEADS = ("of", "difference", "95 % interval", "p", "verdict")


def main() -> None:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = page(journals())
    if options.check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit(f"{PAGE} differs from what its records give: run python docs/claims.py")
        return
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE} written")


def journals() -> list[Path]:
    """Return the recorded campaigns' journals; ``confirmation_file`` names those of their confirmations."""
    return sorted(path for path in RECORDED.glob("*.jsonl.gz") if CONFIRMATION not in path.name)


def page(paths: Sequence[Path]) -> str:
    """Return the page of journals: what each campaign asked, and how it was confirmed."""
    lines = [HEAD]
    for path in paths:
        campaign = fold(read(path))
        if campaign.config.comparison is not None:
            lines += section(compare(campaign))
            for response in MORE_RESPONSES.get(campaign.config.name, ()):
                comparisons = compare(campaign, response=response)
                lines += section(comparisons, f": {response_name(comparisons[0])}")
            if more := MORE_FACTORS.get(campaign.config.name):
                lines += section(compare(campaign, factor=more[0], by=more[1]), f": {more[0]}")
        confirmation = confirmation_file(path)
        if confirmation.exists():
            lines += confirmed(confirmation_summary(campaign, fold(read(confirmation))))
    for names in TOGETHER:
        confirmations = [RECORDED / f"{name}.jsonl.gz" for name in names]
        lines += together(
            compare_campaigns([(fold(read(path)), fold(read(confirmation_file(path)))) for path in confirmations])
        )
    return "\n".join(lines)


def confirmed(summary: ConfirmationSummary) -> Iterator[str]:
    """Yield the lines of a confirmation: means on both parts, and differences to the first on the test part."""
    varied = searched_columns([one.settings for one in summary.configurations])
    yield f"## {summary.campaign}, confirmed\n"
    yield f"{summary.metric}: {units(summary)}."
    yield ""
    yield from head(CONFIRMED)
    for one in summary.configurations:
        name = ", ".join(f"{path.rpartition('.')[2]} {shown(one.settings[path])}" for path in varied)
        parts = [one.valid.metrics[summary.metric], one.test.metrics[summary.metric]]
        means = [interval(part.mean, part.low, part.high) for part in parts]
        p = "" if one.test.p_adjusted is None else p_value(one.test.p_adjusted)
        search = interval(one.search, None, None)[0]
        cells = [name or "the only one", f"{one.completed}", search]
        cells += [cell for mean, low, high in means for cell in (mean, f"{low} to {high}")]
        yield f"| {' | '.join(cells)} | {p} |"
    yield ""
    if summary.notes:
        yield from (f"- {note}" for note in summary.notes)
        yield ""


def together(comparison: CampaignComparison) -> Iterator[str]:
    """Yield the lines of several confirmed campaigns: the best configuration of each, and differences."""
    yield f"## {', '.join(one.campaign for one in comparison.campaigns)}, compared\n"
    yield f"{comparison.metric}, over {comparison.units}; differences are those on the test part."
    yield ""
    yield from head(CAMPAIGNS)
    for one in comparison.campaigns:
        parts = [one.valid, one.test[comparison.metric]]
        means = [interval(part.mean, part.low, part.high) for part in parts]
        cells = [one.campaign + (f" ({settings(one.settings)})" if one.settings else ""), f"{one.completed}"]
        cells += [cell for mean, low, high in means for cell in (mean, f"{low} to {high}")]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield from head(HEADS)
    for contrast in comparison.contrasts:
        yield row(f"{contrast.campaign} - {contrast.first}", contrast)
    yield ""


def section(comparisons: Sequence[Comparison], more: str = "") -> Iterator[str]:
    """Yield the lines of one campaign: what it asked, what it is based on, its differences and interactions.

    more: of the heading.
    """
    first = comparisons[0]
    yield f"## {first.campaign}{more}\n"
    low, high = first.train_rows
    rows = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    units = f"{first.seeds} seeds"
    if first.division is not None:
        units = f"{first.splits or first.folds} {first.division}s, {units}"
    asked = f"{first.question} " if first.question else ""
    yield f"{asked}{response_name(first)} on {first.dataset}: {rows} training rows, {units}."
    if first.step is not None:
        step = "" if first.step.step is None else f", one worth {first.step.step:.4f}"
        yield f"Rarest validation class: {first.step.rarest}, {first.step.rows} rows{step}."
    if 2 * sum(of.improving for of in comparisons) > sum(of.stepwise for of in comparisons):
        yield "Most trials were still improving."
    yield ""
    yield from head(MEANS)
    for comparison in comparisons:
        of = "" if comparison.by is None else f"{group_name(comparison)}: "
        for level in comparison.levels:
            mean, low, high = interval(level.estimate.mean, level.estimate.low, level.estimate.high)
            missing = "" if level.completed == level.trials else f" of {level.trials}"
            name = f"{of}{level_name(comparison, level.value)}"
            yield f"| {name} | {level.completed}{missing} | {mean} | {low} to {high} |"
    yield ""
    yield from head(HEADS)
    for comparison in comparisons:
        of = "" if comparison.by is None else f"{group_name(comparison)}: "
        for test in comparison.contrasts:
            names = f"{of}{level_name(comparison, test.level)} - {level_name(comparison, test.best)}"
            yield row(names, test)
    for comparison in comparisons:
        for test in comparison.interactions:
            levels = f"{level_name(comparison, test.level)} - {level_name(comparison, test.reference)}"
            yield row(f"interaction, {levels}: {test.first} - {test.second}", test)
    yield ""


def head(names: Sequence[str]) -> Iterator[str]:
    """Yield the first two lines of a table."""
    yield "| " + " | ".join(names) + " |"
    yield "| " + " | ".join("---" for _ in names) + " |"


def row(names: str, test: Tested) -> str:
    """Return a test as a line of the table."""
    if test.p_holm is None:
        return f"| {names} | | | | not tested: {test.untested} |"
    mean, low, high = interval(test.difference, test.low, test.high)
    verdict = ("significant" if test.significant else "not significant") + (", borderline" if test.borderline else "")
    return f"| {names} | {mean} | {low} to {high} | {p_value(test.p_holm)} | {verdict} |"


if __name__ == "__main__":
    main()
