"""Campaigns of cells and layer norm, and the parts of their comparisons."""

from journals import Run, table

from tuning.analysis.compare import Comparison, Level, compare
from tuning.analysis.contrasts import Contrast
from tuning.journal.record import CampaignRecord

GRU, LSTM, RNN = (0.80, 0.83, 0.84, 0.81), (0.79, 0.84, 0.83, 0.82), (0.60, 0.62, 0.61, 0.64)
NORM = {"rnn": {"no": (0.50, 0.53, 0.51), "yes": (0.70, 0.72, 0.74)}, "gru": {"no": GRU[:3], "yes": LSTM[:3]}}
"""Cell -> layer norm -> scores: an effect for one cell alone."""


def cells() -> list[Run]:
    """Three cells with four seeds each, of which rnn is worse."""
    return table({"lstm": LSTM, "rnn": RNN, "gru": GRU})


def norm_by_cell() -> list[Run]:
    """The runs of ``NORM``."""
    return [
        Run(settings={"model.cell": cell, "model.norm": norm}, seed=seed, score=score)
        for cell, norms in NORM.items()
        for norm, scores in norms.items()
        for seed, score in enumerate(scores)
    ]


def compared(campaign: CampaignRecord, **options: str) -> Comparison:
    """The only comparison of a campaign."""
    (comparison,) = compare(campaign, **options)
    return comparison


def level(comparison: Comparison, value: object) -> Level:
    """The level of a value."""
    return next(candidate for candidate in comparison.levels if candidate.value == value)


def contrast(comparison: Comparison, value: object) -> Contrast:
    """The contrast of a value with the best level."""
    return next(candidate for candidate in comparison.contrasts if candidate.level == value)
